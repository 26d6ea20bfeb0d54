/* memory.c - the life of the program's memory.
 *
 * New memory has no past: its cells are emptied, and so are the synchronisation variables of atomics that
 * lay there. A program may put memory where no kernel would: its shadow is then made. The end of memory is a write to all of it,
 * which races with whoever has not finished with it, and stays in the cells, so that a later access that is not ordered after it is
 * found too. Of large pieces only the blocks that were ever accessed are looked at, and the cells are given back at once.
 *
 * Small blocks come and go often: all cells of one get the same word, four at a time, without a look at each story, as long as
 * all that the cells name happened before. */
#include "race/bytes.h"
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
    return !word || (!(word & SNARL_CELL_BYTES) && !(record->flags & (SNARL_RECORD_STATE | SNARL_ACCESS_ENDS)) && snarl_update_before(thr, record));
}

/* The same for four cells that are not all empty. Not inlined: most are. */
__attribute__((noinline)) static bool are_over(const struct snarl_race_thread *thr, uint64_t first, uint64_t second)
{
    const uint32_t word[4] = {(uint32_t)first, (uint32_t)(first >> 32), (uint32_t)second, (uint32_t)(second >> 32)};
    for (uint32_t i = 0; i < 4; i++)
        if (!(i && word[i] == word[i - 1]) && !is_over(thr, word[i]))
            return false;
    return true;
}

/* The reads of `pairs` pairs of cells from `address` on are not all over: they are compared one by one. */
__attribute__((noinline)) static void compare(struct snarl_race_thread *thr, const struct snarl_story_access *access, uintptr_t address,
                                              size_t pairs)
{
    for (size_t i = 0; i < 2 * pairs; i++)
        snarl_story_compare(thr, access, 0xf, address + 4 * i);
}

/* All cells get the access's word `both` in the plane of writes; those in the plane of reads are looked at after that. How many pairs were
 * done before one was met that is not simple. */
static size_t put_word(struct snarl_race_thread *thr, const struct snarl_story_access *access, uintptr_t address, size_t count, uint64_t both)
{
    uint64_t *writes = (uint64_t *)snarl_shadow_cell(address, SNARL_SHADOW_WRITES);
    const uint64_t *reads = (const uint64_t *)snarl_shadow_cell(address, SNARL_SHADOW_READS);
    size_t i = 0, pairs;
    for (; i < count; i += pairs) {
        uint64_t first = __atomic_load_n(&writes[i], __ATOMIC_ACQUIRE), second = 0, read = 0;
        pairs = (address + 8 * i) % 16 == 0 && count - i >= 2 ? 2 : 1;
        if (pairs == 2)
            second = __atomic_load_n(&writes[i + 1], __ATOMIC_ACQUIRE);
        if ((first | second) && !are_over(thr, first, second))
            break;
        if (pairs == 2 ? !__sync_bool_compare_and_swap((four *)&writes[i], (four)second << 64 | first, (four)both << 64 | both)
                       : !__atomic_compare_exchange_n(&writes[i], &first, both, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            break;
        first = __atomic_load_n(&reads[i], __ATOMIC_ACQUIRE);
        if (pairs == 2)
            read = __atomic_load_n(&reads[i + 1], __ATOMIC_ACQUIRE);
        if ((first | read) && !are_over(thr, first, read))
            compare(thr, access, address + 8 * i, pairs);
    }
    return i;
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
    uint32_t unit = snarl_race_recent_record(thr, &access), word = snarl_cell_word(unit, 0xf);
    size_t done = unit ? put_word(thr, &access, address, size / 8, (uint64_t)word << 32 | word) : 0;
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    return address + 8 * done;
}

void snarl_race_alloc(struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    (void)thr;
    if (!snarl_race_global.ready)
        return;
    if (is_small(address, size))
        clear_small(address, size);
    else if (snarl_shadow_covers(address, size) || snarl_shadow_extend(address, size))
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
    if (size >= LARGE) {
        snarl_race_compare_range(thr, address, size, flags | SNARL_ACCESS_WRITE, pc);
        snarl_shadow_clear(address, size);
        snarl_bytes_clear(address, size);
        return;
    }
    uintptr_t end = address + size;
    for (uintptr_t at = small ? free_small(thr, address, size, flags, pc) : address; at < end;) {
        uintptr_t next = (at | (SNARL_SHADOW_BLOCK - 1)) + 1;
        if (snarl_shadow_touched(at))
            snarl_race_range(thr, at, (next < end ? next : end) - at, flags | SNARL_ACCESS_WRITE, pc);
        at = next;
    }
}
