/* memory.c - see memory.h.
 *
 * Classes are powers of two from 16 to 64 KiB with one step between (16 24 32 48 64 96 ...), rounded to keep
 * 64-byte alignment from 64 on. Larger blocks are mapped one by one. A free block's first word is the link. */
#include "base/memory.h"

#include <stdbool.h>
#include <string.h>

#include "base/counters.h"
#include "base/mutex.h"
#include "base/os.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define LARGEST_CLASS ((size_t)1 << 16)
#define CLASS_COUNT 26 /* index 25 would be 98,304 bytes: past the largest class */

struct free_block {
    struct free_block *next;
};

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_MEMORY}; /* guards all below */
static struct free_block *s_free[CLASS_COUNT];
static char *s_chunk_at;
static char *s_chunk_end;
static size_t s_used;

/* The class of a size, and in *rounded the bytes that its blocks have. */
static unsigned class_of(size_t size, size_t *rounded)
{
    unsigned index = 0;
    size_t bytes = 16;
    while (bytes < size) {
        index++;
        bytes = index & 1 ? bytes + bytes / 2 : bytes / 3 * 4;
    }
    *rounded = bytes >= 64 ? (bytes + 63) & ~(size_t)63 : (bytes + 15) & ~(size_t)15;
    return index;
}

static void *carve(size_t bytes)
{
    if ((size_t)(s_chunk_end - s_chunk_at) < bytes + 64) {
        s_chunk_at = snarl_os_map(CHUNK_BYTES);
        if (!s_chunk_at) {
            s_chunk_end = NULL;
            return NULL;
        }
        s_chunk_end = s_chunk_at + CHUNK_BYTES;
        s_used += CHUNK_BYTES;
    }
    if (bytes >= 64)
        s_chunk_at = (char *)(((uintptr_t)s_chunk_at + 63) & ~(uintptr_t)63);
    void *block = s_chunk_at;
    s_chunk_at += bytes;
    return block;
}

static void *alloc_large(size_t size)
{
    void *block = snarl_os_map(size);
    if (block)
        __atomic_fetch_add(&s_used, size, __ATOMIC_RELAXED);
    else
        snarl_count(SNARL_COUNT_NO_MEMORY);
    return block;
}

void *snarl_memory_alloc(size_t size)
{
    if (size > LARGEST_CLASS)
        return alloc_large(size);
    size_t bytes;
    unsigned index = class_of(size, &bytes);
    snarl_mutex_lock(&s_lock);
    struct free_block *block = s_free[index];
    bool reused = block != NULL;
    if (reused)
        s_free[index] = block->next;
    else
        block = carve(bytes);
    snarl_mutex_unlock(&s_lock);
    if (!block)
        snarl_count(SNARL_COUNT_NO_MEMORY);
    else if (reused)
        memset(block, 0, bytes);
    return block;
}

void snarl_memory_free(void *memory, size_t size)
{
    if (!memory)
        return;
    if (size > LARGEST_CLASS) {
        snarl_os_unmap(memory, size);
        __atomic_fetch_sub(&s_used, size, __ATOMIC_RELAXED);
        return;
    }
    size_t bytes;
    unsigned index = class_of(size, &bytes);
    struct free_block *block = memory;
    snarl_mutex_lock(&s_lock);
    block->next = s_free[index];
    s_free[index] = block;
    snarl_mutex_unlock(&s_lock);
}

size_t snarl_memory_used(void)
{
    return __atomic_load_n(&s_used, __ATOMIC_RELAXED);
}
