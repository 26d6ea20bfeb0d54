/* lock.c - acquisition and release of every kind of lock.
 *
 * The hot path, an uncontended acquisition and release with nothing else held, touches the thread's own record and the
 * lock's: find the lock (thread's cache), find the stack (thread's cache), push, pop. No clock, no shared line,
 * no system call. With something held, one more probe tells whether the order is known.
 *
 * Hold times: every TIMED_EVERYth acquisition of a thread is timed, and each one that had to wait. */
#include <x86intrin.h>

#include "lockgraph/lockgraph.h"
#include "sync/races.h"
#include "sync/sync.h"

#define TIMED_EVERY 16u

/* The object for a use of it; another kind at its address is a new life of that memory. */
static struct snarl_sync *object_of(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags)
{
    struct snarl_sync *sync = snarl_object_get(thr, address, kind, flags);
    if (!sync || sync->kind == kind)
        return sync;
    if (sync->kind == SNARL_KIND_NONE) { /* known only by a name or an order so far */
        sync->kind = (uint8_t)kind;
        sync->flags |= flags;
        sync->written = false;
        return sync;
    }
    if ((sync->kind >= SNARL_KIND_MUTEX && sync->kind <= SNARL_KIND_ROBUST_MUTEX) &&
        (kind >= SNARL_KIND_MUTEX && kind <= SNARL_KIND_ROBUST_MUTEX))
        return sync; /* kinds of mutexes: what its initialiser said counts */
    snarl_lockgraph_forget(sync);
    snarl_object_end(sync);
    return snarl_object_get(thr, address, kind, flags);
}

void snarl_lock_init(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags,
                     struct snarl_site site)
{
    struct snarl_sync *old = snarl_object_find(thr, address);
    if (old) {
        struct snarl_held held;
        struct snarl_thread *cursor = snarl_thread_first();
        struct snarl_thread *holder = snarl_held_holder(old, &cursor, &held);
        if (holder && old->kind == kind)
            snarl_misuse_report(thr, "init-locked", old, "init", "initialises a lock that is held", site);
        snarl_lockgraph_forget(old);
    }
    snarl_object_create(thr, address, kind, flags, snarl_unwind_site(site, &thr->sites, false));
}

static bool somebody_waits(const struct snarl_sync *sync)
{
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next)
        if (__atomic_load_n(&thr->wait.object, __ATOMIC_SEQ_CST) == sync)
            return true;
    return false;
}

static void check_destroy(struct snarl_thread *thr, struct snarl_sync *sync, struct snarl_site site)
{
    struct snarl_held held;
    struct snarl_thread *cursor = snarl_thread_first();
    if (sync->kind != SNARL_KIND_SEMAPHORE && snarl_held_holder(sync, &cursor, &held))
        snarl_misuse_report(thr, "destroy-locked", sync, "release", "destroys a lock that is held", site);
    else if (sync->kind == SNARL_KIND_SEMAPHORE &&
             snarl_host->semaphore_value(SNARL_KIND_SEMAPHORE, sync->address) == 0 &&
             somebody_waits(sync))
        snarl_misuse_report(thr, "destroy-waiting", sync, "release",
                            "destroys a semaphore for which a thread waits", site);
}

void snarl_lock_destroy(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, struct snarl_site site)
{
    struct snarl_sync *sync = snarl_object_find(thr, address);
    if (!sync)
        return;
    check_destroy(thr, sync, site);
    (void)kind;
    snarl_lockgraph_forget(sync);
    snarl_object_end(sync);
}

void snarl_lock_gone(struct snarl_thread *thr, uintptr_t address)
{
    struct snarl_sync *sync = snarl_object_find(thr, address);
    if (!sync)
        return;
    snarl_lockgraph_forget(sync);
    snarl_object_end(sync);
}

void snarl_lock_wait_begin(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags,
                           enum snarl_mode mode, bool timed, struct snarl_site site)
{
    struct snarl_sync *sync = object_of(thr, address, kind, flags);
    if (!sync)
        return;
    __atomic_fetch_add(&sync->contended, 1, __ATOMIC_RELAXED);
    const struct snarl_held *held = snarl_held_find(thr, sync);
    if (held && held->mode == SNARL_MODE_READ && mode == SNARL_MODE_WRITE && sync->kind == SNARL_KIND_RWLOCK)
        snarl_misuse_report(thr, "rwlock-upgrade", sync, "wait", "wants to write while it holds the lock shared", site);
    snarl_wait_begin(thr, SNARL_WAIT_LOCK, sync, sync->id, mode, timed, site);
}

void snarl_lock_waiting(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags,
                        enum snarl_mode mode, bool timed, struct snarl_site site)
{
    snarl_lock_wait_begin(thr, address, kind, flags, mode, timed, site);
    snarl_wait_check(thr);
}

void snarl_lock_wait_over(struct snarl_thread *thr)
{
    struct snarl_sync *sync = thr->wait.object;
    if (!sync)
        return;
    __atomic_fetch_add(&sync->wait_ns, snarl_runfile_now() - thr->wait.since_ns, __ATOMIC_RELAXED);
    snarl_wait_end(thr);
    thr->ticks = 0; /* time the hold that others may wait for in turn */
}

/* The same thread acquires what it holds: a recursive mutex, or a rwlock shared once more. */
static void acquired_again(struct snarl_held *held)
{
    held->depth++;
    held->lock->acquisitions++;
}

static void nested(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode, enum snarl_how how,
                   struct snarl_site site, uint32_t *stack)
{
    if (snarl_lockgraph_known(thr, sync, mode, how, *stack))
        return;
    snarl_held_prune(thr);
    *stack = snarl_unwind_site(site, &thr->sites, true);
    if (thr->held_count)
        snarl_lockgraph_learn(thr, sync, mode, how, *stack);
}

void snarl_lock_acquired(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags,
                         enum snarl_mode mode, enum snarl_how how, struct snarl_site site)
{
    struct snarl_sync *sync = object_of(thr, address, kind, flags);
    if (!sync)
        return;
    struct snarl_held *held = thr->held_count ? snarl_held_find(thr, sync) : NULL;
    if (held && (sync->flags & SNARL_OBJECT_RECURSIVE || held->mode == SNARL_MODE_READ)) {
        acquired_again(held);
        return;
    }
    uint32_t stack = snarl_unwind_site(site, &thr->sites, false);
    if (thr->held_count && snarl_awake)
        nested(thr, sync, mode, how, site, &stack);
    if (mode == SNARL_MODE_WRITE) {
        __atomic_store_n(&sync->owner, thr, __ATOMIC_RELAXED);
        sync->acquisitions++;
    } else {
        __atomic_fetch_add(&sync->acquisitions, 1, __ATOMIC_RELAXED);
    }
    snarl_races_locked(thr, sync, mode);
    held = snarl_held_push(thr, sync, mode, how, stack);
    snarl_races_locks_changed(thr);
    if (held && thr->ticks++ % TIMED_EVERY == 0)
        held->since = __rdtsc();
}

static void note_hold_time(struct snarl_held *held)
{
    uint64_t ticks = __rdtsc() - held->since;
    if (ticks > held->lock->hold_max_ticks)
        held->lock->hold_max_ticks = ticks;
}

bool snarl_lock_releasing(struct snarl_thread *thr, uintptr_t address, struct snarl_site site)
{
    (void)site;
    struct snarl_sync *sync = snarl_object_find(thr, address);
    struct snarl_held *held = sync ? snarl_held_find(thr, sync) : NULL;
    if (!held)
        return false;
    if (--held->depth > 0)
        return true;
    if (held->since)
        note_hold_time(held);
    if (held->mode == SNARL_MODE_WRITE)
        __atomic_store_n(&sync->owner, NULL, __ATOMIC_RELAXED);
    snarl_races_unlocking(thr, sync, held->mode);
    snarl_held_remove(thr, held);
    snarl_races_locks_changed(thr);
    return true;
}

void snarl_lock_bad_release(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, bool locked,
                            struct snarl_site site)
{
    struct snarl_sync *sync = object_of(thr, address, kind, 0);
    if (!sync)
        return;
    snarl_races_release(thr, sync);
    if (locked)
        snarl_misuse_report(thr, "unlock-not-owner", sync, "release", "unlocks a lock that another thread holds", site);
    else
        snarl_misuse_report(thr, "unlock-not-locked", sync, "release", "unlocks a lock that nobody holds", site);
    __atomic_store_n(&sync->owner, NULL, __ATOMIC_RELAXED);
}

void snarl_lock_use_destroyed(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, struct snarl_site site)
{
    struct snarl_sync *sync = object_of(thr, address, kind, 0);
    snarl_misuse_report(thr, "use-destroyed", sync, "acquire", "uses a lock after it was destroyed", site);
}

struct gone {
    struct snarl_thread *thr;
    struct snarl_site site;
};

static void end_with_memory(struct snarl_sync *sync, void *context)
{
    struct gone *gone = context;
    struct snarl_held held;
    struct snarl_thread *cursor = snarl_thread_first();
    if (sync->kind != SNARL_KIND_SEMAPHORE && snarl_held_holder(sync, &cursor, &held))
        snarl_misuse_report(gone->thr, "free-locked", sync, "free", "frees memory with a lock in it that is held",
                            gone->site);
    snarl_lockgraph_forget(sync);
    snarl_object_end(sync);
}

void snarl_memory_gone(struct snarl_thread *thr, uintptr_t start, uintptr_t size, struct snarl_site site)
{
    struct gone gone = {thr, site};
    snarl_object_each_in(start, size, end_with_memory, &gone);
}
