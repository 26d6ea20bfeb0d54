/* atomic.c - the synchronisation variable of each atomic object, found by its address.
 *
 * A hash table of chains; a variable is made at the first store or read-modify-write and never unlinked: when its
 * memory ends it is emptied, and serves the next atomic there. Finding takes no lock (nodes are
 * pushed at the head by compare-and-swap). The operation itself is done by the caller while it holds the variable's lock,
 * so that the order of the clocks is the modification order of the atomic.
 * A load first loads, then looks for a variable: a store makes the variable before it stores, so who reads a released value finds it. */
#include "base/memory.h"
#include "base/os.h"
#include "race/state.h"

#define BUCKETS (1u << 16)
#define SYNC_NEAR 2 /* in the shadow's table of blocks: a variable lies in this block */

struct atomic_sync {
    struct snarl_race_sync sync; /* the first: pointers to it are cast */
    struct atomic_sync *next;      /* in its bucket */
    struct atomic_sync *next_made; /* all of them, newest first */
};

static struct atomic_sync **s_bucket;
static struct atomic_sync *s_made;

/* All of one 64-byte line are in one bucket, so that a range is emptied line by line. */
static uint32_t bucket_of(uintptr_t address)
{
    return (uint32_t)((address >> 6) * 0x9e3779b97f4a7c15u >> 40) & (BUCKETS - 1);
}

static struct atomic_sync **buckets(void)
{
    struct atomic_sync **table = __atomic_load_n(&s_bucket, __ATOMIC_ACQUIRE);
    if (table)
        return table;
    struct atomic_sync **fresh = snarl_os_map(BUCKETS * sizeof(*fresh));
    if (!fresh || __atomic_compare_exchange_n(&s_bucket, &table, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return fresh;
    snarl_os_unmap(fresh, BUCKETS * sizeof(*fresh));
    return table;
}

static struct atomic_sync *find(struct atomic_sync *head, uintptr_t address)
{
    while (head && head->sync.address != address)
        head = head->next;
    return head;
}

struct snarl_race_sync *snarl_race_atomic_peek(uintptr_t address)
{
    struct atomic_sync **table = snarl_race_atomic_maybe(address) ? __atomic_load_n(&s_bucket, __ATOMIC_ACQUIRE) : NULL;
    if (!table)
        return NULL;
    struct atomic_sync *found = find(__atomic_load_n(&table[bucket_of(address)], __ATOMIC_ACQUIRE), address);
    return found ? &found->sync : NULL;
}

struct snarl_race_sync *snarl_race_atomic_find(uintptr_t address)
{
    struct snarl_race_sync *found = snarl_race_atomic_peek(address);
    if (found)
        snarl_race_sync_lock(found);
    return found;
}

uint8_t snarl_race_atomic_filter[SNARL_ATOMIC_FILTER];

static struct atomic_sync *make(struct atomic_sync **bucket, uintptr_t address)
{
    _Static_assert(SNARL_ATOMIC_FILTER == 1u << (64 - 49), "the filter is indexed by the top bits");
    struct atomic_sync *fresh = snarl_memory_alloc(sizeof(*fresh));
    if (!fresh)
        return NULL;
    fresh->sync.address = address;
    __atomic_store_n(&snarl_race_atomic_filter[(address * 0x9e3779b97f4a7c15u) >> 49], 1, __ATOMIC_RELEASE);
    struct atomic_sync *head = __atomic_load_n(bucket, __ATOMIC_ACQUIRE);
    for (;;) {
        struct atomic_sync *found = find(head, address);
        if (found) {
            snarl_memory_free(fresh, sizeof(*fresh));
            return found;
        }
        fresh->next = head;
        if (__atomic_compare_exchange_n(bucket, &head, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            break;
    }
    fresh->next_made = __atomic_load_n(&s_made, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&s_made, &fresh->next_made, fresh, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    if (!(address >> SNARL_ADDRESS_BITS) && snarl_shadow_touch(address))
        snarl_shadow_table.block[address >> SNARL_SHADOW_BLOCK_SHIFT] |= SYNC_NEAR | 1;
    return fresh;
}

static struct snarl_race_sync **cached(struct snarl_race_thread *thr, uintptr_t address)
{
    return &thr->variable[(address >> 3 ^ address >> 9) & (SNARL_VARIABLE_CACHE - 1)];
}

static bool is_of(const struct snarl_race_sync *sync, uintptr_t address)
{
    return sync && sync->address == address;
}

struct snarl_race_sync *snarl_race_atomic_look(struct snarl_race_thread *thr, uintptr_t address)
{
    struct snarl_race_sync **cache = cached(thr, address);
    if (is_of(*cache, address))
        return *cache;
    struct snarl_race_sync *found = snarl_race_atomic_peek(address);
    if (found)
        *cache = found;
    return found;
}

struct snarl_race_sync *snarl_race_atomic_lock(struct snarl_race_thread *thr, uintptr_t address)
{
    snarl_race_catch_up(thr);
    struct snarl_race_sync *known = *cached(thr, address);
    if (is_of(known, address)) {
        snarl_race_sync_lock(known);
        return known;
    }
    struct atomic_sync **table = buckets();
    if (!table)
        return NULL;
    struct atomic_sync **bucket = &table[bucket_of(address)];
    struct atomic_sync *found = find(__atomic_load_n(bucket, __ATOMIC_ACQUIRE), address);
    if (!found)
        found = make(bucket, address);
    if (!found)
        return NULL;
    *cached(thr, address) = &found->sync;
    snarl_race_sync_lock(&found->sync);
    return &found->sync;
}

void snarl_race_atomic_unlock(struct snarl_race_sync *sync)
{
    snarl_race_sync_unlock(sync);
}

static void clear_line(uintptr_t line, uintptr_t start, uintptr_t end)
{
    struct atomic_sync *at = __atomic_load_n(&s_bucket[bucket_of(line)], __ATOMIC_ACQUIRE);
    for (; at; at = at->next)
        if (at->sync.address >= start && at->sync.address < end)
            snarl_race_sync_clear(&at->sync);
}

void snarl_race_atomics_clear(uintptr_t start, size_t size)
{
    uintptr_t end = start + size;
    if (!__atomic_load_n(&s_bucket, __ATOMIC_ACQUIRE))
        return;
    for (uintptr_t at = start; at < end;) {
        uintptr_t block_end = (at | (SNARL_SHADOW_BLOCK - 1)) + 1;
        if (!(snarl_shadow_table.block[at >> SNARL_SHADOW_BLOCK_SHIFT] & SYNC_NEAR)) {
            at = block_end;
            continue;
        }
        uintptr_t stop = block_end < end ? block_end : end;
        for (uintptr_t line = at & ~(uintptr_t)63; line < stop; line += 64)
            clear_line(line, start, end);
        at = block_end;
    }
}

void snarl_race_atomics_reset(void)
{
    for (struct atomic_sync *at = s_made; at; at = at->next_made) {
        snarl_race_sync_unlock(&at->sync);
        snarl_race_sync_clear(&at->sync);
    }
}
