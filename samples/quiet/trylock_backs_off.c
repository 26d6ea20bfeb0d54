/* Both threads take their first lock and try for the other one; who does not get it gives his own back and starts
 * again. Nobody ever waits while he holds one.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static int s_sum;

static void take_both(pthread_mutex_t *first, pthread_mutex_t *second)
{
    for (;;) {
        pthread_mutex_lock(first);
        if (pthread_mutex_trylock(second) == 0)
            return;
        pthread_mutex_unlock(first);
        sched_yield();
    }
}

static void add(pthread_mutex_t *first, pthread_mutex_t *second)
{
    for (int i = 0; i < 1000; i++) {
        take_both(first, second);
        s_sum++;
        pthread_mutex_unlock(second);
        pthread_mutex_unlock(first);
    }
}

static void *worker_one(void *unused)
{
    add(&lock_a, &lock_b);
    return unused;
}

static void *worker_two(void *unused)
{
    add(&lock_b, &lock_a);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    printf("sum %d\n", s_sum);
    puts("done");
    return 0;
}
