/* access.c - see access.h. */
#include "preload/access.h"

#include "base/os.h"
#include "history/history.h"
#include "preload/unchecked.h"
#include "stack/depot.h"

#define STACKS (1u << 22) /* stacks whose node is remembered; later ones are converted anew each time */

static uint32_t *s_node_of_stack;

static uint32_t *node_table(void)
{
    uint32_t *table = __atomic_load_n(&s_node_of_stack, __ATOMIC_ACQUIRE);
    if (table)
        return table;
    uint32_t *fresh = snarl_os_map(STACKS * sizeof(*fresh));
    if (!fresh || __atomic_compare_exchange_n(&s_node_of_stack, &table, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return fresh;
    snarl_os_unmap(fresh, STACKS * sizeof(*fresh));
    return table;
}

static uint32_t node_of(uint32_t stack_id)
{
    uint32_t *table = node_table();
    bool fits = table && stack_id < STACKS;
    if (fits && table[stack_id])
        return table[stack_id];
    const struct snarl_stack *stack = snarl_stack_get(stack_id);
    uint32_t node = 0;
    for (uint32_t i = stack ? stack->count : 0; i-- > 0;)
        node = snarl_history_node(node, stack->frame[i]);
    if (fits)
        table[stack_id] = node;
    return node;
}

uint32_t snarl_access_where(struct snarl_thread *thr, struct snarl_site site)
{
    uint32_t node = node_of(snarl_unwind_site(site, &thr->sites, true));
    return node || !thr->races ? node : snarl_race_where(thr->races, site.pc);
}

static void access(struct snarl_thread *thr, uintptr_t address, size_t size, uint32_t flags, struct snarl_site site)
{
    struct snarl_race_thread *races = thr->races;
    if (races->ignore || snarl_race_range_hit(races, address, size, flags & SNARL_ACCESS_WRITE))
        return;
    races->told = snarl_access_where(thr, site);
    if (!snarl_unchecked_called(races->told))
        snarl_race_range(races, address, size, flags | SNARL_ACCESS_CALL, site.pc);
    races->told = 0;
}

void snarl_access_read(struct snarl_thread *thr, const volatile void *address, size_t size, struct snarl_site site)
{
    if (snarl_access_wanted(thr) && size)
        access(thr, (uintptr_t)address, size, 0, site);
}

void snarl_access_write(struct snarl_thread *thr, volatile void *address, size_t size, struct snarl_site site)
{
    if (snarl_access_wanted(thr) && size)
        access(thr, (uintptr_t)address, size, SNARL_ACCESS_WRITE, site);
}
