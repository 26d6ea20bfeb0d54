/* The first thread gives up after a while when it cannot get the second lock. If both threads did, there would be no
 * deadlock; but only one does, and the other one waits at most until it has given up: silent as well. The bug is in the
 * third lock, where nobody gives up.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two lines=@b1,@c1,@c2,@b2 locks=lock_b,lock_c exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_c = PTHREAD_MUTEX_INITIALIZER;
static const struct timespec s_never = {1l << 34, 0};

static void *worker_one(void *unused)
{
    pthread_mutex_lock(&lock_a);
    if (pthread_mutex_timedlock(&lock_b, &s_never) != 0) /* @b1 */
        abort();
    pthread_mutex_unlock(&lock_a);
#ifndef FIXED
    pthread_mutex_lock(&lock_c); /* @c1 */
    pthread_mutex_unlock(&lock_c);
#endif
    pthread_mutex_unlock(&lock_b);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&lock_c); /* @c2 */
    pthread_mutex_lock(&lock_b); /* @b2 */
    pthread_mutex_lock(&lock_a);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_c);
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
