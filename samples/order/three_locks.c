/* A cycle over three locks: a before b, b before c, c before a, in three threads one after the other. No two
 * of the threads disagree about any pair of locks.
 *
 * expect: lock-order-inversion functions=worker_one,worker_two,worker_three lines=@a1,@b1,@b2,@c2,@c3,@a3 locks=lock_a,lock_b,lock_c exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_c = PTHREAD_MUTEX_INITIALIZER;

static void *worker_one(void *unused)
{
    pthread_mutex_lock(&lock_a); /* @a1 */
    pthread_mutex_lock(&lock_b); /* @b1 */
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&lock_b); /* @b2 */
    pthread_mutex_lock(&lock_c); /* @c2 */
    pthread_mutex_unlock(&lock_c);
    pthread_mutex_unlock(&lock_b);
    scene_arrive();
    return unused;
}

static void *worker_three(void *unused)
{
    scene_await(2);
#ifdef FIXED
    pthread_mutex_lock(&lock_a);
    pthread_mutex_lock(&lock_c);
#else
    pthread_mutex_lock(&lock_c); /* @c3 */
    pthread_mutex_lock(&lock_a); /* @a3 */
#endif
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_c);
    return unused;
}

int main(void)
{
    void *(*workers[])(void *) = {worker_one, worker_two, worker_three};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, workers[i], NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    puts("done");
    return 0;
}
