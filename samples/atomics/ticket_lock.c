/* A ticket lock: the next ticket is taken by a read-modify-write, the one now served is loaded and stored; the bug writes without it.
 *
 * expect: data-race functions=add,main lines=@locked,@bare exit=66
 * fixed: nothing */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct counter {
    atomic_uint next, serving;
    long value;
};

static void take(struct counter *counter)
{
    unsigned ticket = atomic_fetch_add_explicit(&counter->next, 1, memory_order_relaxed);
    while (atomic_load_explicit(&counter->serving, memory_order_acquire) != ticket)
        sched_yield();
}

static void give(struct counter *counter)
{
    unsigned now = atomic_load_explicit(&counter->serving, memory_order_relaxed);
    atomic_store_explicit(&counter->serving, now + 1, memory_order_release);
}

static void *add(void *argument)
{
    struct counter *counter = argument;
    for (int i = 0; i < 300; i++) {
        take(counter);
        counter->value++; /* @locked */
        give(counter);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread[2];
    struct counter *counter = calloc(1, sizeof(*counter));
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, add, counter);
#ifdef FIXED
    take(counter);
#endif
    counter->value = 5; /* @bare */
#ifdef FIXED
    give(counter);
#endif
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    free(counter);
    return 0;
}
