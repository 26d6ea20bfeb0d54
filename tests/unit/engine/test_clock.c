/* lib/clock: the laws of vector clocks on random values. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "clock/vclock.h"

static void fill(struct snarl_vclock *clock)
{
    int slots = rand() % 40;
    for (int i = 0; i < slots; i++)
        snarl_vclock_set(clock, (uint32_t)(rand() % 40), (uint32_t)(rand() % 10));
}

Test(vclock, join_is_the_least_upper_bound)
{
    srand(1);
    for (int round = 0; round < 2000; round++) {
        struct snarl_vclock a = {0}, b = {0}, both = {0};
        fill(&a);
        fill(&b);
        bool changed;
        snarl_vclock_copy(&both, &a);
        snarl_vclock_join(&both, &b, &changed);
        cr_assert(snarl_vclock_before(&a, &both) && snarl_vclock_before(&b, &both));
        cr_assert_eq(changed, !snarl_vclock_before(&b, &a));
        for (uint32_t slot = 0; slot < 50; slot++) {
            uint32_t x = snarl_vclock_get(&a, slot), y = snarl_vclock_get(&b, slot);
            cr_assert_eq(snarl_vclock_get(&both, slot), x > y ? x : y);
        }
        snarl_vclock_free(&a);
        snarl_vclock_free(&b);
        snarl_vclock_free(&both);
    }
}
