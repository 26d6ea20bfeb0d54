/* object.h - the synchronisation objects of the program, and which of them a thread holds.
 *
 * A record stands for one life of an object: its identity is (address, generation), and each has a number of
 * its own. destroy, free, a new initialisation or reuse of the memory end it; the record is then recycled, but its
 * memory always remains a record (a stale pointer reads another identity, never garbage).
 *
 * Concurrency: lookup takes no lock (see registry.c). `owner`, `acquisitions` and the times are written by who holds
 * the object; readers of `owner` confirm what they see. `state` and `weak` are guarded by `lock`. */
#ifndef SNARL_OBJECT_OBJECT_H
#define SNARL_OBJECT_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mutex.h"
#include "clock/vclock.h"
#include "thread/thread.h"

enum snarl_kind {
    SNARL_KIND_NONE,
    SNARL_KIND_MUTEX,
    SNARL_KIND_RECURSIVE_MUTEX,
    SNARL_KIND_ERRORCHECK_MUTEX,
    SNARL_KIND_ROBUST_MUTEX,
    SNARL_KIND_RWLOCK,
    SNARL_KIND_SPINLOCK,
    SNARL_KIND_SEMAPHORE,
    SNARL_KIND_CONDITION,
    SNARL_KIND_BARRIER,
    SNARL_KIND_ONCE,
    SNARL_KIND_STATIC_GUARD,
    SNARL_KIND_CUSTOM,
    SNARL_KIND_PYTHON_LOCK,
    SNARL_KIND_PYTHON_RLOCK,
    SNARL_KIND_PYTHON_QUEUE, /* waits until there is an item */
    SNARL_KIND_FILE_LOCK,
    SNARL_KIND_MAX
};

enum snarl_object_flags {
    SNARL_OBJECT_IMPLICIT = 1,  /* never seen initialised: a static initialiser */
    SNARL_OBJECT_SHARED = 2,    /* process-shared: somebody outside may change it */
    SNARL_OBJECT_SIGNAL = 4,    /* a semaphore (or Python lock) that others release: not a lock */
    SNARL_OBJECT_PAIRED = 8,    /* a semaphore released by its holder at least once */
    SNARL_OBJECT_WRITER_FIRST = 16, /* rwlock where a waiting writer stops new readers */
    SNARL_OBJECT_RECURSIVE = 32, /* the holder may acquire it again */
    SNARL_OBJECT_ROBUST = 64,
    SNARL_OBJECT_IGNORED = 128, /* the user asked not to look at it */
};

struct snarl_condition_state {
    uintptr_t mutex;    /* address of the mutex of the waits in progress */
    uint32_t waiters;   /* threads inside a wait */
    uint32_t pending;   /* wake-ups sent that no waiter has taken yet, at most `waiters` */
};

struct snarl_barrier_state {
    uint32_t needed, arrived, generation;
    struct snarl_vclock gathering; /* the clocks of those who have arrived in this round */
};

struct snarl_semaphore_state {
    uint32_t initial;
    int32_t items; /* of a queue, kept by who feeds it */
};

struct snarl_sync {
    uintptr_t address; /* 0: no longer in use */
    struct snarl_sync *next; /* in its bucket */
    uint32_t id;
    uint8_t kind; /* enum snarl_kind */
    bool written;
    bool used_written;
    uint32_t flags;
    uint32_t create_stack, create_thread;
    struct snarl_thread *owner; /* exclusive holder; NULL: none, or readers */
    uint32_t owner_id;
    uint32_t acquisitions, contended;
    uint64_t wait_ns, hold_max_ticks;
    struct snarl_node *node; /* in the lock-order graph; NULL: never nested */
    const char *name;        /* given by an annotation; owned */
    struct snarl_mutex lock;
    struct snarl_vclock weak; /* what is passed on to who acquires it: semaphores, conditions, barriers, once */
    union {
        struct snarl_condition_state condition;
        struct snarl_barrier_state barrier;
        struct snarl_semaphore_state semaphore;
    } state;
    void *races; /* the race detector's clock of this object */
};

/* What is kept of a lock whose life is over. */
struct snarl_ended {
    uint32_t id;
    uint8_t kind;
    uint32_t flags, create_stack, create_thread;
    uintptr_t address;
    const char *name;
};

/* The record of the object at `address`, NULL when none is known. */
struct snarl_sync *snarl_object_find(struct snarl_thread *thr, uintptr_t address);
/* The same; an unknown one is made, as never seen initialised. NULL: no memory. `kind_at` is asked for the
 * kind and flags only then. */
struct snarl_sync *snarl_object_get(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind, uint32_t flags);
/* A new identity at `address`; an old one there ends. */
struct snarl_sync *snarl_object_create(struct snarl_thread *thr, uintptr_t address, enum snarl_kind kind,
                                       uint32_t flags, uint32_t create_stack);
/* Its life ends. Who keeps more about it (the lock-order graph) must have let go before. */
void snarl_object_end(struct snarl_sync *sync);
/* Calls visit for each live object in [start, start + size). Cheap where there is none near. */
void snarl_object_each_in(uintptr_t start, uintptr_t size, void (*visit)(struct snarl_sync *sync, void *context),
                          void *context);
void snarl_object_each(void (*visit)(struct snarl_sync *sync, void *context), void *context);
/* Whether an object may lie on the page of `address`: one load. */
bool snarl_object_near(uintptr_t address);
void snarl_object_set_name(struct snarl_sync *sync, const char *name);
const char *snarl_object_kind_name(const struct snarl_sync *sync);
/* Within a session of the run file: LOCK record and what it needs. */
void snarl_object_describe(struct snarl_sync *sync);
/* The same for the lock of this number, which may have ended. */
void snarl_object_describe_number(uint32_t id);
/* What is kept of the ended lock of this number, given away once. False: nothing. */
bool snarl_object_ended(uint32_t id, struct snarl_ended *ended);
/* LOCK_USE records of all objects. `ticks_per_us` turns hold times into ns. */
void snarl_object_write_use(double ns_per_tick);
void snarl_object_forked(void);

/* --- held locks --- */

/* NULL when `thr` does not hold it. Entries that somebody else has released meanwhile do not count. */
struct snarl_held *snarl_held_find(struct snarl_thread *thr, const struct snarl_sync *sync);
/* NULL: over the limit, counted. */
struct snarl_held *snarl_held_push(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode,
                                   enum snarl_how how, uint32_t stack);
void snarl_held_remove(struct snarl_thread *thr, struct snarl_held *held);
/* Whether the entry is still true. */
bool snarl_held_valid(const struct snarl_thread *thr, const struct snarl_held *held);
/* Drops entries that are no longer true. */
void snarl_held_prune(struct snarl_thread *thr);
/* Whether `thr`, any thread, holds `sync`; the entry as it was when read. */
bool snarl_held_by(const struct snarl_thread *thr, const struct snarl_sync *sync, struct snarl_held *copy);
/* A thread that holds `sync` in any mode, from position *cursor on; NULL at the end. */
struct snarl_thread *snarl_held_holder(const struct snarl_sync *sync, struct snarl_thread **cursor,
                                       struct snarl_held *copy);

#endif
