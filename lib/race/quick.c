/* quick.c - accesses of compiled code to few cells, as long as they are simple (update.h).
 *
 * What cannot be done that quickly is done in access.c: nothing is lost by doing it again. */
#include "race/state.h"
#include "race/story.h"

static inline bool may(const struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    uintptr_t last = address + size - 1;
    return size && size <= 64 && last >= address && !(last >> SNARL_ADDRESS_BITS) && !thr->ignore && !thr->late_load &&
           !thr->left_run && !thr->told && !thr->note && !snarl_race_is_told(thr, thr->first_epoch) &&
           thr->generation == __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE) && snarl_shadow_touched(address) &&
           snarl_shadow_touched(last);
}

static inline uint32_t callers(struct snarl_race_thread *thr)
{
    return thr->frame->node ? thr->frame->node : snarl_race_callers(thr);
}

uint32_t snarl_race_recent_record(struct snarl_race_thread *thr, const struct snarl_story_access *access)
{
    struct snarl_race_recent *recent = &thr->recent[(access->site ^ access->site >> 52) % SNARL_RECENT_CACHE];
    if (recent->site != access->site || recent->node != access->node || recent->stamp != thr->stamp) {
        uint32_t unit = snarl_race_record(thr, access);
        if (!unit)
            return 0;
        *recent = (struct snarl_race_recent){.site = access->site, .node = access->node, .unit = unit, .stamp = thr->stamp};
    }
    return recent->unit;
}

/* What is written first is read next, mostly: the write stands for that read at once (snarl_update_copy). */
static inline void copy(struct snarl_race_thread *thr, uintptr_t cell, bool pair)
{
    uint32_t *reads = snarl_shadow_cell(cell, SNARL_SHADOW_READS), word = *snarl_shadow_cell(cell, SNARL_SHADOW_WRITES);
    if (*reads || (pair && (reads[1] || snarl_shadow_cell(cell, SNARL_SHADOW_WRITES)[1] != word)))
        return;
    word = snarl_update_copy(thr, 0, word, 0xf);
    if (word && pair)
        snarl_update_swap_pair(reads, 0, word);
    else if (word)
        snarl_update_swap(reads, 0, word);
}

bool snarl_race_quick(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    if (thr->pending || !may(thr, address, size))
        return false;
    bool write = flags & SNARL_ACCESS_WRITE, pair = size == 8;
    uint32_t mask = size < 4 ? ((1u << size) - 1) << (address & 3) : 0xf;
    struct snarl_story_access access = {.flags = flags, .pc = pc, .size = (uint8_t)size, .cells = 1};
    access.site = snarl_step_site(pc, flags, access.size);
    access.node = callers(thr);
    struct snarl_update update = {.flags = flags, .lists = true};
    __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
    bool done = !write && snarl_update_is_small(address, size) &&
                snarl_update_cell(thr, &update, address & ~(uintptr_t)3, mask, pair); /* a read may do without a record */
    if (!done)
        done = snarl_race_is_known(thr, address, size, write); /* in a list that another thread made, mostly */
    if (!done && !thr->recheck && (update.unit = snarl_race_recent_record(thr, &access)))
        done = snarl_update_cells(thr, &update, address, size);
    if (done && write && (size == 4 || size == 8) && address % size == 0)
        copy(thr, address, pair);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    return done;
}

/* --- atomics --- */

#define MEMBERS_MAX 12u

/* The list of a cell of an atomic object, with the access in place of those that it stands for. 0: it is not simple. */
static uint32_t list_with(const struct snarl_race_thread *thr, uint32_t old, uint32_t flags, uint32_t unit, uint32_t *list)
{
    uint32_t single, count, keep = 0;
    const uint32_t *member = snarl_cell_members(old, &single, &count);
    if (count > MEMBERS_MAX)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        bool before = snarl_update_before(thr, record);
        if (snarl_cell_mask(member[i]) != 0xf || (!before && !(record->flags & SNARL_ACCESS_ATOMIC)) ||
            (record->flags & SNARL_ACCESS_ENDS) || snarl_update_mine_now(thr, record))
            return 0;
        if (!before || !snarl_access_stands_for(flags, record->flags))
            list[keep++] = member[i];
    }
    list[keep++] = snarl_cell_word(unit, 0xf);
    return keep;
}

/* No plain access in it is of this epoch: the mask is empty. */
static uint32_t word_of(struct snarl_race_thread *thr, const uint32_t *list, uint32_t count)
{
    if (count == 1)
        return snarl_cell_unit(list[0]);
    return snarl_story_make_state(thr, list, count);
}

/* The first access of this thread in this epoch to an atomic object that is written and not read plainly. */
static bool update_atomic(struct snarl_race_thread *thr, const struct snarl_story_access *access, uintptr_t cell, bool pair)
{
    uint32_t *at = snarl_shadow_cell(cell, SNARL_SHADOW_WRITES), list[MEMBERS_MAX + 1];
    const uint32_t *reads = snarl_shadow_cell(cell, SNARL_SHADOW_READS);
    uint32_t old = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    if (!old || (pair && at[1] != old))
        return false;
    uint32_t unit = snarl_race_recent_record(thr, access);
    uint32_t count = unit ? list_with(thr, old, access->flags, unit, list) : 0;
    uint32_t word = count ? word_of(thr, list, count) : 0;
    if (!word || !(pair ? snarl_update_swap_pair(at, old, word) : snarl_update_swap(at, old, word)))
        return false;
    snarl_story_note_atomic(thr, word, access->flags);
    for (uint32_t i = 0; i <= pair; i++)
        if (!snarl_update_agrees(thr, __atomic_load_n(&reads[i], __ATOMIC_ACQUIRE), cell + 4 * i, 0xf, access->flags))
            snarl_story_compare(thr, access, 0xf, cell + 4 * i);
    return true;
}

bool snarl_race_quick_atomic(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    if (flags != (SNARL_ACCESS_ATOMIC | SNARL_ACCESS_WRITE) || (size != 8 && size != 4) || address % size || !may(thr, address, size))
        return false;
    struct snarl_story_access access = {.flags = flags, .pc = pc, .size = (uint8_t)size, .cells = 1};
    access.site = snarl_step_site(pc, flags, access.size);
    access.node = callers(thr);
    __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
    if (thr->pending)
        snarl_race_begin_epoch(thr);
    bool done = update_atomic(thr, &access, address, size == 8);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    return done;
}
