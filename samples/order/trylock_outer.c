/* The lock that is held was taken with trylock, the one that is waited for was not: this can deadlock like any other
 * opposite order. The twin tries the second lock, which never waits.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;

static void *worker_one(void *unused)
{
#ifdef FIXED
    pthread_mutex_lock(&lock_a);
    if (pthread_mutex_trylock(&lock_b) != 0)
        abort();
#else
    if (pthread_mutex_trylock(&lock_a) != 0) /* @a1 */
        abort();
    pthread_mutex_lock(&lock_b); /* @b1 */
#endif
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&lock_b); /* @b2 */
    pthread_mutex_lock(&lock_a); /* @a2 */
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
