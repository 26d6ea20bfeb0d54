/* mutex.h - the detector's own lock: three states in a futex word, after Drepper's "Futexes Are Tricky".
 *
 * It never calls into libc and is not recursive. Signals are the caller's matter: whoever may be interrupted
 * by a handler that comes back into the detector is guarded by its thread's guard counter (the handler
 * then bypasses us), so no lock here blocks signals.
 *
 * Every file-scope lock is defined with SNARL_MUTEX and a rank: a thread may only take locks of a higher rank
 * than those it holds. The ranks also serve fork: all of them are taken, in that order, before it, so that the
 * child gets whole data structures. Locks inside objects are innermost but for memory, and are not taken at fork. */
#ifndef SNARL_BASE_MUTEX_H
#define SNARL_BASE_MUTEX_H

#include <stdint.h>

enum snarl_rank {
    SNARL_RANK_DEADLOCK = 1,
    SNARL_RANK_STALL,
    SNARL_RANK_MISUSE,
    SNARL_RANK_GRAPH,
    SNARL_RANK_RUNFILE,
    SNARL_RANK_FINDING,
    SNARL_RANK_THREAD,
    SNARL_RANK_OBJECT,
    SNARL_RANK_DEPOT,
    SNARL_RANK_MODULES,
    SNARL_RANK_SHADOW,
    SNARL_RANK_HISTORY,
    SNARL_RANK_COLLECT,
    SNARL_RANK_RACE_THREAD,
    SNARL_RANK_RECORD,
    SNARL_RANK_PYTHON,
    SNARL_RANK_MEMORY,
    SNARL_RANK_MAX
};

struct snarl_mutex {
    uint32_t state; /* 0 free, 1 held, 2 held and somebody may wait */
    uint32_t rank;
};

/* Defines a file-scope lock: static SNARL_MUTEX s_lock = {.rank = …}. */
#define SNARL_MUTEX struct snarl_mutex __attribute__((section("snarl_mutexes"), used))

void snarl_mutex_lock(struct snarl_mutex *mutex);
void snarl_mutex_unlock(struct snarl_mutex *mutex);
/* Makes it free whatever it was: for the child of a fork, where its holder may not exist. */
void snarl_mutex_reset(struct snarl_mutex *mutex);

/* Around fork: takes all file-scope locks in rank order, and frees them again in parent and child. */
void snarl_mutex_lock_all(void);
void snarl_mutex_unlock_all(void);

#endif
