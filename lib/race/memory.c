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

/* Up to here a piece is taken for small; what has been touched is covered. */
#define SMALL ((size_t)512)

typedef unsigned __int128 four; /* cells; the type has no name of its own in C */

static inline bool is_small(uintptr_t address, size_t size)
{
    return size - 1 < SMALL && !((address | size) % 8) && !((address + size) >> SNARL_ADDRESS_BITS) && snarl_shadow_touched(address) &&
           snarl_shadow_touched(address + size - 1);
}

static void clear_small(uintptr_t address, size_t size)
{
    uint64_t *reads = (uint64_t *)snarl_shadow_cell(address, SNARL_SHADOW_READS);
    uint64_t *writes = (uint64_t *)snarl_shadow_cell(address, SNARL_SHADOW_WRITES);
    for (size_t i = 0; i < size / 8; i++) {
        if (writes[i])
            __atomic_store_n(&writes[i], 0, __ATOMIC_RELAXED);
        if (reads[i])
            __atomic_store_n(&reads[i], 0, __ATOMIC_RELAXED);
    }
}

/* Whether a write now may stand for all that the word names. */
static inline bool is_over(const struct snarl_race_thread *thr, uint32_t word)
{
    const struct snarl_access_record *record = &snarl_record_at(word)->access;
    return !word || (!(record->flags & (SNARL_RECORD_STATE | SNARL_ACCESS_ENDS)) && snarl_update_before(thr, record));
}

static inline bool are_over(const struct snarl_race_thread *thr, uint64_t pair)
{
    uint32_t low = (uint32_t)pair, high = (uint32_t)(pair >> 32);
    return !pair || (is_over(thr, low) && (high == low || is_over(thr, high)));
}

/* A pair of cells or, where they lie so, two: all get `both`. How many pairs; 0: it is not simple. */
static inline size_t put_word(const struct snarl_race_thread *thr, uint64_t *at, size_t pairs, uint64_t both)
{
    bool wide = (uintptr_t)at % 16 == 0 && pairs >= 2;
    uint64_t first = __atomic_load_n(at, __ATOMIC_ACQUIRE), second = wide ? __atomic_load_n(at + 1, __ATOMIC_ACQUIRE) : 0;
    if (!are_over(thr, first) || (second != first && !are_over(thr, second)))
        return 0;
    if (wide)
        return __sync_bool_compare_and_swap((four *)at, (four)second << 64 | first, (four)both << 64 | both) ? 2 : 0;
    return __atomic_compare_exchange_n(at, &first, both, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static void compare(struct snarl_race_thread *thr, const struct snarl_story_access *access, uintptr_t address, size_t pairs)
{
    const uint64_t *reads = (const uint64_t *)snarl_shadow_cell(address, SNARL_SHADOW_READS);
    for (size_t i = 0; i < pairs; i++)
        if (!are_over(thr, __atomic_load_n(&reads[i], __ATOMIC_ACQUIRE))) {
            snarl_story_compare(thr, access, 0xf, address + 8 * i);
            snarl_story_compare(thr, access, 0xf, address + 8 * i + 4);
        }
}

/* As far as it is simple: where it stopped. */
static uintptr_t free_small(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct snarl_story_access access = {.flags = flags | SNARL_ACCESS_WRITE, .pc = pc, .size = (uint8_t)(size > UINT8_MAX ? 0 : size), .cells = 1};
    if (thr->ignore || thr->pending || thr->late_load || !thr->told ||
        thr->generation != __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE))
        return address;
    access.site = snarl_step_site(pc, access.flags, access.size);
    access.node = thr->told;
    __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
    uint32_t word = snarl_cell_word(snarl_race_recent_record(thr, &access), 0xf);
    uint64_t *writes = (uint64_t *)snarl_shadow_cell(address, SNARL_SHADOW_WRITES);
    size_t count = snarl_cell_unit(word) ? size / 8 : 0, i = 0;
    while (i < count) {
        size_t pairs = put_word(thr, &writes[i], count - i, (uint64_t)word << 32 | word);
        if (!pairs)
            break;
        compare(thr, &access, address + 8 * i, pairs);
        i += pairs;
    }
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    return address + 8 * i;
}

void snarl_race_alloc(struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    (void)thr;
    if (!snarl_race_global.ready)
        return;
    if (is_small(address, size))
        clear_small(address, size);
    else if (snarl_shadow_covers(address, size))
        snarl_shadow_clear(address, size);
    else
        return;
    snarl_race_atomics_clear(address, size);
}

void snarl_race_free(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    if (!snarl_race_global.ready)
        return;
    bool small = is_small(address, size);
    if (!small && !snarl_shadow_covers(address, size))
        return;
    uintptr_t end = address + size;
    for (uintptr_t at = small ? free_small(thr, address, size, flags, pc) : address; at < end;) {
        uintptr_t next = (at | (SNARL_SHADOW_BLOCK - 1)) + 1;
        if (snarl_shadow_touched(at))
            snarl_race_range(thr, at, (next < end ? next : end) - at, flags | SNARL_ACCESS_WRITE, pc);
        at = next;
    }
    if (size >= LARGE)
        snarl_shadow_clear(address, size);
}
