/* engine.h - the analysis, as whoever feeds it sees it. The only header of lib/ that preload/ needs (with the
 * headers included here).
 *
 * Rules for the caller:
 *   - `thr` is the calling thread's record; its guard is held (> 0) during every call.
 *   - Calls named *_waiting stand before a true call that may block, and the guard is released around that call.
 *     They may end the process (a deadlock), or return after some delay (they confirm what they suspect).
 *   - `site` is where the program made the call.
 * Nothing here changes errno or the signal mask for longer than the call. */
#ifndef SNARL_ENGINE_H
#define SNARL_ENGINE_H

#include "base/counters.h"
#include "base/options.h"
#include "finding/finding.h"
#include "finding/runfile_writer.h"
#include "object/object.h"
#include "stack/unwind.h"
#include "thread/thread.h"

/* What the engine needs of its host. Set once before anything else. */
struct snarl_host {
    /* Ends the process with `status` after a deadlock or stall was written; does not return. */
    void (*end_process)(struct snarl_thread *thr, int status);
    /* Whether something outside the threads could wake one: a signal handler, chiefly. */
    bool (*woken_from_outside)(void);
    /* The current value of the semaphore, or plain Python lock, at this address. */
    int (*semaphore_value)(enum snarl_kind kind, uintptr_t address);
};

/* False until a second thread is about to exist: then only held locks are kept. Constant afterwards. */
extern bool snarl_awake;

/* --- process --- */

/* Opens the run file and returns the main thread's record; NULL when the detector cannot work. */
struct snarl_thread *snarl_engine_open(const struct snarl_host *host, const char *mode, uint64_t handle);
void snarl_engine_wake(struct snarl_thread *thr);
/* In the child of a fork, by its only thread. */
void snarl_engine_forked(struct snarl_thread *thr, const char *mode, uint64_t handle);
/* Writes what is only known at the end. `how` and `value` as in the EXIT record. Only the first call counts. */
void snarl_engine_close(struct snarl_thread *thr, int how, int value);
/* The process image is about to be replaced. */
void snarl_engine_exec(struct snarl_thread *thr);
/* A line that the reports show. */
void snarl_engine_note(const char *text);
/* A child process was seen to end with a wait status. */
void snarl_engine_child(pid_t pid, int status);

/* --- threads --- */

struct snarl_thread *snarl_engine_thread_create(struct snarl_thread *thr, struct snarl_site site, bool detached);
/* In the creator: the child (with this id when it was made) exists; it may even be over already. */
void snarl_engine_thread_created(struct snarl_thread *child, uint32_t id, uint64_t handle);
void snarl_engine_thread_start(struct snarl_thread *thr, uint64_t handle);
void snarl_engine_thread_end(struct snarl_thread *thr);
void snarl_engine_thread_not_created(struct snarl_thread *thr, struct snarl_thread *child);
void snarl_engine_detach(struct snarl_thread *thr, uint64_t handle);
/* `target` may be NULL (unknown to us) in all three. */
void snarl_join_waiting(struct snarl_thread *thr, struct snarl_thread *target, bool timed, struct snarl_site site);
void snarl_join_over(struct snarl_thread *thr, struct snarl_thread *target, bool joined);

/* --- locks of every kind --- */

void snarl_lock_init(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags,
                     struct snarl_site site);
void snarl_lock_destroy(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, struct snarl_site site);
/* Its life ends, whatever its state: an object of a runtime that allows that. */
void snarl_lock_gone(struct snarl_thread *thr, uintptr_t address);
/* Before a blocking acquisition that a try has shown to be taken. */
void snarl_lock_waiting(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags,
                        enum snarl_mode mode, bool timed, struct snarl_site site);
/* The first half of snarl_lock_waiting and of snarl_join_waiting, which never ends the process nor delays. A caller
 * that holds what other threads need to go on (an interpreter's lock) asks whether there is anything to
 * confirm, and lets go of it for the second half. */
void snarl_lock_wait_begin(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags,
                           enum snarl_mode mode, bool timed, struct snarl_site site);
void snarl_join_wait_begin(struct snarl_thread *thr, struct snarl_thread *target, bool timed, struct snarl_site site);
bool snarl_wait_suspicious(struct snarl_thread *thr);
void snarl_wait_check(struct snarl_thread *thr);
/* The wait is over, successful or not. */
void snarl_lock_wait_over(struct snarl_thread *thr);
void snarl_lock_acquired(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags,
                         enum snarl_mode mode, enum snarl_how how, struct snarl_site site);
/* Before the true release. False when `thr` does not hold it as far as we know: then the caller looks at the true
 * object and may call snarl_lock_bad_release. */
bool snarl_lock_releasing(struct snarl_thread *thr, uintptr_t address, struct snarl_site site);
/* `locked`: somebody holds it, in truth. */
void snarl_lock_bad_release(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, bool locked,
                            struct snarl_site site);
/* A use of an object whose destroyed state was seen in memory. */
void snarl_lock_use_destroyed(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind,
                              struct snarl_site site);
/* Memory goes away: objects in it end, held ones are reported (`free-locked`). */
void snarl_memory_gone(struct snarl_thread *thr, uintptr_t start, uintptr_t size, struct snarl_site site);

/* --- condition variables --- */

void snarl_condition_init(struct snarl_thread *thr, uintptr_t address, uint32_t flags, struct snarl_site site);
/* Before the true call, which waits for waiters on their way out: those that nobody woke are reported. */
void snarl_condition_destroy(struct snarl_thread *thr, uintptr_t address, struct snarl_site site);
/* Before the true wait: `thr` lets go of `mutex`. */
void snarl_condition_waiting(struct snarl_thread *thr, uintptr_t condition, uintptr_t mutex, enum snarl_kind mutex_kind,
                             bool timed, bool shared, struct snarl_site site);
/* After it, `mutex` is held again. `woken`: it was not a timeout. */
void snarl_condition_wait_over(struct snarl_thread *thr, uintptr_t condition, uintptr_t mutex, uint32_t mutex_flags,
                               bool woken, struct snarl_site site);
/* Before the true signal. */
void snarl_condition_signal(struct snarl_thread *thr, uintptr_t condition, bool all, struct snarl_site site);

/* --- barriers, semaphores, once --- */

void snarl_barrier_init(struct snarl_thread *thr, uintptr_t address, uint32_t needed, uint32_t flags,
                        struct snarl_site site);
void snarl_barrier_destroy(struct snarl_thread *thr, uintptr_t address, struct snarl_site site);
void snarl_barrier_waiting(struct snarl_thread *thr, uintptr_t address, struct snarl_site site);
void snarl_barrier_over(struct snarl_thread *thr, uintptr_t address);

void snarl_semaphore_init(struct snarl_thread *thr, uintptr_t address, uint32_t value, uint32_t flags,
                          struct snarl_site site);
/* These two also serve plain locks that any thread may release, by the kind that the object was made with. */
void snarl_semaphore_acquired(struct snarl_thread *thr, uintptr_t address, enum snarl_how how, struct snarl_site site);
void snarl_semaphore_post(struct snarl_thread *thr, uintptr_t address, struct snarl_site site);

/* The initialiser of a once or a static guard runs in `thr` between these two. */
void snarl_once_begin(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, struct snarl_site site);
void snarl_once_end(struct snarl_thread *thr, uintptr_t address);
/* It was done already, or another thread did it while we waited. */
void snarl_once_passed(struct snarl_thread *thr, uintptr_t address, struct snarl_site site);

/* --- races: for whoever feeds accesses; these go to race/race.h directly, with thr->races --- */

/* Whether races are looked for in this process. */
extern bool snarl_races_on;
/* Accesses will be seen. Called by the main thread while it is the only one; false when it is too late or there is no room. */
bool snarl_races_begin(struct snarl_thread *thr);
/* Tells what lies at `byte`: fills *location and returns true. NULL: only modules and stacks are known. */
extern bool (*snarl_races_locate)(struct snarl_thread *thr, uintptr_t byte, struct snarl_location *location);
struct snarl_race_thread;
/* Of a thread that notes no calls: the history node of those in progress (race.h). May be set before snarl_races_begin. */
extern uint32_t (*snarl_races_callers)(struct snarl_race_thread *races);
/* What is remembered of places is void: see struct snarl_race_host. NULL: nothing is. */
extern void (*snarl_races_forget)(void);
/* Of a thread that notes calls: see race.h. Likewise. */
extern bool (*snarl_races_outside)(uintptr_t pc);
extern uint32_t (*snarl_races_around)(struct snarl_race_thread *races, uintptr_t pc, uintptr_t sp);
/* How much of a module's code is looked at: accesses worth a check, those that have one, and why not all ("" all). */
void snarl_engine_coverage(uintptr_t address, uint64_t accesses, uint64_t instrumented, const char *reason);

/* Descriptors are variables of four bytes each in this range of addresses, in order; size 0: there are none. */
struct snarl_descriptors {
    uintptr_t start, size;
};
extern struct snarl_descriptors snarl_races_descriptors;
/* Whether a pair of accesses is a race that may be told; NULL: each one is. Called with nothing of ours locked. */
struct snarl_race;
extern bool (*snarl_races_trust)(struct snarl_thread *thr, const struct snarl_race *race);

/* --- rest --- */

/* close() of a descriptor that thread `first` (an id) closed before, at this stack, and nobody opened since. */
void snarl_descriptor_closed_twice(struct snarl_thread *thr, int fd, uint32_t first, uint32_t first_stack,
                                   struct snarl_site site);

/* A lock or allocator call inside an asynchronous signal handler. */
void snarl_signal_unsafe(struct snarl_thread *thr, const char *function, struct snarl_site site);
/* An edge told by an annotation or another source: what `thr` did before is visible to who acquires `address`. */
void snarl_order_release(struct snarl_thread *thr, uintptr_t address);
void snarl_order_acquire(struct snarl_thread *thr, uintptr_t address);
/* The same for races alone: an order that protects memory, but that another run need not have (an interpreter's
 * lock). */
void snarl_order_memory_release(struct snarl_thread *thr, uintptr_t address);
void snarl_order_memory_acquire(struct snarl_thread *thr, uintptr_t address);

#endif
