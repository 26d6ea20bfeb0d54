/* A ring for one producer and one consumer: its ends are only loaded and stored. The bug fills a slot after it was handed over.
 *
 * expect: data-race functions=produce,consume lines=@write,@read exit=66
 * fixed: nothing */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SLOTS 8
#define ITEMS 500

struct ring {
    atomic_uint head; /* the consumer's */
    char pad[60];
    atomic_uint tail; /* the producer's */
    long slot[SLOTS];
};

static void *produce(void *argument)
{
    struct ring *ring = argument;
    for (unsigned i = 0; i < ITEMS; i++) {
        while (i - atomic_load_explicit(&ring->head, memory_order_acquire) == SLOTS)
            sched_yield();
#ifdef FIXED
        ring->slot[i % SLOTS] = i;
#endif
        atomic_store_explicit(&ring->tail, i + 1, memory_order_release);
#ifndef FIXED
        ring->slot[i % SLOTS] = i; /* @write */
#endif
    }
    return NULL;
}

static void *consume(void *argument)
{
    struct ring *ring = argument;
    long sum = 0;
    for (unsigned i = 0; i < ITEMS; i++) {
        while (atomic_load_explicit(&ring->tail, memory_order_acquire) == i)
            sched_yield();
        sum += ring->slot[i % SLOTS]; /* @read */
        atomic_store_explicit(&ring->head, i + 1, memory_order_release);
    }
    return (void *)sum;
}

int main(void)
{
    pthread_t thread[2];
    struct ring *ring = calloc(1, sizeof(*ring));
    pthread_create(&thread[0], NULL, produce, ring);
    pthread_create(&thread[1], NULL, consume, ring);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    free(ring);
    return 0;
}
