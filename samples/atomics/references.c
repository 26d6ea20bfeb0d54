/* The last of those who share a block frees it: a count tells who. The bug looks at the block after it has given it back.
 *
 * expect: data-race rule=use-after-free functions=share lines=@after exit=66
 * fixed: nothing */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 4

struct block {
    atomic_int references;
    long value[THREADS];
};

static void put(struct block *block)
{
    if (atomic_fetch_sub_explicit(&block->references, 1, memory_order_release) == 1) {
        atomic_thread_fence(memory_order_acquire);
        for (int i = 0; i < THREADS; i++)
            if (block->value[i] != 1)
                abort();
        free(block);
    }
}

static struct block *s_block;

static void *share(void *number)
{
    struct block *block = s_block;
    block->value[(size_t)number]++;
#ifdef FIXED
    long value = block->value[(size_t)number];
    put(block);
#else
    put(block);
    long value = block->value[(size_t)number]; /* @after */
#endif
    return (void *)value;
}

int main(void)
{
    pthread_t thread[THREADS];
    s_block = calloc(1, sizeof(*s_block));
    s_block->references = THREADS;
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, share, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
