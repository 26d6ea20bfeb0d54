/* counters.h - the named numbers of a process: what was done, and every way of giving up.
 *
 * Each limit that the detector can reach has a counter here, shown in every report, so that nothing is
 * missed silently. Adding one: a line in the enum and its name in counters.c. */
#ifndef SNARL_BASE_COUNTERS_H
#define SNARL_BASE_COUNTERS_H

#include <stdint.h>

enum snarl_counter {
    SNARL_COUNT_NO_MEMORY,           /* an allocation of ours failed */
    SNARL_COUNT_WRITE_LOST,          /* bytes of the run file that could not be written */
    SNARL_COUNT_FINDING_DUPLICATE,   /* findings seen again, not written again */
    SNARL_COUNT_FINDING_LIMIT,       /* findings past the limit of a process, dropped */
    SNARL_COUNT_STACK_CUT,           /* stacks deeper than the limit */
    SNARL_COUNT_STACK_SKIPPED,       /* acquisitions whose stack was not captured for speed */
    SNARL_COUNT_STACK_DEPOT_FULL,    /* stacks not kept: the depot is at its limit */
    SNARL_COUNT_HELD_OVERFLOW,       /* acquisitions past the held-locks limit of a thread */
    SNARL_COUNT_EDGE_DROPPED,        /* lock orders not kept: the graph is at its limit */
    SNARL_COUNT_CYCLE_SEARCH_CUT,    /* cycle searches ended at their step limit */
    SNARL_COUNT_SNAPSHOT_DROPPED,    /* order snapshots not kept: memory limit */
    SNARL_COUNT_CYCLE_GATED,         /* lock cycles not reported: a common gate lock */
    SNARL_COUNT_CYCLE_ORDERED,       /* lock cycles not reported: ordered by create, join or signal */
    SNARL_COUNT_CYCLE_SAME_THREAD,   /* lock cycles not reported: one thread only */
    SNARL_COUNT_CYCLE_SHARED,        /* lock cycles not reported: readers only, or closed by a try */
    SNARL_COUNT_RACE_SEEN,           /* pairs of accesses that raced, each time */
    SNARL_COUNT_RACE_HIDDEN,         /* pairs not reported, each time: to or by way of what stock code shows to be atomic */
    SNARL_COUNT_RACE_HANDED_ON,      /* pairs not reported, each time: --races=calls, and threads that hand memory on unseen */
    SNARL_COUNT_RACE_ENDED,          /* pairs not reported, each time: --races=calls, memory freed after it was used */
    SNARL_COUNT_RACE_BENIGN,         /* pairs not reported, each time: the program says that they are benign */
    SNARL_COUNT_RACE_EPOCHS,         /* epochs begun */
    SNARL_COUNT_RACE_COLLECTIONS,    /* runs of the collector of access records */
    SNARL_COUNT_RACE_FORGOTTEN,      /* cells whose last accesses were forgotten: the table of records was nearly full */
    SNARL_COUNT_RACE_RECORDS_FULL,   /* accesses not recorded: the table of records was full */
    SNARL_COUNT_RACE_STATE_FULL,     /* accesses forgotten: too many to one cell */
    SNARL_COUNT_RACE_SLOTS_FULL,     /* thread slots reused though something may refer to them, or threads without one */
    SNARL_COUNT_RACE_CALLS_DEEP,     /* calls deeper than the noted ones */
    SNARL_COUNT_RACE_UNCOVERED,      /* accesses to addresses without a shadow */
    SNARL_COUNT_LOCKS,               /* lock identities seen */
    SNARL_COUNT_THREADS,             /* threads created, the main one included */
    SNARL_COUNT_EDGES,               /* lock orders learnt */
    SNARL_COUNT_MEMORY_BYTES,        /* memory of the detector at the end */
    SNARL_COUNT_MAX
};

extern uint64_t snarl_counters[SNARL_COUNT_MAX];

static inline void snarl_count_add(enum snarl_counter counter, uint64_t amount)
{
    __atomic_fetch_add(&snarl_counters[counter], amount, __ATOMIC_RELAXED);
}

static inline void snarl_count(enum snarl_counter counter)
{
    snarl_count_add(counter, 1);
}

/* The word under which reports show it, like "held-overflow". */
const char *snarl_counter_name(enum snarl_counter counter);

#endif
