/* walk.c - see walk.h. */
#include "preload/rewrite/walk.h"

#include "preload/rewrite/rewrite.h"

#define RSP 7
#define RBP 6

static const struct snarl_plan_row *row_at(const struct snarl_rewrite_module *module, uint32_t offset)
{
    uint32_t low = 0, high = module->row_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (module->rows[middle].start <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &module->rows[low - 1] : NULL;
}

/* `pc` for the look-up: a return address belongs to the call before it. */
static const struct snarl_walk_entry *look_up(struct snarl_walk_cache *cache, uintptr_t pc)
{
    struct snarl_walk_entry *entry = &cache->entry[(pc ^ pc >> 9) & (SNARL_WALK_CACHE - 1)];
    if (entry->pc == pc)
        return entry;
    const struct snarl_rewrite_module *module = snarl_rewrite_module_at(pc);
    const struct snarl_plan_row *row = module ? row_at(module, (uint32_t)(pc - module->base)) : NULL;
    if (!row)
        return NULL;
    *entry = (struct snarl_walk_entry){pc, row->cfa_offset, row->cfa_register, 0, row->rbp_offset};
    return entry;
}

static bool on_stack(const struct snarl_walk *walk, uintptr_t address)
{
    return !(address & 7) && address >= walk->low && address < walk->high && walk->high - address >= 8;
}

bool snarl_walk_up(struct snarl_walk *walk, struct snarl_walk_cache *cache)
{
    const struct snarl_walk_entry *entry = look_up(cache, walk->first ? walk->pc : walk->pc - 1);
    if (!entry || (entry->cfa_register != RSP && entry->cfa_register != RBP))
        return false;
    uintptr_t cfa = (entry->cfa_register == RSP ? walk->rsp : walk->rbp) + (uintptr_t)(intptr_t)entry->cfa_offset;
    if (cfa <= walk->rsp || !on_stack(walk, cfa - 8))
        return false;
    uintptr_t rbp_at = cfa + (uintptr_t)(intptr_t)entry->rbp_offset;
    if (entry->rbp_offset && !on_stack(walk, rbp_at))
        return false;
    walk->by_rbp = entry->cfa_register == RBP;
    walk->rbp_slot = entry->rbp_offset ? rbp_at : 0;
    if (entry->rbp_offset)
        walk->rbp = *(const uintptr_t *)rbp_at;
    walk->slot = cfa - 8;
    walk->pc = *(const uintptr_t *)(cfa - 8);
    walk->rsp = cfa;
    walk->first = false;
    return walk->pc != 0;
}

void snarl_walk_forget(struct snarl_walk_cache *cache)
{
    for (int i = 0; i < SNARL_WALK_CACHE; i++)
        cache->entry[i].pc = 0;
}
