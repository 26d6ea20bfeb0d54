/* state.h - what the files of this folder share. */
#ifndef SNARL_RACE_STATE_H
#define SNARL_RACE_STATE_H

#include "race/race.h"
#include "race/record.h"

#define SNARL_EPOCH_LIMIT 0xfffffff0u

struct snarl_race_global {
    struct snarl_race_host host;
    struct snarl_race_options options;
    bool ready;
};

extern struct snarl_race_global snarl_race_global;

/* thread.c: all threads that exist, under the lock. */
void snarl_race_threads_lock(void);
void snarl_race_threads_unlock(void);
struct snarl_race_thread *snarl_race_threads_first(void);
void snarl_race_threads_reset(void);
/* Gives the thread another slot, its epochs having run out. */
void snarl_race_thread_move(struct snarl_race_thread *thr);
/* collect.c tells which slots no cell names any more, among those last taken by threads up to `serial`. */
void snarl_race_slots_unnamed(const uint8_t *named, uint32_t count, uint32_t serial);
uint32_t snarl_race_last_serial(void);
/* In the child of a fork: whoever was collecting is not there. */
void snarl_race_collect_forked(void);
/* A clock of this slot at an epoch up to this does not imply the clock of the epoch's thread: the slot was reused by a thread
 * that did not know of it. Indexed by slot; NULL before the first thread. */
extern uint32_t *snarl_race_slot_floor;
uint32_t snarl_race_slot_count(void);

/* sync.c */
/* The clock is about to be published: whatever is accessed from now on is of another epoch. */
void snarl_race_publish(struct snarl_race_thread *thr);
/* Whether the variable has the thread's last release and nobody else has seen it; the variable is locked. */
static inline bool snarl_race_is_unseen(const struct snarl_race_thread *thr, const struct snarl_race_sync *sync)
{
    if (!thr->boundary_count || sync->seen || !sync->pure)
        return false;
    const struct snarl_boundary *top = &thr->boundary[thr->boundary_count - 1];
    return top->sync == sync && top->serial == sync->serial && (!top->first_epoch || !snarl_race_is_told(thr, top->first_epoch));
}
void snarl_race_join_clock(struct snarl_race_thread *thr, const struct snarl_vclock *clock);

/* epoch.c */
/* Starts the epoch that the first access after a release begins. */
void snarl_race_begin_epoch(struct snarl_race_thread *thr);
/* No more records go into the thread's run of chunks. */
void snarl_race_leave_run(struct snarl_race_thread *thr);
/* The unit range is to be what base, span and ignore say. */
void snarl_race_set_range(struct snarl_race_thread *thr, uint32_t first_unit);
/* Caches are void. */
void snarl_race_new_stamp(struct snarl_race_thread *thr);

/* quick.c: snarl_race_record, with a look first at what was made last. */
struct snarl_story_access;
uint32_t snarl_race_recent_record(struct snarl_race_thread *thr, const struct snarl_story_access *access);

/* stock.c */
void snarl_race_catch_up_slowly(struct snarl_race_thread *thr);
enum snarl_explained { SNARL_RACES, SNARL_ORDERED_LATE, SNARL_ACCESSES_ATOMIC };
/* An access with `flags` to a byte meets that of `record`, which it seems to race with. */
enum snarl_explained snarl_race_explain(struct snarl_race_thread *thr, uintptr_t byte, uint32_t flags,
                                        const struct snarl_access_record *record);

/* Before the thread's clock is passed on or compared: what its last atomic load may have seen. Holds no lock. */
static inline void snarl_race_catch_up(struct snarl_race_thread *thr)
{
    if (__builtin_expect(thr->late_load != 0, 0))
        snarl_race_catch_up_slowly(thr);
}

/* atomic.c */
/* The variable of `address` as it is, not locked; NULL: none. */
struct snarl_race_sync *snarl_race_atomic_peek(uintptr_t address);
void snarl_race_atomics_reset(void);
/* Atomics in freed memory pass on nothing any more. */
void snarl_race_atomics_clear(uintptr_t start, size_t size);

#endif
