/* memory.c - the life of the program's memory.
 *
 * New memory has no past: its cells are emptied, and so are the synchronisation variables of atomics that
 * lay there. The end of memory is a write to all of it, which races with whoever has not finished with it, and stays
 * in the cells, so that a later access that is not ordered after it is found too. Of large pieces only the blocks
 * that were ever accessed are looked at, and the cells are given back at once.
 *
 * Small blocks come and go often: all cells of one get the same word, four at a time, without a look at each story, as long as
 * all that the cells name happened before. */
#include "race/state.h"
#include "race/story.h"

/* From here on a piece is cleared rather than marked: its shadow goes back to the system. */
#define LARGE ((size_t)128 << 10)

/* Up to here a piece is taken for small. */
#define SMALL ((size_t)512)

typedef unsigned __int128 four; /* cells; the type has no name of its own in C */

static bool is_small(uintptr_t address, size_t size)
{
    return size <= SMALL && address % 8 == 0 && size % 8 == 0 && snarl_shadow_touched(address) && snarl_shadow_touched(address + size - 1);
}

static void clear_small(uintptr_t address, size_t size)
{
    for (int plane = 0; plane < SNARL_SHADOW_PLANES; plane++) {
        uint64_t *pair = (uint64_t *)snarl_shadow_cell(address, (enum snarl_shadow_plane)plane);
        for (uint64_t *end = pair + size / 8; pair < end; pair++)
            if (*pair)
                __atomic_store_n(pair, 0, __ATOMIC_RELAXED);
    }
}

/* Whether a write now may stand for all that the word names. */
static inline bool is_over(const struct snarl_race_thread *thr, uint32_t word)
{
    const struct snarl_access_record *record = &snarl_record_at(word)->access;
    return !word || (!(record->flags & (SNARL_RECORD_STATE | SNARL_ACCESS_ENDS)) && snarl_update_before(thr, record));
}

static bool are_over(const struct snarl_race_thread *thr, uint64_t pair)
{
    uint32_t low = (uint32_t)pair, high = (uint32_t)(pair >> 32);
    return !pair || (is_over(thr, low) && (high == low || is_over(thr, high)));
}

/* Puts `word` into the cells of [at, end) in the plane of writes; how far it came. */
static uint64_t *put_word(const struct snarl_race_thread *thr, uint64_t *at, uint64_t *end, uint32_t word)
{
    uint64_t both = (uint64_t)word << 32 | word;
    while (at < end) {
        bool wide = (uintptr_t)at % 16 == 0 && end - at >= 2;
        uint64_t first = __atomic_load_n(at, __ATOMIC_ACQUIRE), second = wide ? __atomic_load_n(at + 1, __ATOMIC_ACQUIRE) : 0;
        if (!are_over(thr, first) || (second != first && !are_over(thr, second)))
            break;
        if (wide ? !__sync_bool_compare_and_swap((four *)at, (four)second << 64 | first, (four)both << 64 | both)
                 : !__atomic_compare_exchange_n(at, &first, both, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            break;
        at += wide ? 2 : 1;
    }
    return at;
}

/* As far as it is simple: where it stopped. */
static uintptr_t free_small(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_story_access access = {.flags = flags | SNARL_ACCESS_WRITE, .pc = pc, .size = (uint8_t)(size > UINT8_MAX ? 0 : size), .cells = 1};
    if (thr->ignore || thr->pending || thr->late_load || !thr->told || !is_small(address, size) ||
        thr->generation != __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE))
        return address;
    access.site = snarl_step_site(pc, access.flags, access.size);
    access.node = thr->told;
    __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
    uint32_t unit = snarl_race_record(thr, &access);
    uint64_t *writes = (uint64_t *)snarl_shadow_cell(address, SNARL_SHADOW_WRITES), *end = writes + size / 8;
    uint64_t *done = unit ? put_word(thr, writes, end, snarl_cell_word(unit, 0xf)) : writes;
    const uint64_t *reads = (const uint64_t *)snarl_shadow_cell(address, SNARL_SHADOW_READS);
    for (uintptr_t at = address; at < address + (uintptr_t)(done - writes) * 8; at += 8, reads++) {
        uint64_t pair = __atomic_load_n(reads, __ATOMIC_ACQUIRE);
        if (are_over(thr, pair))
            continue;
        snarl_story_compare(thr, &access, 0xf, at);
        snarl_story_compare(thr, &access, 0xf, at + 4);
    }
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    return address + (uintptr_t)(done - writes) * 8;
}

void snarl_race_alloc(struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    (void)thr;
    if (!snarl_race_global.ready || !snarl_shadow_covers(address, size))
        return;
    if (is_small(address, size))
        clear_small(address, size);
    else
        snarl_shadow_clear(address, size);
    snarl_race_atomics_clear(address, size);
}

void snarl_race_free(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    if (!snarl_race_global.ready || !snarl_shadow_covers(address, size))
        return;
    uintptr_t end = address + size;
    for (uintptr_t at = free_small(thr, address, size, flags, pc); at < end;) {
        uintptr_t next = (at | (SNARL_SHADOW_BLOCK - 1)) + 1;
        if (snarl_shadow_touched(at))
            snarl_race_range(thr, at, (next < end ? next : end) - at, flags | SNARL_ACCESS_WRITE, pc);
        at = next;
    }
    if (size >= LARGE)
        snarl_shadow_clear(address, size);
}
