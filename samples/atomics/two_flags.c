/* Peterson's lock for two threads: flags, a turn and fences. The bug does not ask for the lock in one of them.
 *
 * expect: data-race functions=work lines=@count,@bare exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

#include <stdatomic.h>

static atomic_int s_wants[2];
static atomic_int s_turn;
static long s_count;

static void take(int me)
{
    atomic_store_explicit(&s_wants[me], 1, memory_order_relaxed);
    atomic_store_explicit(&s_turn, !me, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    while (atomic_load_explicit(&s_wants[!me], memory_order_acquire) &&
           atomic_load_explicit(&s_turn, memory_order_acquire) == !me)
        sched_yield();
}

static void give(int me)
{
    atomic_store_explicit(&s_wants[me], 0, memory_order_release);
}

static void *work(void *number)
{
    int me = (int)(size_t)number;
#ifndef FIXED
    if (me) {
        s_count++; /* @bare */
        scene_arrive();
        return NULL;
    }
    scene_await(1);
#endif
    for (int i = 0; i < 300; i++) {
        take(me);
        s_count++; /* @count */
        give(me);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread[2];
    for (size_t i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, work, (void *)i);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
