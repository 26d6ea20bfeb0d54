/* history.c - see history.h.
 *
 * Buckets. A table for the most nodes would be touched all over by the first thousands of them. So the children of the
 * first nodes have a small part of it to themselves, those of the next a larger one, and only those of nodes past 65,535
 * the rest. Which part a node is in depends on its parent alone, so it never moves. */
#include "history/history.h"

#include "base/counters.h"
#include "base/mutex.h"
#include "base/os.h"

/* Of the children of nodes [0, 4096), [4096, 65,536) and all others: the numbers of buckets. */
#define FEW_PARENTS (1u << 12)
#define FEW (1u << 14)
#define SOME_PARENTS (1u << 16)
#define SOME (1u << 17)
#define MANY (1u << 21)

struct node {
    uintptr_t pc;
    uint32_t parent;
    uint32_t next; /* in its bucket; 0 ends it */
};

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_HISTORY}; /* of reserving */
static struct node *s_node;
static uint32_t *s_chain;
static uint32_t s_count; /* nodes given out, the root not counted */

bool snarl_history_reserve(void)
{
    snarl_mutex_lock(&s_lock);
    if (!s_chain)
        s_chain = snarl_os_map((size_t)(FEW + SOME + MANY) * sizeof(*s_chain));
    if (!s_node)
        s_node = snarl_os_map((size_t)SNARL_HISTORY_NODES * sizeof(*s_node));
    snarl_mutex_unlock(&s_lock);
    return s_node && s_chain;
}

static uint32_t bucket_of(uint32_t parent, uintptr_t pc)
{
    uint64_t key = (pc ^ (uint64_t)parent << 32) * 0x9e3779b97f4a7c15u;
    uint32_t hash = (uint32_t)(key >> 43);
    if (parent < FEW_PARENTS)
        return hash & (FEW - 1);
    return parent < SOME_PARENTS ? FEW + (hash & (SOME - 1)) : FEW + SOME + (hash & (MANY - 1));
}

static uint32_t find(uint32_t from, uint32_t until, uint32_t parent, uintptr_t pc)
{
    for (uint32_t at = from; at != until; at = s_node[at].next)
        if (s_node[at].pc == pc && s_node[at].parent == parent)
            return at;
    return 0;
}

static uint32_t add(uint32_t *bucket, uint32_t head, uint32_t parent, uintptr_t pc)
{
    uint32_t fresh = __atomic_add_fetch(&s_count, 1, __ATOMIC_RELAXED);
    if (fresh >= SNARL_HISTORY_NODES) {
        __atomic_store_n(&s_count, SNARL_HISTORY_NODES - 1, __ATOMIC_RELAXED);
        snarl_count(SNARL_COUNT_STACK_DEPOT_FULL);
        return parent;
    }
    uint32_t searched = head;
    s_node[fresh] = (struct node){.pc = pc, .parent = parent, .next = head};
    while (!__atomic_compare_exchange_n(bucket, &head, fresh, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
        uint32_t found = find(head, searched, parent, pc);
        if (found)
            return found; /* somebody was faster; `fresh` stays unused */
        searched = head;
        s_node[fresh].next = head;
    }
    return fresh;
}

uint32_t snarl_history_node(uint32_t parent, uintptr_t pc)
{
    uint32_t *bucket = &s_chain[bucket_of(parent, pc)];
    uint32_t head = __atomic_load_n(bucket, __ATOMIC_ACQUIRE);
    uint32_t found = find(head, 0, parent, pc);
    return found ? found : add(bucket, head, parent, pc);
}

uint32_t snarl_history_expand(uint32_t node, uintptr_t *frames, uint32_t limit, bool *complete)
{
    uint32_t count = 0;
    for (; node && count < limit; node = s_node[node].parent)
        frames[count++] = s_node[node].pc;
    *complete = node == 0;
    return count;
}

uint32_t snarl_history_parent(uint32_t node)
{
    return s_node[node].parent;
}

uintptr_t snarl_history_pc(uint32_t node)
{
    return s_node[node].pc;
}
