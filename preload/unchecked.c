/* unchecked.c - see unchecked.h. The entries are few and stay where they are; readers take no lock: one that is emptied has an end before its
 * start, whichever of the two is written first. */
#include "preload/unchecked.h"

#include "history/history.h"

#define MODULES_MAX 512 /* as many as are looked at (instrument.c) */
#define FRAMES_BETWEEN 6 /* of libraries that are never checked */

static struct unchecked {
    uintptr_t start, end;
} s_module[MODULES_MAX];
static uint32_t s_count;

void snarl_unchecked_add(const struct snarl_rewrite_target *target)
{
    uint32_t at = 0;
    while (at < s_count && s_module[at].end)
        at++;
    if (at == MODULES_MAX)
        return;
    __atomic_store_n(&s_module[at].start, target->base, __ATOMIC_RELAXED);
    __atomic_store_n(&s_module[at].end, target->base + target->size, __ATOMIC_RELEASE);
    if (at == s_count)
        __atomic_store_n(&s_count, at + 1, __ATOMIC_RELEASE);
}

void snarl_unchecked_forget(uintptr_t base)
{
    for (uint32_t i = 0; i < s_count; i++)
        if (s_module[i].end && s_module[i].start == base)
            __atomic_store_n(&s_module[i].end, 0, __ATOMIC_RELEASE);
}

bool snarl_unchecked_holds(uintptr_t pc)
{
    uint32_t count = __atomic_load_n(&s_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        uintptr_t end = __atomic_load_n(&s_module[i].end, __ATOMIC_ACQUIRE);
        if (pc < end && pc >= __atomic_load_n(&s_module[i].start, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

static bool is_checked(uintptr_t pc)
{
    const struct snarl_rewrite_module *module = snarl_rewrite_module_at(pc);
    return module && module->copy;
}

bool snarl_unchecked_called(uint32_t node)
{
    if (!__atomic_load_n(&s_count, __ATOMIC_RELAXED))
        return false;
    for (int i = 0; node && i < FRAMES_BETWEEN; i++) {
        uintptr_t pc = snarl_history_pc(node);
        if (snarl_unchecked_holds(pc))
            return true;
        if (is_checked(pc))
            return false;
        node = snarl_history_parent(node);
    }
    return false;
}
