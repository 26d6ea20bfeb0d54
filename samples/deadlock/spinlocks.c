/* Two threads spin for each other's spinlock: no system call is made, the processors just burn.
 *
 * expect: deadlock functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=spin_a,spin_b exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_spinlock_t spin_a, spin_b;

static void *worker_one(void *unused)
{
    pthread_spin_lock(&spin_a); /* @a1 */
#ifndef FIXED
    scene_meet(2);
#endif
    pthread_spin_lock(&spin_b); /* @b1 */
    pthread_spin_unlock(&spin_b);
    pthread_spin_unlock(&spin_a);
    return unused;
}

static void *worker_two(void *unused)
{
#ifdef FIXED
    pthread_spin_lock(&spin_a);
    pthread_spin_lock(&spin_b);
#else
    pthread_spin_lock(&spin_b); /* @b2 */
    scene_meet(2);
    pthread_spin_lock(&spin_a); /* @a2 */
#endif
    pthread_spin_unlock(&spin_a);
    pthread_spin_unlock(&spin_b);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_spin_init(&spin_a, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_init(&spin_b, PTHREAD_PROCESS_PRIVATE);
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
