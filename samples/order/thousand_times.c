/* The two orders are used a thousand times each: one finding, counted, not a thousand.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;

static void *worker_one(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock_a); /* @a1 */
        pthread_mutex_lock(&lock_b); /* @b1 */
        pthread_mutex_unlock(&lock_b);
        pthread_mutex_unlock(&lock_a);
    }
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    for (int i = 0; i < 1000; i++) {
#ifdef FIXED
        pthread_mutex_lock(&lock_a);
        pthread_mutex_lock(&lock_b);
#else
        pthread_mutex_lock(&lock_b); /* @b2 */
        pthread_mutex_lock(&lock_a); /* @a2 */
#endif
        pthread_mutex_unlock(&lock_a);
        pthread_mutex_unlock(&lock_b);
    }
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
