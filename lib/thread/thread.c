/* thread.c - see thread.h.
 *
 * Slots: a record keeps its slot and its epoch when it is reused, so that a slot's epochs only ever grow. Reuse is
 * for a creator whose weak clock already contains the last epoch of the ended thread (it has joined it, or a joiner
 * told it): then "before the new thread's epoch" implies "before the old thread's", and comparing epochs of a slot
 * stays right. Detached threads' records are reused on the same condition, which mostly never holds: a
 * program that only ever detaches makes one record per thread, up to RECORDS_MAX; past that a record is reused
 * regardless, which can only hide orders that are then taken to be ordered. */
#include "thread/thread.h"

#include <string.h>

#include "base/counters.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "finding/runfile_writer.h"
#include "thread/snapshot.h"

#define RECORDS_MAX 4096u

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_THREAD}; /* guards all below and the records' identity, lineage and life */
static struct snarl_thread *s_first;
static uint32_t s_records, s_created, s_alive;
static struct snarl_map s_by_handle;
static struct snarl_map s_by_id;

/* The weak clock of `thr` is another from now on. */
static void changed(struct snarl_thread *thr)
{
    thr->weak_version++;
    snarl_snapshot_drop(thr->weak_snapshot);
    thr->weak_snapshot = NULL;
}

static bool may_reuse(const struct snarl_thread *record, const struct snarl_thread *creator)
{
    if (!record->reusable || record->guard)
        return false;
    if (s_records >= RECORDS_MAX)
        return true;
    return creator && snarl_vclock_get(&creator->weak, record->slot) >= record->weak_epoch;
}

static struct snarl_thread *take_record(const struct snarl_thread *creator)
{
    for (struct snarl_thread *record = s_first; record; record = record->next)
        if (may_reuse(record, creator))
            return record;
    struct snarl_thread *record = snarl_memory_alloc(sizeof(*record));
    if (!record)
        return NULL;
    record->slot = s_records++;
    record->next = s_first;
    record->held = record->held_inline;
    record->held_capacity = SNARL_HELD_INLINE;
    __atomic_store_n(&s_first, record, __ATOMIC_RELEASE);
    return record;
}

static void renew(struct snarl_thread *thr, struct snarl_thread *creator, uint32_t create_stack, uint64_t now_ns)
{
    snarl_map_remove(&s_by_id, thr->id);
    thr->id = ++s_created;
    thr->state = SNARL_THREAD_NEW;
    thr->main = creator == NULL;
    thr->detached = thr->joined = thr->written = thr->noted = thr->reusable = thr->managed = thr->daemon = thr->cancelled = false;
    thr->creator = creator ? creator->id : 0;
    thr->create_stack = create_stack;
    thr->start_ns = now_ns;
    thr->end_ns = 0;
    thr->handle = 0;
    thr->stack_low = thr->stack_high = 0;
    thr->name[0] = '\0';
    thr->guard = thr->in_signal = 0;
    thr->held_count = 0;
    thr->held_hash = 0;
    memset(thr->lock_cache, 0, sizeof(thr->lock_cache));
    memset(thr->chain_cache, 0, sizeof(thr->chain_cache));
    if (thr->chain)
        memset(thr->chain, 0, thr->chain_size * sizeof(*thr->chain));
    snarl_site_cache_reset(&thr->sites);
    thr->weak_epoch++;
    changed(thr);
}

struct snarl_thread *snarl_thread_new(struct snarl_thread *creator, uint32_t create_stack, uint64_t now_ns)
{
    snarl_mutex_lock(&s_lock);
    struct snarl_thread *thr = take_record(creator);
    if (thr) {
        renew(thr, creator, create_stack, now_ns);
        s_alive++;
        snarl_map_put(&s_by_id, thr->id, thr);
        snarl_count(SNARL_COUNT_THREADS);
    }
    snarl_mutex_unlock(&s_lock);
    if (!thr)
        return NULL;
    thr->weak.size = 0;
    if (creator)
        snarl_thread_weak_release(creator, &thr->weak);
    snarl_vclock_set(&thr->weak, thr->slot, thr->weak_epoch);
    return thr;
}

void snarl_thread_started(struct snarl_thread *thr, uint64_t handle, pid_t tid)
{
    snarl_mutex_lock(&s_lock);
    thr->handle = handle;
    thr->tid = tid;
    thr->state = SNARL_THREAD_RUNNING;
    thr->written = false;
    snarl_map_put(&s_by_handle, handle, thr);
    snarl_mutex_unlock(&s_lock);
}

void snarl_thread_set_handle(struct snarl_thread *thr, uint32_t id, uint64_t handle)
{
    snarl_mutex_lock(&s_lock);
    if (thr->id == id && !thr->handle) {
        thr->handle = handle;
        snarl_map_put(&s_by_handle, handle, thr);
    }
    snarl_mutex_unlock(&s_lock);
}

static void retire(struct snarl_thread *thr)
{
    thr->reusable = true;
    if (snarl_map_get(&s_by_handle, thr->handle) == thr)
        snarl_map_remove(&s_by_handle, thr->handle);
}

void snarl_thread_ended(struct snarl_thread *thr, uint64_t now_ns)
{
    snarl_mutex_lock(&s_lock);
    __atomic_store_n(&thr->state, SNARL_THREAD_ENDED, __ATOMIC_RELEASE);
    thr->end_ns = now_ns;
    thr->written = false;
    s_alive--;
    if (thr->detached)
        retire(thr);
    snarl_mutex_unlock(&s_lock);
}

void snarl_thread_abandon(struct snarl_thread *thr)
{
    snarl_mutex_lock(&s_lock);
    thr->state = SNARL_THREAD_ENDED;
    thr->joined = thr->reusable = true;
    s_alive--;
    snarl_mutex_unlock(&s_lock);
}

void snarl_thread_detached(struct snarl_thread *thr)
{
    snarl_mutex_lock(&s_lock);
    thr->detached = true;
    thr->written = false;
    if (thr->state == SNARL_THREAD_ENDED)
        retire(thr);
    snarl_mutex_unlock(&s_lock);
}

void snarl_thread_joined(struct snarl_thread *thr, struct snarl_thread *target)
{
    snarl_thread_weak_acquire(thr, &target->weak);
    snarl_mutex_lock(&s_lock);
    target->joined = true;
    target->written = false;
    retire(target);
    snarl_mutex_unlock(&s_lock);
}

struct snarl_thread *snarl_thread_by_handle(uint64_t handle)
{
    snarl_mutex_lock(&s_lock);
    struct snarl_thread *thr = snarl_map_get(&s_by_handle, handle);
    snarl_mutex_unlock(&s_lock);
    return thr;
}

/* A reused record answers only for its newest identity. */
struct snarl_thread *snarl_thread_by_id(uint32_t id)
{
    snarl_mutex_lock(&s_lock);
    struct snarl_thread *thr = snarl_map_get(&s_by_id, id);
    snarl_mutex_unlock(&s_lock);
    return thr && thr->id == id ? thr : NULL;
}

void snarl_thread_set_name(struct snarl_thread *thr, const char *name)
{
    snarl_mutex_lock(&s_lock);
    strncpy(thr->name, name, SNARL_THREAD_NAME_MAX - 1);
    thr->name[SNARL_THREAD_NAME_MAX - 1] = '\0';
    thr->written = false;
    snarl_mutex_unlock(&s_lock);
}

struct snarl_thread *snarl_thread_first(void)
{
    return __atomic_load_n(&s_first, __ATOMIC_ACQUIRE);
}

uint32_t snarl_thread_created(void)
{
    return __atomic_load_n(&s_created, __ATOMIC_RELAXED);
}

uint32_t snarl_thread_alive(void)
{
    return __atomic_load_n(&s_alive, __ATOMIC_ACQUIRE);
}

void snarl_thread_forked(struct snarl_thread *thr, pid_t tid)
{
    for (struct snarl_thread *other = s_first; other; other = other->next) {
        other->written = false;
        /* One that has ended and is not joined is the parent's to join. */
        if (other != thr && (other->state <= SNARL_THREAD_RUNNING || !other->joined))
            other->state = SNARL_THREAD_GONE;
    }
    thr->tid = tid;
    thr->wait.object = NULL;
    s_alive = 1;
}

void snarl_thread_describe(struct snarl_thread *thr)
{
    if (!thr || thr->written)
        return;
    thr->written = true;
    snarl_runfile_stack(thr->create_stack);
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_THREAD);
    snarl_wire_put_uint(writer, thr->id);
    snarl_wire_put_uint(writer, (uint64_t)thr->tid);
    snarl_wire_put_text(writer, thr->name);
    snarl_wire_put_uint(writer, thr->creator);
    snarl_wire_put_uint(writer, thr->create_stack);
    snarl_wire_put_uint(writer, thr->start_ns);
    snarl_wire_put_uint(writer, thr->end_ns);
    snarl_wire_put_uint(writer, (uint64_t)thr->main | (uint64_t)thr->detached << 1 | (uint64_t)thr->joined << 2);
    snarl_runfile_finish();
}

void snarl_thread_describe_all(void)
{
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next)
        snarl_thread_describe(thr);
}

void snarl_thread_weak_release(struct snarl_thread *thr, struct snarl_vclock *into)
{
    snarl_vclock_join(into, &thr->weak, NULL);
    snarl_vclock_set(&thr->weak, thr->slot, ++thr->weak_epoch);
    changed(thr);
}

void snarl_thread_weak_acquire(struct snarl_thread *thr, const struct snarl_vclock *from)
{
    bool grew = false;
    snarl_vclock_join(&thr->weak, from, &grew);
    if (grew)
        changed(thr);
}
