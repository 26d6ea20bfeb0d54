/* A condition is waited for without holding the mutex that goes with it.
 *
 * expect: lock-misuse rule=wait-without-mutex functions=waiter lines=@wait locks=s_changed exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_changed = PTHREAD_COND_INITIALIZER;

static void *waiter(void *unused)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
#ifdef FIXED
    pthread_mutex_lock(&s_mutex);
#endif
    pthread_cond_timedwait(&s_changed, &s_mutex, &until); /* @wait */
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, waiter, NULL);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
