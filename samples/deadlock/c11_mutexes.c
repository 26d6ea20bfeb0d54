/* C11 threads and mutexes: opposite order, for real.
 *
 * expect: deadlock functions=first,second lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <threads.h>

static mtx_t lock_a, lock_b;

static int first(void *unused)
{
    (void)unused;
    mtx_lock(&lock_a); /* @a1 */
#ifndef FIXED
    scene_meet(2);
#endif
    mtx_lock(&lock_b); /* @b1 */
    mtx_unlock(&lock_b);
    mtx_unlock(&lock_a);
    return 0;
}

static int second(void *unused)
{
    (void)unused;
#ifdef FIXED
    mtx_lock(&lock_a);
    mtx_lock(&lock_b);
#else
    mtx_lock(&lock_b); /* @b2 */
    scene_meet(2);
    mtx_lock(&lock_a); /* @a2 */
#endif
    mtx_unlock(&lock_a);
    mtx_unlock(&lock_b);
    return 0;
}

int main(void)
{
    thrd_t one, two;
    mtx_init(&lock_a, mtx_plain);
    mtx_init(&lock_b, mtx_plain);
    thrd_create(&one, first, NULL);
    thrd_create(&two, second, NULL);
    thrd_join(one, NULL);
    thrd_join(two, NULL);
    puts("done");
    return 0;
}
