/* test_collect.c - the collector gives back what nobody names, and nothing else.
 *
 * One thread of ours plays several of the detector's, so that the order of things is fixed. */
#include <criterion/criterion.h>

#include "base/counters.h"
#include "base/os.h"
#include "race/race.h"
#include "race/record.h"

#define CELLS 8192u
#define MANY 2000u /* records: more than a dozen chunks */

static uint32_t *s_memory;
static uint32_t s_races;
static uintptr_t s_pc = 0x1000;
static struct snarl_race_thread *s_first, *s_a, *s_b;

static void on_report(struct snarl_race_thread *thr, const struct snarl_race *race)
{
    (void)thr;
    (void)race;
    s_races++;
}

static const struct snarl_race_host s_host = {.report = on_report};

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
