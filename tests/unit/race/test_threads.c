/* test_threads.c - real threads on the same cells: no access is lost, and no record is reused too early.
 *
 * Each test runs its threads without any order among them, so that cells change under each other's hands. What
 * must be found does not depend on how they interleave. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/mutex.h"
#include "base/os.h"
#include "history/history.h"
#include "race/race.h"
#include "race/update.h"

#define THREADS 8
#define CELLS 512

static uint32_t *s_memory;
static uint8_t s_raced[CELLS][THREADS + 2][THREADS + 3];
static bool s_late_writer; /* one more thread, which knows of none of the others, writes all cells in the end */
static uint32_t s_bad;

static void on_report(struct snarl_race_thread *thr, const struct snarl_race *race)
{
    uintptr_t cell = (race->byte - (uintptr_t)s_memory) / 4;
    uint32_t before = race->before.thread;
    /* The pc tells the thread: a record that was reused too early would tell another one. */
    if (cell >= CELLS || before < 2 || before > THREADS + 1 || before == thr->host_id ||
        snarl_history_pc(race->before.where) != 0x1000 * before)
        __atomic_store_n(&s_bad, 1, __ATOMIC_RELAXED);
    else
        __atomic_store_n(&s_raced[cell][before][thr->host_id], 1, __ATOMIC_RELAXED);
}

static const struct snarl_race_host s_host = {.report = on_report};
static pthread_barrier_t s_barrier;

static void *writer(void *argument)
{
    struct snarl_race_thread *thr = argument;
    pthread_barrier_wait(&s_barrier);
    for (int cell = 0; cell < CELLS; cell++)
        snarl_race_access(thr, (uintptr_t)&s_memory[cell], 4, SNARL_ACCESS_WRITE, 0x1000 * thr->host_id);
    return NULL;
}

/* Locks of its own and cells of its own, for long: records by the million, collected all the time. */
static void *worker(void *argument)
{
    struct snarl_race_thread *thr = argument;
    struct snarl_race_sync sync = {0};
    uint32_t *own = s_memory + CELLS + 64 * thr->host_id;
    pthread_barrier_wait(&s_barrier);
    for (int i = 0; i < 200000; i++) {
        snarl_race_acquire(thr, &sync);
        snarl_race_access(thr, (uintptr_t)&own[i % 61], 4, i & 1, 0x1000 * thr->host_id);
        snarl_race_access(thr, (uintptr_t)s_memory + 4 * (i % CELLS), 4, 0, 0x1000 * thr->host_id);
        snarl_race_release(thr, &sync);
        snarl_race_release(thr, &sync);
    }
    snarl_race_sync_clear(&sync);
    return NULL;
}

static void run(void *(*function)(void *))
{
    pthread_t thread[THREADS];
    struct snarl_race_thread *thr[THREADS];
    struct snarl_race_thread *first = snarl_race_thread_new(NULL, 1);
    cr_assert(first);
    pthread_barrier_init(&s_barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        thr[i] = snarl_race_thread_new(first, (uint32_t)i + 2);
        cr_assert(thr[i]);
    }
    struct snarl_race_thread *late = snarl_race_thread_new(first, THREADS + 2);
    cr_assert(late);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, function, thr[i]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        snarl_race_thread_exit(thr[i]);
        snarl_race_thread_join(first, thr[i]);
    }
    for (int cell = 0; cell < CELLS && s_late_writer; cell++)
        snarl_race_access(late, (uintptr_t)&s_memory[cell], 4, SNARL_ACCESS_WRITE, 0x1000 * late->host_id);
    pthread_barrier_destroy(&s_barrier);
    cr_assert(!s_bad, "a race that cannot be");
}

static void init(void)
{
    cr_assert(snarl_race_init(&s_host, &(struct snarl_race_options){.collect_chunks = 64, .compact_chunks = 1}));
    s_memory = snarl_os_map(1 << 20);
    cr_assert(s_memory);
}

/* Writes of n threads to one cell, unordered: each but the first one races with the one before it. (A pair more may be
 * reported, when a third write comes between finding a race and replacing the word: it raced as well.) */
Test(race, writers_at_once, .init = init)
{
    run(writer);
    for (int cell = 0; cell < CELLS; cell++) {
        int found = 0;
        for (int now = 2; now < THREADS + 2; now++) {
            bool raced = false;
            for (int before = 2; before < THREADS + 2; before++)
                raced |= s_raced[cell][before][now];
            found += raced;
        }
        cr_assert_eq(found, THREADS - 1, "cell %d: %d of %d races", cell, found, THREADS - 1);
    }
}

/* Reads only are shared: no race; the records of all these epochs must not pile up. */
Test(race, records_come_back, .init = init)
{
    run(worker);
    cr_assert_eq(snarl_counters[SNARL_COUNT_RACE_SEEN], 0);
    cr_assert(snarl_counters[SNARL_COUNT_RACE_COLLECTIONS] > 3);
}

/* Reads parts of cells that all read, in epochs of its own, so that words of bytes and lists are made of many records; some cells only long ago. */
static void *part_reader(void *argument)
{
    struct snarl_race_thread *thr = argument;
    struct snarl_race_sync sync = {0};
    uint64_t random = thr->host_id;
    pthread_barrier_wait(&s_barrier);
    for (uint32_t i = 0; i < 150000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t size = 1u << (random >> 62) % 3, cells = i < 20000 ? CELLS : CELLS / 8;
        uint32_t byte = (uint32_t)(random >> 33) % (4 * cells) & ~(size - 1);
        snarl_race_access(thr, (uintptr_t)s_memory + byte, size, 0, 0x1000 * thr->host_id);
        if (i % 8 == 0)
            snarl_race_release(thr, &sync);
    }
    snarl_race_sync_clear(&sync);
    return NULL;
}

/* Records are moved all the time; what they tell stays the same: on_report looks at it. */
Test(race, records_move_under_readers, .init = init)
{
    s_late_writer = true;
    run(part_reader);
    cr_assert(snarl_counters[SNARL_COUNT_RACE_COLLECTIONS] > 3);
    for (int cell = 0; cell < CELLS; cell++) {
        bool raced = false;
        for (int before = 2; before < THREADS + 2; before++)
            raced |= s_raced[cell][before][THREADS + 2];
        cr_assert(raced, "cell %d: the race of the late writer is missed", cell);
    }
}

/* --- reads and writes, in planes of their own --- */

/* As the checks of rewritten code do it (preload/checks.c): what is simple in few steps, the rest in full. */
static void touch(struct snarl_race_thread *thr, struct snarl_race_note *note, uintptr_t address, size_t size, bool write)
{
    uintptr_t pc = 0x1000 * thr->host_id;
    bool done = false;
    if (snarl_race_may_try(thr)) {
        __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
        uint32_t unit = snarl_update_record(thr, note, write, (uint8_t)size);
        done = snarl_race_try_small(thr, address, size, write, unit) ||
               (!thr->recheck && snarl_race_try_list(thr, address, size, write, unit));
        __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    }
    if (done || snarl_race_is_known(thr, address, size, write) ||
        (snarl_race_may_try(thr) && snarl_race_try(thr, address, size, write, note)))
        return;
    thr->note = note;
    snarl_race_access(thr, address, size, write ? SNARL_ACCESS_WRITE : 0, pc);
    thr->note = NULL;
}

#define MEETINGS 100000 /* cells; they fit into the memory */
static uint32_t s_arrived;

/* Both come to each cell at the same time. */
static void *meet(void *argument)
{
    struct snarl_race_thread *thr = argument;
    struct snarl_race_note note = {0};
    bool write = thr->host_id == 2;
    for (uint32_t cell = 0; cell < MEETINGS; cell++) {
        __atomic_add_fetch(&s_arrived, 1, __ATOMIC_ACQ_REL);
        while (__atomic_load_n(&s_arrived, __ATOMIC_ACQUIRE) < 2 * (cell + 1))
            if (cell % 64 == 0)
                snarl_os_yield();
        touch(thr, &note, (uintptr_t)&s_memory[cell], 4, write);
    }
    return NULL;
}

static uint8_t s_met[MEETINGS];

static void on_meeting(struct snarl_race_thread *thr, const struct snarl_race *race)
{
    uintptr_t cell = (race->byte - (uintptr_t)s_memory) / 4;
    if (cell >= MEETINGS || race->before.thread == thr->host_id)
        s_bad = 1;
    else
        s_met[cell] = 1;
}

static void start_two(void *(*function)(void *), const struct snarl_race_host *host)
{
    pthread_t thread[2];
    s_memory = snarl_os_map(1 << 20);
    cr_assert(s_memory && snarl_race_init(host, &(struct snarl_race_options){.collect_chunks = 4}));
    struct snarl_race_thread *first = snarl_race_thread_new(NULL, 1);
    for (uint32_t i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, function, snarl_race_thread_new(first, i + 2));
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    cr_assert(!s_bad, "a race that cannot be");
}

Test(planes, of_a_write_and_a_read_at_once_at_least_one_sees_the_other)
{
    static const struct snarl_race_host host = {.report = on_meeting};
    start_two(meet, &host);
    for (uint32_t cell = 0; cell < MEETINGS; cell++)
        cr_assert(s_met[cell], "cell %u: neither saw the other", cell);
}

/* Two threads read single bytes of the same cells, in many epochs, each its own. */
static void *read_own_bytes(void *argument)
{
    struct snarl_race_thread *thr = argument;
    struct snarl_race_note note[2] = {{0}};
    struct snarl_race_sync sync = {0};
    for (uint32_t pass = 0; pass < 200; pass++) {
        for (uint32_t i = 0; i < CELLS; i++) {
            uint32_t cell = (i * 37 + pass * thr->host_id) % CELLS, byte = 2 * (thr->host_id - 2) + (pass / 2 + i) % 2;
            touch(thr, &note[byte % 2], (uintptr_t)&s_memory[cell] + byte, 1, false);
            if (i % 16 == 0) {
                snarl_race_release(thr, &sync); /* seen by nobody, but not taken back */
                snarl_race_release(thr, &sync);
            }
        }
    }
    snarl_race_sync_clear(&sync);
    return NULL;
}

static uint8_t s_byte_raced[4 * CELLS];

static void on_byte(struct snarl_race_thread *thr, const struct snarl_race *race)
{
    uintptr_t byte = race->byte - (uintptr_t)s_memory;
    (void)thr;
    if (byte >= sizeof(s_byte_raced) || race->before.thread != 2 + byte % 4 / 2)
        s_bad = 1;
    else
        s_byte_raced[byte] = 1;
}

Test(planes, no_read_of_a_byte_is_lost_or_told_of_another)
{
    static const struct snarl_race_host host = {.report = on_byte};
    start_two(read_own_bytes, &host);
    struct snarl_race_thread *first = snarl_race_thread_new(NULL, 9);
    for (uint32_t byte = 0; byte < sizeof(s_byte_raced); byte++) {
        snarl_race_access(first, (uintptr_t)s_memory + byte, 1, SNARL_ACCESS_WRITE, 0x9000);
        cr_assert(s_byte_raced[byte], "byte %u: its read is not known", byte);
    }
    cr_assert(!s_bad, "a race that cannot be");
    cr_assert(snarl_counters[SNARL_COUNT_RACE_COLLECTIONS] > 0);
}

/* --- very many stories --- */

static struct snarl_race s_last;
static uint32_t s_reports;

static void keep_report(struct snarl_race_thread *thr, const struct snarl_race *race)
{
    (void)thr;
    s_last = *race;
    s_reports++;
}

/* Two threads that nothing orders. */
static void start_reader_and_writer(struct snarl_race_thread **reader, struct snarl_race_thread **writer)
{
    static const struct snarl_race_host host = {.report = keep_report};
    cr_assert(snarl_race_init(&host, NULL) && snarl_history_reserve());
    struct snarl_race_thread *first = snarl_race_thread_new(NULL, 1);
    *reader = snarl_race_thread_new(first, 2);
    *writer = snarl_race_thread_new(first, 3);
}

static void read_bytes(struct snarl_race_thread *thr, uintptr_t cell, uintptr_t pc)
{
    for (uintptr_t byte = 0; byte < 2; byte++)
        snarl_race_access(thr, cell + byte, 1, 0, pc + byte);
}

Test(nearby, bytes_are_put_together_only_where_there_are_very_many_stories)
{
    const uint32_t cells = 8192;
    uint32_t *memory = snarl_os_map(cells * sizeof(*memory));
    struct snarl_race_thread *reader, *writer;
    start_reader_and_writer(&reader, &writer);
    for (uint32_t i = 0; i < cells; i++)
        read_bytes(reader, (uintptr_t)&memory[i], 0x10000 + 16 * i);
    snarl_race_access(writer, (uintptr_t)memory, 1, SNARL_ACCESS_WRITE, 0x1000);
    cr_assert_eq(s_reports, 1);
    cr_assert(!(s_last.before.flags & SNARL_ACCESS_NEARBY));
    cr_assert_eq(snarl_history_pc(s_last.before.where), 0x10000);
    snarl_race_access(writer, (uintptr_t)&memory[cells - 1], 1, SNARL_ACCESS_WRITE, 0x1000);
    cr_assert_eq(s_reports, 2);
    cr_assert(s_last.before.flags & SNARL_ACCESS_NEARBY);
    cr_assert_eq(snarl_history_pc(s_last.before.where), 0x10001 + 16 * (cells - 1));
    snarl_race_access(writer, (uintptr_t)&memory[cells - 1] + 2, 2, SNARL_ACCESS_WRITE, 0x1000);
    cr_assert_eq(s_reports, 2, "bytes that nobody read do not race");
}

#define PLACES 32u

/* Reads two bytes of each of 1024 cells; those of the last one are raced with. `few`: at all pairs of a few places. */
static struct snarl_race_access read_at_places(bool few)
{
    uint32_t *memory = snarl_os_map(PLACES * PLACES * sizeof(*memory));
    struct snarl_race_thread *reader, *writer;
    start_reader_and_writer(&reader, &writer);
    for (uint32_t i = 0; i < PLACES * PLACES; i++) {
        snarl_race_access(reader, (uintptr_t)&memory[i], 1, 0, 0x10000 + (few ? i % PLACES : i));
        snarl_race_access(reader, (uintptr_t)&memory[i] + 1, 1, 0, 0x20000 + (few ? i / PLACES : i));
    }
    snarl_race_access(writer, (uintptr_t)&memory[PLACES * PLACES - 1], 1, SNARL_ACCESS_WRITE, 0x1000);
    cr_assert_eq(s_reports, 1);
    return s_last.before;
}

Test(nearby, places_that_meet_in_every_order_are_put_together_sooner)
{
    cr_assert(read_at_places(true).flags & SNARL_ACCESS_NEARBY);
}

Test(nearby, many_places_alone_are_told_apart)
{
    struct snarl_race_access before = read_at_places(false);
    cr_assert(!(before.flags & SNARL_ACCESS_NEARBY));
    cr_assert_eq(snarl_history_pc(before.where), 0x10000 + PLACES * PLACES - 1);
}

/* The word of a cell that tells so goes on telling it when the place that it names reads one more byte. */
Test(nearby, it_stays_known_that_another_place_read_some_of_the_bytes)
{
    const uint32_t cells = 8192;
    uint32_t *memory = snarl_os_map(cells * sizeof(*memory));
    struct snarl_race_thread *reader, *writer;
    start_reader_and_writer(&reader, &writer);
    struct snarl_race_note note = {0};
    uintptr_t last = (uintptr_t)&memory[cells - 1];
    for (uint32_t i = 0; i < cells - 1; i++)
        read_bytes(reader, (uintptr_t)&memory[i], 0x10000 + 16 * i);
    snarl_race_access(reader, last, 1, 0, 0x8000);
    touch(reader, &note, last + 1, 1, false);
    touch(reader, &note, last + 2, 1, false);
    snarl_race_access(writer, last, 1, SNARL_ACCESS_WRITE, 0x1000);
    cr_assert_eq(s_reports, 1);
    cr_assert(s_last.before.flags & SNARL_ACCESS_NEARBY);
}

Test(ends, a_free_is_remembered_though_the_same_thread_has_just_written)
{
    static const struct snarl_race_host host = {.report = keep_report};
    uint32_t *memory = snarl_os_map(4096);
    cr_assert(snarl_race_init(&host, NULL) && snarl_history_reserve());
    struct snarl_race_thread *first = snarl_race_thread_new(NULL, 1);
    struct snarl_race_thread *owner = snarl_race_thread_new(first, 2);
    struct snarl_race_thread *user = snarl_race_thread_new(first, 3);
    snarl_race_access(owner, (uintptr_t)memory, 4, SNARL_ACCESS_WRITE, 0x1000);
    snarl_race_free(owner, (uintptr_t)memory, 4, SNARL_ACCESS_FREE, 0x2000);
    snarl_race_access(user, (uintptr_t)memory, 4, 0, 0x3000);
    cr_assert_eq(s_reports, 1);
    cr_assert(s_last.before.flags & SNARL_ACCESS_FREE);
    cr_assert_eq(snarl_history_pc(s_last.before.where), 0x2000);
}

/* --- fork in the middle of a collection --- */

static uint32_t s_enough;

static void *collector(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&s_enough, __ATOMIC_ACQUIRE))
        snarl_race_collect_now();
    return NULL;
}

/* Whoever was collecting is not there in the child, which has to be able to do it itself. */
Test(race, the_child_of_a_fork_collects, .init = init)
{
    pthread_t thread;
    struct snarl_race_thread *first = snarl_race_thread_new(NULL, 1), *thr = snarl_race_thread_new(first, 2);
    for (int cell = 0; cell < CELLS; cell++)
        snarl_race_access(thr, (uintptr_t)&s_memory[cell], 4, SNARL_ACCESS_WRITE, 0x2000 + (uintptr_t)cell);
    pthread_create(&thread, NULL, collector, NULL);
    for (int i = 0; i < 20; i++) {
        int status = 0;
        snarl_mutex_lock_all();
        pid_t child = fork();
        snarl_mutex_unlock_all();
        if (!child) {
            uint64_t before = snarl_counters[SNARL_COUNT_RACE_COLLECTIONS];
            snarl_race_forked(first);
            snarl_race_collect_now();
            _exit(snarl_counters[SNARL_COUNT_RACE_COLLECTIONS] == before);
        }
        waitpid(child, &status, 0);
        cr_assert_eq(status, 0, "the child does not collect");
    }
    __atomic_store_n(&s_enough, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
}
