/* Two locks of the program's own making, told to the detector with snarl.h, really deadlock: each thread holds one
 * and spins for the other for ever. The twin takes them in one order.
 *
 * expect: deadlock functions=worker_one,worker_two lines=@got,@wait locks=first,second threads=2 exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include "../../preload/snarl.h"

struct spin {
    int taken;
};

static struct spin s_a, s_b;

static inline __attribute__((always_inline)) void take(struct spin *spin)
{
    SNARL_LOCK_WAITING(spin); /* @wait */
    while (__atomic_exchange_n(&spin->taken, 1, __ATOMIC_ACQUIRE))
        sched_yield();
    SNARL_LOCK_ACQUIRED(spin); /* @got */
}

static void give(struct spin *spin)
{
    SNARL_LOCK_RELEASED(spin);
    __atomic_store_n(&spin->taken, 0, __ATOMIC_RELEASE);
}

static void *worker_one(void *unused)
{
    SNARL_THREAD_NAME("one");
    take(&s_a);
#ifndef FIXED
    scene_arrive();
    scene_await(2);
#endif
    take(&s_b);
    give(&s_b);
    give(&s_a);
    return unused;
}

static void *worker_two(void *unused)
{
    SNARL_THREAD_NAME("two");
#ifdef FIXED
    take(&s_a);
    take(&s_b);
#else
    take(&s_b);
    scene_arrive();
    scene_await(2);
    take(&s_a);
#endif
    give(&s_a);
    give(&s_b);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    SNARL_LOCK_NAME(&s_a, "first");
    SNARL_LOCK_NAME(&s_b, "second");
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
