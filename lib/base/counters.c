/* counters.c - see counters.h. */
#include "base/counters.h"

uint64_t snarl_counters[SNARL_COUNT_MAX];

static const char *const s_names[SNARL_COUNT_MAX] = {
    [SNARL_COUNT_NO_MEMORY] = "no-memory",
    [SNARL_COUNT_WRITE_LOST] = "write-lost",
    [SNARL_COUNT_FINDING_DUPLICATE] = "finding-duplicate",
    [SNARL_COUNT_FINDING_LIMIT] = "finding-limit",
    [SNARL_COUNT_STACK_CUT] = "stack-cut",
    [SNARL_COUNT_STACK_SKIPPED] = "stack-skipped",
    [SNARL_COUNT_STACK_DEPOT_FULL] = "stack-depot-full",
    [SNARL_COUNT_HELD_OVERFLOW] = "held-overflow",
    [SNARL_COUNT_EDGE_DROPPED] = "edge-dropped",
    [SNARL_COUNT_CYCLE_SEARCH_CUT] = "cycle-search-cut",
    [SNARL_COUNT_SNAPSHOT_DROPPED] = "snapshot-dropped",
    [SNARL_COUNT_CYCLE_GATED] = "cycle-gated",
    [SNARL_COUNT_CYCLE_ORDERED] = "cycle-ordered",
    [SNARL_COUNT_CYCLE_SAME_THREAD] = "cycle-same-thread",
    [SNARL_COUNT_CYCLE_SHARED] = "cycle-shared",
    [SNARL_COUNT_RACE_SEEN] = "race-seen",
    [SNARL_COUNT_RACE_HIDDEN] = "race-hidden-atomic",
    [SNARL_COUNT_RACE_HANDED_ON] = "race-handed-on",
    [SNARL_COUNT_RACE_ENDED] = "race-ended",
    [SNARL_COUNT_RACE_BENIGN] = "race-benign",
    [SNARL_COUNT_RACE_EPOCHS] = "race-epochs",
    [SNARL_COUNT_RACE_COLLECTIONS] = "race-collections",
    [SNARL_COUNT_RACE_FORGOTTEN] = "race-forgotten",
    [SNARL_COUNT_RACE_RECORDS_FULL] = "race-records-full",
    [SNARL_COUNT_RACE_STATE_FULL] = "race-state-full",
    [SNARL_COUNT_RACE_SLOTS_FULL] = "race-slots-full",
    [SNARL_COUNT_RACE_CALLS_DEEP] = "race-calls-deep",
    [SNARL_COUNT_RACE_UNCOVERED] = "race-uncovered",
    [SNARL_COUNT_LOCKS] = "locks",
    [SNARL_COUNT_THREADS] = "threads",
    [SNARL_COUNT_EDGES] = "edges",
    [SNARL_COUNT_MEMORY_BYTES] = "memory-bytes",
};

const char *snarl_counter_name(enum snarl_counter counter)
{
    return s_names[counter];
}
