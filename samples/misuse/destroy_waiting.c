/* A condition is destroyed while a thread waits for it. (The C library lets the destroyer wait until the waiter's
 * timeout is over; that is luck.)
 *
 * expect: lock-misuse rule=destroy-waiting functions=main lines=@destroy locks=s_changed exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_changed = PTHREAD_COND_INITIALIZER;

static void *worker(void *unused)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&s_mutex);
    scene_arrive();
    pthread_cond_timedwait(&s_changed, &s_mutex, &until);
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    scene_await(1);
    pthread_mutex_lock(&s_mutex);
#ifdef FIXED
    pthread_cond_signal(&s_changed);
    pthread_mutex_unlock(&s_mutex);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&s_changed);
    puts("done");
    return 0;
#else
    pthread_mutex_unlock(&s_mutex);
    pthread_cond_destroy(&s_changed); /* @destroy */
#endif
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
