/* Two threads wait for one condition at the same time with two different mutexes.
 *
 * expect: lock-misuse rule=wait-different-mutex functions=worker_two lines=@wait locks=s_changed exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_first = PTHREAD_MUTEX_INITIALIZER;
#ifdef FIXED
#define s_second s_first
#else
static pthread_mutex_t s_second = PTHREAD_MUTEX_INITIALIZER;
#endif
static pthread_cond_t s_changed = PTHREAD_COND_INITIALIZER;
static int s_first_tid, s_second_tid, s_ready;

static void *worker_one(void *unused)
{
    s_first_tid = gettid();
    pthread_mutex_lock(&s_first);
    scene_arrive();
    while (!s_ready)
        pthread_cond_wait(&s_changed, &s_first);
    pthread_mutex_unlock(&s_first);
    return unused;
}

static void *worker_two(void *unused)
{
    s_second_tid = gettid();
    scene_await(1);
    scene_await_blocked(s_first_tid);
    pthread_mutex_lock(&s_second);
    scene_arrive();
    while (!s_ready)
        pthread_cond_wait(&s_changed, &s_second); /* @wait */
    pthread_mutex_unlock(&s_second);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    scene_await(2);
    scene_await_blocked(s_second_tid);
    pthread_mutex_lock(&s_first);
    s_ready = 1;
    pthread_cond_broadcast(&s_changed);
    pthread_mutex_unlock(&s_first);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
