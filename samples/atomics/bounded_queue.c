/* A bounded queue for many producers and many consumers, after Dmitry Vyukov: each slot has a stamp that says whose turn it is; who finds
 * it right takes the slot by compare-and-exchange of the queue's end. The bug fills a slot after its stamp was set.
 *
 * expect: data-race functions=put,take lines=@write,@read exit=66
 * fixed: nothing */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define SLOTS 8
#define ITEMS 300

struct queue {
    atomic_ulong tail;
    char pad[56];
    atomic_ulong head;
    char more[56];
    struct slot {
        atomic_ulong stamp;
        long item;
    } slot[SLOTS];
};

__attribute__((noinline)) static bool put(struct queue *queue, long item)
{
    unsigned long at = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    struct slot *slot;
    for (;;) {
        slot = &queue->slot[at % SLOTS];
        unsigned long stamp = atomic_load_explicit(&slot->stamp, memory_order_acquire);
        if (stamp == at) {
            if (atomic_compare_exchange_weak_explicit(&queue->tail, &at, at + 1, memory_order_relaxed, memory_order_relaxed))
                break;
        } else if ((long)(stamp - at) < 0) {
            return false;
        } else {
            at = atomic_load_explicit(&queue->tail, memory_order_relaxed);
        }
    }
#ifdef FIXED
    slot->item = item;
#endif
    atomic_store_explicit(&slot->stamp, at + 1, memory_order_release);
#ifndef FIXED
    slot->item = item; /* @write */
#endif
    return true;
}

__attribute__((noinline)) static bool take(struct queue *queue, long *item)
{
    unsigned long at = atomic_load_explicit(&queue->head, memory_order_relaxed);
    struct slot *slot;
    for (;;) {
        slot = &queue->slot[at % SLOTS];
        unsigned long stamp = atomic_load_explicit(&slot->stamp, memory_order_acquire);
        if (stamp == at + 1) {
            if (atomic_compare_exchange_weak_explicit(&queue->head, &at, at + 1, memory_order_relaxed, memory_order_relaxed))
                break;
        } else if ((long)(stamp - (at + 1)) < 0) {
            return false;
        } else {
            at = atomic_load_explicit(&queue->head, memory_order_relaxed);
        }
    }
    *item = slot->item; /* @read */
    atomic_store_explicit(&slot->stamp, at + SLOTS, memory_order_release);
    return true;
}

static void *produce(void *queue)
{
    for (long i = 0; i < ITEMS; i++)
        while (!put(queue, i))
            sched_yield();
    return NULL;
}

static void *consume(void *queue)
{
    long sum = 0, item;
    for (long i = 0; i < ITEMS; i++) {
        while (!take(queue, &item))
            sched_yield();
        sum += item;
    }
    return (void *)sum;
}

int main(void)
{
    pthread_t thread[4];
    struct queue *queue = calloc(1, sizeof(*queue));
    for (unsigned long i = 0; i < SLOTS; i++)
        atomic_init(&queue->slot[i].stamp, i);
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, i % 2 ? consume : produce, queue);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    free(queue);
    return 0;
}
