/* race.h - precise happens-before race detection, to the byte.
 *
 * The algorithm is FastTrack's (Flanagan and Freund 2009): a vector clock per thread and per synchronisation
 * variable, and for each byte the accesses that a later one may race with. Its guarantee holds here: when the
 * observed run has a race on a location, the first one there is reported, whatever the number of threads. What
 * the cells hold is in cell.h, how they change in story.c.
 *
 * `struct snarl_race_thread` is a thread's part; it is the first argument of everything, nothing reads thread-local storage.
 * Only its own thread changes it (its creator before it starts, its joiner after it has ended). While `awake` is
 * not set (a process with one thread) nothing is recorded: all of that happens before every other thread.
 *
 * Epochs: a thread's component of its clock counts its releases, but a new epoch begins only with the first access
 * after a release (`pending` between), so releases without an access between them share one. See sync.c. */
#ifndef SNARL_RACE_RACE_H
#define SNARL_RACE_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mutex.h"
#include "clock/vclock.h"
#include "race/cell.h"
#include "shadow/shadow.h"

#define SNARL_STEP_CACHE 4096
#define SNARL_SITE_CACHE 2048
#define SNARL_HIT_CACHE 256
#define SNARL_NODE_CACHE 256
#define SNARL_AGREED_CACHE 256
#define SNARL_STATE_CACHE 8192
#define SNARL_VARIABLE_CACHE 64
#define SNARL_BOUNDARIES 8
#define SNARL_RECENT_CACHE 64
#define SNARL_PLACE_CACHE 16
#define SNARL_RACE_KNOWN_MANY 20000u /* more than it costs to touch a thread's cells again */
#define SNARL_LOCKSET_UNKNOWN UINT32_MAX

/* One call in progress, as noted by function entry hooks. `node` is 0 until somebody needs it. */
struct snarl_race_frame {
    uintptr_t pc;
    uint32_t node;
    uint32_t sp; /* the low half of the stack pointer at the entry: tells which calls a longjmp ends */
};

/* Transitions of cells done before with the same outcome (story.c). */
struct snarl_step {
    uint64_t key; /* the old word, and the record and the mask of the access (update.h) */
    uint32_t new_word;
    uint32_t stamp;
};

/* Access records made before for the same place of the program. */
struct snarl_site_record {
    uint64_t site; /* pc, flags, size */
    uint32_t node;
    uint32_t where;
    uint32_t unit;
    uint32_t stamp;
};

/* The last of them, found at once. */
struct snarl_race_recent {
    uint64_t site;
    uint32_t node, unit, stamp;
};

/* Where something was done last, called by code that notes its calls. */
struct snarl_race_place {
    uintptr_t pc;
    uint32_t parent, where; /* 0: not known */
};

/* What a caller that knows its place remembers of it for this thread: all zero at first. */
struct snarl_race_note {
    uint32_t node;  /* the calls in progress */
    uint32_t where; /* and the place */
    uint32_t unit;  /* of the record of a plain access there, with this stamp */
    uint32_t stamp;
};

/* Words known to hold an access of this thread in this epoch. */
struct snarl_hit {
    uint32_t word;
    uint32_t stamp;
    uint8_t mask[4]; /* the bytes where it stands for a read, a write, an atomic read, an atomic write */
};

/* A list of accesses that all happened before what the thread does from then on. */
struct snarl_agreed {
    uint32_t word;
    uint32_t generation;
};

struct snarl_node_entry {
    uintptr_t pc;
    uint32_t parent, node;
    uint32_t caller; /* enum snarl_caller; 0: not looked at */
};

enum snarl_caller {
    SNARL_CALLER_NOTES = 1, /* its code notes its calls */
    SNARL_CALLER_OUTSIDE,   /* it does not: the frames between have to be looked for each time */
};

struct snarl_race_sync;

/* A release of this thread that nobody else may have seen. */
struct snarl_boundary {
    struct snarl_race_sync *sync;
    uint32_t serial;      /* of the sync's releases */
    uint32_t first_epoch; /* the thread's, before the release */
    uint32_t first_unit, run; /* `run` is the thread's run_end at that time */
    uint32_t generation;      /* the thread's range_generation */
};

/* The access that began an epoch after a release: see reopen.c. */
struct snarl_race_first {
    uintptr_t address, pc;
    uint32_t size, flags;
    uint32_t node, lockset;
    uint32_t epoch;   /* the one that it began; 0: none */
    uint32_t end;     /* the thread's next unit after it */
    uint32_t word;    /* of all its cells, and found to name it in this generation of the collector; or 0 */
    uint32_t generation;
    uint64_t version; /* the thread's, then and when the epoch before was published */
};

/* What rewritten code tests (plan/check.c): a word is known when (word - first) & outside is 0, in each half of two words. It is
 * the part of [base, base + span) that such a test can name, and what no record has been made of yet may be in it. */
struct snarl_race_window {
    uint64_t first;
    uint64_t outside;
};

struct snarl_race_thread {
    /* the fast path reads these: see snarl_race_hit */
    uint32_t base;   /* the first unit of this epoch, as a word with a full mask; the collector reads it */
    uint32_t span;   /* units made in this epoch */
    uint32_t shared; /* a word by another thread that holds a full read of ours in this epoch */
    uint32_t stamp;  /* changes when anything changes that the caches depend on */
    struct snarl_race_frame *frame; /* the innermost call; frame[0] of the array stands for the start */
    struct snarl_race_frame *frame_end;

    uint32_t slot, epoch, first_epoch; /* accesses of [first_epoch, epoch] are as good as of this epoch */
    uint32_t serial;                   /* of the thread record, never reused */
    uint32_t host_id;                  /* the host's number of the thread, from 1 */
    uint32_t ignore;                   /* > 0: accesses are not looked at */
    uint32_t generation;               /* of the collector, when the caches were last valid */
    uint32_t stepping;                 /* in the middle of a step begun in generation `stepping` - 1; 0: not */
    uint32_t lockset;                  /* SNARL_LOCKSET_UNKNOWN: ask the host */
    bool pending;                      /* nothing accessed since the last release */
    bool ended;
    bool left_run; /* the epoch goes on in another run of chunks: what the caches hold is to be made anew, from the next step on */
    uint32_t next_unit, run_start, run_end; /* units of the current run of chunks */
    uint32_t epoch_start;                   /* the first unit of the epoch */
    uint32_t range_generation;              /* the collector's, when the range of units began where it begins now */
    uint32_t epoch_units;                   /* that the largest of late made */
    uint32_t known;                         /* accesses that were known, but not to the window; see snarl_race_known_outside */
    uint32_t next_victim;                   /* in the cache of sites */
    uint32_t states_made;                   /* in this epoch, and half of those before */
    struct snarl_vclock clock;     /* clock[slot] == epoch */
    uint64_t version;              /* of the other components of the clock, unique among all threads */
    uint64_t published;            /* the version at the last release */
    uint32_t given_epoch;          /* an epoch that was passed on before it ended (unheeded releases, sync.c); 0: none */
    uint64_t given_version;        /* and the version then, the first time */
    struct snarl_vclock fence_release, fence_acquire;
    bool has_fence_release, has_fence_acquire;
    uint32_t boundary_count;
    struct snarl_boundary boundary[SNARL_BOUNDARIES];
    struct snarl_race_first first;
    uintptr_t late_load; /* the atomic that stock code loads just now: what it may have seen is acquired later; 0: none */
    struct snarl_race_note *note; /* of the access in progress, set by the host when asked for the calls; NULL: none */
    bool recheck; /* the access in progress is in its own plane already, and still to be compared with the other */
    uintptr_t refused;   /* the atomic on which a compare-and-exchange of stock code failed last, until it succeeds; 0: none */
    uint32_t told; /* the history node of the access in progress, when the caller knows it; 0: from the noted calls */
    void *host;    /* the host's */
    struct snarl_race_window *window; /* the host's, kept up to date; may be NULL */
    struct snarl_race_frame *frames; /* the array */
    struct snarl_race_thread *next;  /* all that exist */
    uint32_t lost_frames;

    struct snarl_step step[SNARL_STEP_CACHE];
    struct snarl_site_record site[SNARL_SITE_CACHE];
    struct snarl_race_recent recent[SNARL_RECENT_CACHE];
    struct snarl_race_place place[SNARL_PLACE_CACHE];
    struct snarl_hit hit[SNARL_HIT_CACHE];
    struct snarl_node_entry node[SNARL_NODE_CACHE];
    struct snarl_agreed agreed[SNARL_AGREED_CACHE];
    uint32_t state[SNARL_STATE_CACHE]; /* units of states made in this epoch, or anything */
    struct snarl_race_sync *variable[SNARL_VARIABLE_CACHE]; /* of atomics used last */
};

/* One of the two accesses of a race. */
struct snarl_race_access {
    uint32_t thread;  /* the host's number */
    uint32_t where;   /* node of the history */
    uint32_t lockset; /* the host's number */
    uint32_t flags;   /* enum snarl_access_flags */
    uintptr_t address;
    uint32_t size;    /* 0: a range of more than 255 bytes */
};

struct snarl_race {
    struct snarl_race_access now, before;
    uintptr_t byte; /* the first byte that both touch */
    uint32_t cells; /* how many cells from there on have the same story: 1 or 2 */
};

/* What the detector needs of its surroundings. Called in the accessing thread, any member may be NULL. */
struct snarl_race_host {
    void (*report)(struct snarl_race_thread *thr, const struct snarl_race *race);
    uint32_t (*lockset)(struct snarl_race_thread *thr);
    /* The history node of the calls in progress when the thread has no noted ones; NULL: there are none. */
    uint32_t (*callers)(struct snarl_race_thread *thr);
    /* Whether the code at `pc` does not note its calls; NULL: it does. A call that comes from there (a library's call back)
     * may have frames below it that were not noted. `around` finds the node of the whole stack of the noted call with this
     * return address, whose frame lies at `sp`; 0: it cannot. */
    bool (*outside)(uintptr_t pc);
    uint32_t (*around)(struct snarl_race_thread *thr, uintptr_t pc, uintptr_t sp);
    /* Stamps have wrapped: what notes (struct snarl_race_note) hold from before is void. */
    void (*forget)(void);
};

struct snarl_race_options {
    uint32_t epoch_limit;     /* epochs of a slot before its thread moves to another; 0: the most there can be */
    uint32_t collect_chunks;  /* chunks taken before the collector runs at the earliest; 0: default */
    uint32_t compact_chunks;  /* chunks in use from which on it moves records together; 0: default */
    uint32_t unheeded;        /* unheeded releases of a variable from which on they end no epoch; 0: default */
};

/* Once, before anything else. False: no room in the address space; nothing of this may then be used. */
bool snarl_race_init(const struct snarl_race_host *host, const struct snarl_race_options *options);
bool snarl_race_ready(void);
/* For tests: forgets all threads, records and synchronisation variables (not the cells). */
void snarl_race_reset(const struct snarl_race_options *options);

/* Frees the records that nothing needs any more; it is done by itself when it is time. False: another thread is at it, or there
 * was nothing to free. */
bool snarl_race_collect_now(void);

/* --- threads --- */

/* A thread made by `creator`, which must be the calling one (NULL: the first thread). NULL: no memory or no slot. */
struct snarl_race_thread *snarl_race_thread_new(struct snarl_race_thread *creator, uint32_t host_id);
/* The thread has ended: nothing more is called for it but join or drop. */
void snarl_race_thread_exit(struct snarl_race_thread *thr);
/* All of `ended` happened before what `thr` does next; its record is gone afterwards. */
void snarl_race_thread_join(struct snarl_race_thread *thr, struct snarl_race_thread *ended);
/* The record is gone without anybody knowing that the thread has ended (detached). */
void snarl_race_thread_drop(struct snarl_race_thread *ended);
/* In the child of a fork: `thr` is the only thread. */
void snarl_race_forked(struct snarl_race_thread *thr);
/* Threads that exist; the host's number of who owned a slot in an epoch. */
uint32_t snarl_race_thread_count(void);
uint32_t snarl_race_thread_owner(uint32_t slot, uint32_t epoch);
/* Between these the thread's accesses are not looked at. They nest. */
void snarl_race_ignore_begin(struct snarl_race_thread *thr);
void snarl_race_ignore_end(struct snarl_race_thread *thr);
/* An access was known, which the window did not tell: where that happens often it gets a larger one. */
static inline bool snarl_race_known_outside(struct snarl_race_thread *thr)
{
    return ++thr->known > SNARL_RACE_KNOWN_MANY;
}
void snarl_race_widen(struct snarl_race_thread *thr);
/* After `window` was set. */
void snarl_race_window_update(struct snarl_race_thread *thr);
/* The locks held have changed. */
void snarl_race_lockset_changed(struct snarl_race_thread *thr);

/* --- calls --- */

void snarl_race_call_overflow(struct snarl_race_thread *thr);

/* A function was entered; `pc` is where it returns to. A signal handler that comes between uses the frames above, so the frame is
 * taken first and filled afterwards. */
static inline void snarl_race_call(struct snarl_race_thread *thr, uintptr_t pc, uintptr_t sp)
{
    struct snarl_race_frame *frame = thr->frame + 1;
    if (__builtin_expect(frame >= thr->frame_end, 0)) {
        snarl_race_call_overflow(thr);
        return;
    }
    thr->frame = frame;
    __asm__ volatile("" ::: "memory");
    *frame = (struct snarl_race_frame){.pc = pc, .node = 0, .sp = (uint32_t)sp};
}

static inline void snarl_race_return(struct snarl_race_thread *thr)
{
    thr->frame -= thr->frame != thr->frames;
}

/* The history node of the innermost noted call, and of `pc` in it. */
uint32_t snarl_race_call_node(struct snarl_race_thread *thr);
uint32_t snarl_race_where(struct snarl_race_thread *thr, uintptr_t pc);

/* The same for code that notes its calls, and does this again and again. */
static inline uint32_t snarl_race_where_noted(struct snarl_race_thread *thr, uintptr_t pc)
{
    struct snarl_race_place *place = &thr->place[pc % SNARL_PLACE_CACHE];
    uint32_t parent = thr->frame->node;
    if (place->pc == pc && place->parent == parent && place->where && parent)
        return place->where;
    uint32_t where = snarl_race_where(thr, pc);
    *place = (struct snarl_race_place){.pc = pc, .parent = thr->frame->node, .where = where};
    return where;
}

/* When something came about: a thread's slot and epoch; epoch 0: not known. */
struct snarl_race_moment {
    uint32_t slot, epoch;
};

/* Now, for `thr`; what it does from here on is not before it. */
struct snarl_race_moment snarl_race_now(struct snarl_race_thread *thr);
/* Whether what happened then is before what `thr` does now, as far as is known. */
bool snarl_race_knows(const struct snarl_race_thread *thr, struct snarl_race_moment moment);

/* --- accesses --- */

/* An access of 1 to 64 bytes anywhere, not found current by snarl_race_hit. `pc` is a return address. */
void snarl_race_access(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
/* Before an access that will be recorded: what the thread's last load may have seen is acquired, and its epoch begins. */
void snarl_race_get_ready(struct snarl_race_thread *thr);
/* The same of a caller that does the same access again and again: an epoch that it began is taken up again where that changes nothing
 * (reopen.c). Who uses it for a pc uses it for all accesses from there, or says snarl_race_not_first. No variable may be locked. */
void snarl_race_access_first(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
/* A plain access that is simple (quick.c). False: it is not done, or not all of it. */
bool snarl_race_quick(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
/* An atomic write. */
bool snarl_race_quick_atomic(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
static inline void snarl_race_not_first(struct snarl_race_thread *thr, uintptr_t pc)
{
    if (thr->first.pc == pc)
        thr->first.epoch = 0;
}
static inline void snarl_race_access_again(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags,
                                           uintptr_t pc)
{
    if (thr->pending) {
        snarl_race_access_first(thr, address, size, flags, pc);
        return;
    }
    snarl_race_not_first(thr, pc);
    if ((flags & ~(uint32_t)SNARL_ACCESS_WRITE) || !snarl_race_quick(thr, address, size, flags, pc))
        snarl_race_access(thr, address, size, flags, pc);
}
/* Of any length, as by memcpy. */
void snarl_race_range(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
/* The same of memory whose cells will be emptied: nothing is recorded. Whole 8 bytes only. */
void snarl_race_compare_range(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
/* Whether all of it is current already. False is allowed at any time. */
bool snarl_race_range_hit(const struct snarl_race_thread *thr, uintptr_t address, size_t size, bool write);
/* Memory comes to life: nothing that was done to it before counts. */
void snarl_race_alloc(struct snarl_race_thread *thr, uintptr_t address, size_t size);
/* Memory ends: a write to all of it. `flags` adds SNARL_ACCESS_FREE, _UNMAP or _CLOSE. */
void snarl_race_free(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);

/* Whether the word of a cell tells that the bytes `mask` were accessed in this way in this epoch by this thread.
 * When accesses are ignored the range is everything. */
static inline bool snarl_race_is_current(const struct snarl_race_thread *thr, uint32_t word, uint32_t mask)
{
    return ((word & SNARL_CELL_TESTED) | snarl_cell_others(mask)) - thr->base < thr->span;
}

/* The same for whole cells; `word` is of the plane of writes or reads. */
static inline bool snarl_race_hit(const struct snarl_race_thread *thr, uint32_t word, bool write)
{
    return snarl_race_is_current(thr, word, 0xf) || (!write && word == thr->shared);
}

static inline enum snarl_shadow_plane snarl_race_plane(bool write)
{
    return write ? SNARL_SHADOW_WRITES : SNARL_SHADOW_READS;
}

/* Where the hits of a word are kept. */
static inline uint32_t snarl_hit_index(uint32_t word)
{
    return (word ^ word >> 8) & (SNARL_HIT_CACHE - 1);
}

/* The collector's count of rounds: what a thread has cached is void when it has changed. */
extern uint32_t snarl_race_generation;

/* Epochs of a slot up to this are known to other threads, some of them since before they ended: accesses of the slot's thread from now on must
 * not count as of one of them (sync.c). Indexed by slot; changed by compare-and-swap. */
extern uint32_t *snarl_race_slot_told;

static inline bool snarl_race_is_told(const struct snarl_race_thread *thr, uint32_t epoch)
{
    return epoch <= __atomic_load_n(&snarl_race_slot_told[thr->slot], __ATOMIC_RELAXED);
}

/* --- synchronisation variables: one in each lock, condition, barrier ... of the program --- */

struct snarl_race_sync {
    uint32_t lock;     /* 1: held; see snarl_race_sync_lock */
    bool pure;         /* the clock is one thread's at its epoch `epoch`, of version `version` */
    bool seen;         /* somebody else has acquired it since its last release */
    uint32_t slot;     /* who released last, and when */
    uint32_t epoch;
    uint32_t serial;   /* changes with whatever is passed on */
    uint32_t known;    /* bytes of the atomic object that stock code has here, 0: not known as one (stock.c) */
    uint32_t unheeded; /* releases in a row by operations that look at nothing, from which no other thread has learnt anything either */
    bool unended;      /* the clock may hold epochs that had not ended */
    uint64_t version;  /* of who released last, then */
    struct snarl_vclock clock;
    uintptr_t address; /* of the atomic object; 0: it is of something else */
};

void snarl_race_sync_wait(struct snarl_race_sync *sync);

/* Held for some dozens of instructions by threads that a signal handler does not enter, so nobody sleeps for it unless its holder was
 * stopped: to leave it is a plain store. */
static inline void snarl_race_sync_lock(struct snarl_race_sync *sync)
{
    uint32_t free = 0;
    if (__builtin_expect(!__atomic_compare_exchange_n(&sync->lock, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED), 0))
        snarl_race_sync_wait(sync);
}

static inline void snarl_race_sync_unlock(struct snarl_race_sync *sync)
{
    __atomic_store_n(&sync->lock, 0, __ATOMIC_RELEASE);
}

void snarl_race_acquire(struct snarl_race_thread *thr, struct snarl_race_sync *sync);
/* The same where nobody else can acquire it before this thread's next release: mutexes, spinlocks, write locks. */
void snarl_race_acquire_exclusive(struct snarl_race_thread *thr, struct snarl_race_sync *sync);
/* What is there stays: for everything but a store that overwrites. */
void snarl_race_release(struct snarl_race_thread *thr, struct snarl_race_sync *sync);
/* Only this thread's clock is passed on from now on. */
void snarl_race_release_store(struct snarl_race_thread *thr, struct snarl_race_sync *sync);
/* Nothing is passed on any more. Also before the memory of a sync is reused. */
void snarl_race_sync_clear(struct snarl_race_sync *sync);

/* --- atomics: synchronisation variables found by address --- */

enum snarl_order {
    SNARL_ORDER_RELAXED,
    SNARL_ORDER_CONSUME,
    SNARL_ORDER_ACQUIRE,
    SNARL_ORDER_RELEASE,
    SNARL_ORDER_ACQ_REL,
    SNARL_ORDER_SEQ_CST,
};

/* Whether acquire fences may come. False: a relaxed load passes on nothing, and need not be told. */
extern bool snarl_race_fences;

/* The variable of `address`, locked: the caller does the operation itself and says what it was by one of
 * the functions below, then unlocks. */
struct snarl_race_sync *snarl_race_atomic_lock(struct snarl_race_thread *thr, uintptr_t address);
/* The same, NULL when nothing was ever released there: then a load needs no more. To be called after the load. */
struct snarl_race_sync *snarl_race_atomic_find(uintptr_t address);
/* False: there is certainly none. */
#define SNARL_ATOMIC_FILTER (1u << 15)
extern uint8_t snarl_race_atomic_filter[SNARL_ATOMIC_FILTER];
static inline bool snarl_race_atomic_maybe(uintptr_t address)
{
    return snarl_race_atomic_filter[(address * 0x9e3779b97f4a7c15u) >> 49];
}
void snarl_race_atomic_load(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order);
void snarl_race_atomic_store(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order);
void snarl_race_atomic_rmw(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order);
/* Before the access of a store is recorded: a release of this thread that nobody saw, which it is to replace, ends no epoch. */
void snarl_race_atomic_take_back(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order);
/* The two halves of a read-modify-write: before the access is recorded, and after. */
void snarl_race_atomic_take(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order);
void snarl_race_atomic_give(struct snarl_race_thread *thr, struct snarl_race_sync *sync, enum snarl_order order);
/* A read-modify-write that releases and of which the thread looks at nothing: it acquires nothing, and may end no epoch (sync.c). */
void snarl_race_atomic_unheeded(struct snarl_race_thread *thr, struct snarl_race_sync *sync);
void snarl_race_atomic_unlock(struct snarl_race_sync *sync);
/* The variable of `address` as it is, not locked; NULL: none. */
struct snarl_race_sync *snarl_race_atomic_look(struct snarl_race_thread *thr, uintptr_t address);
/* Whether an acquiring load of a value that was there while *serial did not change learns nothing. */
bool snarl_race_atomic_is_known(const struct snarl_race_thread *thr, const struct snarl_race_sync *sync, uint32_t *serial);
bool snarl_race_atomic_is_unchanged(const struct snarl_race_sync *sync, uint32_t serial);
/* The access of an atomic operation. */
void snarl_race_atomic_access(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
/* Whether an access of 1, 2, 4 or 8 aligned bytes has been recorded in this epoch. */
bool snarl_race_atomic_hit(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags);
/* A releasing read-modify-write of 4 or 8 aligned bytes that goes on where this thread's last one left off: nobody has seen that, and
 * the access is recorded. All of it is done then but the operation itself, and the variable is locked; NULL: it is none. */
struct snarl_race_sync *snarl_race_atomic_round(struct snarl_race_thread *thr, uintptr_t address, size_t size);
void snarl_race_fence(struct snarl_race_thread *thr, enum snarl_order order);

/* --- stock code: what machine instructions tell of atomics (stock.c) --- */

/* Once, before the first of the others; without it nothing is ever guessed. */
void snarl_race_stock_begin(void);
bool snarl_race_stock_is_on(void);
/* A load or store of 1 to 64 bytes, to be called before the instruction. `atomic`: the instruction is known to be an access to an
 * atomic object; otherwise it is taken as one where the object is known. */
void snarl_race_stock_access(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc,
                             bool atomic);
/* A locked instruction, before and after it. */
void snarl_race_stock_before(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
void snarl_race_stock_after(struct snarl_race_thread *thr, uintptr_t address);
/* A locked instruction that leaves nothing the program looks at but what is in memory. There is nothing after it. */
void snarl_race_stock_unheeded(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc);
/* And after that, if it was a compare-and-exchange and has not exchanged. */
void snarl_race_stock_refused(struct snarl_race_thread *thr, uintptr_t address);
/* There is an atomic object, whoever says so. */
void snarl_race_stock_know(struct snarl_race_thread *thr, uintptr_t address, size_t size);

#endif
