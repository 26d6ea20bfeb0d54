/* semaphore.c - semaphores, as signals and as locks.
 *
 * A semaphore that starts at 1 may be a lock: acquired and posted by the same thread, as Python's locks are. Until it is
 * posted by a thread that does not hold it, it is taken for one: held, ordered in the lock graph, followed in
 * the wait-for graph (deadlock.c asks for more before it believes it). From then on it is a signal: a post
 * happens-before the wait that it lets through, which the weak clock says. Any other initial value is a signal
 * from the start. */
#include "lockgraph/lockgraph.h"
#include "sync/races.h"
#include "sync/sync.h"

void snarl_semaphore_init(struct snarl_thread *thr, uintptr_t address, uint32_t value, uint32_t flags,
                          struct snarl_site site)
{
    struct snarl_sync *old = snarl_object_find(thr, address);
    if (old)
        snarl_lockgraph_forget(old);
    if (value != 1 || flags & SNARL_OBJECT_SHARED) /* another process may post it, which we do not see */
        flags |= SNARL_OBJECT_SIGNAL;
    struct snarl_sync *sync = snarl_object_create(thr, address, SNARL_KIND_SEMAPHORE, flags,
                                                  snarl_unwind_site(site, &thr->sites, false));
    if (sync)
        sync->state.semaphore.initial = value;
}

static struct snarl_sync *semaphore_of(struct snarl_thread *thr, uintptr_t address)
{
    return snarl_object_get(thr, address, SNARL_KIND_SEMAPHORE, SNARL_OBJECT_SIGNAL);
}

void snarl_semaphore_acquired(struct snarl_thread *thr, uintptr_t address, enum snarl_how how, struct snarl_site site)
{
    struct snarl_sync *sync = semaphore_of(thr, address);
    if (!sync)
        return;
    if (!(sync->flags & SNARL_OBJECT_SIGNAL)) {
        snarl_lock_acquired(thr, address, sync->kind, 0, SNARL_MODE_WRITE, how, site);
        return;
    }
    sync->acquisitions++;
    if (!snarl_awake)
        return;
    snarl_races_acquire(thr, sync);
    snarl_mutex_lock(&sync->lock);
    snarl_thread_weak_acquire(thr, &sync->weak);
    snarl_mutex_unlock(&sync->lock);
}

/* From now on it is a signal: what was learnt of it as a lock is forgotten. */
static void turn_to_signal(struct snarl_sync *sync)
{
    __atomic_fetch_or(&sync->flags, SNARL_OBJECT_SIGNAL, __ATOMIC_RELAXED);
    __atomic_store_n(&sync->owner, NULL, __ATOMIC_RELAXED);
    snarl_lockgraph_forget(sync);
}

void snarl_semaphore_post(struct snarl_thread *thr, uintptr_t address, struct snarl_site site)
{
    struct snarl_sync *sync = semaphore_of(thr, address);
    if (!sync)
        return;
    if (!(sync->flags & SNARL_OBJECT_SIGNAL)) {
        if (snarl_lock_releasing(thr, address, site)) {
            if (!(sync->flags & SNARL_OBJECT_PAIRED))
                __atomic_fetch_or(&sync->flags, SNARL_OBJECT_PAIRED, __ATOMIC_RELAXED);
            return;
        }
        turn_to_signal(sync);
    }
    if (!snarl_awake)
        return;
    snarl_races_release(thr, sync);
    snarl_mutex_lock(&sync->lock);
    snarl_thread_weak_release(thr, &sync->weak);
    snarl_mutex_unlock(&sync->lock);
}
