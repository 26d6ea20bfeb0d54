/* stall.c - nobody can go on, and nobody will ever come to help.
 *
 * Called by a thread that is about to block without a timeout on something that has no owner. If it is the last one
 * that could run, the process stands still for ever, unless one of these is true, and then nothing is said:
 *   - a thread waits with a timeout, or runs, or is in a call that we do not know (that counts as running);
 *   - a wake-up is under way: a signal that no waiter has taken yet, a semaphore above zero, a free lock, a full barrier, a
 *     cancellation (of a thread that does not let itself be cancelled it is not, which we do not know);
 *   - somebody outside can wake one: a signal handler is installed, or the object is shared with other processes;
 *   - the process has threads that we have not seen made (timers, asynchronous input and output).
 * The caller has not blocked yet, so if all this still holds after CONFIRM_NS it holds for ever: only a thread of
 * this process could change it, and none runs. */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/mutex.h"
#include "base/os.h"
#include "base/text.h"
#include "sync/sync.h"

#define CONFIRM_NS 100000000u
#define ROUNDS 10

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_STALL};
static struct snarl_finding s_finding; /* guarded by s_lock */

static bool condition_blocks(const struct snarl_sync *condition)
{
    return __atomic_load_n(&condition->state.condition.pending, __ATOMIC_SEQ_CST) == 0;
}

static bool lock_blocks(struct snarl_sync *sync, uint8_t mode)
{
    if (sync->kind == SNARL_KIND_SEMAPHORE || sync->kind == SNARL_KIND_PYTHON_LOCK)
        return snarl_host->semaphore_value(sync->kind, sync->address) == 0;
    if (sync->kind == SNARL_KIND_PYTHON_QUEUE)
        return __atomic_load_n(&sync->state.semaphore.items, __ATOMIC_SEQ_CST) <= 0;
    if (__atomic_load_n(&sync->owner, __ATOMIC_SEQ_CST))
        return true;
    struct snarl_held held;
    struct snarl_thread *cursor = snarl_thread_first();
    return mode == SNARL_MODE_WRITE && snarl_held_holder(sync, &cursor, &held) != NULL;
}

/* Joins, conditions and semaphores are cancellation points. A cancelled thread leaves them, though that may take long: libc unwinds its
 * stack, and may have to load what does that. */
static bool is_leaving(const struct snarl_thread *thr, const struct snarl_sync *sync)
{
    if (!__atomic_load_n(&thr->cancelled, __ATOMIC_SEQ_CST) || thr->wait.kind == SNARL_WAIT_BARRIER)
        return false;
    return thr->wait.kind != SNARL_WAIT_LOCK || sync->kind == SNARL_KIND_SEMAPHORE;
}

/* Whether `thr` cannot go on unless another thread acts. */
static bool blocked(struct snarl_thread *thr)
{
    void *object = __atomic_load_n(&thr->wait.object, __ATOMIC_SEQ_CST);
    if (!object || thr->wait.timed || is_leaving(thr, object))
        return false;
    if (thr->wait.kind == SNARL_WAIT_JOIN)
        return __atomic_load_n(&((struct snarl_thread *)object)->state, __ATOMIC_ACQUIRE) != SNARL_THREAD_ENDED;
    struct snarl_sync *sync = object;
    if (sync->flags & SNARL_OBJECT_SHARED)
        return false;
    switch (thr->wait.kind) {
    case SNARL_WAIT_LOCK:
        return lock_blocks(sync, thr->wait.mode);
    case SNARL_WAIT_CONDITION:
        return condition_blocks(sync);
    case SNARL_WAIT_BARRIER:
        return sync->state.barrier.generation == thr->wait.object_id;
    default:
        return false;
    }
}

/* The threads that exist and cannot go on; 0 when one can. `sum` tells one state of affairs from another. */
static uint32_t all_blocked(uint64_t *sum)
{
    uint32_t count = 0;
    *sum = 0;
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next) {
        uint8_t state = __atomic_load_n(&thr->state, __ATOMIC_ACQUIRE);
        if (state != SNARL_THREAD_NEW && state != SNARL_THREAD_RUNNING)
            continue;
        if (state == SNARL_THREAD_NEW || !blocked(thr))
            return 0;
        count++;
        *sum += (uint64_t)thr->id << 32 ^ thr->wait.serial;
    }
    return count;
}

/* Whether the kernel says that this thread of ours sleeps. One that was woken and waits for a processor does not, although
 * its wait is not over yet as far as we know. */
static bool asleep(const char *tid)
{
    char path[64], line[256];
    struct snarl_text text = snarl_text_in(path, sizeof(path));
    snarl_text_add(snarl_text_add(snarl_text_add(&text, "/proc/self/task/"), tid), "/stat");
    int fd = snarl_os_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    ssize_t length = snarl_os_read(fd, line, sizeof(line) - 2);
    snarl_os_close(fd);
    while (length > 0 && line[length - 1] != ')') /* the name before it may hold anything */
        length--;
    return length > 0 && line[length] == ' ' && line[length + 1] == 'S';
}

/* Whether exactly `count` threads of this process exist besides the caller, as far as the kernel knows, and all sleep. */
static bool others_asleep(uint32_t count)
{
    char own[24], buffer[4096];
    struct snarl_text text = snarl_text_in(own, sizeof(own));
    snarl_text_add_uint(&text, (uint64_t)snarl_os_thread_id());
    int fd = snarl_os_open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    bool all = fd >= 0;
    ssize_t length;
    while (all && (length = snarl_os_list(fd, buffer, sizeof(buffer))) > 0)
        for (ssize_t at = 0; all && at < length; at += *(uint16_t *)(buffer + at + 16)) { /* d_reclen */
            const char *name = buffer + at + 19;                                          /* d_name */
            if (name[0] == '.' || strcmp(name, own) == 0)
                continue;
            all = count-- > 0 && asleep(name);
        }
    if (fd >= 0)
        snarl_os_close(fd);
    return all && count == 0;
}

static void write_stall(void)
{
    snarl_finding_clear(&s_finding, "stall", "", "observed");
    snarl_runfile_begin();
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next) {
        if (thr->state != SNARL_THREAD_RUNNING)
            continue;
        snarl_wait_describe(thr);
        for (uint32_t i = 0; i < thr->held_count && s_finding.event_count + 2 < SNARL_FINDING_EVENTS; i++)
            if (snarl_held_valid(thr, &thr->held[i]))
                snarl_finding_add_hold(&s_finding, thr, &thr->held[i]);
        if (s_finding.event_count + 1 < SNARL_FINDING_EVENTS)
            snarl_finding_add_wait(&s_finding, thr);
    }
    snarl_finding_report(&s_finding);
    snarl_runfile_end();
}

/* Deadlocks that were only suspected (semaphores used as locks) are certain once nobody runs. */
static void check_deadlocks(void)
{
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next)
        if (thr->state == SNARL_THREAD_RUNNING)
            snarl_deadlock_check(thr);
}

/* Whether the same threads are blocked in the same waits as `sum` tells, for a whole CONFIRM_NS, and are all that the
 * kernel knows of. `leaving`: the caller is not one of them, but on its way out. */
static bool confirmed(uint64_t sum, bool leaving)
{
    for (int round = 0; round < ROUNDS; round++) {
        snarl_os_sleep(CONFIRM_NS);
        uint64_t now;
        uint32_t count = all_blocked(&now);
        if (!count || now != sum)
            return false;
        if (others_asleep(leaving ? count : count - 1))
            return true;
    }
    return false;
}

bool snarl_stall_suspected(void)
{
    uint64_t sum;
    return snarl_wait_count() >= snarl_thread_alive() && all_blocked(&sum);
}

bool snarl_stall_stands_still(void)
{
    uint64_t sum;
    return all_blocked(&sum) && confirmed(sum, false);
}

static void check(struct snarl_thread *thr, bool leaving)
{
    uint64_t sum;
    if (snarl_wait_count() < snarl_thread_alive() || !all_blocked(&sum))
        return;
    check_deadlocks();
    if (snarl_deadlock_reported() || snarl_host->woken_from_outside() || !confirmed(sum, leaving))
        return;
    snarl_mutex_lock(&s_lock);
    write_stall();
    snarl_mutex_unlock(&s_lock);
    snarl_deadlock_end(thr);
}

void snarl_stall_check(struct snarl_thread *thr)
{
    if (!thr->wait.timed)
        check(thr, false);
}

void snarl_stall_check_end(struct snarl_thread *thr)
{
    check(thr, true);
}
