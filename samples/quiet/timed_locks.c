/* Two threads take two locks in opposite order and meet, but wait with time limits and give up: no deadlock happens.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static int s_timeouts;

static void take(pthread_mutex_t *first, pthread_mutex_t *second)
{
    struct timespec until;
    pthread_mutex_lock(first);
    scene_meet(2);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    if (pthread_mutex_timedlock(second, &until) == 0)
        pthread_mutex_unlock(second);
    else
        __atomic_fetch_add(&s_timeouts, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(first);
}

static void *worker_one(void *unused)
{
    take(&lock_a, &lock_b);
    return unused;
}

static void *worker_two(void *unused)
{
    take(&lock_b, &lock_a);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts(s_timeouts > 0 ? "gave up" : "got through");
    return 0;
}
