/* checks.c - what happens when the check of an access in copied code does not pass by itself.
 *
 * Runs between two instructions of the program, so with general registers only (rewrite/entry.h), outside of the shim's
 * guard until the detector is really needed. Three attempts, each dearer than the one before: snarl_entry_is_small, which calls nothing,
 * snarl_entry_passes, and the detector as a whole (snarl_entry_on_access).
 *
 * What is known of atomics in such code is in lib/race/stock.c. */
#include <string.h>

#include "preload/callers_table.h"
#include "preload/instrument.h"
#include "preload/rewrite/entry.h"
#include "race/update.h"

/* Of the thread: the access in progress. */
static __thread const struct snarl_entry_frame *s_frame __attribute__((tls_model("initial-exec")));
static __thread bool s_noting __attribute__((tls_model("initial-exec"))); /* it is a plain one of one place */

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
    uint32_t node = snarl_callers_node(&(struct snarl_callers_at){
        .site = s_frame->back, .pc = snarl_entry_pc(s_frame), .rsp = rsp, .rbp = s_frame->rbp, .high = known ? thr->stack_high : 0});
    races->note = s_noting && node ? snarl_callers_note(s_frame->back, node) : NULL;
    return node;
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

/* What the thread has done before from the same calls. */
static bool try_steps(struct snarl_race_thread *races, const struct snarl_plan_site *site,
                      const struct snarl_entry_call *call, uintptr_t rbp)
{
    bool write = site->flags & SNARL_SITE_WRITE;
    if (snarl_race_atomic_maybe(call->address))
        return false;
    snarl_race_get_ready(races);
    if (!snarl_race_may_try(races))
        return false;
    struct snarl_race_note *note = snarl_callers_known(call->back, (uintptr_t)(call + 1) + 128, rbp, true);
    if (!note || !snarl_race_try(races, call->address, site->size, write, note))
        return false;
    if (!write && snarl_race_atomic_maybe(call->address)) /* known as atomic just now */
        races->late_load = call->address;
    return true;
}

static inline void begin_small(struct snarl_thread *thr, struct snarl_race_thread *races)
{
    thr->guard = 1;
    __asm__ volatile("" ::: "memory");
    __atomic_store_n(&races->stepping, races->generation + 1, __ATOMIC_RELEASE);
}

static inline bool end_small(struct snarl_thread *thr, struct snarl_race_thread *races, bool done)
{
    __atomic_store_n(&races->stepping, 0, __ATOMIC_RELEASE);
    __asm__ volatile("" ::: "memory");
    thr->guard = 0;
    return done && !snarl_signals_put_off;
}

/* What snarl_entry_is_small does not, apart so that it needs few registers. `unit`: of the record of the access, for which the simplest has been tried;
 * 0: not known yet. */
__attribute__((noinline, flatten)) static bool is_listed(struct snarl_thread *thr, const struct snarl_entry_call *call, uintptr_t rbp,
                                                         struct snarl_race_note *note, uint32_t unit)
{
    const struct snarl_plan_site *site = snarl_entry_site_of(call->back);
    struct snarl_race_thread *races = thr->races;
    bool write = site->flags & SNARL_SITE_WRITE, done = false;
    if (!note)
        note = snarl_callers_known(call->back, (uintptr_t)(call + 1) + 128, rbp, true);
    if (note && !unit) {
        unit = snarl_update_record(races, note, write, site->size);
        done = snarl_race_try_small(races, call->address, site->size, write, unit);
    }
    if (note && !done && !races->recheck)
        done = snarl_race_try_list(races, call->address, site->size, write, unit);
    return end_small(thr, races, done);
}

__attribute__((flatten)) bool snarl_entry_is_small(const struct snarl_entry_call *call, uintptr_t rbp)
{
    const struct snarl_plan_site *site = snarl_entry_site_of(call->back);
    struct snarl_thread *thr = snarl_current;
    struct snarl_race_thread *races = thr->races;
    if (!races || thr->guard || !snarl_update_is_small(call->address, site->size))
        return false;
    /* On its way while the stack is looked at. */
    __builtin_prefetch(snarl_shadow_cell(call->address, snarl_race_plane(!(site->flags & SNARL_SITE_WRITE))));
    begin_small(thr, races);
    if (!snarl_race_may_try(races))
        return end_small(thr, races, false);
    struct snarl_race_note *note = snarl_callers_known(call->back, (uintptr_t)(call + 1) + 128, rbp, false);
    if (!note || note->stamp != races->stamp)
        return is_listed(thr, call, rbp, note, 0);
    if (snarl_race_try_small(races, call->address, site->size, site->flags & SNARL_SITE_WRITE, note->unit))
        return end_small(thr, races, true);
    return is_listed(thr, call, rbp, note, note->unit);
}

bool snarl_entry_passes(const struct snarl_entry_call *call, uintptr_t rbp)
{
    const struct snarl_plan_site *site = snarl_entry_site_of(call->back);
    struct snarl_thread *thr = snarl_current;
    struct snarl_race_thread *races = thr->races;
    /* What the check has not looked at is on its way while the stack is. */
    __builtin_prefetch(snarl_shadow_cell(call->address, snarl_race_plane(!(site->flags & SNARL_SITE_WRITE))));
    if (snarl_signals_put_off && !thr->guard)
        snarl_leave(snarl_enter());
    if (!races)
        return true;
    bool known = snarl_race_is_known(races, call->address, site->size, site->flags & SNARL_SITE_WRITE);
    if (known && !snarl_race_known_outside(races))
        return true;
    if (thr->guard)
        return known;
    if (known) {
        thr = snarl_enter();
        snarl_race_widen(races);
        snarl_leave(thr);
        return true;
    }
    thr = snarl_enter();
    bool done = try_steps(races, site, call, rbp);
    snarl_leave(thr);
    return done;
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
    struct snarl_race_thread *races = thr->races;
    s_noting = true;
    snarl_race_stock_access(races, frame->address, site->size, flags, pc, false);
    s_noting = false;
    races->note = NULL;
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
    if (site->flags & SNARL_SITE_UNHEEDED) {
        snarl_race_stock_unheeded(thr->races, frame->address, site->size, flags, snarl_entry_pc(frame) + 1);
    } else {
        snarl_race_stock_before(thr->races, frame->address, site->size, flags, snarl_entry_pc(frame) + 1);
        snarl_area.atomic = frame->address;
    }
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
