/* checks.c - what happens when the check of an access in copied code does not pass by itself.
 *
 * Runs between two instructions of the program, so with general registers only (rewrite/entry.h), outside of
 * the shim's guard until the detector is really needed.
 *
 * Atomics. An instruction with a lock prefix releases before it and acquires after it. Its address has a
 * synchronisation variable from then on, and plain accesses to it become atomic ones: a store releases, a
 * load acquires. The load itself comes after the check, so what it may have seen is acquired once more when
 * the thread enters next (s_pending). */
#include <string.h>

#include "preload/callers.h"
#include "preload/instrument.h"
#include "preload/rewrite/entry.h"
#include "race/race.h"

/* Of the thread: the access in progress. */
static __thread const struct snarl_entry_frame *s_frame __attribute__((tls_model("initial-exec")));
static __thread uintptr_t s_pending __attribute__((tls_model("initial-exec")));

static struct snarl_race_thread *races_of(const struct snarl_thread *thr)
{
    return thr->races;
}

/* --- stacks --- */

uint32_t snarl_checks_callers(struct snarl_race_thread *races)
{
    const struct snarl_thread *thr = races->host;
    if (!s_frame)
        return 0;
    uintptr_t rsp = snarl_entry_rsp(s_frame);
    bool known = thr->stack_high && rsp >= thr->stack_low && rsp < thr->stack_high;
    return snarl_callers_node(&(struct snarl_callers_at){
        .pc = snarl_entry_pc(s_frame), .rsp = rsp, .rbp = s_frame->rbp, .high = known ? thr->stack_high : 0});
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

static void acquire(struct snarl_race_thread *races, uintptr_t address)
{
    struct snarl_race_sync *sync = snarl_race_atomic_find(address);
    if (!sync)
        return;
    snarl_race_atomic_load(races, sync, SNARL_ORDER_ACQUIRE);
    snarl_race_atomic_unlock(sync);
}

static bool is_atomic(uintptr_t address)
{
    struct snarl_race_sync *sync = snarl_race_atomic_find(address);
    if (sync)
        snarl_race_atomic_unlock(sync);
    return sync != NULL;
}

static void acquire_pending(struct snarl_race_thread *races)
{
    uintptr_t address = s_pending;
    s_pending = 0;
    if (address)
        acquire(races, address);
}

void snarl_checks_catch_up(struct snarl_thread *thr)
{
    acquire_pending(races_of(thr));
}

static void release(struct snarl_race_thread *races, uintptr_t address)
{
    struct snarl_race_sync *sync = snarl_race_atomic_lock(races, address);
    if (!sync)
        return;
    snarl_race_atomic_rmw(races, sync, SNARL_ORDER_RELEASE);
    snarl_race_atomic_unlock(sync);
}

/* A plain access to what is known as an atomic variable. */
static bool plain_atomic(struct snarl_race_thread *races, uintptr_t address, uint32_t size, uint32_t flags,
                         uintptr_t pc)
{
    struct snarl_race_sync *sync = size <= 16 ? snarl_race_atomic_find(address) : NULL;
    if (!sync)
        return false;
    if (flags & SNARL_ACCESS_WRITE)
        snarl_race_atomic_rmw(races, sync, SNARL_ORDER_RELEASE);
    else
        snarl_race_atomic_load(races, sync, SNARL_ORDER_ACQUIRE);
    snarl_race_atomic_unlock(sync);
    if (!(flags & SNARL_ACCESS_WRITE))
        s_pending = address;
    snarl_race_access(races, address, size, flags | SNARL_ACCESS_ATOMIC, pc);
    return true;
}

bool snarl_entry_passes(uintptr_t address, uint64_t back)
{
    const struct snarl_plan_site *site = (const struct snarl_plan_site *)(back + SNARL_SITE_AT);
    const struct snarl_race_thread *races = snarl_current->races;
    return !races || snarl_race_is_known(races, address, site->size, site->flags & SNARL_SITE_WRITE);
}

void snarl_entry_on_access(struct snarl_entry_frame *frame)
{
    const struct snarl_plan_site *site = snarl_entry_site(frame);
    bool write = site->flags & SNARL_SITE_WRITE;
    struct snarl_thread *thr = enter(frame);
    if (!thr)
        return;
    uintptr_t pc = snarl_entry_pc(frame) + 1;
    uint32_t flags = write ? SNARL_ACCESS_WRITE : 0;
    acquire_pending(thr->races);
    if (!plain_atomic(thr->races, frame->address, site->size, flags, pc))
        snarl_race_access(thr->races, frame->address, site->size, flags, pc);
    leave(thr);
}

void snarl_entry_on_string(struct snarl_entry_frame *frame)
{
    struct snarl_entry_range ranges[2];
    unsigned count = snarl_entry_ranges(frame, ranges);
    struct snarl_thread *thr = count ? enter(frame) : NULL;
    if (!thr)
        return;
    acquire_pending(thr->races);
    for (unsigned i = 0; i < count; i++)
        snarl_race_range(thr->races, ranges[i].address, ranges[i].size,
                         ranges[i].write ? SNARL_ACCESS_WRITE : 0, snarl_entry_pc(frame) + 1);
    leave(thr);
}

void snarl_entry_on_before_atomic(struct snarl_entry_frame *frame)
{
    struct snarl_thread *thr = enter(frame);
    snarl_area.atomic = 0;
    if (!thr)
        return;
    const struct snarl_plan_site *site = snarl_entry_site(frame);
    uint32_t flags = SNARL_ACCESS_ATOMIC | (site->flags & SNARL_SITE_WRITE ? SNARL_ACCESS_WRITE : 0);
    acquire_pending(thr->races);
    if (!is_atomic(
            frame->address)) /* what was done to it by plain instructions before were atomic accesses too */
        snarl_race_alloc(thr->races, frame->address, site->size);
    release(thr->races, frame->address);
    snarl_race_access(thr->races, frame->address, site->size, flags, snarl_entry_pc(frame) + 1);
    snarl_area.atomic = frame->address;
    leave(thr);
}

void snarl_entry_on_after_atomic(struct snarl_entry_frame *frame)
{
    struct snarl_thread *thr = snarl_area.atomic ? enter(frame) : NULL;
    if (!thr)
        return;
    acquire(thr->races, snarl_area.atomic);
    leave(thr);
}

void snarl_checks_links(void *link[SNARL_LINK_COUNT])
{
    link[SNARL_LINK_ACCESS] = (void *)snarl_entry_access;
    link[SNARL_LINK_STRING] = (void *)snarl_entry_string;
    link[SNARL_LINK_BEFORE_ATOMIC] = (void *)snarl_entry_before_atomic;
    link[SNARL_LINK_AFTER_ATOMIC] = (void *)snarl_entry_after_atomic;
}
