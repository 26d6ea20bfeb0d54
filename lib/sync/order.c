/* order.c - happens-before edges that are not locks: once, joins, annotations. */
#include "lockgraph/lockgraph.h"
#include "sync/races.h"
#include "sync/sync.h"

void snarl_order_release(struct snarl_thread *thr, uintptr_t address)
{
    if (!snarl_awake)
        return;
    struct snarl_sync *sync = snarl_object_get(thr, address, SNARL_KIND_NONE, 0);
    if (!sync)
        return;
    snarl_races_release_at(thr, address);
    snarl_mutex_lock(&sync->lock);
    snarl_thread_weak_release(thr, &sync->weak);
    snarl_mutex_unlock(&sync->lock);
}

void snarl_order_acquire(struct snarl_thread *thr, uintptr_t address)
{
    struct snarl_sync *sync = snarl_awake ? snarl_object_find(thr, address) : NULL;
    if (!sync)
        return;
    snarl_races_acquire_at(thr, address);
    snarl_mutex_lock(&sync->lock);
    snarl_thread_weak_acquire(thr, &sync->weak);
    snarl_mutex_unlock(&sync->lock);
}

void snarl_order_memory_release(struct snarl_thread *thr, uintptr_t address)
{
    if (snarl_races_wanted(thr))
        snarl_races_release_at(thr, address);
}

void snarl_order_memory_acquire(struct snarl_thread *thr, uintptr_t address)
{
    if (snarl_races_wanted(thr))
        snarl_races_acquire_at(thr, address);
}

void snarl_once_begin(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, struct snarl_site site)
{
    if (kind == SNARL_KIND_STATIC_GUARD) /* compiled code reads its first byte before it calls */
        snarl_race_stock_know(thr->races, address, 1);
    snarl_lock_acquired(thr, address, kind, 0, SNARL_MODE_WRITE, SNARL_HOW_BLOCK, site);
}

void snarl_once_end(struct snarl_thread *thr, uintptr_t address)
{
    snarl_order_release(thr, address);
    snarl_lock_releasing(thr, address, (struct snarl_site){0, 0});
}

/* Another schedule would have made it wait for the initialiser: that order is learnt before the edge is taken. */
void snarl_once_passed(struct snarl_thread *thr, uintptr_t address, struct snarl_site site)
{
    struct snarl_sync *sync = thr->held_count && snarl_awake ? snarl_object_find(thr, address) : NULL;
    if (sync) {
        uint32_t stack = snarl_unwind_site(site, &thr->sites, false);
        if (!snarl_held_find(thr, sync) &&
            !snarl_lockgraph_known(thr, sync, SNARL_MODE_WRITE, SNARL_HOW_BLOCK, stack))
            snarl_lockgraph_learn(thr, sync, SNARL_MODE_WRITE, SNARL_HOW_BLOCK, stack);
    }
    snarl_order_acquire(thr, address);
}

/* A thread that joins itself is refused with EDEADLK. (Two that join each other are not, by today's C library.) */
void snarl_join_wait_begin(struct snarl_thread *thr, struct snarl_thread *target, bool timed, struct snarl_site site)
{
    if (target && target != thr && __atomic_load_n(&target->state, __ATOMIC_ACQUIRE) != SNARL_THREAD_ENDED)
        snarl_wait_begin(thr, SNARL_WAIT_JOIN, target, target->id, SNARL_MODE_WRITE, timed, site);
}

void snarl_join_waiting(struct snarl_thread *thr, struct snarl_thread *target, bool timed, struct snarl_site site)
{
    snarl_join_wait_begin(thr, target, timed, site);
    snarl_wait_check(thr);
}

void snarl_join_over(struct snarl_thread *thr, struct snarl_thread *target, bool joined)
{
    snarl_wait_end(thr);
    if (!target || !joined)
        return;
    snarl_races_thread_joined(thr, target);
    snarl_thread_joined(thr, target);
}
