/* thread.h - one thread of the program under test, as the analysis sees it.
 *
 * Records are never freed (other threads may look at them at any time); those of threads that are over and
 * joined or detached are reused, which gives a new `id`. Who writes what:
 *   - the thread itself: everything below "its own", without a lock;
 *   - any thread, under the thread table's lock (thread.c): identity, lineage and life;
 *   - `held` and `wait` are written by the thread and read by others, who confirm what they saw (see waitgraph).
 * The analysis takes `struct snarl_thread *thr` as its first argument and never reads thread-local storage. */
#ifndef SNARL_THREAD_THREAD_H
#define SNARL_THREAD_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock/vclock.h"
#include "stack/unwind.h"

struct snarl_sync;
struct snarl_snapshot;

#define SNARL_THREAD_NAME_MAX 32
#define SNARL_HELD_INLINE 16
#define SNARL_CREATE_FRAMES 8
#define SNARL_HELD_MAX 8192 /* locks held at once; further ones are not tracked (SNARL_COUNT_HELD_OVERFLOW) */
#define SNARL_LOCK_CACHE 64 /* entries, a power of two */
#define SNARL_CHAIN_CACHE 512

enum snarl_thread_state {
    SNARL_THREAD_NEW,     /* made by its creator, not running yet */
    SNARL_THREAD_RUNNING,
    SNARL_THREAD_ENDED,   /* its function has returned; perhaps not joined yet */
    SNARL_THREAD_GONE,    /* existed before a fork, does not in this process */
};

enum snarl_mode { SNARL_MODE_WRITE, SNARL_MODE_READ };
enum snarl_how { SNARL_HOW_BLOCK, SNARL_HOW_TRY, SNARL_HOW_TIMED };

/* One lock that a thread holds. */
struct snarl_held {
    struct snarl_sync *lock;
    uint32_t lock_id; /* the identity at acquisition: lock->id when it is still the same */
    uint32_t stack;
    uint64_t since;   /* time-stamp counter; 0 when this hold is not timed */
    uint16_t depth;   /* recursion */
    uint8_t mode;     /* enum snarl_mode */
    uint8_t how;      /* enum snarl_how */
};

/* What a thread waits for. `object` is NULL while it runs. A new wait has a new `serial`. */
enum snarl_wait_kind {
    SNARL_WAIT_NONE,
    SNARL_WAIT_LOCK,      /* mutex, rwlock, spinlock, semaphore, once, static guard: object is a snarl_sync */
    SNARL_WAIT_CONDITION,
    SNARL_WAIT_BARRIER,
    SNARL_WAIT_JOIN,      /* object is a snarl_thread */
};

struct snarl_wait {
    void *object;
    uint32_t serial;
    uint32_t object_id;
    uint8_t kind;
    uint8_t mode;
    bool timed;      /* it will end by itself */
    uint32_t stack;
    uint64_t since_ns;
};

struct snarl_chain_entry {
    uint64_t key;
    uint32_t weak_epoch;
    uint32_t weak_version;
};

struct snarl_thread {
    /* identity, lineage, life */
    uint32_t id;   /* serial number in the process, 1 is the main thread */
    uint32_t slot; /* in vector clocks */
    pid_t tid;
    uint8_t state; /* enum snarl_thread_state */
    bool detached, joined, main, written;
    bool noted; /* something learnt names it: its record must be written before it is reused */
    bool reusable;
    bool managed; /* a language runtime sees to its end: no leak when nobody joins it */
    bool daemon;  /* such a runtime does not wait for it */
    bool cancelled; /* somebody has asked for its end: a wait that is a cancellation point will be over */
    uint32_t creator; /* id; 0 none */
    uint32_t create_stack;
    uint32_t create_frames; /* how many of create_cfa are known: 0 while races are not looked for */
    uintptr_t create_cfa[SNARL_CREATE_FRAMES]; /* where the creator's frames lay, see snarl_unwind_frames */
    uint64_t start_ns, end_ns; /* since the process's start */
    uint64_t handle;           /* pthread_t */
    char name[SNARL_THREAD_NAME_MAX];
    struct snarl_thread *next; /* all records, newest first */

    /* its own */
    int guard;          /* > 0: inside the detector, interceptors pass through */
    int in_signal;      /* depth of asynchronous signal handlers */
    uintptr_t signal_low, signal_high; /* where the frames of the innermost one are */
    uintptr_t stack_low, stack_high;   /* 0: not known */
    uint32_t held_count, held_capacity;
    struct snarl_held *held; /* oldest first */
    struct snarl_held held_inline[SNARL_HELD_INLINE];
    uint64_t held_hash;      /* of the chain of held locks, kept in step with it */
    uint32_t ticks;          /* acquisitions, to choose which holds are timed */
    struct snarl_wait wait;

    /* the weak clock: what happened before by create, join, barrier, semaphore and condition; not by locks */
    struct snarl_vclock weak;
    uint32_t weak_epoch;     /* == weak[slot] */
    uint32_t weak_version;   /* changes whenever the weak clock does */
    struct snarl_snapshot *weak_snapshot; /* of this version, NULL until somebody needs it */

    struct snarl_sync *lock_cache[SNARL_LOCK_CACHE];
    struct snarl_chain_entry *chain;  /* what the thread has seen of lock orders (lockgraph); NULL: chain_cache */
    uint32_t chain_size;              /* entries of it, a power of two */
    uint32_t chain_wasted;            /* times that an order was looked up in the graph for nothing */
    struct snarl_chain_entry chain_cache[SNARL_CHAIN_CACHE];
    struct snarl_site_cache sites;

    void *races; /* the race detector's part of this thread; NULL when races are off */
};

/* The record of a new thread, made by its creator (NULL for the main thread) before it exists. NULL: no memory. */
struct snarl_thread *snarl_thread_new(struct snarl_thread *creator, uint32_t create_stack, uint64_t now_ns);
/* In the new thread, first of all. */
void snarl_thread_started(struct snarl_thread *thr, uint64_t handle, pid_t tid);
/* The creator may know the handle before the thread runs: whoever comes first. */
void snarl_thread_set_handle(struct snarl_thread *thr, uint32_t id, uint64_t handle);
void snarl_thread_ended(struct snarl_thread *thr, uint64_t now_ns);
/* Creation failed: the record is free again. */
void snarl_thread_abandon(struct snarl_thread *thr);
void snarl_thread_detached(struct snarl_thread *thr);
/* `thr` has joined `target` (which has ended): its record may be reused. */
void snarl_thread_joined(struct snarl_thread *thr, struct snarl_thread *target);
/* The newest thread with this pthread_t that has not been joined, NULL when there is none. */
struct snarl_thread *snarl_thread_by_handle(uint64_t handle);
struct snarl_thread *snarl_thread_by_id(uint32_t id);
void snarl_thread_set_name(struct snarl_thread *thr, const char *name);
/* All records, newest first; each with any state. Records are never unlinked. */
struct snarl_thread *snarl_thread_first(void);
/* Threads created so far, and threads now running (NEW counts as running). */
uint32_t snarl_thread_created(void);
uint32_t snarl_thread_alive(void);
/* The child of a fork: `thr` is the only thread; all others are GONE. */
void snarl_thread_forked(struct snarl_thread *thr, pid_t tid);
/* Within a session of the run file: the THREAD record and what it needs, when not written since it changed. */
void snarl_thread_describe(struct snarl_thread *thr);
void snarl_thread_describe_all(void);

/* Weak order. `release` returns the clock of what happened so far and starts a new epoch; see vclock.h. */
void snarl_thread_weak_release(struct snarl_thread *thr, struct snarl_vclock *into);
void snarl_thread_weak_acquire(struct snarl_thread *thr, const struct snarl_vclock *from);

#endif
