/* Waits, misuse and the life of threads: what the engine says of small plays. */
#include <criterion/criterion.h>

#include "stage.h"

static void wait_for(struct snarl_thread *thr, uintptr_t mutex, unsigned place)
{
    snarl_lock_waiting(thr, mutex, SNARL_KIND_MUTEX, 0, SNARL_MODE_WRITE, false, stage_site(place));
}

Test(deadlock, two_threads_that_wait_for_each_other)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread), *two = stage_thread(main_thread);
    stage_lock(one, 0x100, 1);
    stage_lock(two, 0x200, 2);
    wait_for(one, 0x200, 3);
    cr_assert_eq(stage_ends(), 0, "one thread waiting is no deadlock");
    wait_for(two, 0x100, 4);
    cr_assert_eq(stage_ends(), 1);
    cr_assert_eq(snarl_finding_count(), 1);
}

Test(deadlock, a_timed_wait_ends_by_itself)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread), *two = stage_thread(main_thread);
    stage_lock(one, 0x100, 1);
    stage_lock(two, 0x200, 2);
    snarl_lock_waiting(one, 0x200, SNARL_KIND_MUTEX, 0, SNARL_MODE_WRITE, true, stage_site(3));
    wait_for(two, 0x100, 4);
    cr_assert_eq(stage_ends(), 0);
}

Test(deadlock, a_thread_that_waits_for_its_own_lock)
{
    struct snarl_thread *main_thread = stage_open();
    stage_lock(main_thread, 0x100, 1);
    wait_for(main_thread, 0x100, 2);
    cr_assert_eq(stage_ends(), 1);
}

Test(deadlock, an_owner_that_has_ended)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread);
    stage_lock(one, 0x100, 1);
    snarl_engine_thread_end(one);
    cr_assert_eq(snarl_finding_count(), 1, "exit-holding-lock");
    wait_for(main_thread, 0x100, 2);
    cr_assert_eq(stage_ends(), 1);
}

Test(deadlock, a_writer_behind_two_readers_of_whom_one_waits_for_it)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread), *two = stage_thread(main_thread);
    snarl_lock_acquired(main_thread, 0x300, SNARL_KIND_RWLOCK, 0, SNARL_MODE_READ, SNARL_HOW_BLOCK, stage_site(1));
    snarl_lock_acquired(one, 0x300, SNARL_KIND_RWLOCK, 0, SNARL_MODE_READ, SNARL_HOW_BLOCK, stage_site(2));
    stage_lock(two, 0x100, 3);
    snarl_lock_waiting(two, 0x300, SNARL_KIND_RWLOCK, 0, SNARL_MODE_WRITE, false, stage_site(4));
    cr_assert_eq(stage_ends(), 0);
    wait_for(one, 0x100, 5);
    cr_assert_eq(stage_ends(), 1);
}

Test(deadlock, a_semaphore_that_others_post_is_no_lock)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread);
    snarl_semaphore_init(main_thread, 0x400, 1, 0, stage_site(1));
    snarl_semaphore_acquired(main_thread, 0x400, SNARL_HOW_BLOCK, stage_site(2));
    snarl_semaphore_post(one, 0x400, stage_site(3));
    cr_assert(snarl_object_find(main_thread, 0x400)->flags & SNARL_OBJECT_SIGNAL);
    cr_assert_eq(snarl_finding_count(), 0);
}

Test(misuse, each_rule_is_said_once)
{
    struct snarl_thread *main_thread = stage_open();
    for (int i = 0; i < 3; i++)
        snarl_lock_bad_release(main_thread, 0x100, SNARL_KIND_MUTEX, false, stage_site(1));
    cr_assert_eq(snarl_finding_count(), 1);
    stage_lock(main_thread, 0x200, 2);
    snarl_lock_destroy(main_thread, 0x200, SNARL_KIND_MUTEX, stage_site(3));
    cr_assert_eq(snarl_finding_count(), 2);
    stage_lock(main_thread, 0x1200, 4);
    snarl_memory_gone(main_thread, 0x1000, 0x1000, stage_site(5));
    cr_assert_eq(snarl_finding_count(), 3);
    cr_assert_null(snarl_object_find(main_thread, 0x1200), "its life ended with its memory");
}

Test(threads, a_record_is_used_again_only_by_who_has_joined_it)
{
    struct snarl_thread *main_thread = stage_open();
    struct snarl_thread *one = stage_thread(main_thread), *two = stage_thread(main_thread);
    snarl_engine_thread_end(one);
    one->guard = 0; /* the thread's last step */
    snarl_join_over(main_thread, one, true);
    struct snarl_thread *of_two = snarl_engine_thread_create(two, stage_site(1), false);
    cr_assert_neq(of_two, one, "the creator does not know that it is over");
    struct snarl_thread *of_main = snarl_engine_thread_create(main_thread, stage_site(1), false);
    cr_assert_eq(of_main, one);
    cr_assert_null(snarl_thread_by_id(2));
}

Test(held, five_hundred_locks_at_once)
{
    struct snarl_thread *main_thread = stage_open();
    for (uintptr_t i = 0; i < 500; i++)
        stage_lock(main_thread, 0x10000 + i * 64, (unsigned)i);
    cr_assert_eq(main_thread->held_count, 500);
    for (uintptr_t i = 0; i < 500; i++)
        stage_unlock(main_thread, 0x10000 + i * 64);
    cr_assert_eq(main_thread->held_count, 0);
    cr_assert_eq(main_thread->held_hash, 0);
    cr_assert_eq(snarl_counters[SNARL_COUNT_HELD_OVERFLOW], 0);
}
