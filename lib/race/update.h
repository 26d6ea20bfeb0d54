/* update.h - the quick half of an access that changes its cells, for callers that cannot afford calls.
 *
 * Most changes are simple: the cell's plane names one access, which happened before and for which the new one stands, and what the
 * other plane names happened before as well. The new word is then known without looking further. Lists (states) have
 * their steps remembered: what a thread has worked out once in an epoch (story.c) need not be worked out again. */
#ifndef SNARL_RACE_UPDATE_H
#define SNARL_RACE_UPDATE_H

#include "race/bytes.h"
#include "race/race.h"
#include "race/record.h"

/* From so many states on that a thread has made in an epoch, its accesses of one kind to the bytes of a cell go together (story.c); from fewer
 * on where they are mostly different orders of the same few places, as compressors make them in tables of bytes. */
#define SNARL_STATES_MANY 2048u
#define SNARL_STATES_MANY_OF_FEW 128u

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

/* What a step is known by. The access is its record, which is of this epoch. */
static inline uint64_t snarl_step_key(uint32_t old, uint32_t unit, uint32_t mask)
{
    return (uint64_t)old << 32 | snarl_cell_word(unit, mask);
}

static inline bool snarl_update_puts_together(const struct snarl_race_thread *thr)
{
    uint32_t made = thr->next_unit - thr->epoch_start;
    return thr->states_made > SNARL_STATES_MANY_OF_FEW &&
           (thr->states_made > SNARL_STATES_MANY || thr->states_made > made / 2);
}

static inline struct snarl_step *snarl_step_entry(struct snarl_race_thread *thr, uint64_t key)
{
    return &thr->step[key * 0x9e3779b97f4a7c15u >> 52];
}
_Static_assert(SNARL_STEP_CACHE == 1u << 12, "twelve bits");

static inline bool snarl_step_is(const struct snarl_race_thread *thr, const struct snarl_step *step, uint64_t key)
{
    return step->key == key && step->stamp == thr->stamp;
}

/* Whether the access of a record happened before what the thread does now. */
static inline bool snarl_update_before(const struct snarl_race_thread *thr, const struct snarl_access_record *record)
{
    return record->slot == thr->slot || snarl_vclock_get(&thr->clock, record->slot) >= record->epoch;
}

static inline bool snarl_update_mine_now(const struct snarl_race_thread *thr, const struct snarl_access_record *record)
{
    return record->slot == thr->slot && record->epoch >= thr->first_epoch;
}

/* The same of a word, when it names a plain access; false: it has to be looked at. */
static inline bool snarl_update_is_over(const struct snarl_race_thread *thr, uint32_t word)
{
    const struct snarl_chunk_moment *moment = snarl_record_moment(word);
    return (word & SNARL_CELL_PLAIN) && (moment->slot == thr->slot || snarl_vclock_get(&thr->clock, moment->slot) >= moment->epoch);
}

/* What a record means to an access in the same plane: among reads a write stands for one (snarl_update_copy). */
static inline uint32_t snarl_update_kind(uint32_t recorded, uint32_t flags)
{
    return flags & SNARL_ACCESS_WRITE ? recorded : recorded & ~(uint32_t)SNARL_ACCESS_WRITE;
}

/* The cell's word after an access to the bytes `mask` whose record is `unit`, where the word before is `old`, not 0. 0: it is not simple. */
static inline uint32_t snarl_update_word(const struct snarl_race_thread *thr, uint32_t old, uint32_t mask, uint32_t flags,
                                         uint32_t unit)
{
    if (snarl_access_is_plain(flags) && snarl_update_is_over(thr, old)) { /* nearly always */
        if (!(snarl_cell_mask(old) & ~mask))
            return snarl_cell_word(unit, mask) | SNARL_CELL_PLAIN | (old & SNARL_CELL_BYTES);
        if (snarl_cell_unit(old) == unit)
            return old | mask << SNARL_CELL_MASK_SHIFT;
    }
    const struct snarl_access_record *record = &snarl_record_at(old)->access;
    uint32_t bytes = snarl_cell_bytes(old), kind = snarl_update_kind(record->flags, flags);
    if ((record->flags & SNARL_RECORD_STATE) || !snarl_access_stands_for(flags, kind) || !snarl_update_before(thr, record))
        return 0;
    if (flags & SNARL_ACCESS_ATOMIC) /* a part of a cell would need a state */
        return mask == 0xf && !snarl_update_mine_now(thr, record) && !(old & SNARL_CELL_BYTES) ? unit : 0;
    if (!(bytes & ~mask))
        return snarl_cell_access(unit, mask, flags) | (old & SNARL_CELL_BYTES);
    if (snarl_cell_unit(old) == unit)
        return old | mask << SNARL_CELL_MASK_SHIFT;
    if (!snarl_update_puts_together(thr) || !snarl_update_mine_now(thr, record) || kind != flags ||
        record->lockset != snarl_records[unit].access.lockset)
        return 0;
    return snarl_cell_access(unit, bytes | mask, flags) | SNARL_CELL_NEARBY | (old & SNARL_CELL_BYTES);
}

static inline struct snarl_agreed *snarl_update_agreed(struct snarl_race_thread *thr, uint32_t word)
{
    return &thr->agreed[(word ^ word >> 8) & (SNARL_AGREED_CACHE - 1)];
}

/* Whether all of a list is known to have happened before. */
static inline bool snarl_update_has_agreed(struct snarl_race_thread *thr, uint32_t word)
{
    const struct snarl_agreed *agreed = snarl_update_agreed(thr, word);
    return agreed->word == word && agreed->generation == thr->generation;
}

static inline bool snarl_update_bytes_agree(const struct snarl_race_thread *thr, uintptr_t cell, uint32_t mask)
{
    const struct snarl_bytes *bytes = snarl_bytes_of(cell);
    for (uint32_t i = 0, last = 0; i < 4; i++) {
        uint32_t word = bytes->word[i];
        if (!word || !(mask >> i & 1) || word == last)
            continue;
        if (!snarl_update_is_over(thr, word) && !snarl_update_before(thr, &snarl_record_at(word)->access))
            return false;
        last = word;
    }
    return true;
}

/* The same of a list. That all of it happened before stays so, as the clock only grows. */
static inline bool snarl_update_state_agrees(struct snarl_race_thread *thr, uint32_t word, uint32_t mask, uint32_t flags)
{
    const struct snarl_state_record *state = &snarl_record_at(word)->state;
    bool all = true;
    if (snarl_update_has_agreed(thr, word))
        return true;
    for (uint32_t i = 0; i < state->count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(state->member[i])->access;
        bool before = snarl_update_before(thr, record);
        if (!before && !(record->flags & flags & SNARL_ACCESS_ATOMIC) && (snarl_cell_mask(state->member[i]) & mask))
            return false;
        all &= before;
    }
    if (all)
        *snarl_update_agreed(thr, word) = (struct snarl_agreed){.word = word, .generation = thr->generation};
    return true;
}

/* Whether an access to the bytes `mask` certainly does not race with what the cell's word in the other plane names. */
static inline bool snarl_update_agrees(struct snarl_race_thread *thr, uint32_t word, uintptr_t cell, uint32_t mask, uint32_t flags)
{
    if ((word & SNARL_CELL_BYTES) && !snarl_update_bytes_agree(thr, cell, mask))
        return false;
    if (!word || snarl_update_is_over(thr, word))
        return true;
    const struct snarl_access_record *record = &snarl_record_at(word)->access;
    if (record->flags & SNARL_RECORD_STATE)
        return snarl_update_state_agrees(thr, word, mask, flags);
    return snarl_update_before(thr, record) || (record->flags & flags & SNARL_ACCESS_ATOMIC) ||
           !(snarl_cell_bytes(word) & mask);
}

/* Whether this thread's reads of this epoch are among those of single bytes. */
static inline bool snarl_update_bytes_current(const struct snarl_race_thread *thr, uint32_t word, uintptr_t cell, uint32_t mask)
{
    const struct snarl_bytes *bytes = word & SNARL_CELL_BYTES ? snarl_bytes_of(cell) : NULL;
    for (uint32_t i = 0; bytes && i < 4; i++)
        if ((mask >> i & 1) && !snarl_race_is_current(thr, bytes->word[i], 1u << i) &&
            (!bytes->word[i] || snarl_record_moment(bytes->word[i])->slot != thr->slot ||
             !snarl_update_mine_now(thr, &snarl_record_at(bytes->word[i])->access)))
            return false;
    return bytes != NULL;
}

/* Whether an access of up to 64 bytes at any address would change nothing: what snarl_race_access finds out first. */
static inline bool snarl_race_is_known(const struct snarl_race_thread *thr, uintptr_t address, size_t size, bool write)
{
    uintptr_t end = address + size, cell = address & ~(uintptr_t)3;
    uint32_t mask = 0xfu << (address & 3) & 0xf;
    if (thr->recheck || end < address || end >> SNARL_ADDRESS_BITS)
        return false;
    for (; cell < end; cell += 4, mask = 0xf) {
        uint32_t word = *snarl_shadow_cell(cell, snarl_race_plane(write));
        if (end - cell < 4)
            mask &= (1u << (end - cell)) - 1;
        if (snarl_race_is_current(thr, word, mask))
            continue;
        if (thr->pending) /* what the caches know is of the epoch before */
            return false;
        const struct snarl_hit *hit = &thr->hit[snarl_hit_index(word)];
        if (hit->word != word || hit->stamp != thr->stamp || (mask & ~hit->mask[write]) ||
            thr->generation != __atomic_load_n(&snarl_race_generation, __ATOMIC_RELAXED) || !word) {
            if (write || !snarl_update_bytes_current(thr, word, cell, mask))
                return false;
        }
    }
    return true;
}

/* Puts what a word of reads names where it may stay when the word goes: into the words of its bytes. `mask` is what the new access
 * reads. False: they have no place for it. */
static inline bool snarl_update_place(const struct snarl_race_thread *thr, struct snarl_bytes *to, uint32_t old, uint32_t mask)
{
    uint32_t single, count;
    const uint32_t *member = snarl_cell_members(old, &single, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        uint32_t bytes = snarl_cell_mask(member[i]);
        bool before = snarl_update_before(thr, record);
        if (record->flags & ~(uint32_t)(SNARL_ACCESS_WRITE | SNARL_ACCESS_CALL))
            return false;
        if (before)
            bytes &= ~mask;
        /* What two threads read as a whole is a list, whose word each of them remembers. */
        if (bytes && (snarl_update_mine_now(thr, record) || (!before && bytes == 0xf && mask == 0xf)))
            return false;
        for (uint32_t b = 0; b < 4; b++) {
            const struct snarl_access_record *there = &snarl_record_at(to->word[b])->access;
            if (!(bytes >> b & 1))
                continue;
            if (to->word[b] && there->slot != record->slot && !(there->slot == thr->slot && (mask >> b & 1)))
                return false;
            if (to->word[b] && there->slot == record->slot && there->epoch > record->epoch)
                continue; /* out of date */
            to->word[b] = snarl_cell_word(snarl_cell_unit(member[i]), 1u << b) | (member[i] & SNARL_CELL_KEPT);
        }
    }
    return true;
}

/* The next word of a cell of reads when what `old` names is kept in words of its bytes. 0: it cannot, or the cell has changed. */
static inline uint32_t snarl_update_apart(const struct snarl_race_thread *thr, const uint32_t *at, uintptr_t cell, uint32_t old,
                                          uint32_t mask, uint32_t unit)
{
    struct snarl_bytes *bytes = snarl_bytes_of(cell);
    if (!bytes)
        return 0;
    struct snarl_bytes from = *(volatile struct snarl_bytes *)bytes, to = {{0}};
    if (old & SNARL_CELL_BYTES)
        to = from;
    if (!snarl_update_place(thr, &to, old, mask) || __atomic_load_n(at, __ATOMIC_ACQUIRE) != old ||
        !snarl_bytes_swap(bytes, &from, &to))
        return 0;
    return snarl_cell_access(unit, mask, 0) | SNARL_CELL_BYTES;
}

/* A read of what this thread has written in this epoch adds nothing, but that the next one is to be known at once: the write stands
 * for it in the plane of reads too. 0: it cannot. */
static inline uint32_t snarl_update_copy(const struct snarl_race_thread *thr, uint32_t reads, uint32_t writes, uint32_t mask)
{
    if (!snarl_race_is_current(thr, writes, mask) || thr->ignore ||
        snarl_record_at(writes)->access.flags != SNARL_ACCESS_WRITE)
        return 0;
    if (reads && ((reads & SNARL_CELL_BYTES) || !(reads & SNARL_CELL_PLAIN) || snarl_record_moment(reads)->slot != thr->slot ||
                  (snarl_cell_mask(reads) & ~snarl_cell_mask(writes))))
        return 0;
    return writes;
}

/* The record of a plain access at a place that its caller remembers; 0: it is not made that quickly. */
static inline uint32_t snarl_update_record(struct snarl_race_thread *thr, struct snarl_race_note *note, uint32_t flags,
                                           uint8_t size)
{
    uint32_t unit = thr->next_unit;
    if (!note->where)
        return 0;
    if (note->stamp == thr->stamp)
        return note->unit;
    if (thr->lockset == SNARL_LOCKSET_UNKNOWN || unit >= thr->run_end || unit % SNARL_CHUNK_UNITS == 0)
        return 0;
    snarl_records[unit].access = (struct snarl_access_record){.flags = (uint8_t)flags,
                                                              .size = size,
                                                              .slot = (uint16_t)thr->slot,
                                                              .epoch = thr->epoch,
                                                              .where = note->where,
                                                              .lockset = thr->lockset};
    thr->next_unit = unit + 1;
    thr->span++;
    note->unit = unit;
    note->stamp = thr->stamp;
    return unit;
}

/* A plain access in progress of which all is known that does not depend on the cell. */
struct snarl_update {
    uint32_t unit, flags;
    bool lists; /* short ones are worked out */
};

/* --- short lists --- */

#define SNARL_SHORT_LIST 3u /* members of a state that is one unit */

/* Where this epoch's state with these members is to be remembered. */
static inline uint32_t *snarl_update_known_state(struct snarl_race_thread *thr, const uint32_t *member, uint32_t count)
{
    uint64_t hash = count;
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ hash >> 32 ^ member[i]) * 0x9e3779b97f4a7c15u;
    return &thr->state[hash >> 40 & (SNARL_STATE_CACHE - 1)];
}

static inline bool snarl_update_is_state(const struct snarl_race_thread *thr, uint32_t unit, const uint32_t *member, uint32_t count)
{
    const struct snarl_state_record *state = &snarl_records[unit].state;
    if (unit - snarl_cell_unit(thr->base) >= thr->span || !(state->flags & SNARL_RECORD_STATE) || state->count != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (state->member[i] != member[i])
            return false;
    return true;
}

/* The state of a short list; 0: it is not made that quickly. */
static inline uint32_t snarl_update_short_state(struct snarl_race_thread *thr, const uint32_t *member, uint32_t count)
{
    uint32_t *known = snarl_update_known_state(thr, member, count), unit = thr->next_unit;
    if (snarl_update_is_state(thr, *known, member, count))
        return *known;
    if (unit >= thr->run_end || unit % SNARL_CHUNK_UNITS == 0)
        return 0;
    struct snarl_state_record *state = &snarl_records[unit].state;
    *state = (struct snarl_state_record){.flags = SNARL_RECORD_STATE, .count = (uint16_t)count};
    for (uint32_t i = 0; i < count; i++)
        state->member[i] = member[i];
    thr->next_unit = unit + 1;
    thr->span++;
    thr->states_made++;
    return *known = unit;
}

/* Whether two records of this epoch tell the same but for the place. */
static inline bool snarl_update_is_alike(const struct snarl_race_thread *thr, uint32_t a, uint32_t b)
{
    const struct snarl_access_record *x = &snarl_records[a].access, *y = &snarl_records[b].access;
    return snarl_update_mine_now(thr, x) && x->flags == y->flags && x->lockset == y->lockset;
}

/* What snarl_story_next works out where nothing can race: few plain accesses, and what a write replaces happened before. 0: it is something else, or
 * the list has such an access of this epoch already (in a state of another thread's). */
static inline uint32_t snarl_update_short_list(struct snarl_race_thread *thr, const struct snarl_update *update, uint32_t old,
                                               uint32_t mask)
{
    uint32_t list[SNARL_SHORT_LIST + 1], kept = 0, covered = mask, missing = mask, single, count;
    uint32_t word = snarl_cell_access(update->unit, mask, update->flags);
    bool write = update->flags & SNARL_ACCESS_WRITE;
    const uint32_t *member = snarl_cell_members(old, &single, &count);
    if (!snarl_access_is_plain(update->flags) || (old & SNARL_CELL_BYTES) || count > SNARL_SHORT_LIST)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        uint32_t bytes = snarl_cell_mask(member[i]), unit = snarl_cell_unit(member[i]);
        bool before = snarl_update_before(thr, record);
        if (!snarl_access_is_plain(record->flags) || (write && !before && (bytes & mask)))
            return 0;
        bool mine = snarl_update_mine_now(thr, record);
        if (mine && snarl_access_stands_for(record->flags, update->flags))
            missing &= ~bytes;
        if (before && snarl_access_stands_for(update->flags, snarl_update_kind(record->flags, update->flags)))
            bytes &= ~mask;
        if (!bytes)
            continue;
        if (mine)
            covered |= bytes;
        if (unit == update->unit)
            word |= snarl_cell_word(unit, bytes) | (member[i] & SNARL_CELL_KEPT);
        else if (snarl_update_puts_together(thr) && snarl_update_is_alike(thr, unit, update->unit))
            word |= snarl_cell_word(0, bytes) | (member[i] & SNARL_CELL_KEPT) | SNARL_CELL_NEARBY;
        else
            list[kept++] = snarl_cell_word(unit, bytes) | (member[i] & SNARL_CELL_KEPT);
    }
    if (!missing)
        return 0;
    if (!kept)
        return word;
    list[kept++] = word;
    uint32_t unit = kept <= SNARL_SHORT_LIST ? snarl_update_short_state(thr, list, kept) : 0;
    return unit ? snarl_cell_word(unit, covered) : 0;
}

/* Whether the attempts may be made at all. */
static inline bool snarl_race_may_try(const struct snarl_race_thread *thr)
{
    return !thr->ignore && !thr->pending && !thr->left_run && !thr->recheck && !thr->late_load && !thr->told &&
           !snarl_race_is_told(thr, thr->first_epoch) &&
           thr->frame == thr->frames && thr->generation == __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE);
}

static inline bool snarl_update_swap(uint32_t *cell, uint32_t old, uint32_t word)
{
    return __atomic_compare_exchange_n(cell, &old, word, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Two cells that have the same story. */
static inline bool snarl_update_swap_pair(uint32_t *cell, uint32_t old, uint32_t word)
{
    uint64_t both = (uint64_t)old << 32 | old;
    return __atomic_compare_exchange_n((uint64_t *)cell, &both, (uint64_t)word << 32 | word, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

/* The next word of a cell; 0: to be worked out. */
static inline uint32_t snarl_update_next(struct snarl_race_thread *thr, const struct snarl_update *update, uint32_t old,
                                         uint32_t mask)
{
    uint32_t word = old ? snarl_update_word(thr, old, mask, update->flags, update->unit) : snarl_cell_access(update->unit, mask, update->flags);
    if (word)
        return word;
    uint64_t key = snarl_step_key(old, update->unit, mask);
    struct snarl_step *step = snarl_step_entry(thr, key);
    if (snarl_step_is(thr, step, key))
        return step->new_word;
    word = update->lists ? snarl_update_short_list(thr, update, old, mask) : 0;
    if (word)
        *step = (struct snarl_step){.key = key, .new_word = word, .stamp = thr->stamp};
    return word;
}

/* One cell. The other plane is looked at before, since it may ask for more than this, and after, since only then nobody can come in
 * between unseen (story.c). */
static inline __attribute__((always_inline)) bool snarl_update_cell(struct snarl_race_thread *thr, const struct snarl_update *update,
                                                                    uintptr_t cell, uint32_t mask, bool pair)
{
    bool write = update->flags & SNARL_ACCESS_WRITE;
    uint32_t *mine = snarl_shadow_cell(cell, snarl_race_plane(write));
    uint32_t *others = snarl_shadow_cell(cell, snarl_race_plane(!write));
    uint32_t old = __atomic_load_n(mine, __ATOMIC_ACQUIRE), other = __atomic_load_n(others, __ATOMIC_ACQUIRE);
    if (pair && (mine[1] != old || others[1] != other || ((old | other) & SNARL_CELL_BYTES)))
        return false;
    if (snarl_race_is_current(thr, old, mask) || (!write && !pair && snarl_update_bytes_current(thr, old, cell, mask)))
        return true;
    if (!snarl_update_agrees(thr, other, cell, mask, update->flags))
        return false;
    uint32_t word = write ? 0 : snarl_update_copy(thr, old, other, mask);
    if (!word && update->unit)
        word = snarl_update_next(thr, update, old, mask);
    if (!word && update->unit && !write && !pair)
        word = snarl_update_apart(thr, mine, cell, old, mask, update->unit);
    if (!word || !(pair ? snarl_update_swap_pair(mine, old, word) : snarl_update_swap(mine, old, word)))
        return false;
    if (__atomic_load_n(others, __ATOMIC_ACQUIRE) == other && (!pair || __atomic_load_n(others + 1, __ATOMIC_ACQUIRE) == other))
        return true;
    thr->recheck = true;
    return false;
}

/* Whether whoever does a plain access need not think of what the word names: nothing, or a plain access that happened before. */
static inline bool snarl_update_is_clear(const struct snarl_race_thread *thr, uint32_t word)
{
    return !word || (!(word & SNARL_CELL_BYTES) && snarl_update_is_over(thr, word));
}

/* Whether a plain access of 1 to 8 bytes lies in one cell, or is two whole ones. */
static inline bool snarl_update_is_small(uintptr_t address, size_t size)
{
    return (address & 3) + size <= 4 || (size == 8 && !(address & 7));
}

/* Whether the memory may be an atomic object, as far as it takes no cache line of its own to tell: what was written plainly is none. */
static inline bool snarl_update_maybe_atomic(uintptr_t address, uint32_t written)
{
    return !(written & SNARL_CELL_PLAIN) &&
           (address >> SNARL_ADDRESS_BITS || !snarl_shadow_touched(address) || snarl_race_atomic_maybe(address));
}

/* What was read is known as an atomic object just now. */
static inline void snarl_update_loaded(struct snarl_race_thread *thr, uintptr_t address, bool write, uint32_t written)
{
    if (!write && !(written & SNARL_CELL_PLAIN) && snarl_race_atomic_maybe(address))
        thr->late_load = address;
}

/* The next word of a cell, when it is simple (names at most one plain access, before this one, which covers it) or known. 0: it is not. */
static inline __attribute__((always_inline)) uint32_t snarl_update_small_next(struct snarl_race_thread *thr, uint32_t old, uint32_t mask,
                                                                              uint32_t unit)
{
    uint32_t rest = old & snarl_cell_others(mask);
    if (!unit)
        return 0;
    if (snarl_update_is_clear(thr, old)) {
        if (snarl_race_is_current(thr, old, mask))
            return 0;
        if (!rest || snarl_cell_unit(old) == unit)
            return snarl_cell_word(unit, mask) | SNARL_CELL_PLAIN | (rest ? old : 0);
    }
    uint64_t key = snarl_step_key(old, unit, mask);
    const struct snarl_step *step = snarl_step_entry(thr, key);
    return snarl_step_is(thr, step, key) ? step->new_word : 0;
}

/* A cell, or a pair of cells that have the same story, where what both planes are to have is found at once. */
static inline __attribute__((always_inline)) bool snarl_update_small(struct snarl_race_thread *thr, uintptr_t address, uint32_t mask,
                                                                     bool pair, bool write, uint32_t unit)
{
    uint32_t *mine = snarl_shadow_cell(address, snarl_race_plane(write));
    const uint32_t *others = snarl_shadow_cell(address, snarl_race_plane(!write));
    uint32_t old = __atomic_load_n(mine, __ATOMIC_ACQUIRE), other = __atomic_load_n(others, __ATOMIC_ACQUIRE);
    uint32_t written = write ? old : other, word;
    if (pair && (mine[1] != old || others[1] != other))
        return false;
    if (!snarl_update_is_clear(thr, other) && ((other & SNARL_CELL_BYTES) || !snarl_update_has_agreed(thr, other)))
        return false;
    if (snarl_update_maybe_atomic(address, written))
        return false;
    if (!write && snarl_race_is_current(thr, written, mask))
        word = snarl_update_copy(thr, old, written, mask);
    else
        word = snarl_update_small_next(thr, old, mask, unit);
    if (!word || !(pair ? snarl_update_swap_pair(mine, old, word) : snarl_update_swap(mine, old, word)))
        return false;
    if (__atomic_load_n(others, __ATOMIC_ACQUIRE) != other || (pair && __atomic_load_n(others + 1, __ATOMIC_ACQUIRE) != other)) {
        thr->recheck = true;
        return false;
    }
    snarl_update_loaded(thr, address, write, written);
    return true;
}

/* What most accesses are that the inlined check does not know: a plain one that is small (see before), whose record is `unit` (0: there is none,
 * without which a read may do). False: it is something else, or known. Between two marks of `stepping`, after snarl_race_may_try. To be flattened: nothing is
 * called, and every instruction counts. */
static inline __attribute__((always_inline)) bool snarl_race_try_small(struct snarl_race_thread *thr, uintptr_t address, size_t size, bool write,
                                                                       uint32_t unit)
{
    if (size == 8)
        return write ? snarl_update_small(thr, address, 0xf, true, true, unit) : snarl_update_small(thr, address, 0xf, true, false, unit);
    uint32_t mask = ((1u << size) - 1) << (address & 3);
    return write ? snarl_update_small(thr, address, mask, false, true, unit) : snarl_update_small(thr, address, mask, false, false, unit);
}

/* All cells of an access of 1 to 64 bytes. False: some are still to be done (all may be done again). */
static inline bool snarl_update_cells(struct snarl_race_thread *thr, const struct snarl_update *update, uintptr_t address, size_t size)
{
    uintptr_t end = address + size, cell = address & ~(uintptr_t)3;
    uint32_t mask = 0xfu << (address & 3) & 0xf;
    bool done = true;
    while (cell < end && done) {
        bool pair = mask == 0xf && !(cell & 4) && end - cell >= 8;
        if (end - cell < 4)
            mask &= (1u << (end - cell)) - 1;
        if (pair && snarl_update_cell(thr, update, cell, 0xf, true)) {
            cell += 8;
            continue;
        }
        done = !thr->recheck && snarl_update_cell(thr, update, cell, mask, false);
        cell += 4;
        mask = 0xf;
    }
    return done;
}

/* The next attempt at the same: reads of parts of a cell, lists that were met before; then what is known already without the window's telling; then short
 * lists. */
static inline bool snarl_race_try_list(struct snarl_race_thread *thr, uintptr_t address, size_t size, bool write, uint32_t unit)
{
    uint32_t mask = size == 8 ? 0xf : ((1u << size) - 1) << (address & 3);
    uint32_t written = __atomic_load_n(snarl_shadow_cell(address, SNARL_SHADOW_WRITES), __ATOMIC_ACQUIRE);
    struct snarl_update update = {.unit = unit, .flags = write ? SNARL_ACCESS_WRITE : 0};
    if (snarl_update_maybe_atomic(address, written))
        return false;
    bool may = unit || !write; /* a read may do without a record */
    if (!may || !snarl_update_cell(thr, &update, address & ~(uintptr_t)3, mask, size == 8)) {
        if (snarl_race_is_known(thr, address, size, write))
            return !snarl_race_known_outside(thr);
        update.lists = true;
        if (thr->recheck || !may || !snarl_update_cells(thr, &update, address, size))
            return false;
    }
    snarl_update_loaded(thr, address, write, written);
    return true;
}

/* A plain access of 1 to 64 bytes. False: some of it is still to be done (all of it may be done again). */
static inline bool snarl_race_try(struct snarl_race_thread *thr, uintptr_t address, size_t size, bool write, struct snarl_race_note *note)
{
    uintptr_t end = address + size;
    if (end < address || end >> SNARL_ADDRESS_BITS || !snarl_shadow_touched(address) || !snarl_shadow_touched(end - 1))
        return false;
    uint32_t flags = write ? SNARL_ACCESS_WRITE : 0;
    struct snarl_update update = {.unit = snarl_update_record(thr, note, flags, (uint8_t)size), .flags = flags, .lists = true};
    if (!update.unit && write) /* a read may do without */
        return false;
    __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
    bool done = snarl_update_cells(thr, &update, address, size);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    return done;
}

#endif
