/* deadlock.c - threads that really wait for each other.
 *
 * Called by a thread that is about to block without a timeout. From it we follow "waits for a lock that T holds",
 * "waits for the end of T", and so on. It is a deadlock when the walk comes back to the caller, or ends at
 * a thread that no longer exists (its lock is never released), since each step is a must: the waiter cannot go on
 * before that thread acts. Steps that are not a must (conditions, semaphores used as signals) end the walk; stall.c
 * is for these.
 *
 * Confirmation: the walk is repeated after CONFIRM_NS, and once more; a cycle counts only when it is made of the same
 * waits (thread, serial) each time. A cycle of true waits cannot dissolve, and a false one (a thread on its way out
 * of a wait) does not survive. Nothing of ours is locked meanwhile, and the caller has not blocked yet.
 *
 * Semaphores count as locks only if they started at 1, were always released by who had acquired them, and that
 * was seen at least once; or if no thread of the process can run any more. */
#include <string.h>

#include "base/mutex.h"
#include "base/os.h"
#include "sync/sync.h"

#define CONFIRM_NS 60000000u
#define DEPTH_MAX 64
#define SEARCH_MAX 4096

struct step {
    struct snarl_thread *thr;
    uint32_t serial; /* of its wait; meaningless for one that is gone */
    bool gone;
    struct snarl_held held; /* what it holds and the step before waits for; lock NULL: that one joins it */
};

/* A walk: step 0 is the caller, each step waits for the next, the last one for step 0 (or it is gone). */
struct walk {
    struct step step[DEPTH_MAX];
    uint32_t length;
    uint32_t budget;
};

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_DEADLOCK};
static struct snarl_finding s_finding; /* guarded by s_lock */
static struct walk s_walk, s_again;    /* the same */

static bool s_reported;

static bool extend(struct walk *walk);

/* Whether `next` leads to a cycle or to a thread that is gone; the walk then holds the way. */
static bool try_step(struct walk *walk, struct snarl_thread *next, const struct snarl_held *held)
{
    if (walk->budget == 0 || walk->length == DEPTH_MAX)
        return false;
    walk->budget--;
    uint8_t state = __atomic_load_n(&next->state, __ATOMIC_ACQUIRE);
    if (next == walk->step[0].thr) {
        walk->step[0].held = *held;
        return true;
    }
    for (uint32_t i = 1; i < walk->length; i++)
        if (walk->step[i].thr == next)
            return false; /* a cycle without the caller: somebody else's to report */
    struct step *step = &walk->step[walk->length++];
    *step = (struct step){.thr = next, .held = *held, .serial = next->wait.serial,
                          .gone = state == SNARL_THREAD_ENDED || state == SNARL_THREAD_GONE};
    if (step->gone || extend(walk))
        return true;
    walk->length--;
    return false;
}

static bool try_holders(struct walk *walk, struct snarl_sync *sync)
{
    struct snarl_held held = {0};
    struct snarl_thread *cursor = snarl_thread_first();
    struct snarl_thread *holder;
    while ((holder = snarl_held_holder(sync, &cursor, &held)))
        if (try_step(walk, holder, &held))
            return true;
    return false;
}

/* Where a waiting writer stops new readers, a reader waits for what that writer waits for. */
static bool try_waiting_writers(struct walk *walk, const struct snarl_sync *sync)
{
    struct snarl_held none = {0};
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next)
        if (__atomic_load_n(&thr->wait.object, __ATOMIC_SEQ_CST) == sync && thr->wait.mode == SNARL_MODE_WRITE &&
            !thr->wait.timed && try_step(walk, thr, &none))
            return true;
    return false;
}

static bool is_lock(const struct snarl_sync *sync)
{
    if (sync->kind != SNARL_KIND_SEMAPHORE && sync->kind != SNARL_KIND_PYTHON_LOCK)
        return true;
    return !(sync->flags & (SNARL_OBJECT_SIGNAL | SNARL_OBJECT_SHARED));
}

static bool extend_lock(struct walk *walk, struct snarl_sync *sync, uint8_t mode)
{
    if (!is_lock(sync))
        return false;
    struct snarl_thread *owner = __atomic_load_n(&sync->owner, __ATOMIC_SEQ_CST);
    if (mode == SNARL_MODE_READ && !owner)
        return sync->flags & SNARL_OBJECT_WRITER_FIRST && try_waiting_writers(walk, sync);
    struct snarl_held held;
    if (owner)
        return snarl_held_by(owner, sync, &held) && try_step(walk, owner, &held);
    return try_holders(walk, sync);
}

/* What the last step waits for. */
static bool extend(struct walk *walk)
{
    struct snarl_thread *thr = walk->step[walk->length - 1].thr;
    struct snarl_held none = {0};
    void *object = __atomic_load_n(&thr->wait.object, __ATOMIC_SEQ_CST);
    if (!object || thr->wait.timed)
        return false;
    if (thr->wait.kind == SNARL_WAIT_JOIN) {
        struct snarl_thread *target = object;
        return __atomic_load_n(&target->state, __ATOMIC_ACQUIRE) != SNARL_THREAD_ENDED && try_step(walk, target, &none);
    }
    if (thr->wait.kind == SNARL_WAIT_LOCK)
        return extend_lock(walk, object, thr->wait.mode);
    return false;
}

static bool search(struct snarl_thread *thr, struct walk *walk)
{
    walk->length = 1;
    walk->budget = SEARCH_MAX;
    walk->step[0] = (struct step){.thr = thr, .serial = thr->wait.serial};
    return extend(walk);
}

static bool same(const struct walk *a, const struct walk *b)
{
    if (a->length != b->length)
        return false;
    for (uint32_t i = 0; i < a->length; i++)
        if (a->step[i].thr != b->step[i].thr || a->step[i].serial != b->step[i].serial ||
            a->step[i].held.lock_id != b->step[i].held.lock_id)
            return false;
    return true;
}

/* A semaphore's holder is only the last one that we saw acquire it: more is asked of such a cycle. */
static bool rests_on_semaphores(const struct walk *walk)
{
    bool rests = false;
    for (uint32_t i = 0; i < walk->length; i++) {
        const struct snarl_sync *sync = walk->step[i].held.lock;
        if (!sync || (sync->kind != SNARL_KIND_SEMAPHORE && sync->kind != SNARL_KIND_PYTHON_LOCK))
            continue;
        if (!(sync->flags & SNARL_OBJECT_PAIRED) || walk->length == 1)
            rests = true;
    }
    return rests;
}

static const char *rule_of(const struct walk *walk)
{
    const struct step *last = &walk->step[walk->length - 1];
    if (last->gone)
        return last->thr->state == SNARL_THREAD_GONE ? "fork-child" : "owner-exited";
    if (walk->length == 1)
        return walk->step[0].held.lock && walk->step[0].held.mode == SNARL_MODE_READ ? "rwlock-upgrade" : "self-lock";
    for (uint32_t i = 0; i < walk->length; i++)
        if (walk->step[i].thr->wait.kind == SNARL_WAIT_JOIN)
            return "join-cycle";
    return "";
}

static bool write_deadlock(const struct walk *walk)
{
    snarl_finding_clear(&s_finding, "deadlock", rule_of(walk), "observed");
    for (uint32_t i = 0; i < walk->length; i++) {
        const struct step *step = &walk->step[i];
        if (step->held.lock)
            snarl_finding_add_hold(&s_finding, step->thr, &step->held);
        if (!step->gone)
            snarl_finding_add_wait(&s_finding, step->thr);
    }
    snarl_runfile_begin();
    for (uint32_t i = 0; i < walk->length; i++) {
        snarl_wait_describe(walk->step[i].thr);
        snarl_object_describe(walk->step[i].held.lock);
    }
    bool fresh = snarl_finding_report(&s_finding);
    snarl_runfile_end();
    return fresh;
}

void snarl_deadlock_end(struct snarl_thread *thr)
{
    if (snarl_options.on_deadlock == SNARL_DEADLOCK_CONTINUE)
        return;
    snarl_host->end_process(thr, snarl_options.on_deadlock == SNARL_DEADLOCK_ABORT ? -1
                                                                                   : (int)snarl_options.exit_code);
}

static bool confirmed(struct snarl_thread *thr)
{
    for (int round = 0; round < 2; round++) {
        snarl_os_sleep(CONFIRM_NS);
        if (!search(thr, &s_again) || !same(&s_walk, &s_again))
            return false;
    }
    return !rests_on_semaphores(&s_walk) || snarl_stall_stands_still();
}

bool snarl_deadlock_suspected(struct snarl_thread *thr)
{
    struct walk walk;
    /* Where somebody still runs it waits; should that change, stall.c looks again. */
    return search(thr, &walk) && !(rests_on_semaphores(&walk) && !snarl_stall_suspected());
}

bool snarl_deadlock_reported(void)
{
    return __atomic_load_n(&s_reported, __ATOMIC_RELAXED);
}

void snarl_deadlock_check(struct snarl_thread *thr)
{
    if (!snarl_deadlock_suspected(thr))
        return;
    snarl_mutex_lock(&s_lock); /* one at a time; the same cycle is found again by others, and counted as seen */
    bool found = search(thr, &s_walk) && confirmed(thr) && write_deadlock(&s_walk);
    snarl_mutex_unlock(&s_lock);
    if (!found)
        return;
    __atomic_store_n(&s_reported, true, __ATOMIC_RELAXED);
    snarl_deadlock_end(thr);
}
