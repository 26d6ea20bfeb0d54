/* condition.c - condition variables.
 *
 * `waiters` are the threads inside a wait, `pending` the wake-ups sent to them that none has taken yet: while it is above
 * zero somebody is about to run. A signal with no waiter is lost, as POSIX has it. A wait that is woken happens
 * after the signal (weak order); one that times out does not. */
#include "sync/races.h"
#include "sync/sync.h"

static struct snarl_sync *condition_of(struct snarl_thread *thr, uintptr_t address, uint32_t flags)
{
    struct snarl_sync *sync = snarl_object_get(thr, address, SNARL_KIND_CONDITION, flags);
    return sync && sync->kind == SNARL_KIND_CONDITION ? sync : NULL;
}

void snarl_condition_init(struct snarl_thread *thr, uintptr_t address, uint32_t flags, struct snarl_site site)
{
    snarl_object_create(thr, address, SNARL_KIND_CONDITION, flags, snarl_unwind_site(site, &thr->sites, false));
}

void snarl_condition_destroy(struct snarl_thread *thr, uintptr_t address, struct snarl_site site)
{
    struct snarl_sync *condition = snarl_object_find(thr, address);
    if (!condition || condition->kind != SNARL_KIND_CONDITION)
        return;
    if (condition->state.condition.waiters > condition->state.condition.pending)
        snarl_misuse_report(thr, "destroy-waiting", condition, "release",
                            "destroys a condition on which a thread waits", site);
    snarl_object_end(condition);
}

/* The rules about the mutex of a wait. */
static void check_mutex(struct snarl_thread *thr, struct snarl_sync *condition, uintptr_t mutex, struct snarl_site site)
{
    struct snarl_sync *lock = snarl_object_find(thr, mutex);
    if (!lock || !snarl_held_find(thr, lock))
        snarl_misuse_report(thr, "wait-without-mutex", condition, "wait",
                            "waits on a condition without holding the mutex", site);
    struct snarl_condition_state *state = &condition->state.condition;
    if (state->waiters && state->mutex && state->mutex != mutex)
        snarl_misuse_report(thr, "wait-different-mutex", condition, "wait",
                            "waits on a condition with another mutex than the threads already waiting", site);
}

void snarl_condition_waiting(struct snarl_thread *thr, uintptr_t address, uintptr_t mutex, enum snarl_kind mutex_kind,
                             bool timed, bool shared, struct snarl_site site)
{
    struct snarl_sync *condition = condition_of(thr, address, shared ? SNARL_OBJECT_SHARED : 0);
    if (!condition)
        return;
    (void)mutex_kind;
    check_mutex(thr, condition, mutex, site);
    struct snarl_condition_state *state = &condition->state.condition;
    snarl_mutex_lock(&condition->lock);
    state->mutex = mutex;
    state->waiters++;
    snarl_mutex_unlock(&condition->lock);
    snarl_wait_begin(thr, SNARL_WAIT_CONDITION, condition, condition->id, SNARL_MODE_WRITE, timed, site);
    snarl_lock_releasing(thr, mutex, site);
    if (!timed)
        snarl_stall_check(thr);
}

void snarl_condition_wait_over(struct snarl_thread *thr, uintptr_t address, uintptr_t mutex, uint32_t mutex_flags,
                               bool woken, struct snarl_site site)
{
    struct snarl_sync *condition = thr->wait.kind == SNARL_WAIT_CONDITION ? thr->wait.object : NULL;
    snarl_wait_end(thr);
    if (condition && condition->address == address) {
        struct snarl_condition_state *state = &condition->state.condition;
        snarl_mutex_lock(&condition->lock);
        if (state->waiters)
            state->waiters--;
        if (state->pending && (woken || state->pending > state->waiters))
            state->pending--;
        if (woken && snarl_awake)
            snarl_thread_weak_acquire(thr, &condition->weak);
        snarl_mutex_unlock(&condition->lock);
        if (woken)
            snarl_races_acquire(thr, condition);
    }
    snarl_lock_acquired(thr, mutex, SNARL_KIND_MUTEX, mutex_flags, SNARL_MODE_WRITE, SNARL_HOW_BLOCK, site);
}

void snarl_condition_signal(struct snarl_thread *thr, uintptr_t address, bool all, struct snarl_site site)
{
    (void)site;
    if (!snarl_awake)
        return;
    struct snarl_sync *condition = condition_of(thr, address, 0);
    if (!condition)
        return;
    struct snarl_condition_state *state = &condition->state.condition;
    if (state->waiters)
        snarl_races_release(thr, condition);
    snarl_mutex_lock(&condition->lock);
    if (state->waiters) {
        uint32_t pending = all ? state->waiters : state->pending + 1;
        state->pending = pending < state->waiters ? pending : state->waiters;
        snarl_thread_weak_release(thr, &condition->weak);
    }
    snarl_mutex_unlock(&condition->lock);
}
