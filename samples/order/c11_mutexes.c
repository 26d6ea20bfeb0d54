/* C11 threads and mutexes: opposite order again.
 *
 * expect: lock-order-inversion functions=first,second lines=@a1,@b1,@b2,@a2 locks=lock_a,lock_b exit=66
 * fixed: nothing */
#include "../scene.h"
#include <threads.h>

static mtx_t lock_a, lock_b;

static int first(void *unused)
{
    (void)unused;
    mtx_lock(&lock_a); /* @a1 */
    mtx_lock(&lock_b); /* @b1 */
    mtx_unlock(&lock_b);
    mtx_unlock(&lock_a);
    scene_arrive();
    return 1;
}

static int second(void *unused)
{
    (void)unused;
    scene_await(1);
#ifdef FIXED
    mtx_lock(&lock_a);
    mtx_lock(&lock_b);
#else
    mtx_lock(&lock_b); /* @b2 */
    mtx_lock(&lock_a); /* @a2 */
#endif
    mtx_unlock(&lock_a);
    mtx_unlock(&lock_b);
    return 2;
}

int main(void)
{
    thrd_t one, two;
    int sum = 0, part;
    mtx_init(&lock_a, mtx_plain);
    mtx_init(&lock_b, mtx_plain);
    thrd_create(&one, first, NULL);
    thrd_create(&two, second, NULL);
    thrd_join(one, &part);
    sum += part;
    thrd_join(two, &part);
    sum += part;
    mtx_destroy(&lock_a);
    mtx_destroy(&lock_b);
    printf("sum %d\n", sum);
    return 0;
}
