/* Two threads deadlock while a third one still works: the program is not frozen, yet the two never return.
 *
 * expect: deadlock functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b threads=2 exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static int s_end;

static void *busy(void *unused)
{
    while (!__atomic_load_n(&s_end, __ATOMIC_RELAXED))
        sched_yield();
    return unused;
}

static void *worker_one(void *unused)
{
    pthread_mutex_lock(&lock_a); /* @a1 */
#ifndef FIXED
    scene_meet(2);
#endif
    pthread_mutex_lock(&lock_b); /* @b1 */
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
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_t third;
    pthread_create(&third, NULL, busy, NULL);
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    __atomic_store_n(&s_end, 1, __ATOMIC_RELAXED);
    pthread_join(third, NULL);
    puts("done");
    return 0;
}
