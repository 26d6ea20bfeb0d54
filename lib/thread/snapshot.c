/* snapshot.c - see snapshot.h. */
#include "thread/snapshot.h"

#include "base/counters.h"
#include "base/memory.h"

static size_t s_bytes;

static size_t bytes_of(const struct snarl_snapshot *snapshot)
{
    return sizeof(*snapshot) + snapshot->clock.capacity * sizeof(*snapshot->clock.epoch);
}

static struct snarl_snapshot *make(const struct snarl_vclock *clock)
{
    struct snarl_snapshot *snapshot = NULL;
    if (__atomic_load_n(&s_bytes, __ATOMIC_RELAXED) < SNARL_SNAPSHOT_BYTES)
        snapshot = snarl_memory_alloc(sizeof(*snapshot));
    if (snapshot && snarl_vclock_copy(&snapshot->clock, clock)) {
        __atomic_fetch_add(&s_bytes, bytes_of(snapshot), __ATOMIC_RELAXED);
        snapshot->references = 1;
        return snapshot;
    }
    snarl_memory_free(snapshot, sizeof(*snapshot));
    snarl_count(SNARL_COUNT_SNAPSHOT_DROPPED);
    return NULL;
}

struct snarl_snapshot *snarl_snapshot_take(struct snarl_thread *thr)
{
    if (!thr->weak_snapshot)
        thr->weak_snapshot = make(&thr->weak);
    if (thr->weak_snapshot)
        __atomic_fetch_add(&thr->weak_snapshot->references, 1, __ATOMIC_RELAXED);
    return thr->weak_snapshot;
}

void snarl_snapshot_drop(struct snarl_snapshot *snapshot)
{
    if (!snapshot || __atomic_sub_fetch(&snapshot->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    __atomic_fetch_sub(&s_bytes, bytes_of(snapshot), __ATOMIC_RELAXED);
    snarl_vclock_free(&snapshot->clock);
    snarl_memory_free(snapshot, sizeof(*snapshot));
}
