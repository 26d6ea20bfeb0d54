/* engine.c - the life of a process and of its threads; see engine.h. Everything else of it is in sync/. */
#include "engine.h"

#include <x86intrin.h>

#include "base/memory.h"
#include "base/os.h"
#include "lockgraph/lockgraph.h"
#include "stack/depot.h"
#include "stack/modules.h"
#include "sync/races.h"
#include "sync/sync.h"

bool snarl_awake;
const struct snarl_host *snarl_host;

static uint32_t s_closed;
static uint64_t s_first_tick, s_first_ns; /* to know how long a tick of the time-stamp counter is */

struct snarl_thread *snarl_engine_open(const struct snarl_host *host, const char *mode, uint64_t handle)
{
    snarl_host = host;
    snarl_runfile_open(snarl_options.out, mode);
    s_first_tick = __rdtsc();
    s_first_ns = snarl_runfile_now();
    snarl_modules_refresh();
    struct snarl_thread *thr = snarl_thread_new(NULL, 0, 0);
    if (thr)
        snarl_thread_started(thr, handle, snarl_os_thread_id());
    return thr;
}

void snarl_engine_wake(struct snarl_thread *thr)
{
    if (snarl_awake)
        return;
    snarl_modules_refresh();
    snarl_awake = true;
    snarl_races_wake(thr);
}

void snarl_engine_forked(struct snarl_thread *thr, const char *mode, uint64_t handle)
{
    snarl_stack_forked();
    snarl_modules_forked();
    snarl_finding_forked();
    snarl_thread_forked(thr, snarl_os_thread_id());
    snarl_object_forked();
    snarl_lockgraph_forked(thr);
    snarl_wait_forked();
    snarl_races_forked(thr);
    for (int i = 0; i < SNARL_COUNT_MAX; i++)
        snarl_counters[i] = 0;
    thr->handle = handle;
    s_closed = 0;
    snarl_runfile_forked(mode);
}

/* --- threads --- */

struct snarl_thread *snarl_engine_thread_create(struct snarl_thread *thr, struct snarl_site site, bool detached)
{
    snarl_engine_wake(thr);
    uint32_t stack = snarl_unwind_site(site, &thr->sites, true);
    struct snarl_thread *child = snarl_thread_new(thr, stack, snarl_runfile_now());
    if (!child)
        return NULL;
    child->detached = detached;
    child->create_frames = thr->races ? snarl_unwind_frames(site, child->create_cfa, SNARL_CREATE_FRAMES) : 0;
    snarl_races_thread_created(thr, child);
    return child;
}

void snarl_engine_thread_created(struct snarl_thread *child, uint32_t id, uint64_t handle)
{
    if (child)
        snarl_thread_set_handle(child, id, handle);
}

void snarl_engine_thread_start(struct snarl_thread *thr, uint64_t handle)
{
    snarl_thread_started(thr, handle, snarl_os_thread_id());
    snarl_races_thread_started(thr, handle);
}

void snarl_engine_thread_not_created(struct snarl_thread *thr, struct snarl_thread *child)
{
    (void)thr;
    if (!child)
        return;
    snarl_races_thread_not_created(child);
    snarl_thread_abandon(child);
}

static void report_locks_left(struct snarl_thread *thr)
{
    snarl_held_prune(thr);
    for (uint32_t i = 0; i < thr->held_count; i++) {
        const struct snarl_held *held = &thr->held[i];
        uint8_t kind = held->lock->kind;
        /* Semaphores have no owner, a robust mutex is made for owners that die, and an interpreter ends its
         * daemon threads wherever they are. */
        if (kind == SNARL_KIND_SEMAPHORE || kind == SNARL_KIND_PYTHON_LOCK || kind == SNARL_KIND_PYTHON_RLOCK ||
            held->lock->flags & SNARL_OBJECT_ROBUST)
            continue;
        snarl_misuse_report_held(thr, "exit-holding-lock", held, thr, "release", "ends while it holds a lock",
                                 held->stack);
    }
}

/* Who waits for a lock of a thread that has just ended waits for ever. */
static void check_waiters(void)
{
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next)
        if (thr->state == SNARL_THREAD_RUNNING && thr->wait.object && !thr->wait.timed)
            snarl_deadlock_check(thr);
}

static void forget(struct snarl_sync *sync, void *context)
{
    struct snarl_thread *thr = context;
    if (snarl_held_find(thr, sync))
        return;
    snarl_lockgraph_forget(sync);
    snarl_object_end(sync);
}

/* The stack of an ended thread will be another's: objects that lived in it are over. */
static void forget_stack(struct snarl_thread *thr)
{
    if (thr->stack_low)
        snarl_object_each_in(thr->stack_low, thr->stack_high - thr->stack_low, forget, thr);
}

void snarl_engine_thread_end(struct snarl_thread *thr)
{
    if (thr->wait.object) /* it was ended inside a wait */
        snarl_wait_end(thr);
    report_locks_left(thr);
    if (thr->noted) {
        snarl_runfile_begin();
        snarl_thread_describe(thr);
        snarl_runfile_end();
    }
    forget_stack(thr);
    snarl_races_thread_ended(thr);
    snarl_thread_ended(thr, snarl_runfile_now());
    if (thr->held_count)
        check_waiters();
    snarl_stall_check_end(thr);
}

void snarl_engine_detach(struct snarl_thread *thr, uint64_t handle)
{
    (void)thr;
    struct snarl_thread *target = snarl_thread_by_handle(handle);
    if (!target)
        return;
    snarl_thread_detached(target);
    snarl_races_thread_detached(target);
}

/* --- the end --- */

static void report_leaks(void)
{
    static struct snarl_finding s_finding;
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next) {
        if (thr->main || thr->managed || thr->detached || thr->joined || thr->state == SNARL_THREAD_GONE ||
            thr->state == SNARL_THREAD_NEW)
            continue;
        snarl_finding_clear(&s_finding, "thread-leak", "", "observed");
        struct snarl_event *event = snarl_finding_event(&s_finding, "create", "neither joined nor detached");
        event->thread = thr->id;
        event->stack = thr->create_stack;
        event->time_ns = thr->start_ns;
        snarl_runfile_begin();
        snarl_thread_describe(thr);
        snarl_finding_report(&s_finding);
        snarl_runfile_end();
    }
}

static void write_counters(void)
{
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_COUNTERS);
    snarl_wire_put_uint(writer, SNARL_COUNT_MAX);
    for (int i = 0; i < SNARL_COUNT_MAX; i++) {
        snarl_wire_put_text(writer, snarl_counter_name(i));
        snarl_wire_put_uint(writer, snarl_counters[i]);
    }
    snarl_runfile_finish();
}

static void write_exit(int how, int value)
{
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_EXIT);
    snarl_wire_put_uint(writer, (uint64_t)how);
    snarl_wire_put_uint(writer, (uint64_t)(unsigned)value);
    snarl_wire_put_uint(writer, snarl_runfile_now());
    snarl_wire_put_uint(writer, snarl_thread_created());
    snarl_runfile_finish();
}

static double ns_per_tick(void)
{
    uint64_t ticks = __rdtsc() - s_first_tick;
    return ticks ? (double)(snarl_runfile_now() - s_first_ns) / (double)ticks : 0;
}

void snarl_engine_close(struct snarl_thread *thr, int how, int value)
{
    if (__atomic_exchange_n(&s_closed, 1, __ATOMIC_ACQ_REL))
        return;
    if (how == 0)
        report_leaks();
    thr->end_ns = snarl_runfile_now();
    thr->written = false;
    if (snarl_awake)
        snarl_lockgraph_write();
    snarl_counters[SNARL_COUNT_MEMORY_BYTES] = snarl_memory_used();
    snarl_runfile_begin();
    if (snarl_awake) {
        snarl_thread_describe_all();
        snarl_object_write_use(ns_per_tick());
    }
    snarl_finding_write_counts();
    write_counters();
    write_exit(how, value);
    snarl_runfile_end();
}

void snarl_engine_exec(struct snarl_thread *thr)
{
    (void)thr;
    snarl_runfile_begin();
    snarl_finding_write_counts();
    write_exit(2, 0);
    snarl_runfile_end();
}

void snarl_engine_coverage(uintptr_t address, uint64_t accesses, uint64_t instrumented, const char *reason)
{
    const struct snarl_module *module = snarl_modules_find(address, true);
    if (!module)
        return;
    snarl_runfile_begin();
    snarl_runfile_module_of(address);
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_COVERAGE);
    snarl_wire_put_uint(writer, module->id);
    snarl_wire_put_uint(writer, accesses);
    snarl_wire_put_uint(writer, instrumented);
    snarl_wire_put_text(writer, reason);
    snarl_runfile_finish();
    snarl_runfile_end();
}

void snarl_engine_note(const char *text)
{
    snarl_runfile_begin();
    snarl_wire_put_text(snarl_runfile_record(SNARL_RECORD_NOTE), text);
    snarl_runfile_finish();
    snarl_runfile_end();
}

void snarl_engine_child(pid_t pid, int status)
{
    snarl_runfile_begin();
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_CHILD);
    snarl_wire_put_uint(writer, (uint64_t)pid);
    snarl_wire_put_uint(writer, (uint64_t)(unsigned)status);
    snarl_runfile_finish();
    snarl_runfile_end();
}
