/* registry.c - finding the record of an object by its address; see object.h.
 *
 * A hash table of chains, a cache of the last objects in each thread in front of it.
 *
 * Lookup takes no lock: it walks a chain whose links are changed only under s_lock. A record that is ended while
 * somebody stands on it may be relinked into another chain, so that the walk goes astray and misses; it can never
 * return a wrong record, since the address is compared in the record itself, and records stay records. A
 * miss is therefore looked up again under the lock. Two facts keep the walk finite: chains end with NULL, and a record
 * is linked at the head of a chain, behind which are only records linked earlier.
 *
 * s_pages counts objects by page (hashed), so that free() asks one word whether there is anything to look for.
 *
 * Locks that have ended: a race may be reported long after the lock of its first access was destroyed. The last
 * ENDED_KEPT of those that accesses may name are kept as they were, by their number. */
#include <string.h>

#include "base/counters.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/os.h"
#include "object/object.h"

#define BUCKETS (1u << 17)
#define PAGE_SLOTS (1u << 16)
#define PAGE_SHIFT 12
#define STEP 4 /* objects are aligned at least so */
#define ENDED_KEPT (1u << 16)

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_OBJECT}; /* guards links, s_free, s_count, s_ended and creation */
static struct snarl_sync *s_buckets[BUCKETS];
static struct snarl_sync *s_free;
static uint32_t s_count, s_live;
static uint32_t s_pages[PAGE_SLOTS];
static struct snarl_ended *s_ended; /* at its number, cut to the table's size; NULL until the first */

static struct snarl_sync **bucket_of(uintptr_t address)
{
    return &s_buckets[snarl_hash(address) % BUCKETS];
}

static uint32_t *page_of(uintptr_t address)
{
    return &s_pages[snarl_hash(address >> PAGE_SHIFT) % PAGE_SLOTS];
}

static struct snarl_sync *walk(uintptr_t address)
{
    struct snarl_sync *sync = __atomic_load_n(bucket_of(address), __ATOMIC_ACQUIRE);
    while (sync && __atomic_load_n(&sync->address, __ATOMIC_RELAXED) != address)
        sync = __atomic_load_n(&sync->next, __ATOMIC_ACQUIRE);
    return sync;
}

static struct snarl_sync **cached(struct snarl_thread *thr, uintptr_t address)
{
    return &thr->lock_cache[(address >> 3 ^ address >> 9) % SNARL_LOCK_CACHE];
}

struct snarl_sync *snarl_object_find(struct snarl_thread *thr, uintptr_t address)
{
    struct snarl_sync **cache = cached(thr, address);
    struct snarl_sync *sync = *cache;
    if (sync && __atomic_load_n(&sync->address, __ATOMIC_RELAXED) == address)
        return sync;
    sync = walk(address);
    if (!sync) {
        snarl_mutex_lock(&s_lock);
        sync = walk(address);
        snarl_mutex_unlock(&s_lock);
    }
    if (sync)
        *cache = sync;
    return sync;
}

/* With the lock held. Only while races are looked for, which gives each lock a part. */
static void remember_ended(const struct snarl_sync *sync)
{
    if (!sync->races || sync->written)
        return;
    if (!s_ended)
        s_ended = snarl_os_map(ENDED_KEPT * sizeof(*s_ended));
    if (s_ended)
        s_ended[sync->id % ENDED_KEPT] = (struct snarl_ended){.id = sync->id,
                                                              .kind = sync->kind,
                                                              .flags = sync->flags,
                                                              .create_stack = sync->create_stack,
                                                              .create_thread = sync->create_thread,
                                                              .address = sync->address,
                                                              .name = sync->name};
}

bool snarl_object_ended(uint32_t id, struct snarl_ended *ended)
{
    snarl_mutex_lock(&s_lock);
    bool found = id && s_ended && s_ended[id % ENDED_KEPT].id == id;
    if (found) {
        *ended = s_ended[id % ENDED_KEPT];
        s_ended[id % ENDED_KEPT].id = 0; /* once: the caller writes its record */
    }
    snarl_mutex_unlock(&s_lock);
    return found;
}

/* With the lock held. */
static void unlink_record(struct snarl_sync *sync)
{
    struct snarl_sync **link = bucket_of(sync->address);
    while (*link && *link != sync)
        link = &(*link)->next;
    if (!*link)
        return;
    remember_ended(sync);
    __atomic_store_n(link, sync->next, __ATOMIC_RELEASE);
    __atomic_fetch_sub(page_of(sync->address), 1, __ATOMIC_RELAXED);
    __atomic_store_n(&sync->address, 0, __ATOMIC_RELAXED);
    sync->next = s_free;
    s_free = sync;
    s_live--;
}

static void reset(struct snarl_sync *sync)
{
    if (sync->kind == SNARL_KIND_BARRIER)
        snarl_vclock_free(&sync->state.barrier.gathering);
    snarl_vclock_free(&sync->weak);
    memset(&sync->state, 0, sizeof(sync->state));
    sync->written = sync->used_written = false;
    sync->owner = NULL;
    sync->owner_id = 0;
    sync->acquisitions = sync->contended = 0;
    sync->wait_ns = sync->hold_max_ticks = 0;
    sync->node = NULL;
    sync->name = NULL;
    sync->races = NULL;
    snarl_mutex_reset(&sync->lock);
}

/* With the lock held. */
static struct snarl_sync *make(uintptr_t address, enum snarl_kind kind, uint32_t flags)
{
    struct snarl_sync *sync = s_free;
    if (sync)
        s_free = sync->next;
    else if (!(sync = snarl_memory_alloc(sizeof(*sync))))
        return NULL;
    reset(sync);
    sync->id = ++s_count;
    sync->kind = (uint8_t)kind;
    sync->flags = flags;
    struct snarl_sync **bucket = bucket_of(address);
    sync->next = *bucket;
    __atomic_store_n(&sync->address, address, __ATOMIC_RELAXED);
    __atomic_store_n(bucket, sync, __ATOMIC_RELEASE);
    __atomic_fetch_add(page_of(address), 1, __ATOMIC_RELAXED);
    s_live++;
    snarl_count(SNARL_COUNT_LOCKS);
    return sync;
}

struct snarl_sync *snarl_object_get(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags)
{
    struct snarl_sync *sync = snarl_object_find(thr, address);
    if (sync)
        return sync;
    snarl_mutex_lock(&s_lock);
    sync = walk(address);
    if (!sync && (sync = make(address, kind, flags | SNARL_OBJECT_IMPLICIT)))
        sync->create_stack = sync->create_thread = 0;
    snarl_mutex_unlock(&s_lock);
    return sync;
}

struct snarl_sync *snarl_object_create(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind,
                                       uint32_t flags, uint32_t create_stack)
{
    snarl_mutex_lock(&s_lock);
    struct snarl_sync *old = walk(address);
    if (old)
        unlink_record(old);
    struct snarl_sync *sync = make(address, kind, flags);
    if (sync) {
        sync->create_stack = create_stack;
        sync->create_thread = thr->id;
    }
    snarl_mutex_unlock(&s_lock);
    return sync;
}

void snarl_object_end(struct snarl_sync *sync)
{
    snarl_mutex_lock(&s_lock);
    if (sync->address)
        unlink_record(sync);
    snarl_mutex_unlock(&s_lock);
}

bool snarl_object_near(uintptr_t address)
{
    return __atomic_load_n(page_of(address), __ATOMIC_RELAXED) != 0;
}

static void each_on_page(uintptr_t start, uintptr_t end, void (*visit)(struct snarl_sync *, void *), void *context)
{
    if (!snarl_object_near(start))
        return;
    for (uintptr_t address = (start + STEP - 1) & ~(uintptr_t)(STEP - 1); address < end; address += STEP) {
        struct snarl_sync *sync = walk(address);
        if (sync)
            visit(sync, context);
    }
}

struct range {
    uintptr_t start, end;
    void (*visit)(struct snarl_sync *, void *);
    void *context;
};

static void visit_in_range(struct snarl_sync *sync, void *context)
{
    struct range *range = context;
    if (sync->address >= range->start && sync->address < range->end)
        range->visit(sync, range->context);
}

void snarl_object_each_in(uintptr_t start, uintptr_t size, void (*visit)(struct snarl_sync *, void *), void *context)
{
    uintptr_t end = start + size;
    if (size >> PAGE_SHIFT > s_live) { /* fewer objects than pages */
        struct range range = {start, end, visit, context};
        snarl_object_each(visit_in_range, &range);
        return;
    }
    while (start < end) {
        uintptr_t page_end = ((start >> PAGE_SHIFT) + 1) << PAGE_SHIFT;
        each_on_page(start, page_end < end ? page_end : end, visit, context);
        start = page_end;
    }
}

void snarl_object_each(void (*visit)(struct snarl_sync *, void *), void *context)
{
    for (uint32_t i = 0; i < BUCKETS; i++) {
        struct snarl_sync *next;
        for (struct snarl_sync *sync = __atomic_load_n(&s_buckets[i], __ATOMIC_ACQUIRE); sync; sync = next) {
            next = __atomic_load_n(&sync->next, __ATOMIC_ACQUIRE);
            visit(sync, context);
        }
    }
}

static void forked(struct snarl_sync *sync, void *context)
{
    (void)context;
    snarl_mutex_reset(&sync->lock);
    sync->written = sync->used_written = false;
    sync->acquisitions = sync->contended = 0;
    sync->wait_ns = sync->hold_max_ticks = 0;
}

void snarl_object_forked(void)
{
    snarl_object_each(forked, NULL);
}
