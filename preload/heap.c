/* heap.c - which heap blocks exist, who allocated them, and what their beginning and end mean to the race detector.
 *
 * A table of live blocks, hashed by address: 24 bytes a block, in stripes with a lock each. It is looked up by address when a block
 * ends, and searched as a whole when a finding needs the block around an address, which is rare. Kept in the single-threaded phase
 * too: blocks allocated then are raced on later. */
#include "base/memory.h"
#include "base/mutex.h"
#include "base/os.h"
#include "history/history.h"
#include "preload/access.h"
#include "stack/depot.h"

#define STRIPES 64u
#define BUCKETS (1u << 14)       /* of a stripe */
#define STRIPE_BLOCKS (1u << 24) /* of a stripe; blocks past it are not known, which only costs their allocation stack */

struct block {
    uint64_t address; /* 0: free */
    uint32_t size;    /* UINT32_MAX: more */
    uint32_t where, thread;
    uint32_t next; /* index in the stripe, from 1 */
};
_Static_assert(sizeof(struct block) == 24, "small, as there is one for each block of the heap");

struct stripe {
    struct snarl_mutex lock;
    uint32_t *bucket;
    struct block *block; /* a reservation, filled in order */
    uint32_t used, free;
};

bool snarl_heap_on;
static struct stripe s_stripe[STRIPES];

static uint64_t hash_of(uintptr_t address)
{
    return (address >> 4) * 0x9e3779b97f4a7c15u;
}

static struct stripe *stripe_of(uintptr_t address)
{
    return &s_stripe[hash_of(address) >> 58];
}

static uint32_t *bucket_of(struct stripe *stripe, uintptr_t address)
{
    return &stripe->bucket[hash_of(address) >> 40 & (BUCKETS - 1)];
}

static bool prepare(struct stripe *stripe)
{
    if (!stripe->bucket)
        stripe->bucket = snarl_os_map(BUCKETS * sizeof(*stripe->bucket));
    if (!stripe->block)
        stripe->block = snarl_os_map(STRIPE_BLOCKS * sizeof(*stripe->block));
    return stripe->bucket && stripe->block;
}

/* With the stripe's lock held; 0 when there is no room. */
static uint32_t take_block(struct stripe *stripe)
{
    uint32_t index = stripe->free;
    if (index)
        stripe->free = stripe->block[index].next;
    else if (stripe->used + 1 < STRIPE_BLOCKS)
        index = ++stripe->used;
    return index;
}

static void add(uintptr_t address, size_t size, uint32_t where, uint32_t thread)
{
    struct stripe *stripe = stripe_of(address);
    snarl_mutex_lock(&stripe->lock);
    uint32_t index = prepare(stripe) ? take_block(stripe) : 0;
    if (index) {
        uint32_t *bucket = bucket_of(stripe, address);
        stripe->block[index] = (struct block){.address = address,
                                              .size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX,
                                              .where = where,
                                              .thread = thread,
                                              .next = *bucket};
        *bucket = index;
    }
    snarl_mutex_unlock(&stripe->lock);
}

static void remove_block(uintptr_t address)
{
    struct stripe *stripe = stripe_of(address);
    snarl_mutex_lock(&stripe->lock);
    if (stripe->bucket) {
        uint32_t *link = bucket_of(stripe, address);
        while (*link && stripe->block[*link].address != address)
            link = &stripe->block[*link].next;
        uint32_t index = *link;
        if (index) {
            *link = stripe->block[index].next;
            stripe->block[index].address = 0;
            stripe->block[index].next = stripe->free;
            stripe->free = index;
        }
    }
    snarl_mutex_unlock(&stripe->lock);
}

void snarl_heap_allocated(void *block, size_t size, size_t usable, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_heap_on && block ? snarl_enter() : NULL;
    if (!thr)
        return;
    if (snarl_access_wanted(thr))
        snarl_race_alloc(thr->races, (uintptr_t)block, usable);
    add((uintptr_t)block, size, snarl_access_where(thr, site), thr->id);
    snarl_leave(thr);
}

/* The memory ends at `site`. */
static void ending(struct snarl_thread *thr, void *start, size_t size, uint32_t flags, struct snarl_site site)
{
    struct snarl_race_thread *races = thr->races;
    races->told = snarl_access_where(thr, site);
    snarl_race_free(races, (uintptr_t)start, size, flags, site.pc);
    races->told = 0;
}

void snarl_heap_freeing(void *block, size_t usable, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_heap_on && block ? snarl_enter() : NULL;
    if (!thr)
        return;
    if (snarl_access_wanted(thr))
        ending(thr, block, usable, SNARL_ACCESS_FREE, site);
    remove_block((uintptr_t)block);
    snarl_leave(thr);
}

void snarl_heap_mapped(struct snarl_thread *thr, void *start, size_t size)
{
    if (snarl_access_wanted(thr))
        snarl_race_alloc(thr->races, (uintptr_t)start, size);
}

void snarl_heap_unmapping(struct snarl_thread *thr, void *start, size_t size, struct snarl_site site)
{
    if (!snarl_access_wanted(thr))
        return;
    ending(thr, start, size, SNARL_ACCESS_UNMAP, site);
    snarl_race_alloc(thr->races, (uintptr_t)start, size); /* whoever comes later faults by himself */
}

static bool find_in(struct stripe *stripe, uintptr_t byte, struct block *found)
{
    snarl_mutex_lock(&stripe->lock);
    bool hit = false;
    for (uint32_t i = 1; i <= stripe->used && !hit; i++) {
        const struct block *block = &stripe->block[i];
        hit = block->address && byte >= block->address && byte - block->address < block->size;
        if (hit)
            *found = *block;
    }
    snarl_mutex_unlock(&stripe->lock);
    return hit;
}

static uint32_t stack_of(uint32_t node)
{
    uintptr_t frame[SNARL_STACK_DEPTH];
    bool complete;
    uint32_t count = snarl_history_expand(node, frame, SNARL_STACK_DEPTH, &complete);
    return snarl_stack_put(frame, count, complete, false);
}

bool snarl_heap_locate(struct snarl_thread *thr, uintptr_t byte, struct snarl_location *location)
{
    (void)thr;
    struct block block;
    bool found = false;
    for (uint32_t i = 0; i < STRIPES && !found; i++)
        found = find_in(&s_stripe[i], byte, &block);
    if (!found)
        return false;
    location->kind = "heap";
    location->address = block.address;
    location->size = block.size;
    location->has_allocated = true;
    location->allocated = (struct snarl_event){.role = "allocate",
                                               .what = "allocated",
                                               .thread = block.thread,
                                               .stack = stack_of(block.where),
                                               .address = block.address,
                                               .size = block.size};
    return true;
}

void snarl_heap_forked(void)
{
    for (uint32_t i = 0; i < STRIPES; i++)
        snarl_mutex_reset(&s_stripe[i].lock);
}

void snarl_heap_begin(void)
{
    snarl_races_locate = snarl_locate;
    snarl_heap_on = snarl_history_reserve();
}
