/* waits.c - what each thread waits for.
 *
 * A wait is published (object last, sequentially consistent) before the waiter looks at what others wait for. Of two
 * threads that begin to wait for each other at the same time, the one whose publication comes second therefore sees
 * the other's: every cycle is seen by at least one of its threads, and no lock is needed. What is seen may be
 * stale, so it is only a suspicion; see deadlock.c for how it is confirmed. `serial` tells one wait from the next. */
#include "sync/sync.h"

static uint32_t s_count; /* threads that wait without a timeout */

uint32_t snarl_wait_count(void)
{
    return __atomic_load_n(&s_count, __ATOMIC_SEQ_CST);
}

void snarl_wait_forked(void)
{
    s_count = 0;
}

void snarl_wait_begin(struct snarl_thread *thr, enum snarl_wait_kind kind, void *object, uint32_t object_id,
                      enum snarl_mode mode, bool timed, struct snarl_site site)
{
    struct snarl_wait *wait = &thr->wait;
    if (wait->object) /* left without a word, by a handler that runs inside the wait */
        snarl_wait_end(thr);
    wait->kind = (uint8_t)kind;
    wait->mode = (uint8_t)mode;
    wait->timed = timed;
    wait->object_id = object_id;
    wait->stack = snarl_unwind_site(site, &thr->sites, false);
    wait->since_ns = snarl_runfile_now();
    wait->serial++;
    __atomic_store_n(&wait->object, object, __ATOMIC_SEQ_CST);
    if (!timed)
        __atomic_fetch_add(&s_count, 1, __ATOMIC_SEQ_CST);
}

void snarl_wait_end(struct snarl_thread *thr)
{
    if (thr->wait.object && !thr->wait.timed)
        __atomic_fetch_sub(&s_count, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&thr->wait.object, NULL, __ATOMIC_SEQ_CST);
    thr->wait.serial++;
}

bool snarl_wait_suspicious(struct snarl_thread *thr)
{
    return thr->wait.object && !thr->wait.timed && (snarl_deadlock_suspected(thr) || snarl_stall_suspected());
}

void snarl_wait_check(struct snarl_thread *thr)
{
    if (!thr->wait.object || thr->wait.timed)
        return;
    snarl_deadlock_check(thr);
    snarl_stall_check(thr);
}

static const char *wait_words(const struct snarl_thread *thr)
{
    switch (thr->wait.kind) {
    case SNARL_WAIT_JOIN:
        return "waits for a thread to end";
    case SNARL_WAIT_CONDITION:
        return "waits on a condition";
    case SNARL_WAIT_BARRIER:
        return "waits at a barrier";
    default:
        return thr->wait.mode == SNARL_MODE_READ ? "waits to acquire shared" : "waits to acquire";
    }
}

void snarl_finding_add_wait(struct snarl_finding *finding, struct snarl_thread *thr)
{
    struct snarl_event *event = snarl_finding_event(finding, "wait", wait_words(thr));
    event->thread = thr->id;
    event->stack = thr->wait.stack;
    event->time_ns = thr->wait.since_ns;
    snarl_finding_add_held(event, thr);
    if (thr->wait.kind != SNARL_WAIT_JOIN && thr->wait.object) {
        event->lock = ((struct snarl_sync *)thr->wait.object)->id;
        snarl_finding_add_lock(finding, event->lock);
    }
}

void snarl_wait_describe(struct snarl_thread *thr)
{
    snarl_thread_describe(thr);
    if (thr->wait.object && thr->wait.kind == SNARL_WAIT_JOIN)
        snarl_thread_describe(thr->wait.object);
    else if (thr->wait.object)
        snarl_object_describe(thr->wait.object);
    for (uint32_t i = 0; i < thr->held_count; i++)
        if (snarl_held_valid(thr, &thr->held[i]))
            snarl_object_describe(thr->held[i].lock);
}
