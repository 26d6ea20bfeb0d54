/* test_collect.c - the collector gives back what nobody names, and nothing else.
 *
 * One thread of ours plays several of the detector's, so that the order of things is fixed. */
#include <criterion/criterion.h>

#include "base/counters.h"
#include "base/os.h"
#include "history/history.h"
#include "race/record.h"
#include "race/state.h"

#define CELLS 8192u
#define PLACE(cell) (0x100000u + 16 * (uintptr_t)(cell))
#define MANY 2000u /* records: more than a dozen chunks */

static uint32_t *s_memory;
static uint32_t s_races;
static uintptr_t s_place; /* of the earlier access of the last race */
static uintptr_t s_pc = 0x1000;
static struct snarl_race_thread *s_first, *s_a, *s_b;

static void on_report(struct snarl_race_thread *thr, const struct snarl_race *race)
{
    (void)thr;
    s_races++;
    s_place = snarl_history_pc(race->before.where);
}

static uint32_t s_forgotten;

static void on_forget(void)
{
    s_forgotten++;
}

static const struct snarl_race_host s_host = {.report = on_report, .forget = on_forget};

static void init(void)
{
    cr_assert(snarl_race_init(&s_host, &(struct snarl_race_options){.collect_chunks = 1u << 20}));
    s_memory = snarl_os_map(CELLS * sizeof(*s_memory));
    cr_assert(s_memory);
    s_first = snarl_race_thread_new(NULL, 1);
    s_a = snarl_race_thread_new(s_first, 2);
    s_b = snarl_race_thread_new(s_first, 3);
    cr_assert(s_a && s_b);
}

static void touch(struct snarl_race_thread *thr, uint32_t cell, uint32_t flags)
{
    if (!snarl_race_hit(thr, *snarl_shadow_cell((uintptr_t)&s_memory[cell], snarl_race_plane(flags)), flags))
        snarl_race_access(thr, (uintptr_t)&s_memory[cell], 4, flags, s_pc++);
}

/* Records that no cell names in the end. */
static void make_garbage(struct snarl_race_thread *thr)
{
    for (uint32_t i = 0; i < MANY; i++) {
        touch(thr, 0, SNARL_ACCESS_WRITE);
        snarl_race_alloc(thr, (uintptr_t)&s_memory[0], 4);
    }
}

static void collect(void)
{
    for (int i = 0; i < 3; i++)
        snarl_race_collect_now();
}

/* `b` writes what `a` does not know of, in short epochs, so in single chunks, which come from the collector if there are any; then `a` reads it. */
static void expect_races_with_all(void)
{
    struct snarl_race_sync sync = {0};
    for (uint32_t cell = 1; cell < CELLS; cell++) {
        touch(s_b, cell, SNARL_ACCESS_WRITE);
        if (cell % 8 == 0)
            snarl_race_release(s_b, &sync);
    }
    snarl_race_sync_clear(&sync);
    for (uint32_t cell = 1; cell < CELLS; cell++) {
        touch(s_a, cell, SNARL_ACCESS_WRITE);
        cr_assert_eq(s_races, cell, "the race on cell %u was missed", cell);
    }
}

/* Large epochs and small ones in turn: the former want long runs, of which the latter use little. */
Test(collect, what_a_run_is_not_used_for_comes_back, .init = init)
{
    struct snarl_race_sync sync = {0};
    for (int i = 0; i < 300; i++) {
        for (int k = 0; k < (i % 2 ? 1 : 1000); k++) {
            touch(s_a, 0, SNARL_ACCESS_WRITE);
            snarl_race_alloc(s_a, (uintptr_t)&s_memory[0], 4);
        }
        snarl_race_release(s_a, &sync);
        if (i % 20 == 0)
            snarl_race_collect_now();
    }
    collect();
    cr_assert_lt(snarl_records_chunks(), 200, "%u chunks in use", snarl_records_chunks());
    snarl_race_sync_clear(&sync);
}

Test(collect, chunks_of_a_long_epoch_stay_its_own, .init = init)
{
    make_garbage(s_a);
    snarl_race_collect_now();
    touch(s_a, 0, SNARL_ACCESS_WRITE); /* the caches are new now */
    collect();
    expect_races_with_all();
}

Test(collect, chunks_of_an_epoch_taken_up_again_stay_its_own, .init = init)
{
    struct snarl_race_sync sync = {0};
    make_garbage(s_a);
    snarl_race_release(s_a, &sync);
    touch(s_a, 0, SNARL_ACCESS_WRITE);
    collect();
    snarl_race_acquire_exclusive(s_a, &sync);
    expect_races_with_all();
    snarl_race_sync_clear(&sync);
}

Test(collect, an_epoch_taken_up_again_keeps_its_chunks, .init = init)
{
    struct snarl_race_sync sync = {0};
    make_garbage(s_a);
    snarl_race_release(s_a, &sync);
    touch(s_a, 0, SNARL_ACCESS_WRITE);
    snarl_race_acquire_exclusive(s_a, &sync);
    collect();
    expect_races_with_all();
    snarl_race_sync_clear(&sync);
}

/* Every cell keeps what was done to it in an epoch of its own, so records that are needed lie far apart. They are moved together, and tell
 * the same as before. */
Test(collect, records_far_apart_are_moved_together, .init = init)
{
    struct snarl_race_sync sync = {0};
    snarl_race_global.options.compact_chunks = 1;
    for (uint32_t cell = 1; cell < CELLS / 8; cell++) {
        uintptr_t address = (uintptr_t)&s_memory[cell];
        for (int k = 0; k < 100; k++) {
            touch(s_a, 0, SNARL_ACCESS_WRITE);
            snarl_race_alloc(s_a, (uintptr_t)&s_memory[0], 4);
        }
        uint32_t part = cell % 3 == 0; /* and lists of two accesses */
        snarl_race_access(s_a, address, part ? 2 : 4, SNARL_ACCESS_WRITE, PLACE(cell));
        if (part)
            snarl_race_access(s_a, address + 2, 2, SNARL_ACCESS_WRITE, PLACE(cell) + 1);
        snarl_race_release(s_a, &sync);
    }
    snarl_race_collect_now();
    uint32_t before = snarl_records_chunks();
    collect();
    collect();
    cr_assert_lt(snarl_records_chunks() * 8, before, "%u chunks of %u are in use", snarl_records_chunks(), before);
    for (uint32_t cell = 1; cell < CELLS / 8; cell++) {
        uint32_t part = cell % 3 == 0;
        snarl_race_access(s_b, (uintptr_t)&s_memory[cell] + (part ? 2 : 0), 2, 0, s_pc++);
        cr_assert_eq(s_races, cell, "the race on cell %u was missed", cell);
        cr_assert_eq(s_place, PLACE(cell) + part);
    }
    snarl_race_sync_clear(&sync);
}

/* One record for each cell, of an epoch of its own, and more cells than there is room for records: the older half goes, cell by cell and counted,
 * and what is new is always recorded. */
Test(collect, a_full_table_forgets_what_is_oldest, .init = init)
{
    const uint32_t cells = SNARL_CELL_UNIT - (SNARL_CELL_UNIT >> 4);
    struct snarl_race_sync sync = {0};
    snarl_race_global.options.collect_chunks = SNARL_CHUNKS / 16;
    s_memory = snarl_os_map(cells * sizeof(*s_memory));
    cr_assert(s_memory);
    for (uint32_t cell = 0; cell < cells; cell++) {
        snarl_race_access(s_a, (uintptr_t)&s_memory[cell], 4, SNARL_ACCESS_WRITE, 0x1000);
        snarl_race_release(s_a, &sync);
    }
    uint64_t forgotten = snarl_counters[SNARL_COUNT_RACE_FORGOTTEN];
    cr_assert_gt(forgotten, cells / 4);
    cr_assert_lt(forgotten, cells - cells / 4);
    cr_assert_eq(snarl_counters[SNARL_COUNT_RACE_RECORDS_FULL], 0);
    for (uint32_t cell = cells - 1000; cell < cells; cell++)
        touch(s_b, cell, 0);
    cr_assert_eq(s_races, 1000, "%u races with the newest accesses", s_races);
    touch(s_b, 0, 0);
    cr_assert_eq(s_races, 1000, "the oldest access is still there");
    snarl_race_sync_clear(&sync);
}

/* A note with a stamp of 2^32 epochs ago would look new, and its record be somebody else's. */
Test(collect, stamps_that_wrap_void_what_the_host_remembers, .init = init)
{
    touch(s_a, 0, SNARL_ACCESS_WRITE);
    s_a->stamp = UINT32_MAX - 1;
    snarl_race_new_stamp(s_a);
    cr_assert_eq(s_forgotten, 0);
    snarl_race_new_stamp(s_a);
    cr_assert_eq(s_a->stamp, 1);
    cr_assert_eq(s_forgotten, 1);
    touch(s_b, 0, SNARL_ACCESS_WRITE);
    cr_assert_eq(s_races, 1, "the earlier access is known all the same");
}
