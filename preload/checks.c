/* checks.c - what happens when the check of an access in copied code does not pass by itself.
 *
 * Runs between two instructions of the program, so with general registers only (rewrite/entry.h), outside of the shim's
 * guard until the detector is really needed.
 *
 * What is known of atomics in such code is in lib/race/stock.c. */
#include <string.h>

#include "base/memory.h"
#include "history/history.h"
#include "preload/instrument.h"
#include "preload/rewrite/entry.h"
#include "preload/rewrite/walk.h"
#include "race/race.h"

#define DEPTH_MAX 64
#define PLACE_FRAMES 2
#define PLACE_BITS 28

/* Of the thread: the access in progress, and what the tables say about its code. */
static __thread const struct snarl_entry_frame *s_frame __attribute__((tls_model("initial-exec")));
static __thread struct snarl_walk_cache *s_cache __attribute__((tls_model("initial-exec")));
static __thread uint32_t s_cache_age __attribute__((tls_model("initial-exec")));
static uint32_t s_age; /* changes when modules go */

static struct snarl_race_thread *races_of(const struct snarl_thread *thr)
{
    return thr->races;
}

/* --- stacks --- */

static bool begin_walk(struct snarl_walk *walk, const struct snarl_thread *thr)
{
    if (!s_frame)
        return false;
    if (!s_cache)
        s_cache = snarl_memory_alloc(sizeof(*s_cache));
    if (!s_cache)
        return false;
    if (s_cache_age != __atomic_load_n(&s_age, __ATOMIC_RELAXED)) {
        snarl_walk_forget(s_cache);
        s_cache_age = s_age;
    }
    uintptr_t rsp = snarl_entry_rsp(s_frame);
    bool known = thr->stack_high && rsp >= thr->stack_low && rsp < thr->stack_high;
    *walk = (struct snarl_walk){.pc = snarl_entry_pc(s_frame),
                                .rsp = rsp,
                                .rbp = s_frame->rbp,
                                .low = rsp,
                                .high = known ? thr->stack_high : rsp + (1u << 20),
                                .first = true};
    return true;
}

void snarl_checks_forget_stacks(void)
{
    __atomic_add_fetch(&s_age, 1, __ATOMIC_RELAXED);
}

uint32_t snarl_checks_where(struct snarl_race_thread *races, uintptr_t pc)
{
    struct snarl_walk walk;
    uintptr_t frame[DEPTH_MAX];
    uint32_t count = 0, node = 0;
    if (begin_walk(&walk, races->host))
        while (count < DEPTH_MAX && snarl_walk_up(&walk, s_cache))
            frame[count++] = walk.pc;
    while (count)
        node = snarl_history_node(node, frame[--count]);
    return snarl_history_node(node, pc);
}

/* The depth of the stack and the innermost return addresses tell nearly all stacks apart; where they do not, a stack is
 * shown that the same code had at another time at the same depth. */
uint32_t snarl_checks_place(struct snarl_race_thread *races)
{
    struct snarl_walk walk;
    if (!begin_walk(&walk, races->host))
        return 0;
    uint64_t hash = 0;
    for (int i = 0; i < PLACE_FRAMES && snarl_walk_up(&walk, s_cache); i++)
        hash = (hash ^ walk.pc ^ walk.rsp << 24) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(hash >> (64 - PLACE_BITS));
}

/* --- accesses --- */

/* Into the detector; NULL: it is busy or not interested. */
static struct snarl_thread *enter(const struct snarl_entry_frame *frame)
{
    struct snarl_thread *thr = snarl_current;
    if (thr->guard || !thr->races || races_of(thr)->ignore)
        return NULL;
    thr = snarl_enter();
    s_frame = frame;
    return thr;
}

static void leave(struct snarl_thread *thr)
{
    s_frame = NULL;
    snarl_leave(thr);
}

void snarl_entry_on_access(struct snarl_entry_frame *frame)
{
    const struct snarl_plan_site *site = snarl_entry_site(frame);
    bool write = site->flags & SNARL_SITE_WRITE;
    const struct snarl_thread *known = snarl_current;
    if (known->races && snarl_race_is_known(known->races, frame->address, site->size, write))
        return;
    struct snarl_thread *thr = enter(frame);
    if (!thr)
        return;
    uintptr_t pc = snarl_entry_pc(frame) + 1;
    uint32_t flags = write ? SNARL_ACCESS_WRITE : 0;
    snarl_race_stock_access(thr->races, frame->address, site->size, flags, pc, false);
    leave(thr);
}

void snarl_entry_on_plain_atomic(struct snarl_entry_frame *frame)
{
    const struct snarl_plan_site *site = snarl_entry_site(frame);
    struct snarl_thread *thr = enter(frame);
    if (!thr)
        return;
    snarl_race_stock_access(thr->races, frame->address, site->size,
                            site->flags & SNARL_SITE_WRITE ? SNARL_ACCESS_WRITE : 0, snarl_entry_pc(frame) + 1, true);
    leave(thr);
}

void snarl_entry_on_string(struct snarl_entry_frame *frame)
{
    struct snarl_entry_range ranges[2];
    unsigned count = snarl_entry_ranges(frame, ranges);
    struct snarl_thread *thr = count ? enter(frame) : NULL;
    if (!thr)
        return;
    for (unsigned i = 0; i < count; i++)
        snarl_race_range(thr->races, ranges[i].address, ranges[i].size, ranges[i].write ? SNARL_ACCESS_WRITE : 0,
                         snarl_entry_pc(frame) + 1);
    leave(thr);
}

void snarl_entry_on_before_atomic(struct snarl_entry_frame *frame)
{
    struct snarl_thread *thr = enter(frame);
    snarl_area.atomic = 0;
    if (!thr)
        return;
    const struct snarl_plan_site *site = snarl_entry_site(frame);
    uint32_t flags = site->flags & SNARL_SITE_WRITE ? SNARL_ACCESS_WRITE : 0;
    snarl_race_stock_before(thr->races, frame->address, site->size, flags, snarl_entry_pc(frame) + 1);
    snarl_area.atomic = frame->address;
    leave(thr);
}

void snarl_entry_on_after_atomic(struct snarl_entry_frame *frame)
{
    struct snarl_thread *thr = snarl_area.atomic ? enter(frame) : NULL;
    if (!thr)
        return;
    snarl_race_stock_after(thr->races, snarl_area.atomic);
    leave(thr);
}

void snarl_checks_links(void *link[SNARL_LINK_COUNT])
{
    link[SNARL_LINK_ACCESS] = (void *)snarl_entry_access;
    link[SNARL_LINK_STRING] = (void *)snarl_entry_string;
    link[SNARL_LINK_PLAIN_ATOMIC] = (void *)snarl_entry_plain_atomic;
    link[SNARL_LINK_BEFORE_ATOMIC] = (void *)snarl_entry_before_atomic;
    link[SNARL_LINK_AFTER_ATOMIC] = (void *)snarl_entry_after_atomic;
}
