/* test_stock.c - atomics in code that says nothing of them, played by one thread in several parts. */
#include <criterion/criterion.h>

#include "base/counters.h"
#include "base/os.h"
#include "race/race.h"

enum { MAIN, ONE, TWO, PARTS };

static struct snarl_race_thread *s_part[PARTS];
static uint32_t s_races;
static uintptr_t s_flag, s_data;

static void on_report(struct snarl_race_thread *thr, const struct snarl_race *race)
{
    (void)thr;
    (void)race;
    s_races++;
}

static const struct snarl_race_host s_host = {.report = on_report};

static void init(void)
{
    cr_assert(snarl_race_init(&s_host, &(struct snarl_race_options){0}));
    snarl_race_stock_begin();
    s_flag = (uintptr_t)snarl_os_map(4096);
    cr_assert(s_flag);
    s_data = s_flag + 64;
    for (int i = 0; i < PARTS; i++)
        s_part[i] = snarl_race_thread_new(i ? s_part[MAIN] : NULL, (uint32_t)i + 1);
}

TestSuite(stock, .init = init);

static void store(int part, uintptr_t address, bool atomic)
{
    snarl_race_stock_access(s_part[part], address, 4, SNARL_ACCESS_WRITE, 0x1000, atomic);
}

static void load(int part, uintptr_t address, bool atomic)
{
    snarl_race_stock_access(s_part[part], address, 4, 0, 0x2000, atomic);
}

static void exchange(int part)
{
    snarl_race_stock_before(s_part[part], s_flag, 4, SNARL_ACCESS_WRITE, 0x3000);
    snarl_race_stock_after(s_part[part], s_flag);
}

/* A compare-and-exchange that finds another value than it wants. */
static void be_refused(int part)
{
    snarl_race_stock_before(s_part[part], s_flag, 4, SNARL_ACCESS_WRITE, 0x5000);
    snarl_race_stock_after(s_part[part], s_flag);
    snarl_race_stock_refused(s_part[part], s_flag);
}

Test(stock, plain_accesses_race)
{
    store(ONE, s_flag, false);
    load(TWO, s_flag, false);
    cr_assert_eq(s_races, 1);
}

Test(stock, a_known_store_is_acquired_by_a_known_load)
{
    store(ONE, s_data, false);
    store(ONE, s_flag, true);
    load(TWO, s_flag, true);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 0);
}

Test(stock, a_store_after_the_flag_is_not_acquired)
{
    store(ONE, s_flag, true);
    store(ONE, s_data, false);
    load(TWO, s_flag, true);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 1);
}

Test(stock, what_one_side_knows_holds_for_the_other)
{
    load(TWO, s_flag, true);
    store(ONE, s_data, false);
    store(ONE, s_flag, false);
    load(TWO, s_flag, true);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 0);
}

Test(stock, a_plain_store_before_the_object_was_known_is_acquired)
{
    store(ONE, s_data, false);
    store(ONE, s_flag, false);
    load(TWO, s_flag, true);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 0);
}

Test(stock, a_load_checked_before_its_object_was_known_acquires_late)
{
    load(TWO, s_flag, false);
    store(ONE, s_data, false);
    exchange(ONE);
    load(TWO, s_data, false); /* TWO has loaded after its check, and so seen what ONE has exchanged */
    cr_assert_eq(s_races, 0);
    cr_assert_gt(snarl_counters[SNARL_COUNT_RACE_HIDDEN], 0);
    store(ONE, s_data + 8, false);
    load(TWO, s_data + 8, false);
    cr_assert_eq(s_races, 1, "once only");
}

Test(stock, what_a_load_has_seen_goes_on_with_the_next_release)
{
    struct snarl_race_sync lock = {0};
    load(TWO, s_flag, true); /* its check; the load comes after ONE's store */
    store(ONE, s_data, false);
    store(ONE, s_flag, true);
    snarl_race_release(s_part[TWO], &lock);
    snarl_race_acquire(s_part[MAIN], &lock);
    load(MAIN, s_data, false);
    cr_assert_eq(s_races, 0);
}

Test(stock, who_was_refused_may_get_it_unseen)
{
    be_refused(TWO);
    store(ONE, s_data, false);
    exchange(ONE);
    load(TWO, s_data, false); /* TWO has got it in code that is not seen */
    exchange(TWO);
    cr_assert_eq(s_races, 0);
    store(ONE, s_data + 8, false);
    exchange(ONE);
    load(TWO, s_data + 8, false);
    cr_assert_eq(s_races, 1, "not after it gave it back");
}

Test(stock, what_was_got_unseen_goes_on_with_the_next_release)
{
    struct snarl_race_sync inside = {0}, lock = {0};
    be_refused(TWO);
    snarl_race_release(s_part[TWO], &inside); /* by the code that is not seen, which then waits on */
    store(ONE, s_data, false);
    exchange(ONE);
    store(TWO, s_data + 8, false);
    snarl_race_release(s_part[TWO], &lock);
    snarl_race_acquire(s_part[MAIN], &lock);
    load(MAIN, s_data, false);
    cr_assert_eq(s_races, 0);
}

Test(stock, an_access_before_it_is_got_unseen)
{
    be_refused(TWO);
    load(TWO, s_data + 8, false);
    store(ONE, s_data, false);
    exchange(ONE);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 0);
    cr_assert_gt(snarl_counters[SNARL_COUNT_RACE_HIDDEN], 0);
    store(ONE, s_data + 16, false);
    exchange(ONE);
    load(TWO, s_data + 16, false);
    cr_assert_eq(s_races, 1, "once only");
}

Test(stock, who_was_refused_and_goes_on_races)
{
    be_refused(TWO);
    store(TWO, s_data, false);
    store(ONE, s_data, false);
    exchange(ONE);
    cr_assert_eq(s_races, 1);
}

Test(stock, the_last_owner_may_free)
{
    for (int part = ONE; part <= TWO; part++) {
        store(part, s_data + 8u * (unsigned)part, false);
        exchange(part);
    }
    snarl_race_free(s_part[TWO], s_flag, 128, SNARL_ACCESS_FREE, 0x4000);
    cr_assert_eq(s_races, 0);
}

Test(stock, freeing_what_another_still_exchanges_is_a_race)
{
    exchange(ONE);
    snarl_race_free(s_part[TWO], s_flag, 128, SNARL_ACCESS_FREE, 0x4000);
    cr_assert_gt(s_races, 0);
}

Test(stock, new_memory_is_not_known)
{
    exchange(ONE);
    snarl_race_alloc(s_part[MAIN], s_flag, 128);
    store(ONE, s_flag, false);
    load(TWO, s_flag, false);
    cr_assert_eq(s_races, 1);
}

/* --- additions of which nothing is looked at --- */

#define MANY 300 /* more than it takes until they end no epoch */

static void count_at(int part, uintptr_t counter, int times)
{
    while (times--)
        snarl_race_stock_unheeded(s_part[part], counter, 4, SNARL_ACCESS_WRITE, 0x6000);
}

Test(stock, who_counts_learns_nothing)
{
    store(ONE, s_data, false);
    count_at(ONE, s_flag, 1);
    count_at(TWO, s_flag, 1);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 1);
}

Test(stock, who_reads_the_count_learns_what_was_done_before)
{
    static const int s_times[] = {1, MANY};
    for (int i = 0; i < 2; i++) {
        count_at(ONE, s_flag, s_times[i]);
        store(ONE, s_data + 4u * (unsigned)i, false);
        count_at(ONE, s_flag, 1);
        count_at(MAIN, s_flag, 1);
        load(TWO, s_flag, true);
        load(TWO, s_data + 4u * (unsigned)i, false);
        cr_assert_eq(s_races, 0, "%d times", s_times[i]);
    }
}

Test(stock, many_counts_that_nobody_reads_end_no_epoch)
{
    count_at(ONE, s_flag, MANY);
    store(ONE, s_data, false);
    uint32_t epoch = s_part[ONE]->epoch;
    for (int i = 0; i < MANY; i++) {
        store(ONE, s_data + 4u * (unsigned)i, false);
        count_at(ONE, s_flag, 1);
    }
    cr_assert_eq(s_part[ONE]->epoch, epoch);
}

Test(stock, few_counts_hide_nothing)
{
    count_at(ONE, s_flag, 1);
    store(ONE, s_data, false);
    load(TWO, s_flag, true);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 1);
}

Test(stock, a_lock_hides_nothing_however_often_one_thread_alone_has_it)
{
    for (int i = 0; i < MANY; i++) {
        exchange(ONE);
        count_at(ONE, s_flag, 1); /* gives it back */
    }
    store(ONE, s_data, false);
    exchange(TWO);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 1);
}

Test(stock, what_is_done_after_somebody_has_read_the_count_is_not_known)
{
    count_at(ONE, s_flag, MANY);
    store(ONE, s_data, false);
    count_at(ONE, s_flag, 1);
    load(TWO, s_flag, true);
    store(ONE, s_data, false);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 1);
}

Test(stock, after_the_count_was_read_each_ends_an_epoch_again)
{
    count_at(ONE, s_flag, MANY);
    load(TWO, s_flag, true);
    store(ONE, s_data, false);
    count_at(ONE, s_flag, 1);
    store(ONE, s_data, false);
    load(TWO, s_flag, true);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 1);
}

Test(stock, a_lock_taken_back_does_not_bring_back_an_epoch_that_others_know_of)
{
    struct snarl_race_sync lock = {0};
    count_at(ONE, s_flag, MANY);
    store(ONE, s_data, false);
    count_at(ONE, s_flag, 1);
    snarl_race_release(s_part[ONE], &lock);
    load(TWO, s_flag, true);
    snarl_race_acquire_exclusive(s_part[ONE], &lock);
    cr_assert(!snarl_race_hit(s_part[ONE], *snarl_shadow_cell(s_data, SNARL_SHADOW_WRITES), true), "it would pass unseen");
}

Test(stock, the_next_count_of_any_kind_ends_an_epoch_that_others_know_of)
{
    uintptr_t second = s_flag + 16;
    count_at(ONE, s_flag, MANY);
    count_at(ONE, second, MANY);
    store(ONE, s_data, false);
    count_at(ONE, s_flag, 1);
    load(TWO, s_flag, true);
    count_at(ONE, second, 1);
    cr_assert(!snarl_race_hit(s_part[ONE], *snarl_shadow_cell(s_data, SNARL_SHADOW_WRITES), true), "it would pass unseen");
}

/* An epoch's number, given away with less than its thread has published under it since, would pass for all of it. */
Test(stock, an_epoch_given_away_is_not_published_with_more)
{
    struct snarl_race_sync from_main = {0}, from_one = {0};
    uintptr_t second = s_flag + 16, third = s_flag + 32;
    count_at(ONE, s_flag, MANY);
    count_at(ONE, second, MANY);
    store(ONE, third, false);
    count_at(ONE, s_flag, 1);
    store(MAIN, s_data, false);
    snarl_race_release(s_part[MAIN], &from_main);
    snarl_race_acquire(s_part[ONE], &from_main);
    count_at(ONE, second, 1);
    snarl_race_release(s_part[ONE], &from_one);
    load(TWO, s_flag, true); /* what ONE did, but not what MAIN did */
    snarl_race_acquire(s_part[TWO], &from_one);
    load(TWO, s_data, false);
    cr_assert_eq(s_races, 0);
}
