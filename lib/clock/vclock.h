/* vclock.h - vector clocks.
 *
 * A clock is an array of epochs indexed by thread slot: clock[s] = e says "everything that slot s did up to
 * and including epoch e happens-before here". Slots past `size` are 0, which is before any epoch (epochs
 * count from 1). Arrays grow by doubling; memory comes from base/memory.h.
 * A clock has one writer at a time: its thread, or whoever holds the object that it belongs to. */
#ifndef SNARL_CLOCK_VCLOCK_H
#define SNARL_CLOCK_VCLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct snarl_vclock {
    uint32_t size;     /* slots that may be non-zero */
    uint32_t capacity; /* slots allocated */
    uint32_t *epoch;   /* owned */
};

static inline uint32_t snarl_vclock_get(const struct snarl_vclock *clock, uint32_t slot)
{
    return slot < clock->size ? clock->epoch[slot] : 0;
}

/* False when there was no memory: the clock is then unchanged. */
bool snarl_vclock_set(struct snarl_vclock *clock, uint32_t slot, uint32_t epoch);
/* clock := max(clock, other) in each slot; tells in *changed whether anything grew (may be NULL). */
bool snarl_vclock_join(struct snarl_vclock *clock, const struct snarl_vclock *other, bool *changed);
/* clock := other. */
bool snarl_vclock_copy(struct snarl_vclock *clock, const struct snarl_vclock *other);
/* Whether clock <= other in every slot. */
bool snarl_vclock_before(const struct snarl_vclock *clock, const struct snarl_vclock *other);
/* Makes it empty and gives the memory back. */
void snarl_vclock_free(struct snarl_vclock *clock);

#endif
