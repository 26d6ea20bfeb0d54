/* lib/stack: interning, and the cache of call sites. */
#include <criterion/criterion.h>

#include "base/counters.h"
#include "stack/depot.h"
#include "stack/modules.h"
#include "stack/unwind.h"

Test(depot, equal_stacks_have_equal_identifiers)
{
    uintptr_t frames[200];
    for (uintptr_t i = 0; i < 200; i++)
        frames[i] = 0x1000 + i;
    uint32_t id = snarl_stack_put(frames, 10, true, false);
    cr_assert_neq(id, 0);
    cr_assert_eq(snarl_stack_put(frames, 10, true, false), id);
    cr_assert_neq(snarl_stack_put(frames, 10, false, false), id);
    cr_assert_neq(snarl_stack_put(frames, 11, true, false), id);
    cr_assert_eq(snarl_stack_get(id)->count, 10);
    cr_assert_null(snarl_stack_get(0));
    cr_assert_null(snarl_stack_get(9999));
    cr_assert_eq(snarl_stack_get(snarl_stack_put(frames, 200, true, false))->count, SNARL_STACK_DEPTH);
    cr_assert_eq(snarl_counters[SNARL_COUNT_STACK_CUT], 1);
}

Test(depot, frames_in_words)
{
    struct snarl_word_frame frame = {"work", "job.py", "python", 12, 0};
    uintptr_t a = snarl_stack_word_frame(&frame), b = snarl_stack_word_frame(&frame);
    cr_assert_eq(a, b);
    frame.line = 13;
    cr_assert_neq(snarl_stack_word_frame(&frame), a);
    cr_assert_str_eq(snarl_stack_words(a)->function, "work");
    cr_assert_eq(snarl_stack_words(a)->line, 12);
}

static struct snarl_site_cache s_cache;

__attribute__((noinline)) static uint32_t called(void)
{
    struct snarl_site site = {(uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_dwarf_cfa()};
    return snarl_unwind_site(site, &s_cache, false);
}

__attribute__((noinline)) static uint32_t wrapper(void)
{
    uint32_t stack = called();
    __asm__ volatile("" ::: "memory"); /* no tail call */
    return stack;
}

__attribute__((noinline)) static uint32_t below(int frames)
{
    struct snarl_site site = {(uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_dwarf_cfa()};
    uint32_t stack = frames ? below(frames - 1) : snarl_unwind_site(site, &s_cache, true);
    __asm__ volatile("" ::: "memory");
    return stack;
}

/* More stacks than the cache begins with, in turn: after some rounds few are walked again. */
Test(unwind, the_cache_grows_with_the_stacks_that_a_thread_has)
{
    enum { STACKS = 600, ROUNDS = 20 };
    snarl_site_cache_reset(&s_cache);
    snarl_modules_refresh();
    uint32_t walked = 0;
    for (int round = 0; round < ROUNDS; round++) {
        walked = s_cache.captures;
        for (int i = 0; i < STACKS; i++)
            below(i % 60 * 7 + i / 60);
    }
    cr_assert_lt(s_cache.captures - walked, STACKS / 4, "%u of %u stacks were walked again", s_cache.captures - walked, STACKS);
    snarl_site_cache_reset(&s_cache);
    cr_assert_eq(s_cache.doublings, 0);
}

Test(unwind, the_same_wrapper_called_from_two_places_has_two_stacks)
{
    snarl_modules_refresh();
    uint32_t first[3], second[3];
    for (int i = 0; i < 3; i++) {
        first[i] = wrapper();
        second[i] = wrapper();
    }
    cr_assert_neq(first[0], 0);
    cr_assert_neq(first[0], second[0]);
    cr_assert_eq(first[1], first[2]);
    cr_assert_eq(second[0], second[2]);
    cr_assert(snarl_stack_get(first[0])->complete);
    cr_assert_gt(snarl_stack_get(first[0])->count, 3);
}
