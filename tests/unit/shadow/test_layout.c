/* test_layout.c - for whatever layout the kernel may give a process, program and planes do not meet. */
#include <criterion/criterion.h>

#include "shadow/layout.h"
#include "shadow/shadow.h"

#define TERA(n) ((uintptr_t)(n) << 40)
#define TRIES 2000

static uint64_t s_random = 1;

static uintptr_t below(uintptr_t limit)
{
    s_random = s_random * 6364136223846793005u + 1442695040888963407u;
    return (s_random >> 16) % limit;
}

static bool apart(uintptr_t a, uintptr_t a_end, uintptr_t b, uintptr_t b_end)
{
    return a_end <= b || b_end <= a;
}

/* Ranges 0 to count - 1 are the program's, the next those of reads, the last those of writes. */
static void range(const struct snarl_layout *layout, int index, uintptr_t *start, uintptr_t *end)
{
    const struct snarl_zone *zone = &layout->zone[index % layout->count];
    int plane = index / layout->count;
    *start = plane == 0 ? zone->start : (zone->start ^ SNARL_SHADOW_BIT) + (plane == 2 ? layout->distance : 0);
    *end = *start + (zone->end - zone->start);
}

static void check(const struct snarl_layout *layout)
{
    for (int i = 0; i < 3 * layout->count; i++)
        for (int k = 0; k < i; k++) {
            uintptr_t a, a_end, b, b_end;
            range(layout, i, &a, &a_end);
            range(layout, k, &b, &b_end);
            cr_assert(a_end > a && a_end <= TERA(128), "range %d is none", i);
            cr_assert(a % SNARL_SHADOW_BLOCK == 0 && a_end % SNARL_SHADOW_BLOCK == 0, "blocks of range %d have no whole shadow", i);
            cr_assert(apart(a, a_end, b, b_end), "%lx to %lx meets %lx to %lx", a, a_end, b, b_end);
        }
}

static void check_marks(const struct snarl_layout_marks *marks)
{
    struct snarl_layout layout;
    cr_assert(snarl_layout_choose(&layout, marks), "program %lx heap %lx mapping %lx stack %lx", marks->program, marks->heap,
              marks->mapping, marks->stack);
    check(&layout);
    const uintptr_t places[] = {marks->program, marks->heap, marks->mapping, marks->stack, 0x400000};
    for (int i = 0; i < 5; i++)
        cr_assert(snarl_layout_covers(&layout, places[i], places[i] + 8), "%lx is not covered", places[i]);
    cr_assert(snarl_layout_covers(&layout, marks->heap, marks->heap + TERA(1)));
}

/* The kernel's own arithmetic (binfmt_elf.c, mm/util.c), with the most randomness that it can be told to use. */
Test(layout, any_randomness_of_mappings_that_grow_down)
{
    for (int i = 0; i < TRIES; i++) {
        uintptr_t stack = TERA(128) - 4096 - below((uintptr_t)16 << 30), program = 0x555555554000u + (below(1ull << 32) << 12);
        if (i % 4 == 0)
            program = 0x555555554000u; /* randomisation is off */
        struct snarl_layout_marks marks = {.program = program,
                                           .heap = program + (1 << 20) + below((uintptr_t)64 << 30),
                                           .mapping = stack - ((uintptr_t)8 << 30) - (i % 4 ? below(1ull << 32) << 12 : 0),
                                           .stack = stack};
        if (i % 4 == 1) /* not position-independent */
            marks.program = 0x401000, marks.heap = 0x800000 + below((uintptr_t)1 << 30);
        if (i % 4 == 1 && i % 8 == 1)
            marks.heap = 0x800000;
        if (marks.program < TERA(1)) {
            struct snarl_layout layout;
            cr_assert(snarl_layout_choose(&layout, &marks));
            check(&layout);
        } else {
            check_marks(&marks);
        }
    }
}

Test(layout, mappings_that_grow_up)
{
    for (int i = 0; i < TRIES; i++) {
        uintptr_t stack = TERA(128) - 4096 - below((uintptr_t)16 << 30), program = 0x555555554000u + (below(1ull << 32) << 12);
        check_marks(&(struct snarl_layout_marks){
            .program = program, .heap = program + (1 << 20), .mapping = 0x2aaaaaaab000u + (below(1ull << 32) << 12), .stack = stack});
    }
}

Test(layout, a_zone_more_is_taken_where_it_meets_nothing)
{
    struct snarl_layout layout;
    struct snarl_layout_marks marks = {0x555555554000u, 0x555555600000u, 0x7ffff7fc0000u, 0x7ffffffde000u};
    cr_assert(snarl_layout_choose(&layout, &marks));
    uintptr_t place = TERA(1);
    while (place < TERA(127) && (snarl_layout_covers(&layout, place, place + 4096) || !snarl_layout_add(&layout, place, place + 4096)))
        place += TERA(1);
    cr_assert(snarl_layout_covers(&layout, place, place + 4096), "there is room for none");
    check(&layout);
    uintptr_t shadow = marks.program ^ SNARL_SHADOW_BIT;
    cr_assert(!snarl_layout_add(&layout, shadow, shadow + 4096), "a shadow has no shadow");
    cr_assert(!snarl_layout_add(&layout, shadow + layout.distance, shadow + layout.distance + 4096));
}
