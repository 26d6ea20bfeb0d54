/* step.h - the quick half of an access that changes its cells: transitions that the thread has made before in this epoch.
 *
 * The same as snarl_race_access where each cell's step is in the thread's cache, for callers that cannot afford calls. */
#ifndef SNARL_RACE_STEP_H
#define SNARL_RACE_STEP_H

#include "race/race.h"

/* What a step depends on besides the cell: an access is named by its place, kind and size. */
static inline uint64_t snarl_step_site(uintptr_t pc, uint32_t flags, uint8_t size)
{
    return pc | (uint64_t)flags << 47 | (uint64_t)size << 53;
}

static inline uint64_t snarl_step_mix(uint64_t a, uint64_t b)
{
    uint64_t hash = (a ^ (b * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 32;
    return hash * 0xc4ceb9fe1a85ec53u;
}

/* What a step is known by: `node` is that of the calls in progress together with the mask (from bit 28 on). Two steps share a key with a chance of one in
 * 2^64. */
static inline uint64_t snarl_step_key(uint64_t site, uint32_t node, uint32_t old)
{
    return snarl_step_mix(site, (uint64_t)node << 32 | old);
}

static inline struct snarl_step *snarl_step_entry(struct snarl_race_thread *thr, uint64_t key)
{
    return &thr->step[key >> 40 & (SNARL_STEP_CACHE - 1)];
}

static inline bool snarl_step_is(const struct snarl_race_thread *thr, const struct snarl_step *step, uint64_t key)
{
    return step->key == key && step->stamp == thr->stamp;
}

/* Whether snarl_race_try may be asked at all. */
static inline bool snarl_race_may_try(const struct snarl_race_thread *thr)
{
    return !thr->ignore && !thr->pending && !thr->late_load && !thr->told && thr->frame == thr->frames &&
           thr->generation == __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE);
}

/* A plain access of 1 to 64 bytes, called from `node`. False: some of it is still to be done (all of it may be done again). */
static inline bool snarl_race_try(struct snarl_race_thread *thr, uintptr_t address, size_t size, bool write, uintptr_t pc,
                                  uint32_t node)
{
    uint64_t site = snarl_step_site(pc, write ? SNARL_ACCESS_WRITE : 0, (uint8_t)size);
    uintptr_t end = address + size, cell = address & ~(uintptr_t)3;
    uint32_t mask = 0xfu << (address & 3) & 0xf;
    bool done = true;
    if (end < address || end >> SNARL_ADDRESS_BITS || !snarl_shadow_touched(address) || !snarl_shadow_touched(end - 1))
        return false;
    __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
    for (; cell < end && done; cell += 4, mask = 0xf) {
        uint32_t *at = snarl_shadow_cell(cell);
        uint32_t old = __atomic_load_n(at, __ATOMIC_ACQUIRE);
        if (end - cell < 4)
            mask &= (1u << (end - cell)) - 1;
        if ((old | snarl_cell_others(mask, write)) - thr->base < thr->span)
            continue;
        uint64_t key = snarl_step_key(site, node | mask << 28, old);
        const struct snarl_step *step = snarl_step_entry(thr, key);
        done = snarl_step_is(thr, step, key) &&
               __atomic_compare_exchange_n(at, &old, step->new_word, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    return done;
}

#endif
