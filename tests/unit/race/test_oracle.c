/* test_oracle.c - random traces against the oracle: on each byte the first race is found at the access at which
 * the oracle finds it, and every race reported is one of the oracle's.
 *
 * Whatever decides the course of a trace comes from its seed, which a failure names. SNARL_TRACES sets how many. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "history/history.h"
#include "oracle.h"
#include "race/update.h"

#define STOCK_SIZES 17
#define STOCK_SITES 8 /* whose notes are kept; what the others have is new each time */

struct trace {
    uint64_t seed, random;
    int max_threads, events;
    bool unique_sites, atomics, small;
    bool unended; /* some releases end no epoch, and may hide a race */
    bool stock; /* plain accesses are made as the checks of rewritten code make them */
    struct snarl_race_window window[ORACLE_THREADS];
    struct snarl_race_note note[ORACLE_THREADS][STOCK_SITES][2][STOCK_SIZES]; /* a place has one kind and size */
    struct oracle oracle;
    struct snarl_race_thread *thread[ORACLE_THREADS]; /* NULL: joined or dropped */
    struct snarl_race_sync sync[ORACLE_SYNCS];
    uint32_t next_site;
    /* the access in progress */
    bool raced_now[ORACLE_BYTES], found_now[ORACLE_BYTES];
    uint64_t races, hidden;
    const char *wrong;
};

static char *s_memory; /* what the traces access; never really touched */
static struct trace s_trace;

/* The first two variables are mutexes: who holds them, or -1. */
#define MUTEXES 2
static int s_holder[MUTEXES];

static uint32_t below(struct trace *trace, uint32_t limit)
{
    trace->random = trace->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((trace->random >> 33) % limit);
}

static void on_report(struct snarl_race_thread *thr, const struct snarl_race *race)
{
    (void)thr;
    struct trace *trace = &s_trace;
    uint32_t byte = (uint32_t)(race->byte - (uintptr_t)s_memory);
    trace->races++;
    if (byte >= ORACLE_BYTES) {
        trace->wrong = "a race outside of the memory";
        return;
    }
    uint32_t site = (uint32_t)snarl_history_pc(race->before.where);
    if (!oracle_confirms(&trace->oracle, byte, (int)race->before.thread - 1, site, race->before.flags))
        trace->wrong = "a race that the oracle does not know";
    trace->found_now[byte] = true;
    if (race->cells == 2)
        trace->found_now[(byte & ~3u) + 4] = true;
}

static const struct snarl_race_host s_host = {.report = on_report};

/* The detector reports the first byte that two accesses share; the others of that pair raced too. */
static void check_found(struct trace *trace, uint32_t first, uint32_t size)
{
    for (uint32_t byte = first; byte < first + size; byte++) {
        if (!trace->raced_now[byte] || trace->oracle.raced[byte])
            continue;
        bool found = false;
        for (uint32_t cell = byte & ~3u; cell <= byte; cell++)
            found |= cell >= first && trace->found_now[cell];
        trace->hidden += !found;
        if (!found && !trace->unended)
            trace->wrong = "a first race was missed";
        trace->oracle.raced[byte] = true;
    }
}

static bool is_in_window(const struct trace *trace, int thread, uintptr_t address, bool write)
{
    const struct snarl_race_window *window = &trace->window[thread];
    uint32_t word = *snarl_shadow_cell(address, snarl_race_plane(write));
    return !((word - (uint32_t)window->first) & (uint32_t)window->outside);
}

/* The same attempts in the same order as in preload/checks.c. */
static void stock_access(struct trace *trace, int thread, uintptr_t address, uint32_t size, bool write, uint32_t site)
{
    struct snarl_race_thread *thr = trace->thread[thread];
    struct snarl_race_note none = {0}, *note = site < 0x1000 + STOCK_SITES ? &trace->note[thread][site - 0x1000][write][size] : &none;
    bool done = false;
    if (size == 4 && address % 4 == 0 && is_in_window(trace, thread, address, write))
        return;
    if (snarl_update_is_small(address, size) && snarl_race_may_try(thr)) {
        __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
        uint32_t unit = snarl_update_record(thr, note, write, (uint8_t)size);
        done = snarl_race_try_small(thr, address, size, write, unit) ||
               (!thr->recheck && snarl_race_try_list(thr, address, size, write, unit));
        __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    }
    if (done || snarl_race_is_known(thr, address, size, write))
        return;
    if (below(trace, 16) == 0)
        snarl_race_widen(thr);
    snarl_race_get_ready(thr);
    if (snarl_race_may_try(thr) && snarl_race_try(thr, address, size, write, note))
        return;
    thr->note = note;
    snarl_race_access(thr, address, size, write ? SNARL_ACCESS_WRITE : 0, site);
    thr->note = NULL;
}

static void access_from(struct trace *trace, int thread, uint32_t first, uint32_t size, uint32_t flags, uint32_t site)
{
    memset(trace->found_now, 0, sizeof(trace->found_now));
    oracle_access(&trace->oracle, thread, first, size, flags, site, trace->raced_now);
    struct snarl_race_thread *thr = trace->thread[thread];
    uintptr_t address = (uintptr_t)s_memory + first;
    bool write = flags & SNARL_ACCESS_WRITE;
    bool whole = size == 4 && address % 4 == 0 && !(flags & SNARL_ACCESS_ATOMIC);
    if (trace->stock)
        stock_access(trace, thread, address, size, write, site);
    else if (!whole || !snarl_race_hit(thr, *snarl_shadow_cell(address, snarl_race_plane(write)), write))
        snarl_race_access_again(thr, address, size, flags, site);
    check_found(trace, first, size);
}

static void do_access(struct trace *trace, int thread, uint32_t first, uint32_t size, uint32_t flags)
{
    access_from(trace, thread, first, size, flags, trace->unique_sites ? trace->next_site++ : 0x1000 + below(trace, 5));
}

static void random_access(struct trace *trace, int thread)
{
    static const uint32_t sizes[] = {1, 1, 2, 4, 4, 4, 8, 16, 3, 7};
    uint32_t size = sizes[below(trace, sizeof(sizes) / sizeof(sizes[0]))];
    uint32_t room = trace->small ? 8 : ORACLE_BYTES;
    if (size > room)
        size = room;
    uint32_t first = below(trace, room - size + 1);
    if (below(trace, 2))
        first &= ~3u;
    uint32_t flags = below(trace, 2) ? SNARL_ACCESS_WRITE : 0;
    if (trace->atomics && below(trace, 4) == 0)
        flags |= SNARL_ACCESS_ATOMIC;
    do_access(trace, thread, first, size, flags);
}

/* Some lie in the memory that is accessed. */
static uintptr_t atomic_at(uint32_t which)
{
    return (uintptr_t)s_memory + 8 * which + (8 * which + 8 > ORACLE_BYTES ? 4096 : 0);
}

/* A relaxed and a releasing read-modify-write of one atomic, again and again. */
static void atomic_rounds(struct trace *trace, int thread)
{
    struct snarl_race_thread *thr = trace->thread[thread];
    uint32_t which = below(trace, 3), flags = SNARL_ACCESS_ATOMIC | SNARL_ACCESS_WRITE, size = below(trace, 2) ? 8 : 4;
    struct oracle_sync *model = &trace->oracle.atomic[which];
    uintptr_t address = atomic_at(which);
    for (uint32_t i = below(trace, 5) + 2; i; i--) {
        if (below(trace, 6)) {
            struct snarl_race_sync *sync = snarl_race_atomic_lock(thr, address);
            oracle_rmw(&trace->oracle, thread, model, SNARL_ORDER_RELAXED);
            snarl_race_atomic_rmw(thr, sync, SNARL_ORDER_RELAXED);
            snarl_race_atomic_unlock(sync);
            access_from(trace, thread, 8 * which, size, flags, 0x3000);
        }
        if (below(trace, 8) == 0)
            random_access(trace, thread);
        if (below(trace, 12) == 0)
            return;
        oracle_load(&trace->oracle, thread, model, SNARL_ORDER_ACQUIRE);
        struct snarl_race_sync *sync = snarl_race_atomic_round(thr, address, size);
        memset(trace->found_now, 0, sizeof(trace->found_now));
        oracle_access(&trace->oracle, thread, 8 * which, size, flags, 0x3001, trace->raced_now);
        if (!sync) {
            sync = snarl_race_atomic_lock(thr, address);
            snarl_race_atomic_take(thr, sync, SNARL_ORDER_ACQ_REL);
            snarl_race_atomic_access(thr, address, size, flags, 0x3001);
            snarl_race_atomic_give(thr, sync, SNARL_ORDER_ACQ_REL);
        }
        check_found(trace, 8 * which, size);
        oracle_rmw(&trace->oracle, thread, model, SNARL_ORDER_ACQ_REL);
        snarl_race_atomic_unlock(sync);
        if (below(trace, 12) == 0)
            return;
    }
}

static void random_atomic(struct trace *trace, int thread)
{
    static const enum snarl_order loads[] = {SNARL_ORDER_RELAXED, SNARL_ORDER_ACQUIRE, SNARL_ORDER_SEQ_CST};
    static const enum snarl_order stores[] = {SNARL_ORDER_RELAXED, SNARL_ORDER_RELEASE, SNARL_ORDER_SEQ_CST};
    struct snarl_race_thread *thr = trace->thread[thread];
    uint32_t which = below(trace, ORACLE_ATOMICS);
    struct oracle_sync *model = &trace->oracle.atomic[which];
    uintptr_t address = atomic_at(which);
    uint32_t kind = below(trace, 4);
    enum snarl_order order = (enum snarl_order)below(trace, SNARL_ORDER_SEQ_CST + 1);
    if (kind == 3) {
        oracle_fence(&trace->oracle, thread, order);
        snarl_race_fence(thr, order);
        return;
    }
    struct snarl_race_sync *sync = kind ? snarl_race_atomic_lock(thr, address) : snarl_race_atomic_find(address);
    if (kind == 0) {
        order = loads[below(trace, 3)];
        oracle_load(&trace->oracle, thread, model, order);
        if (!sync)
            return;
        snarl_race_atomic_load(thr, sync, order);
    } else if (kind == 1) {
        order = stores[below(trace, 3)];
        oracle_store(&trace->oracle, thread, model, order);
        snarl_race_atomic_store(thr, sync, order);
    } else {
        oracle_rmw(&trace->oracle, thread, model, order);
        snarl_race_atomic_rmw(thr, sync, order);
    }
    snarl_race_atomic_unlock(sync);
}

static int random_thread(struct trace *trace)
{
    for (;;) {
        int thread = (int)below(trace, (uint32_t)trace->oracle.threads);
        if (trace->thread[thread] && !trace->thread[thread]->ended)
            return thread;
    }
}

static void create(struct trace *trace, int creator)
{
    int thread = oracle_create(&trace->oracle, creator);
    trace->thread[thread] =
        snarl_race_thread_new(creator < 0 ? NULL : trace->thread[creator], (uint32_t)thread + 1);
    if (!trace->thread[thread]) {
        trace->wrong = "no thread";
        return;
    }
    trace->thread[thread]->window = trace->stock ? &trace->window[thread] : NULL;
    snarl_race_window_update(trace->thread[thread]);
}

static int alive(const struct trace *trace)
{
    int count = 0;
    for (int i = 0; i < trace->oracle.threads; i++)
        count += trace->thread[i] != NULL;
    return count;
}

static void end_thread(struct trace *trace, int thread)
{
    int other = (int)below(trace, (uint32_t)trace->oracle.threads);
    struct snarl_race_thread *ended = trace->thread[other];
    if (other == thread || !ended || s_holder[0] == other || s_holder[1] == other)
        return;
    snarl_race_thread_exit(ended);
    trace->thread[other] = NULL;
    if (below(trace, 3) == 0) {
        snarl_race_thread_drop(ended);
        return;
    }
    snarl_race_thread_join(trace->thread[thread], ended);
    oracle_join(&trace->oracle, thread, other);
}

static void lock_event(struct trace *trace, int thread, uint32_t which)
{
    struct oracle_sync *model = &trace->oracle.sync[which];
    if (s_holder[which] == thread) {
        oracle_release(&trace->oracle, thread, model, false);
        snarl_race_release(trace->thread[thread], &trace->sync[which]);
        s_holder[which] = -1;
    } else if (s_holder[which] < 0) {
        oracle_acquire(&trace->oracle, thread, model);
        snarl_race_acquire_exclusive(trace->thread[thread], &trace->sync[which]);
        s_holder[which] = thread;
    }
}

/* Often a critical section in one go, so that the same thread comes back to the lock it left last. */
static void section(struct trace *trace, int thread, uint32_t which)
{
    bool mine = s_holder[which] == thread;
    lock_event(trace, thread, which);
    for (uint32_t i = below(trace, 4); i && s_holder[which] == thread; i--)
        random_access(trace, thread);
    if (!mine && below(trace, 8))
        lock_event(trace, thread, which);
}

/* A loop: one access, always the same, between critical sections, and now and then another. */
static void rounds(struct trace *trace, int thread)
{
    uint32_t mutex = below(trace, MUTEXES), size = 1u << below(trace, 4), site = 0x2000 + below(trace, 2);
    uint32_t first = below(trace, (trace->small ? 8 : ORACLE_BYTES) / size) * size;
    uint32_t flags = below(trace, 2) ? SNARL_ACCESS_WRITE : 0;
    if (trace->atomics && below(trace, 2))
        flags |= SNARL_ACCESS_ATOMIC;
    for (uint32_t i = below(trace, 5) + 2; i; i--) {
        if (s_holder[mutex] >= 0 && s_holder[mutex] != thread)
            return;
        if (s_holder[mutex] < 0)
            lock_event(trace, thread, mutex);
        if (below(trace, 3) == 0)
            random_access(trace, thread);
        if (below(trace, 12) == 0)
            return;
        lock_event(trace, thread, mutex);
        if (below(trace, 12) == 0)
            return;
        access_from(trace, thread, first, size, flags, site);
        if (below(trace, 12) == 0)
            random_access(trace, thread);
    }
}

static void release(struct trace *trace, struct snarl_race_thread *thr, struct snarl_race_sync *sync)
{
    if (below(trace, 2)) {
        snarl_race_release(thr, sync);
        return;
    }
    snarl_race_sync_lock(sync);
    snarl_race_atomic_unheeded(thr, sync);
    snarl_race_sync_unlock(sync);
}

static void sync_event(struct trace *trace, int thread)
{
    uint32_t which_way = below(trace, 3);
    if (which_way == 0) {
        rounds(trace, thread);
        return;
    }
    if (which_way == 1) {
        uint32_t mutex = below(trace, MUTEXES);
        for (uint32_t i = below(trace, 3) + 1; i; i--)
            if (s_holder[mutex] < 0 || s_holder[mutex] == thread)
                section(trace, thread, mutex);
        return;
    }
    uint32_t which = MUTEXES + below(trace, ORACLE_SYNCS - MUTEXES);
    struct oracle_sync *model = &trace->oracle.sync[which];
    struct snarl_race_thread *thr = trace->thread[thread];
    uint32_t kind = below(trace, 5);
    if (kind < 2) {
        oracle_acquire(&trace->oracle, thread, model);
        snarl_race_acquire(thr, &trace->sync[which]);
    } else if (kind < 4) {
        oracle_release(&trace->oracle, thread, model, false);
        release(trace, thr, &trace->sync[which]);
    } else {
        oracle_release(&trace->oracle, thread, model, true);
        snarl_race_release_store(thr, &trace->sync[which]);
    }
    if (below(trace, 8) == 0)
        snarl_race_lockset_changed(thr);
}

static void event(struct trace *trace)
{
    int thread = random_thread(trace);
    uint32_t kind = below(trace, 100);
    if (kind < 2 && trace->oracle.threads < ORACLE_THREADS && alive(trace) < trace->max_threads)
        create(trace, thread);
    else if (kind < 4)
        end_thread(trace, thread);
    else if (kind < 36)
        sync_event(trace, thread);
    else if (kind < 46 && trace->atomics && !trace->small)
        atomic_rounds(trace, thread);
    else if (kind < 56 && trace->atomics)
        random_atomic(trace, thread);
    else if (kind < 58 && below(trace, 8) == 0)
        snarl_race_collect_now();
    else
        for (uint32_t i = below(trace, 3) + 1; i; i--)
            random_access(trace, thread);
}

static void begin(struct trace *trace, uint64_t seed)
{
    memset(trace, 0, sizeof(*trace));
    trace->seed = seed;
    trace->random = seed * 2 + 1;
    trace->next_site = 0x1000;
    trace->max_threads = (int)below(trace, 7) + 2;
    trace->events = (int)below(trace, 120) + 10;
    trace->unique_sites = below(trace, 2);
    trace->atomics = below(trace, 2);
    trace->small = below(trace, 2);
    trace->stock = !trace->atomics && below(trace, 4); /* what stock code knows of atomics is tested in test_stock.c */
    oracle_clear(&trace->oracle);
    s_holder[0] = s_holder[1] = -1;
    struct snarl_race_options options = {.epoch_limit = below(trace, 4) ? 0 : 2 + below(trace, 6),
                                         .collect_chunks = 1,
                                         .compact_chunks = below(trace, 3) ? 1 : 0,
                                         .unheeded = below(trace, 3) ? 0 : 1 + below(trace, 3)};
    trace->unended = options.unheeded;
    snarl_race_reset(&options);
    snarl_shadow_clear((uintptr_t)s_memory, 2 * 4096);
}

static void finish(struct trace *trace)
{
    for (int i = 0; i < ORACLE_SYNCS; i++)
        snarl_race_sync_clear(&trace->sync[i]);
}

static void run_trace(struct trace *trace, uint64_t seed)
{
    begin(trace, seed);
    create(trace, -1);
    create(trace, 0);
    for (int i = 0; i < trace->events && !trace->wrong && trace->oracle.accesses < ORACLE_EVENTS - 8; i++)
        event(trace);
    finish(trace);
    cr_assert(!trace->wrong, "seed %lu: %s (event %d)", (unsigned long)seed, trace->wrong, trace->oracle.accesses);
}

static void init(void)
{
    cr_assert(snarl_race_init(&s_host, NULL));
    s_memory = snarl_os_map(2 * 4096);
    cr_assert(s_memory);
}

/* Four tests of a quarter each: they run side by side. */
static void random_traces(uint64_t quarter)
{
    const char *count = getenv("SNARL_TRACES");
    uint64_t traces = (count ? strtoull(count, NULL, 10) : 200000) / 4 + 1;
    const char *first = getenv("SNARL_FIRST_TRACE");
    uint64_t seed = (first ? strtoull(first, NULL, 10) : 1) + quarter * traces;
    uint64_t races = 0, hidden = 0;
    for (uint64_t i = 0; i < traces; i++) {
        run_trace(&s_trace, seed + i);
        races += s_trace.races;
        hidden += s_trace.hidden;
    }
    cr_assert(races > traces, "the traces hardly race: %lu", (unsigned long)races);
    cr_assert(hidden * 100 < races, "releases that end no epoch hide %lu of %lu races", (unsigned long)hidden, (unsigned long)races);
}

Test(race, random_traces_1, .init = init)
{
    random_traces(0);
}

Test(race, random_traces_2, .init = init)
{
    random_traces(1);
}

Test(race, random_traces_3, .init = init)
{
    random_traces(2);
}

Test(race, random_traces_4, .init = init)
{
    random_traces(3);
}

Test(race, long_traces_of_many_threads, .init = init)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        begin(&s_trace, seed << 40);
        s_trace.max_threads = 64;
        s_trace.events = 2500;
        create(&s_trace, -1);
        for (int i = 0; i < 63; i++)
            create(&s_trace, 0);
        for (int i = 0; i < s_trace.events && !s_trace.wrong && s_trace.oracle.accesses < ORACLE_EVENTS - 8; i++)
            event(&s_trace);
        finish(&s_trace);
        cr_assert(!s_trace.wrong, "seed %lu: %s", (unsigned long)seed, s_trace.wrong);
    }
}
