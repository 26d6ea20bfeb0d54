/* A new version of a table is published by a store of its address; readers take the address each time. The bug changes a version after
 * it was published.
 *
 * expect: data-race functions=update,look lines=@write,@read exit=66
 * fixed: nothing */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define VERSIONS 20

struct table {
    long first, second;
};

struct owner {
    _Atomic(struct table *) current;
    struct table versions[VERSIONS];
};

static void *update(void *argument)
{
    struct owner *owner = argument;
    for (int i = 1; i < VERSIONS; i++) {
        struct table *next = &owner->versions[i];
        next->first = i;
#ifdef FIXED
        next->second = i;
#endif
        atomic_store_explicit(&owner->current, next, memory_order_release);
#ifndef FIXED
        next->second = i; /* @write */
#endif
    }
    return NULL;
}

static void *look(void *argument)
{
    struct owner *owner = argument;
    long sum = 0;
    for (;;) {
        struct table *table = atomic_load_explicit(&owner->current, memory_order_acquire);
        sum += table->first;
        sum += table->second; /* @read */
        if (table == &owner->versions[VERSIONS - 1])
            break;
    }
    return (void *)sum;
}

int main(void)
{
    pthread_t thread[3];
    struct owner *owner = calloc(1, sizeof(*owner));
    atomic_init(&owner->current, &owner->versions[0]);
    pthread_create(&thread[0], NULL, look, owner);
    pthread_create(&thread[1], NULL, look, owner);
    pthread_create(&thread[2], NULL, update, owner);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    free(owner);
    return 0;
}
