/* Two threads take two locks in opposite order and meet in between: each holds what the other one waits for.
 * Without a detector this program hangs for ever.
 *
 * expect: deadlock functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static int s_balance;

static void *worker_one(void *unused)
{
    pthread_mutex_lock(&lock_a); /* @a1 */
#ifndef FIXED
    scene_meet(2);
#endif
    pthread_mutex_lock(&lock_b); /* @b1 */
    s_balance += 1;
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    return unused;
}

static void *worker_two(void *unused)
{
#ifdef FIXED
    pthread_mutex_lock(&lock_a);
    pthread_mutex_lock(&lock_b);
#else
    pthread_mutex_lock(&lock_b); /* @b2 */
    scene_meet(2);
    pthread_mutex_lock(&lock_a); /* @a2 */
#endif
    s_balance += 2;
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
