/* snapshot.h - a thread's weak clock at one moment, shared by all who need it.
 *
 * Immutable and counted. Taking one twice without a change of the clock between gives the same snapshot. All of them
 * together use at most SNARL_SNAPSHOT_BYTES; past that there are none (SNARL_COUNT_SNAPSHOT_DROPPED). */
#ifndef SNARL_THREAD_SNAPSHOT_H
#define SNARL_THREAD_SNAPSHOT_H

#include "clock/vclock.h"
#include "thread/thread.h"

#define SNARL_SNAPSHOT_BYTES ((size_t)32 << 20)

struct snarl_snapshot {
    uint32_t references;
    struct snarl_vclock clock;
};

/* A reference for the caller; NULL at the limit. Only by `thr` itself. */
struct snarl_snapshot *snarl_snapshot_take(struct snarl_thread *thr);
void snarl_snapshot_drop(struct snarl_snapshot *snapshot);

#endif
