/* access.c - accesses: from addresses to cells.
 *
 * Which cells an access touches, two at a time where they have the same story, and in which order their planes are changed and
 * compared. What a cell's word becomes is worked out in story.c. */
#include "base/counters.h"
#include "race/state.h"
#include "race/story.h"

bool snarl_race_atomic_hit(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags)
{
    uint32_t mask = size < 4 ? ((1u << size) - 1) << (address & 3) : 0xf;
    if (thr->pending || (address & (size - 1)) || size > 8 || address >> SNARL_ADDRESS_BITS ||
        thr->generation != __atomic_load_n(&snarl_race_generation, __ATOMIC_RELAXED))
        return false;
    const uint32_t *cell = snarl_shadow_cell(address, snarl_race_plane(flags & SNARL_ACCESS_WRITE));
    uint32_t word = *cell;
    const struct snarl_hit *hit = &thr->hit[snarl_hit_index(word)];
    return word && (size < 8 || cell[1] == word) && hit->word == word && hit->stamp == thr->stamp &&
           !(mask & ~hit->mask[flags & 3]);
}

/* The bytes `mask` of the cell at `cell`. */
static void touch_cell(struct snarl_race_thread *thr, struct snarl_story_access *access, uintptr_t cell, uint32_t mask)
{
    bool write = access->flags & SNARL_ACCESS_WRITE;
    uint32_t *at = snarl_shadow_cell(cell, snarl_race_plane(write));
    uint32_t old = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    for (;;) {
        if (old && !thr->recheck && snarl_story_is_current(thr, old, mask, access->flags))
            return;
        uint32_t word = access->flags ? 0 : snarl_update_copy(thr, old, *snarl_shadow_cell(cell, SNARL_SHADOW_WRITES), mask);
        if (!word)
            word = snarl_story_next(thr, access, old, mask, cell);
        if (word == old || __atomic_compare_exchange_n(at, &old, word, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
            break;
    }
    snarl_story_compare(thr, access, mask, cell);
}

/* A range goes over many cells with the same story: the words of the pair before give those of this one. */
static bool is_alike(const struct snarl_story_access *access, uint32_t old, uint32_t other)
{
    return access->simple && old == access->was && other == access->other;
}

/* Two whole cells at once, as long as they have the same words: most of what is larger than a cell. False: one by one. */
static bool touch_pair(struct snarl_race_thread *thr, struct snarl_story_access *access, uintptr_t cell)
{
    bool write = access->flags & SNARL_ACCESS_WRITE;
    uint32_t *at = snarl_shadow_cell(cell, snarl_race_plane(write));
    const uint32_t *others = snarl_shadow_cell(cell, snarl_race_plane(!write));
    uint32_t old = __atomic_load_n(at, __ATOMIC_ACQUIRE), other = __atomic_load_n(others, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(at + 1, __ATOMIC_ACQUIRE) != old || others[1] != other || ((old | other) & SNARL_CELL_BYTES))
        return false; /* bytes with words of their own make two stories */
    if (old && !thr->recheck && snarl_story_is_current(thr, old, 0xf, access->flags))
        return true;
    bool alike = is_alike(access, old, other);
    uint32_t word = alike ? access->becomes : access->flags ? 0 : snarl_update_copy(thr, old, other, 0xf);
    access->cells = 2;
    if (!word)
        word = snarl_story_next(thr, access, old, 0xf, cell);
    access->cells = 1;
    if (word == SNARL_CELL_NONE || (word != old && !snarl_update_swap_pair(at, old, word)))
        return false;
    if (alike && __atomic_load_n(others, __ATOMIC_ACQUIRE) == other && __atomic_load_n(others + 1, __ATOMIC_ACQUIRE) == other)
        return true;
    bool first = snarl_story_compare(thr, access, 0xf, cell), second = snarl_story_compare(thr, access, 0xf, cell + 4);
    access->simple = first && second && word != old && !access->unusual;
    access->was = old;
    access->other = other;
    access->becomes = word;
    return true;
}

static void touch_cells(struct snarl_race_thread *thr, struct snarl_story_access *access, uintptr_t start, uintptr_t end)
{
    uintptr_t cell = start & ~(uintptr_t)3;
    uint32_t mask = 0xfu << (start & 3) & 0xf;
    for (; cell < end; cell += 4, mask = 0xf) {
        if (mask == 0xf && cell % 8 == 0 && end - cell >= 8 && touch_pair(thr, access, cell)) {
            cell += 4;
            continue;
        }
        if (end - cell < 4)
            mask &= (1u << (end - cell)) - 1;
        touch_cell(thr, access, cell, mask);
    }
}

/* A step begins. */
static void begin_step(struct snarl_race_thread *thr)
{
    uint32_t generation = __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE);
    __atomic_store_n(&thr->stepping, generation + 1, __ATOMIC_RELEASE);
    if (thr->generation != generation || thr->left_run) {
        thr->generation = generation;
        snarl_race_new_stamp(thr);
    }
    if (!thr->pending && snarl_race_is_told(thr, thr->first_epoch))
        snarl_race_publish(thr);
    if (thr->pending)
        snarl_race_begin_epoch(thr);
}

void snarl_race_get_ready(struct snarl_race_thread *thr)
{
    if (thr->ignore)
        return;
    snarl_race_catch_up(thr);
    begin_step(thr);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}

/* False: nothing is to be done. */
static bool prepare(struct snarl_race_thread *thr, struct snarl_story_access *access, uintptr_t address, size_t size,
                    uint32_t flags, uintptr_t pc)
{
    if (thr->ignore || !size)
        return false;
    snarl_race_catch_up(thr);
    if (address >> SNARL_ADDRESS_BITS || (address + size - 1) >> SNARL_ADDRESS_BITS || !snarl_shadow_touch(address) ||
        !snarl_shadow_touch(address + size - 1)) {
        snarl_count(SNARL_COUNT_RACE_UNCOVERED);
        return false;
    }
    begin_step(thr);
    access->flags = flags;
    access->cells = 1;
    access->simple = false;
    access->size = size > UINT8_MAX ? 0 : (uint8_t)size;
    access->pc = pc;
    access->site = snarl_step_site(pc, flags, access->size);
    access->node = thr->told ? thr->told : snarl_race_callers(thr);
    return true;
}

void snarl_race_access(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_story_access access;
    if (!prepare(thr, &access, address, size, flags, pc))
        return;
    touch_cells(thr, &access, address, address + size);
    thr->recheck = false;
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}

void snarl_race_atomic_access(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_story_access access;
    if (snarl_race_atomic_hit(thr, address, size, flags) || !prepare(thr, &access, address, size, flags, pc))
        return;
    touch_cells(thr, &access, address, address + size);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}

bool snarl_race_range_hit(const struct snarl_race_thread *thr, uintptr_t address, size_t size, bool write)
{
    if (address + size < address || (address + size) >> SNARL_ADDRESS_BITS || !snarl_shadow_touched(address) ||
        !snarl_shadow_touched(address + size - 1)) /* there may be no cells at all: calls get any pointer */
        return false;
    const uint32_t *cell = snarl_shadow_cell(address, snarl_race_plane(write));
    for (size_t cells = ((address & 3) + size + 3) / 4; cells; cells--)
        if (!snarl_race_hit(thr, *cell++, write))
            return false;
    return true;
}

void snarl_race_range(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_story_access access;
    if (!prepare(thr, &access, address, size, flags, pc))
        return;
    uintptr_t end = address + size;
    while (address < end) {
        uintptr_t next = (address | (SNARL_SHADOW_BLOCK - 1)) + 1;
        if (snarl_shadow_touch(address))
            touch_cells(thr, &access, address, next < end ? next : end);
        address = next;
    }
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}

/* Cells with the words of those before them need no second look. */
static void compare_cells(struct snarl_race_thread *thr, const struct snarl_story_access *access, uintptr_t cell, uintptr_t end)
{
    uint64_t known_reads = 0, known_writes = 0;
    for (; cell < end; cell += 8) {
        uint64_t reads = *(const uint64_t *)snarl_shadow_cell(cell, SNARL_SHADOW_READS);
        uint64_t writes = *(const uint64_t *)snarl_shadow_cell(cell, SNARL_SHADOW_WRITES);
        bool bytes = reads & ((uint64_t)SNARL_CELL_BYTES << 32 | SNARL_CELL_BYTES);
        if (reads == known_reads && writes == known_writes && !bytes)
            continue;
        bool agree = true;
        for (uintptr_t at = cell; at < cell + 8; at += 4)
            for (int plane = 0; plane < SNARL_SHADOW_PLANES; plane++)
                agree &= snarl_story_compare_in(thr, access, 0xf, at, (enum snarl_shadow_plane)plane);
        known_reads = agree ? reads : 0;
        known_writes = agree ? writes : 0;
    }
}

void snarl_race_compare_range(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_story_access access;
    uintptr_t end = (address + size) & ~(uintptr_t)7, start = (address + 7) & ~(uintptr_t)7;
    if (start >= end || !prepare(thr, &access, start, end - start, flags, pc))
        return;
    while (start < end) {
        uintptr_t next = (start | (SNARL_SHADOW_BLOCK - 1)) + 1;
        if (snarl_shadow_touched(start))
            compare_cells(thr, &access, start, next < end ? next : end);
        start = next;
    }
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}
