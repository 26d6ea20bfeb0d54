/* held.c - which locks a thread holds; see object.h.
 *
 * Each thread has an array, oldest first, that only it writes. Others read it to find the readers of a rwlock: they
 * may see an entry half-written and confirm later. An entry can become untrue without its thread: a
 * semaphore posted or a mutex unlocked by somebody else. Such entries are recognised by the object's owner and
 * dropped when met.
 *
 * held_hash is the sum of a hash of each entry's identity and mode: the same set of held locks has the same sum. */
#include <string.h>

#include "base/counters.h"
#include "base/map.h"
#include "base/memory.h"
#include "object/object.h"

static uint64_t entry_hash(const struct snarl_held *held)
{
    return snarl_hash((uint64_t)held->lock_id << 1 | held->mode);
}

bool snarl_held_valid(const struct snarl_thread *thr, const struct snarl_held *held)
{
    const struct snarl_sync *sync = held->lock;
    if (!sync || sync->id != held->lock_id || !sync->address)
        return false;
    return held->mode == SNARL_MODE_READ || __atomic_load_n(&sync->owner, __ATOMIC_RELAXED) == thr;
}

struct snarl_held *snarl_held_find(struct snarl_thread *thr, const struct snarl_sync *sync)
{
    for (uint32_t i = thr->held_count; i-- > 0;)
        if (thr->held[i].lock == sync && snarl_held_valid(thr, &thr->held[i]))
            return &thr->held[i];
    return NULL;
}

/* The old array stays: another thread may be reading it. Arrays double, so what is lost is less than what is used. */
static bool grow(struct snarl_thread *thr)
{
    uint32_t capacity = thr->held_capacity * 4;
    if (capacity > SNARL_HELD_MAX)
        return false;
    struct snarl_held *held = snarl_memory_alloc(capacity * sizeof(*held));
    if (!held)
        return false;
    memcpy(held, thr->held, thr->held_count * sizeof(*held));
    __atomic_store_n(&thr->held, held, __ATOMIC_RELEASE);
    thr->held_capacity = capacity;
    return true;
}

struct snarl_held *snarl_held_push(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode,
                                   enum snarl_how how, uint32_t stack)
{
    if (thr->held_count == thr->held_capacity && !grow(thr)) {
        snarl_count(SNARL_COUNT_HELD_OVERFLOW);
        return NULL;
    }
    struct snarl_held *held = &thr->held[thr->held_count];
    *held = (struct snarl_held){.lock = sync, .lock_id = sync->id, .stack = stack, .depth = 1,
                                .mode = (uint8_t)mode, .how = (uint8_t)how};
    thr->held_hash += entry_hash(held);
    __atomic_store_n(&thr->held_count, thr->held_count + 1, __ATOMIC_RELEASE);
    return held;
}

void snarl_held_remove(struct snarl_thread *thr, struct snarl_held *held)
{
    thr->held_hash -= entry_hash(held);
    uint32_t behind = (uint32_t)(thr->held + thr->held_count - held) - 1;
    if (behind)
        memmove(held, held + 1, behind * sizeof(*held));
    __atomic_store_n(&thr->held_count, thr->held_count - 1, __ATOMIC_RELEASE);
}

void snarl_held_prune(struct snarl_thread *thr)
{
    for (uint32_t i = thr->held_count; i-- > 0;)
        if (!snarl_held_valid(thr, &thr->held[i]))
            snarl_held_remove(thr, &thr->held[i]);
}

/* Reads another thread's array: the copy is what is examined. */
bool snarl_held_by(const struct snarl_thread *thr, const struct snarl_sync *sync, struct snarl_held *copy)
{
    const struct snarl_held *held = __atomic_load_n(&thr->held, __ATOMIC_ACQUIRE);
    uint32_t count = __atomic_load_n(&thr->held_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count && i < thr->held_capacity; i++) {
        *copy = held[i];
        if (copy->lock == sync && snarl_held_valid(thr, copy))
            return true;
    }
    return false;
}

struct snarl_thread *snarl_held_holder(const struct snarl_sync *sync, struct snarl_thread **cursor,
                                       struct snarl_held *copy)
{
    for (struct snarl_thread *thr = *cursor; thr; thr = thr->next) {
        if (snarl_held_by(thr, sync, copy)) {
            *cursor = thr->next;
            return thr;
        }
    }
    *cursor = NULL;
    return NULL;
}
