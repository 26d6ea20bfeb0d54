/* races.h - how synchronisation reaches the race detector. For the files of this folder and engine.c.
 *
 * Every hook costs one load and branch while races are off: a thread without a race record has nothing to pass on. */
#ifndef SNARL_SYNC_RACES_H
#define SNARL_SYNC_RACES_H

#include "engine.h"
#include "race/race.h"

void snarl_races_acquire_slowly(struct snarl_thread *thr, struct snarl_sync *sync);
void snarl_races_release_slowly(struct snarl_thread *thr, struct snarl_sync *sync);

static inline bool snarl_races_wanted(const struct snarl_thread *thr)
{
    return thr->races && snarl_awake;
}

static inline void snarl_races_acquire(struct snarl_thread *thr, struct snarl_sync *sync)
{
    if (__builtin_expect(snarl_races_wanted(thr), 0))
        snarl_races_acquire_slowly(thr, sync);
}

static inline void snarl_races_release(struct snarl_thread *thr, struct snarl_sync *sync)
{
    if (__builtin_expect(snarl_races_wanted(thr), 0))
        snarl_races_release_slowly(thr, sync);
}

/* A lock held shared passes on what its holders did only to who takes it exclusively. */
void snarl_races_locked_slowly(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode);
void snarl_races_unlocking_slowly(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode);

static inline void snarl_races_locked(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode)
{
    if (__builtin_expect(snarl_races_wanted(thr), 0))
        snarl_races_locked_slowly(thr, sync, mode);
}

static inline void snarl_races_unlocking(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode)
{
    if (__builtin_expect(snarl_races_wanted(thr), 0))
        snarl_races_unlocking_slowly(thr, sync, mode);
}

/* The locks held have changed. */
static inline void snarl_races_locks_changed(struct snarl_thread *thr)
{
    if (__builtin_expect(snarl_races_wanted(thr), 0))
        snarl_race_lockset_changed(thr->races);
}

/* Barriers: an arrival is gathered; the last one's passes the round's clocks to all who leave. */
void snarl_races_barrier_arrive(struct snarl_thread *thr, struct snarl_sync *barrier, bool last);
void snarl_races_barrier_leave(struct snarl_thread *thr, struct snarl_sync *barrier);

/* Edges by address: annotations, once, static guards. They are those of an atomic object there. */
void snarl_races_release_at(struct snarl_thread *thr, uintptr_t address);
void snarl_races_acquire_at(struct snarl_thread *thr, uintptr_t address);

/* Threads. */
void snarl_races_wake(struct snarl_thread *thr);
void snarl_races_thread_created(struct snarl_thread *thr, struct snarl_thread *child);
void snarl_races_thread_not_created(struct snarl_thread *child);
void snarl_races_thread_started(struct snarl_thread *thr, uint64_t handle);
void snarl_races_thread_ended(struct snarl_thread *thr);
void snarl_races_thread_joined(struct snarl_thread *thr, struct snarl_thread *target);
void snarl_races_thread_detached(struct snarl_thread *target);
void snarl_races_forked(struct snarl_thread *thr);

#endif
