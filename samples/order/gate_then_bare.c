/* The same pair of locks is taken in one order under a gate and, elsewhere, again in that order without it. The
 * bare acquisition is the dangerous one: a detector that remembers only the first one of its kind misses it.
 *
 * expect: lock-order-inversion functions=bare,worker_two lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b exit=66
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;

static void gated(void)
{
    pthread_mutex_lock(&s_gate);
    pthread_mutex_lock(&lock_a);
    pthread_mutex_lock(&lock_b);
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&s_gate);
}

static void bare(void)
{
    pthread_mutex_lock(&lock_a); /* @a1 */
    pthread_mutex_lock(&lock_b); /* @b1 */
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
}

static void *worker_one(void *unused)
{
    for (int i = 0; i < 10; i++)
        gated();
#ifndef FIXED
    bare();
#else
    (void)bare;
#endif
    scene_arrive();
    return unused;
}

static void *worker_two(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&s_gate);
    pthread_mutex_lock(&lock_b); /* @b2 */
    pthread_mutex_lock(&lock_a); /* @a2 */
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&s_gate);
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
