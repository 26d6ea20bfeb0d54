/* 500 locks held at once by one thread, and another one that takes the last and then the first of them.
 *
 * expect: lock-order-inversion functions=collect,worker_two lines=@all,@last,@first locks=s_locks exit=66
 * fixed: nothing */
#include "../scene.h"

#define LOCKS 500

static pthread_mutex_t s_locks[LOCKS];

static void *collect(void *unused)
{
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_lock(&s_locks[i]); /* @all */
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_unlock(&s_locks[i]);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
#ifdef FIXED
    pthread_mutex_lock(&s_locks[0]);
    pthread_mutex_lock(&s_locks[LOCKS - 1]);
#else
    pthread_mutex_lock(&s_locks[LOCKS - 1]); /* @last */
    pthread_mutex_lock(&s_locks[0]); /* @first */
#endif
    pthread_mutex_unlock(&s_locks[0]);
    pthread_mutex_unlock(&s_locks[LOCKS - 1]);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&s_locks[i], NULL);
    pthread_create(&one, NULL, collect, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
