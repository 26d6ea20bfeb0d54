/* misuse.c - findings about one call that breaks a rule; and what findings about waits share with them. */
#include "sync/sync.h"

#include "base/mutex.h"

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_MISUSE};
static struct snarl_finding s_finding; /* too large for a program's small stacks; guarded by s_lock */

void snarl_finding_add_held(struct snarl_event *event, struct snarl_thread *thr)
{
    for (uint32_t i = 0; i < thr->held_count && event->held_count < SNARL_EVENT_HELD; i++)
        if (snarl_held_valid(thr, &thr->held[i]))
            event->held[event->held_count++] = thr->held[i].lock_id;
}

void snarl_finding_add_hold(struct snarl_finding *finding, struct snarl_thread *holder, const struct snarl_held *held)
{
    struct snarl_event *event =
        snarl_finding_event(finding, "hold", held->mode == SNARL_MODE_READ ? "acquired shared" : "acquired");
    event->thread = holder->id;
    event->lock = held->lock_id;
    event->stack = held->stack;
    snarl_finding_add_lock(finding, held->lock_id);
}

static void describe_held(struct snarl_thread *thr)
{
    for (uint32_t i = 0; i < thr->held_count; i++)
        if (snarl_held_valid(thr, &thr->held[i]))
            snarl_object_describe(thr->held[i].lock);
}

/* With s_lock held and s_finding complete. */
static void send(struct snarl_thread *thr, struct snarl_thread *holder, struct snarl_sync *sync)
{
    if (snarl_finding_seen(snarl_finding_key(&s_finding)))
        return;
    snarl_runfile_begin();
    snarl_thread_describe(thr);
    snarl_thread_describe(holder);
    snarl_object_describe(sync);
    describe_held(thr);
    snarl_finding_report(&s_finding);
    snarl_runfile_end();
}

static void add_call(struct snarl_thread *thr, const char *role, const char *what, uint32_t lock, uint32_t stack)
{
    struct snarl_event *event = snarl_finding_event(&s_finding, role, what);
    event->thread = thr->id;
    event->lock = lock;
    event->stack = stack;
    event->time_ns = snarl_runfile_now();
    snarl_finding_add_held(event, thr);
    snarl_finding_add_lock(&s_finding, lock);
}

void snarl_misuse_report(struct snarl_thread *thr, const char *rule, struct snarl_sync *sync, const char *role,
                         const char *what, struct snarl_site site)
{
    uint32_t stack = snarl_unwind_site(site, &thr->sites, true);
    struct snarl_held held;
    struct snarl_thread *cursor = snarl_thread_first();
    struct snarl_thread *holder = sync ? snarl_held_holder(sync, &cursor, &held) : NULL;
    snarl_mutex_lock(&s_lock);
    snarl_finding_clear(&s_finding, "lock-misuse", rule, "observed");
    add_call(thr, role, what, sync ? sync->id : 0, stack);
    if (holder)
        snarl_finding_add_hold(&s_finding, holder, &held);
    send(thr, holder, sync);
    snarl_mutex_unlock(&s_lock);
}

void snarl_misuse_report_held(struct snarl_thread *thr, const char *rule, const struct snarl_held *held,
                              struct snarl_thread *holder, const char *role, const char *what, uint32_t stack)
{
    snarl_mutex_lock(&s_lock);
    snarl_finding_clear(&s_finding, "lock-misuse", rule, "observed");
    add_call(thr, role, what, held->lock_id, stack);
    snarl_finding_add_hold(&s_finding, holder, held);
    send(thr, holder, held->lock);
    snarl_mutex_unlock(&s_lock);
}

void snarl_descriptor_closed_twice(struct snarl_thread *thr, int fd, uint32_t first, uint32_t first_stack,
                                   struct snarl_site site)
{
    uint32_t stack = snarl_unwind_site(site, &thr->sites, true);
    struct snarl_thread *closer = snarl_thread_by_id(first);
    snarl_mutex_lock(&s_lock);
    snarl_finding_clear(&s_finding, "lock-misuse", "double-close", "observed");
    s_finding.location.kind = "fd";
    s_finding.location.address = (uint64_t)fd;
    add_call(thr, "release", "closes a descriptor that is closed", 0, stack);
    struct snarl_event *event = snarl_finding_event(&s_finding, "release", "closed the descriptor before");
    event->thread = first;
    event->stack = first_stack;
    send(thr, closer ? closer : thr, NULL);
    snarl_mutex_unlock(&s_lock);
}

void snarl_signal_unsafe(struct snarl_thread *thr, const char *function, struct snarl_site site)
{
    uint32_t stack = snarl_unwind_site(site, &thr->sites, true);
    snarl_mutex_lock(&s_lock);
    snarl_finding_clear(&s_finding, "signal-unsafe", "", "observed");
    add_call(thr, "signal", function, 0, stack);
    send(thr, NULL, NULL);
    snarl_mutex_unlock(&s_lock);
}
