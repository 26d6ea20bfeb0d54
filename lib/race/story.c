/* story.c - what an access does to a cell.
 *
 * A word names an immutable list of accesses (cell.h). An access maps the word in the plane of its kind to a new one:
 *
 *     members of the old word     kept, without the bytes that the new access stands for: those of accesses
 *                                 that happened before it and conflict with no more than it does
 *     + the new access            unless an access of this thread in this epoch already stands for it
 *
 * and is a race with each member of either plane (a read: of the plane of writes) that shares a byte, conflicts and has not happened
 * before. So a byte's members are FastTrack's last write and last reads (and, besides, unordered atomic accesses): what a later
 * access may race with first. That reads and writes are apart keeps stories few: in one list each pair of a write and a
 * read would be a story of its own.
 *
 * The map depends on the old word, the kind and place of the access and the thread's clock only; within an epoch its result without a
 * race stays valid, as the clock only grows. What is not simple (update.h) is looked up in a small per-thread cache of such steps
 * before it is worked out, and equal lists of many cells share their records without a common table.
 *
 * Cells whose bytes are accessed one by one, at many places of the program, have as many stories as there are combinations of places. A
 * thread that makes very many states therefore puts its accesses of one kind and epoch to the bytes of a cell together, under the
 * last one's record (SNARL_CELL_NEARBY). What races with what is found all the same; only the place that is told may be one where a neighbouring
 * byte was accessed, and the report says so.
 *
 * The plane of reads may hold a write, put there for a read of what the same thread wrote in the same epoch: whoever is ordered after
 * the one is ordered after the other. It is in the plane of writes too, or something there has been compared with it, so nothing is
 * reported of it a second time.
 *
 * Concurrency: a word is replaced by compare-and-swap, so of two simultaneous accesses of one kind the second sees the first. A write and a
 * read each put themselves into their own plane first, by a locked instruction, and look at the other one then: at least one sees the
 * other, and none is lost. (Both may: the host knows pairs that it has been told.) Nothing else is shared: records are
 * written before a word names them and not changed until the collector has found that no word does (collect.c). */
#include "race/story.h"

#include <string.h>

#include "base/counters.h"
#include "race/state.h"

/* --- lists --- */

uint32_t snarl_story_make_state(struct snarl_race_thread *thr, const uint32_t *member, uint32_t count)
{
    uint32_t unit = snarl_race_take_units(thr, snarl_state_units(count));
    if (!unit)
        return 0;
    struct snarl_state_record *state = &snarl_records[unit].state;
    state->flags = SNARL_RECORD_STATE;
    state->count = (uint16_t)count;
    memcpy(state->member, member, count * sizeof(*member));
    thr->states_made++;
    return unit;
}

/* One for each list and epoch, as far as the thread remembers: equal stories must have equal words, or the steps from them
 * would have to be worked out for each. */
static uint32_t state_of(struct snarl_race_thread *thr, const uint32_t *member, uint32_t count)
{
    uint32_t *known = snarl_update_known_state(thr, member, count);
    if (snarl_update_is_state(thr, *known, member, count))
        return *known;
    uint32_t unit = snarl_story_make_state(thr, member, count);
    if (unit)
        *known = unit;
    return unit;
}

/* The bytes that this thread has accessed in this epoch by plain accesses. */
static uint32_t covered_by_me(const struct snarl_race_thread *thr, const uint32_t *member, uint32_t count)
{
    uint32_t covered = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        if (!(record->flags & SNARL_ACCESS_ATOMIC) && snarl_update_mine_now(thr, record))
            covered |= snarl_cell_mask(member[i]);
    }
    return covered;
}

/* The word for a list of accesses; 0 of an empty one, and when there is no room. */
static uint32_t word_of(struct snarl_race_thread *thr, const uint32_t *member, uint32_t count)
{
    if (count == 1 && !(snarl_record_at(member[0])->access.flags & SNARL_ACCESS_ATOMIC))
        return member[0];
    if (count == 1 && snarl_cell_mask(member[0]) == 0xf)
        return snarl_cell_unit(member[0]);
    uint32_t unit = count ? state_of(thr, member, count) : 0;
    return unit ? snarl_cell_word(unit, covered_by_me(thr, member, count)) : 0;
}

/* Whether the word was made by this thread in this epoch, but before it took its present run of chunks. */
static bool is_left_behind(const struct snarl_race_thread *thr, uint32_t word)
{
    uint32_t unit = snarl_cell_unit(word);
    return snarl_chunks[unit / SNARL_CHUNK_UNITS].owner == thr->serial && unit - snarl_cell_unit(thr->base) >= thr->span;
}

/* Adds the access, `unit`, to the list. */
static uint32_t add_member(const struct snarl_race_thread *thr, uint32_t *list, uint32_t count, uint32_t unit, uint32_t mask)
{
    bool together = snarl_update_puts_together(thr);
    uint32_t word = snarl_cell_access(unit, mask, snarl_records[unit].access.flags), keep = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = snarl_cell_unit(list[i]);
        if (other == unit)
            word |= list[i];
        else if (together && snarl_update_is_alike(thr, other, unit))
            word |= (list[i] & ~SNARL_CELL_UNIT) | SNARL_CELL_NEARBY;
        else
            list[keep++] = list[i];
    }
    for (; keep >= SNARL_STATE_MEMBERS; keep--)
        snarl_count(SNARL_COUNT_RACE_STATE_FULL);
    list[keep++] = word;
    return keep;
}

/* --- what adds nothing --- */

static struct snarl_hit *hit_of(struct snarl_race_thread *thr, uint32_t word)
{
    return &thr->hit[snarl_hit_index(word)];
}

/* The word stays: an access of this epoch stands for this one. Remembers it for the next ones. */
static void note_hit(struct snarl_race_thread *thr, uint32_t word, const uint32_t *member, uint32_t count)
{
    struct snarl_hit hit = {.word = word, .stamp = thr->stamp};
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        if (!snarl_update_mine_now(thr, record))
            continue;
        for (uint32_t flags = 0; flags < 4; flags++)
            if (snarl_access_stands_for(record->flags, flags))
                hit.mask[flags] |= (uint8_t)snarl_cell_mask(member[i]);
    }
    *hit_of(thr, word) = hit;
    if (hit.mask[0] == 0xf && !hit.mask[1] && !thr->ignore)
        thr->shared = word;
}

void snarl_story_note_atomic(struct snarl_race_thread *thr, uint32_t word, uint32_t flags)
{
    *hit_of(thr, word) = (struct snarl_hit){
        .word = word, .stamp = thr->stamp, .mask = {0, 0, 0xf, flags & SNARL_ACCESS_WRITE ? 0xf : 0}};
}

bool snarl_story_is_current(struct snarl_race_thread *thr, uint32_t word, uint32_t mask, uint32_t flags)
{
    if (flags & SNARL_ACCESS_ENDS)
        return false;
    if (snarl_race_is_current(thr, word, mask))
        return true;
    const struct snarl_hit *hit = hit_of(thr, word);
    return hit->word == word && hit->stamp == thr->stamp && !(mask & ~hit->mask[flags & 3]);
}

static bool stands_already(const struct snarl_race_thread *thr, const uint32_t *member, uint32_t count,
                           uint32_t mask, uint32_t flags)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        if (snarl_update_mine_now(thr, record) && snarl_access_stands_for(record->flags, flags))
            mask &= ~snarl_cell_mask(member[i]);
    }
    return mask == 0;
}

/* All accesses that a cell's word stands for, its bytes' own ones included. `list` has room for four more than there are in a state. */
static const uint32_t *members_of(uintptr_t cell, uint32_t word, uint32_t *list, uint32_t *count)
{
    const uint32_t *member = snarl_cell_members(word, list, count);
    const struct snarl_bytes *bytes = word & SNARL_CELL_BYTES ? snarl_bytes_of(cell) : NULL;
    if (!bytes)
        return member;
    if (member != list)
        memcpy(list, member, *count * sizeof(*list));
    for (uint32_t i = 0; bytes && i < 4; i++) {
        uint32_t one = __atomic_load_n(&bytes->word[i], __ATOMIC_ACQUIRE);
        if (one)
            list[(*count)++] = one;
    }
    return list;
}

/* --- races --- */

static uintptr_t start_of(uintptr_t byte, uint32_t size)
{
    bool natural = size && size <= 64 && !(size & (size - 1));
    return natural ? byte & ~(uintptr_t)(size - 1) : byte;
}

static void report(struct snarl_race_thread *thr, const struct snarl_story_access *access, uint32_t member, uintptr_t byte)
{
    const struct snarl_access_record *other = &snarl_record_at(member)->access;
    snarl_count(SNARL_COUNT_RACE_SEEN);
    if (!snarl_race_global.host.report)
        return;
    struct snarl_race race = {
        .byte = byte,
        .cells = access->cells,
        .now = {.thread = thr->host_id,
                .where = snarl_race_where(thr, access->pc),
                .lockset = snarl_race_lockset(thr),
                .flags = access->flags,
                .address = start_of(byte, access->size),
                .size = access->size},
        .before = {.thread = snarl_race_thread_owner(other->slot, other->epoch),
                   .where = other->where,
                   .lockset = other->lockset,
                   .flags = other->flags | (member & SNARL_CELL_NEARBY ? SNARL_ACCESS_NEARBY : 0),
                   .address = start_of(byte, other->size),
                   .size = other->size},
    };
    snarl_race_global.host.report(thr, &race);
}

/* Compares the access with all members of a word; races go to the host. The members to keep besides it go to `kept`: `replaces`
 * tells whether it may stand for any. *unusual: something was found that will not be found again from the same word. `at` is where the
 * word was: if it has changed since, the access is compared with what is there now, which races as well when this does. */
static uint32_t compare_members(struct snarl_race_thread *thr, const struct snarl_story_access *access, uint32_t mask, uintptr_t cell,
                                const uint32_t *at, uint32_t old, const uint32_t *member, uint32_t count, bool replaces,
                                uint32_t *kept, bool *unusual)
{
    uint32_t keep = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        uint32_t bytes = snarl_cell_mask(member[i]);
        uint32_t both = bytes & mask;
        bool ordered = !both || snarl_update_before(thr, record);
        if (!ordered && snarl_access_conflict(record->flags, access->flags)) {
            uintptr_t byte = cell + (uintptr_t)__builtin_ctz(both);
            enum snarl_explained why = snarl_race_explain(thr, byte, access->flags, record);
            bool copy = at == snarl_shadow_cell(cell, SNARL_SHADOW_READS) && record->flags & SNARL_ACCESS_WRITE;
            if (why == SNARL_RACES && !copy && __atomic_load_n(at, __ATOMIC_ACQUIRE) == old)
                report(thr, access, member[i], byte);
            else if (why == SNARL_ACCESSES_ATOMIC)
                bytes &= ~both;
            *unusual = true;
            ordered = true; /* it is known: no need to find it again */
        }
        if (replaces && ordered && snarl_access_stands_for(access->flags, record->flags))
            bytes &= ~both;
        if (bytes)
            kept[keep++] = snarl_cell_word(snarl_cell_unit(member[i]), bytes) | (member[i] & SNARL_CELL_KEPT);
    }
    return keep;
}

/* --- steps --- */

static uint32_t work_out(struct snarl_race_thread *thr, const struct snarl_story_access *access, uint32_t old, uint32_t mask,
                         uintptr_t cell, uint32_t unit, bool *unusual)
{
    const uint32_t *at = snarl_shadow_cell(cell, snarl_race_plane(access->flags & SNARL_ACCESS_WRITE));
    uint32_t list[SNARL_STATE_MEMBERS + 5], all[SNARL_STATE_MEMBERS + 5];
    uint32_t kept = 0, count;
    const uint32_t *member = members_of(cell, old, all, &count);
    if (access->flags & SNARL_ACCESS_WRITE) {
        kept = compare_members(thr, access, mask, cell, at, old, member, count, true, list, unusual);
    } else { /* reads do not race with reads */
        for (uint32_t i = 0; i < count; i++) {
            const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
            uint32_t bytes = snarl_cell_mask(member[i]);
            if (snarl_access_stands_for(access->flags, snarl_update_kind(record->flags, access->flags)) &&
                snarl_update_before(thr, record))
                bytes &= ~mask;
            if (bytes)
                list[kept++] = snarl_cell_word(snarl_cell_unit(member[i]), bytes) | (member[i] & SNARL_CELL_KEPT);
        }
    }
    kept = add_member(thr, list, kept, unit, mask);
    uint32_t word = word_of(thr, list, kept);
    if (word && (access->flags & SNARL_ACCESS_ATOMIC)) /* the word does not tell */
        note_hit(thr, word, list, kept);
    return word ? word : old;
}

/* Whether all is as it is to be; then *word is what the cell is to have. */
static bool is_done(struct snarl_race_thread *thr, const struct snarl_story_access *access, uint32_t old, uint32_t mask,
                    uintptr_t cell, uint32_t *word)
{
    uint32_t single, count;
    const uint32_t *member = snarl_cell_members(old, &single, &count);
    bool plain = !(access->flags & SNARL_ACCESS_ATOMIC), behind = plain && is_left_behind(thr, old);
    *word = old;
    if (!access->flags && snarl_update_bytes_current(thr, old, cell, mask))
        return true;
    if (access->flags & SNARL_ACCESS_ENDS || (behind && count == 1) || !stands_already(thr, member, count, mask, access->flags))
        return false; /* one that was left behind is replaced by its like */
    if (behind && (*word = word_of(thr, member, count)) == 0)
        *word = old;
    else if (behind)
        *word |= old & SNARL_CELL_BYTES;
    else if (!behind)
        note_hit(thr, old, member, count);
    return true;
}

uint32_t snarl_story_next(struct snarl_race_thread *thr, struct snarl_story_access *access, uint32_t old, uint32_t mask,
                          uintptr_t cell)
{
    uint32_t word;
    access->unusual = false;
    if (old && is_done(thr, access, old, mask, cell, &word))
        return word;
    uint32_t unit = snarl_race_record(thr, access);
    if (!unit)
        return old;
    bool atomic = access->flags & SNARL_ACCESS_ATOMIC;
    word = old ? snarl_update_word(thr, old, mask, access->flags, unit) : atomic ? 0 : snarl_cell_access(unit, mask, access->flags);
    if (!old && atomic && mask == 0xf)
        word = unit;
    if (word && atomic)
        snarl_story_note_atomic(thr, word, access->flags);
    if (word)
        return word;
    uint64_t key = snarl_step_key(old, unit, mask);
    struct snarl_step *step = snarl_step_entry(thr, key);
    if (snarl_step_is(thr, step, key))
        return step->new_word;
    bool unusual = old & SNARL_CELL_BYTES;
    if (!access->flags && access->cells == 2)
        return SNARL_CELL_NONE;
    if (!access->flags && snarl_bytes_make(cell) &&
        (word = snarl_update_apart(thr, snarl_shadow_cell(cell, SNARL_SHADOW_READS), cell, old, mask, unit)) != 0)
        return word;
    word = work_out(thr, access, old, mask, cell, unit, &unusual);
    access->unusual = unusual;
    if (!unusual && word != old)
        *step = (struct snarl_step){.key = key, .new_word = word, .stamp = thr->stamp};
    return word;
}

static bool is_same_list(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count)
{
    for (uint32_t i = 0; a_count == b_count && i < a_count; i++)
        if (a[i] != b[i])
            return false;
    return a_count == b_count;
}

/* All of a list happened before, which stays so: the clock only grows. */
static void note_agreed(struct snarl_race_thread *thr, uint32_t word, const uint32_t *member, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!snarl_update_before(thr, &snarl_record_at(member[i])->access))
            return;
    *snarl_update_agreed(thr, word) = (struct snarl_agreed){.word = word, .generation = thr->generation};
}

/* After a write its readers are done with; and what was found wrong needs not be found again. */
bool snarl_story_compare_in(struct snarl_race_thread *thr, const struct snarl_story_access *access, uint32_t mask, uintptr_t cell,
                            enum snarl_shadow_plane plane)
{
    bool write = access->flags & SNARL_ACCESS_WRITE;
    uint32_t *at = snarl_shadow_cell(cell, plane);
    uint32_t word = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    while (!snarl_update_agrees(thr, word, cell, mask, access->flags)) {
        uint32_t list[SNARL_STATE_MEMBERS + 5], all[SNARL_STATE_MEMBERS + 5], count;
        bool unusual = false;
        const uint32_t *member = members_of(cell, word, all, &count);
        uint32_t kept = compare_members(thr, access, mask, cell, at, word, member, count, write, list, &unusual);
        if ((kept == count && !unusual) || is_same_list(list, kept, member, count)) {
            if (!(word & SNARL_CELL_BYTES))
                note_agreed(thr, word, member, count);
            return false;
        }
        uint32_t next = word_of(thr, list, kept);
        if ((kept && !next) || __atomic_compare_exchange_n(at, &word, next, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return false;
    }
    return true;
}
