/* A message on the heap is passed by a flag that is stored with release and spun upon with acquire; the bug goes on writing after
 * the flag was set.
 *
 * expect: data-race functions=send,receive lines=@write,@read exit=66
 * fixed: nothing */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct channel {
    long message;
    long more;
    atomic_int waiting, ready;
};

static void *send(void *argument)
{
    struct channel *channel = argument;
    while (!atomic_load_explicit(&channel->waiting, memory_order_acquire))
        sched_yield();
    channel->message = 42;
#ifdef FIXED
    channel->more = 43; /* @before */
#endif
    atomic_store_explicit(&channel->ready, 1, memory_order_release);
#ifndef FIXED
    channel->more = 43; /* @write */
#endif
    return NULL;
}

static void *receive(void *argument)
{
    struct channel *channel = argument;
    atomic_store(&channel->waiting, atomic_load_explicit(&channel->ready, memory_order_relaxed) + 1);
    while (!atomic_load_explicit(&channel->ready, memory_order_acquire))
        sched_yield();
    if (channel->message != 42)
        abort();
    return (void *)channel->more; /* @read */
}

int main(void)
{
    pthread_t sender, receiver;
    struct channel *channel = calloc(1, sizeof(*channel));
    pthread_create(&receiver, NULL, receive, channel);
    pthread_create(&sender, NULL, send, channel);
    pthread_join(sender, NULL);
    pthread_join(receiver, NULL);
    free(channel);
    return 0;
}
