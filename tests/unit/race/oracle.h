/* oracle.h - a race detector too simple to be wrong: full vector clocks, every access of every byte kept.
 *
 * Each event advances its thread's own component, so that clocks tell any two events apart: event e of thread t
 * happened before what thread u does now when clock[u][t] >= its time. No epochs, no slots, no caches. */
#ifndef TESTS_UNIT_RACE_ORACLE_H
#define TESTS_UNIT_RACE_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "race/race.h"

#define ORACLE_THREADS 80
#define ORACLE_BYTES 24
#define ORACLE_SYNCS 4
#define ORACLE_ATOMICS 3
#define ORACLE_EVENTS 4096

typedef uint16_t oracle_clock[ORACLE_THREADS];

struct oracle_access {
    uint16_t thread, time;
    uint32_t flags;
    uint32_t site; /* 0x1000 + number of the event when sites are unique */
    uint32_t first, end;
};

/* A variable that passes clocks on. */
struct oracle_sync {
    oracle_clock clock;
};

struct oracle {
    int threads;
    oracle_clock clock[ORACLE_THREADS];
    oracle_clock fence_release[ORACLE_THREADS], fence_acquire[ORACLE_THREADS];
    bool has_fence_release[ORACLE_THREADS];
    struct oracle_sync sync[ORACLE_SYNCS], atomic[ORACLE_ATOMICS];
    struct oracle_access access[ORACLE_EVENTS];
    int accesses;
    bool raced[ORACLE_BYTES]; /* a race has been seen on this byte */
};

void oracle_clear(struct oracle *oracle);
int oracle_create(struct oracle *oracle, int creator);
void oracle_join(struct oracle *oracle, int thread, int ended);
void oracle_acquire(struct oracle *oracle, int thread, struct oracle_sync *sync);
void oracle_release(struct oracle *oracle, int thread, struct oracle_sync *sync, bool store);
void oracle_load(struct oracle *oracle, int thread, struct oracle_sync *sync, enum snarl_order order);
void oracle_store(struct oracle *oracle, int thread, struct oracle_sync *sync, enum snarl_order order);
void oracle_rmw(struct oracle *oracle, int thread, struct oracle_sync *sync, enum snarl_order order);
void oracle_fence(struct oracle *oracle, int thread, enum snarl_order order);
/* Notes the access; in raced_now[byte] whether it races with an earlier one on that byte. */
void oracle_access(struct oracle *oracle, int thread, uint32_t first, uint32_t size, uint32_t flags, uint32_t site,
                   bool *raced_now);
/* Whether the last access races on `byte` with an earlier one of `thread` with this site and these flags. */
bool oracle_confirms(const struct oracle *oracle, uint32_t byte, int thread, uint32_t site, uint32_t flags);

#endif
