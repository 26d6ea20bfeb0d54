/* barrier.c - barriers: everything before one happens before everything after it, for all who met there.
 *
 * Clocks are gathered by those who arrive; the last to arrive closes the round: its generation's clock becomes `weak`,
 * which each takes when it leaves. A thread is still leaving when the next round gathers, but that round cannot
 * close without it, so `weak` is right for all of its generation. */
#include "sync/races.h"
#include "sync/sync.h"

void snarl_barrier_init(struct snarl_thread *thr, uintptr_t address, uint32_t needed, uint32_t flags,
                        struct snarl_site site)
{
    struct snarl_sync *barrier = snarl_object_create(thr, address, SNARL_KIND_BARRIER, flags,
                                                     snarl_unwind_site(site, &thr->sites, false));
    if (barrier)
        barrier->state.barrier.needed = needed;
}

static struct snarl_sync *barrier_of(struct snarl_thread *thr, uintptr_t address)
{
    struct snarl_sync *barrier = snarl_object_find(thr, address);
    return barrier && barrier->kind == SNARL_KIND_BARRIER ? barrier : NULL;
}

/* With the barrier's lock held: whether this arrival completes the round. */
static bool arrive(struct snarl_thread *thr, struct snarl_sync *barrier)
{
    struct snarl_barrier_state *state = &barrier->state.barrier;
    snarl_thread_weak_release(thr, &state->gathering);
    bool last = ++state->arrived >= state->needed;
    snarl_races_barrier_arrive(thr, barrier, last);
    if (!last)
        return false;
    snarl_vclock_copy(&barrier->weak, &state->gathering);
    state->gathering.size = 0;
    state->arrived = 0;
    __atomic_store_n(&state->generation, state->generation + 1, __ATOMIC_SEQ_CST);
    return true;
}

void snarl_barrier_waiting(struct snarl_thread *thr, uintptr_t address, struct snarl_site site)
{
    struct snarl_sync *barrier = barrier_of(thr, address);
    if (!barrier)
        return;
    snarl_mutex_lock(&barrier->lock);
    uint32_t generation = barrier->state.barrier.generation;
    bool completes = arrive(thr, barrier);
    snarl_mutex_unlock(&barrier->lock);
    if (completes)
        return;
    snarl_wait_begin(thr, SNARL_WAIT_BARRIER, barrier, generation, SNARL_MODE_WRITE, false, site);
    snarl_stall_check(thr);
}

void snarl_barrier_over(struct snarl_thread *thr, uintptr_t address)
{
    snarl_wait_end(thr);
    struct snarl_sync *barrier = barrier_of(thr, address);
    if (!barrier)
        return;
    snarl_mutex_lock(&barrier->lock);
    snarl_thread_weak_acquire(thr, &barrier->weak);
    snarl_races_barrier_leave(thr, barrier);
    snarl_mutex_unlock(&barrier->lock);
}

void snarl_barrier_destroy(struct snarl_thread *thr, uintptr_t address, struct snarl_site site)
{
    struct snarl_sync *barrier = barrier_of(thr, address);
    if (!barrier)
        return;
    if (barrier->state.barrier.arrived)
        snarl_misuse_report(thr, "destroy-waiting", barrier, "release", "destroys a barrier at which a thread waits",
                            site);
    snarl_object_end(barrier);
}
