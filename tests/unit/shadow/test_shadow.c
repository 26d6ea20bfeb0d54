/* test_shadow.c - where shadows lie, what clearing leaves, and which blocks are known to be in use. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

#include "shadow/shadow.h"

#define BLOCKS 4

static char *s_memory; /* BLOCKS whole blocks of the program's memory */
static char s_global[64];

static void init(void)
{
    cr_assert(snarl_shadow_reserve());
    char *all = mmap(NULL, (BLOCKS + 1) * SNARL_SHADOW_BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(all != MAP_FAILED);
    s_memory = (char *)(((uintptr_t)all + SNARL_SHADOW_BLOCK - 1) & ~(SNARL_SHADOW_BLOCK - 1));
}

TestSuite(shadow, .init = init);

static uintptr_t at(size_t offset)
{
    return (uintptr_t)s_memory + offset;
}

static void set(size_t from, size_t until)
{
    for (size_t offset = from; offset < until; offset += 4) {
        snarl_shadow_touch(at(offset));
        *snarl_shadow_cell(at(offset), SNARL_SHADOW_READS) = (uint32_t)offset + 1;
        *snarl_shadow_cell(at(offset), SNARL_SHADOW_WRITES) = (uint32_t)offset + 2;
    }
}

/* In each plane, which must be the same. */
static size_t count_set(size_t from, size_t until)
{
    size_t reads = 0, writes = 0;
    for (size_t offset = from; offset < until; offset += 4) {
        reads += *snarl_shadow_cell(at(offset), SNARL_SHADOW_READS) != 0;
        writes += *snarl_shadow_cell(at(offset), SNARL_SHADOW_WRITES) != 0;
    }
    cr_assert_eq(reads, writes);
    return reads;
}

Test(shadow, each_kind_of_memory_has_a_shadow)
{
    char local;
    const void *const places[] = {&local, s_global, s_memory, (void *)&init, (void *)&strlen, (void *)0x400000};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        uintptr_t place = (uintptr_t)places[i];
        cr_assert(snarl_shadow_covers(place, 1), "%p has none", places[i]);
        for (int plane = 0; plane < SNARL_SHADOW_PLANES; plane++) {
            uint32_t *cell = snarl_shadow_cell(place, (enum snarl_shadow_plane)plane);
            uint32_t was = *cell; /* it can be read and written */
            *cell = was;
            cr_assert(!snarl_shadow_covers((uintptr_t)cell, 4), "the shadow of %p has one itself", places[i]);
        }
    }
}

Test(shadow, four_bytes_share_a_cell_and_eight_do_not)
{
    for (int plane = 0; plane < SNARL_SHADOW_PLANES; plane++) {
        const uint32_t *cell = snarl_shadow_cell(at(4), (enum snarl_shadow_plane)plane);
        cr_assert_eq(cell, snarl_shadow_cell(at(7), (enum snarl_shadow_plane)plane));
        cr_assert_eq(cell + 1, snarl_shadow_cell(at(8), (enum snarl_shadow_plane)plane));
    }
}

Test(shadow, what_no_program_has_is_not_covered)
{
    cr_assert(!snarl_shadow_covers((uintptr_t)1 << 47, 1));
    cr_assert(!snarl_shadow_covers(UINTPTR_MAX - 100, 50));
    cr_assert(!snarl_shadow_covers(((uintptr_t)1 << 40) - 8, 16), "across the end of a zone");
}

Test(shadow, memory_in_an_unusual_place_gets_one)
{
    uintptr_t place = (uintptr_t)1 << 40;
    while (snarl_shadow_covers(place, 4096) || !snarl_shadow_extend(place, 4096)) {
        place += (uintptr_t)1 << 40;
        cr_assert(place < (uintptr_t)127 << 40, "there is room for none");
    }
    cr_assert(snarl_shadow_covers(place, 4096));
    for (int plane = 0; plane < SNARL_SHADOW_PLANES; plane++)
        *snarl_shadow_cell(place, (enum snarl_shadow_plane)plane) = 1;
    uintptr_t shadow = (uintptr_t)snarl_shadow_cell(place, SNARL_SHADOW_READS);
    cr_assert(!snarl_shadow_extend(shadow, 4096), "a shadow has no shadow");
}

Test(shadow, reserving_again_changes_nothing)
{
    set(0, 64);
    cr_assert(snarl_shadow_reserve());
    cr_assert_eq(count_set(0, 64), 16);
}

Test(shadow, a_piece_is_cleared_and_its_neighbours_stay)
{
    set(0, 256);
    snarl_shadow_clear(at(64), 128);
    cr_assert_eq(count_set(0, 64), 16);
    cr_assert_eq(count_set(64, 192), 0);
    cr_assert_eq(count_set(192, 256), 16);
}

Test(shadow, cells_partly_inside_stay)
{
    set(0, 64);
    snarl_shadow_clear(at(6), 20); /* 6 to 26: whole cells are 8 to 24 */
    cr_assert_eq(count_set(0, 8), 2);
    cr_assert_eq(count_set(8, 24), 0);
    cr_assert_eq(count_set(24, 64), 10);
    snarl_shadow_clear(at(33), 2); /* inside of one cell */
    cr_assert_eq(count_set(32, 36), 1);
}

Test(shadow, much_is_cleared_to_the_byte_and_given_back)
{
    size_t all = BLOCKS * SNARL_SHADOW_BLOCK;
    uintptr_t page = (uintptr_t)snarl_shadow_cell(at(all / 2), SNARL_SHADOW_WRITES) & ~(uintptr_t)4095;
    unsigned char resident = 0;
    set(0, all);
    cr_assert_eq(mincore((void *)page, 4096, &resident), 0);
    cr_assert(resident & 1);
    snarl_shadow_clear(at(20), all - 40); /* neither end on a page */
    cr_assert_eq(mincore((void *)page, 4096, &resident), 0);
    cr_assert(!(resident & 1), "its memory was kept");
    cr_assert_eq(count_set(0, 20), 5);
    cr_assert_eq(count_set(20, all - 20), 0);
    cr_assert_eq(count_set(all - 20, all), 5);
}

static void note(uintptr_t start, void *context)
{
    uintptr_t first = (uintptr_t)s_memory & ~(SNARL_SHADOW_BLOCK - 1);
    if (start >= first && start < first + BLOCKS * SNARL_SHADOW_BLOCK)
        *(unsigned *)context |= 1u << (start - first) / SNARL_SHADOW_BLOCK;
}

Test(shadow, blocks_in_use_are_those_touched)
{
    unsigned seen = 0;
    uint64_t used = snarl_shadow_used();
    cr_assert(!snarl_shadow_touched(at(0)));
    set(SNARL_SHADOW_BLOCK + 100, SNARL_SHADOW_BLOCK + 104);
    set(3 * SNARL_SHADOW_BLOCK, 3 * SNARL_SHADOW_BLOCK + 4);
    snarl_shadow_each_block(note, &seen);
    cr_assert_eq(seen, 1u << 1 | 1u << 3);
    cr_assert_eq(snarl_shadow_used(), used + 2 * SNARL_SHADOW_BLOCK);
    cr_assert(snarl_shadow_touched(at(SNARL_SHADOW_BLOCK)));
    cr_assert(!snarl_shadow_touched(at(2 * SNARL_SHADOW_BLOCK)));
}

Test(shadow, clearing_passes_over_what_was_never_touched)
{
    set(0, 4);
    set(3 * SNARL_SHADOW_BLOCK, 3 * SNARL_SHADOW_BLOCK + 4);
    *snarl_shadow_cell(at(SNARL_SHADOW_BLOCK), SNARL_SHADOW_READS) = 7; /* against the rule: not announced */
    snarl_shadow_clear(at(0), BLOCKS * SNARL_SHADOW_BLOCK);
    cr_assert_eq(count_set(0, 4) + count_set(3 * SNARL_SHADOW_BLOCK, 3 * SNARL_SHADOW_BLOCK + 4), 0);
    cr_assert_eq(*snarl_shadow_cell(at(SNARL_SHADOW_BLOCK), SNARL_SHADOW_READS), 7);
}
