/* sync.c - clocks passed from thread to thread.
 *
 * release   copies (or joins) the thread's clock into the variable and ends the thread's epoch;
 * acquire   joins the variable's clock into the thread's.
 * Both are usually done without walking a clock. A variable is `pure` when its clock is what one thread had at its
 * epoch e: (slot, e) names that content, because a thread whose other components have changed starts a new epoch before
 * it publishes again. So
 *   - whoever knows of e knows all of the clock: acquire does nothing;
 *   - the same thread with the same other components (`version`) only has to set its own one: release.
 *
 * Epochs. The accesses of an epoch e all get the same stamp, which is right as long as no clock tells one from another:
 * hence a new one after each release. But
 *   - the new one begins with the first access: until then `pending` is set and the unit range empty;
 *   - a release that nobody has seen, and that its own thread takes back by acquiring the variable again, tells nobody
 *     anything: accesses before and after it can stand for each other. `boundary` is the stack of releases
 *     not seen so far; when the topmost variable is acquired again by its releaser, exclusively (nobody can look at what it
 *     holds until the next release), and nobody else acquired or released it between, the state before the release is restored, in which the accesses since first_epoch count as of now. A thread that
 *     goes in and out of a lock that nobody else wants thus stays on the fast path inside it.
 *     What comes between the release and the next acquisition is of an epoch of its own: reopen.c.
 *     An atomic read-modify-write does both at once while the variable is locked. A release that could not be seen and whose epoch
 *     was over already (nothing accessed since the one before) is taken back without an effect.
 * A clock published by other ways (fences, creating a thread) counts as seen.
 *
 * Unheeded releases. Stock code counts: a locked addition of which it looks at nothing, a dozen times for each request of a server, and
 * nobody ever reads the sum to learn what was done before. Each is a release, whose memory order nobody knows, and would end an epoch. So when a variable
 * has had many of these in a row, with no operation between that looks at what it finds, and no other thread has learnt anything from it, the next ones end none: the variable is given the clock with
 * the present epoch (`unended`). Who does acquire it then learns more than he may: what that thread has done between this release and now.
 * He says so (snarl_race_slot_told), that thread begins a new epoch as soon as it does anything that the detector looks at, and the count begins
 * anew. What is hidden by that are races with accesses until then; nothing is reported that is none. The epoch's number may then have been given away with less
 * than a later release would publish under it: that one takes the next number (`given_version`).
 *
 * Concurrency: a variable's fields are guarded by its lock; a thread's by being its own. */
#include "race/state.h"

#include "base/counters.h"
#include "base/os.h"

#define UNHEEDED_MANY 256u

bool snarl_race_fences = true;

void snarl_race_sync_wait(struct snarl_race_sync *sync)
{
    for (uint32_t tries = 0;; tries++) {
        uint32_t free = 0;
        if (!__atomic_load_n(&sync->lock, __ATOMIC_RELAXED) &&
            __atomic_compare_exchange_n(&sync->lock, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        if (tries < 64)
            __builtin_ia32_pause();
        else if (tries < 80)
            snarl_os_yield();
        else
            snarl_os_sleep(50000);
    }
}

/* Whether the thread did not know all of it. */
static bool join(struct snarl_race_thread *thr, const struct snarl_vclock *clock)
{
    bool changed = false;
    snarl_vclock_join(&thr->clock, clock, &changed);
    thr->version += changed;
    return changed;
}

void snarl_race_join_clock(struct snarl_race_thread *thr, const struct snarl_vclock *clock)
{
    join(thr, clock);
}

/* Whether the epoch's number stands for a smaller clock somewhere. */
static bool is_used_up(const struct snarl_race_thread *thr)
{
    return thr->pending ? thr->version != thr->published
                        : thr->given_epoch == thr->epoch && thr->version != thr->given_version;
}

void snarl_race_publish(struct snarl_race_thread *thr)
{
    if (is_used_up(thr))
        snarl_race_begin_epoch(thr); /* without an access, only for its number */
    thr->pending = true;
    thr->published = thr->version;
    thr->shared = SNARL_CELL_NONE;
    snarl_race_set_range(thr, 0);
}

static void push_boundary(struct snarl_race_thread *thr, struct snarl_race_sync *sync, uint32_t first_epoch,
                          uint32_t first_unit)
{
    if (thr->boundary_count == SNARL_BOUNDARIES) {
        thr->boundary_count--;
        for (uint32_t i = 0; i < thr->boundary_count; i++)
            thr->boundary[i] = thr->boundary[i + 1];
    }
    thr->boundary[thr->boundary_count++] = (struct snarl_boundary){
        .sync = sync,
        .serial = sync->serial,
        .first_epoch = first_epoch,
        .first_unit = first_unit,
        .run = thr->run_end,
        .generation = thr->range_generation,
    };
}

/* The topmost unseen release is taken back. */
static void pop_boundary(struct snarl_race_thread *thr)
{
    const struct snarl_boundary *boundary = &thr->boundary[--thr->boundary_count];
    if (!boundary->first_epoch)
        return; /* it did not end an epoch: there was nothing since the release before it */
    thr->pending = false;
    thr->first_epoch = boundary->first_epoch;
    if (boundary->generation != __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE)) {
        snarl_race_set_range(thr, thr->epoch_start); /* chunks before it may be somebody else's by now: see collect.c */
        return;
    }
    thr->range_generation = boundary->generation;
    bool same_run = boundary->run == thr->run_end && boundary->first_unit <= thr->next_unit;
    snarl_race_set_range(thr, same_run ? boundary->first_unit : thr->run_start);
}

/* Whether the thread's clock holds all of a pure variable's. */
static bool knows(const struct snarl_race_thread *thr, const struct snarl_race_sync *sync)
{
    return sync->pure && snarl_vclock_get(&thr->clock, sync->slot) >= sync->epoch &&
           sync->epoch > snarl_race_slot_floor[sync->slot];
}

static void tell(uint32_t slot, uint32_t epoch)
{
    uint32_t *told = &snarl_race_slot_told[slot], before = __atomic_load_n(told, __ATOMIC_RELAXED);
    while (before < epoch && !__atomic_compare_exchange_n(told, &before, epoch, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* The thread has learnt something from the variable. */
static void heed(const struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    sync->unheeded = 0;
    for (uint32_t slot = 0; sync->unended && slot < sync->clock.size; slot++)
        if (slot != thr->slot)
            tell(slot, sync->clock.epoch[slot]);
    sync->unended = false;
}

static void acquire(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    if (sync->slot != thr->slot)
        sync->seen = true;
    if (sync->clock.size && !knows(thr, sync) && join(thr, &sync->clock))
        heed(thr, sync);
}

/* The variable's clock becomes the thread's, which has just been published. */
static void overwrite(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    if (sync->pure && sync->slot == thr->slot && sync->version == thr->version)
        sync->clock.epoch[thr->slot] = thr->epoch;
    else
        snarl_vclock_copy(&sync->clock, &thr->clock);
    sync->pure = true;
    sync->unended = false;
}

static void release(struct snarl_race_thread *thr, struct snarl_race_sync *sync, bool store)
{
    snarl_race_publish(thr);
    if (store || !sync->clock.size || knows(thr, sync)) {
        overwrite(thr, sync);
    } else {
        snarl_vclock_join(&sync->clock, &thr->clock, NULL);
        sync->pure = false;
    }
    sync->slot = thr->slot;
    sync->epoch = thr->epoch;
    sync->version = thr->version;
    sync->seen = false;
    sync->serial++;
}

/* The variable is locked. */
static void release_unseen(struct snarl_race_thread *thr, struct snarl_race_sync *sync, bool store)
{
    bool ends_epoch = !thr->pending;
    uint32_t first_epoch = ends_epoch ? thr->first_epoch : 0;
    uint32_t first_unit = snarl_cell_unit(thr->base);
    release(thr, sync, store);
    push_boundary(thr, sync, first_epoch, first_unit);
    if (thr->ignore)
        thr->boundary_count = 0;
}

void snarl_race_acquire(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    snarl_race_sync_lock(sync);
    acquire(thr, sync);
    snarl_race_sync_unlock(sync);
}

void snarl_race_acquire_exclusive(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    snarl_race_sync_lock(sync);
    if (snarl_race_is_unseen(thr, sync))
        pop_boundary(thr);
    else
        acquire(thr, sync);
    snarl_race_sync_unlock(sync);
}

/* Who was refused an atomic may be in code that is not seen, and go on waiting for it there (stock.c). */
static void catch_up(struct snarl_race_thread *thr)
{
    uintptr_t refused = thr->late_load == thr->refused ? thr->refused : 0;
    snarl_race_catch_up(thr);
    thr->late_load = refused;
}

void snarl_race_release(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    catch_up(thr);
    snarl_race_sync_lock(sync);
    release_unseen(thr, sync, false);
    snarl_race_sync_unlock(sync);
}

void snarl_race_release_store(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    catch_up(thr);
    snarl_race_sync_lock(sync);
    release_unseen(thr, sync, true);
    snarl_race_sync_unlock(sync);
}

void snarl_race_sync_clear(struct snarl_race_sync *sync)
{
    snarl_race_sync_lock(sync);
    snarl_vclock_free(&sync->clock);
    sync->pure = sync->unended = false;
    sync->slot = sync->epoch = sync->unheeded = 0;
    sync->serial++;
    sync->known = 0;
    snarl_race_sync_unlock(sync);
}

/* --- atomics: the variable is locked by the caller --- */

static bool acquires(enum snarl_order order)
{
    return order == SNARL_ORDER_CONSUME || order == SNARL_ORDER_ACQUIRE || order >= SNARL_ORDER_ACQ_REL;
}

static bool releases(enum snarl_order order)
{
    return order >= SNARL_ORDER_RELEASE;
}

/* Nobody else has seen the variable's last release, which was this thread's: what it is about to release there takes its place.
 * Until then the variable stays locked. */
void snarl_race_atomic_take_back(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order)
{
    if (releases(order) && snarl_race_is_unseen(thr, sync))
        pop_boundary(thr);
}

static void join_fence(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    if (!snarl_race_fences || !sync->clock.size || knows(thr, sync))
        return;
    sync->seen = true;
    if ((sync->unheeded || sync->unended) && !snarl_vclock_before(&sync->clock, &thr->clock))
        heed(thr, sync);
    snarl_vclock_join(&thr->fence_acquire, &sync->clock, NULL);
    thr->has_fence_acquire = true;
}

void snarl_race_atomic_load(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order)
{
    if (acquires(order))
        acquire(thr, sync);
    else
        join_fence(thr, sync);
}

void snarl_race_atomic_take(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order)
{
    snarl_race_atomic_load(thr, sync, order);
    snarl_race_atomic_take_back(thr, sync, order);
}

void snarl_race_atomic_give(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order)
{
    if (releases(order)) {
        release_unseen(thr, sync, false);
    } else if (thr->has_fence_release) {
        snarl_vclock_join(&sync->clock, &thr->fence_release, NULL);
        sync->pure = false;
        sync->serial++;
    }
}

/* What the thread has released there before needs no second look while its clock is the same but for itself. */
static void give_unended(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    if (sync->unended && sync->slot == thr->slot && sync->version == thr->version && thr->slot < sync->clock.size)
        sync->clock.epoch[thr->slot] = thr->epoch;
    else
        snarl_vclock_join(&sync->clock, &thr->clock, NULL);
    if (thr->given_epoch != thr->epoch)
        thr->given_version = thr->version;
    thr->given_epoch = thr->epoch;
    sync->pure = false;
    sync->unended = true;
    sync->slot = thr->slot;
    sync->epoch = thr->epoch;
    sync->version = thr->version;
    sync->serial++;
}

void snarl_race_atomic_unheeded(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    uint32_t many = snarl_race_global.options.unheeded ? snarl_race_global.options.unheeded : UNHEEDED_MANY;
    if (sync->unheeded < many || snarl_race_is_told(thr, thr->first_epoch)) {
        sync->unheeded += sync->unheeded < many;
        snarl_race_atomic_take_back(thr, sync, SNARL_ORDER_RELEASE);
        release_unseen(thr, sync, false);
    } else {
        give_unended(thr, sync);
    }
}

void snarl_race_atomic_rmw(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order)
{
    snarl_race_atomic_take(thr, sync, order);
    snarl_race_atomic_give(thr, sync, order);
}

/* It ends the release sequence, also when it is of the thread that began it (C++20; older standards let that one go on), and passes on what
 * a release fence before it left. */
static void store_relaxed(struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    sync->clock.size = 0;
    sync->pure = sync->unended = false;
    sync->serial++;
    if (thr->has_fence_release)
        snarl_vclock_join(&sync->clock, &thr->fence_release, NULL);
}

void snarl_race_atomic_store(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order)
{
    snarl_race_atomic_take_back(thr, sync, order);
    if (releases(order))
        release_unseen(thr, sync, true);
    else
        store_relaxed(thr, sync);
}

bool snarl_race_atomic_is_known(const struct snarl_race_thread *thr, const struct snarl_race_sync *sync, uint32_t *serial)
{
    *serial = __atomic_load_n(&sync->serial, __ATOMIC_ACQUIRE);
    return !__atomic_load_n(&sync->lock, __ATOMIC_ACQUIRE) && (!sync->clock.size || knows(thr, sync));
}

bool snarl_race_atomic_is_unchanged(const struct snarl_race_sync *sync, uint32_t serial)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return !__atomic_load_n(&sync->lock, __ATOMIC_ACQUIRE) && __atomic_load_n(&sync->serial, __ATOMIC_ACQUIRE) == serial;
}

void snarl_race_fence(struct snarl_race_thread *thr, enum snarl_order order)
{
    if (acquires(order) && thr->has_fence_acquire) {
        snarl_race_join_clock(thr, &thr->fence_acquire);
        thr->fence_acquire.size = 0;
        thr->has_fence_acquire = false;
    }
    if (releases(order)) {
        snarl_race_publish(thr);
        thr->boundary_count = 0;
        snarl_vclock_copy(&thr->fence_release, &thr->clock);
        thr->has_fence_release = true;
    }
}
