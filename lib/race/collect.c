/* collect.c - finds the chunks of records that no cell needs any more.
 *
 * Mark and sweep, while the program goes on. A record is needed when a cell's word names it, or a state that
 * a cell's word names has it as a member. Chunks are freed as a whole. The steps:
 *
 *   1. a serial number and each thread's stamp are noted; chunks taken later, and chunks in which their owner makes or made units with its present
 *      stamp, are kept. Those are all that a thread may still put into cells from its caches (they are void with another stamp). So are those of
 *      its range: what lies there counts as the thread's own.
 *   2. the cells of all blocks in use are read, and the chunks of what they name marked. A word put into a cell after it
 *      was read is made of members of the word before it, which were marked, and of records that step 1 keeps.
 *   3. chunks that are neither go to quarantine, and the caches of all threads become void (`generation`). They are
 *      given out again only after the next collection has begun.
 *
 * A thread in the middle of a step may still look at a record that was freed: it read the word before another thread
 * replaced it. It has noted the generation in which the step began (`stepping`); as long as one is in a step that began before the
 * chunks in quarantine were freed, they stay there. (That note may reach other processors later than the step's
 * first read, by a store buffer's delay; between two collections lie milliseconds.)
 *
 * A range may come to begin earlier: a release that nobody saw is taken back (sync.c). It does so only if no collection has ended since that part was a
 * range (`range_generation`); what is being freed at that time is in quarantine, and stays there when the next collection finds it in a range.
 *
 * One thread collects at a time, the others go on with fresh chunks. */
#include <string.h>

#include "base/counters.h"
#include "base/memory.h"
#include "base/os.h"
#include "race/bytes.h"
#include "race/compact.h"
#include "race/state.h"

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_COLLECT};
static bool s_running; /* under the lock */
static uint8_t *s_mark; /* by chunk: enum snarl_mark. The rest belongs to who is running */
static bool s_moving;   /* some chunks are marked as SNARL_MARK_MOVES */
static uint8_t *s_named; /* by slot */
static uint32_t s_last_word;
static bool s_forgetting;
static uint32_t s_keep_from; /* serial number of a taking: records in chunks taken before are forgotten, when `s_forgetting` */
static uint64_t s_bytes;

#define SLOTS 65536u
#define OFTEN 20  /* a collection for so many times the time it takes */
#define SELDOM 40
#define SMALL 2048u /* chunks */
#define CURRENT_MAX (2 * SLOTS) /* there are never more threads than slots */

/* A thread by its serial number, and its stamp when the collection began: a hash table. */
struct current {
    uint32_t serial; /* 0: free */
    uint32_t stamp;
};

static struct current *s_current;

static bool begin(void)
{
    snarl_mutex_lock(&s_lock);
    bool mine = !s_running;
    s_running = true;
    snarl_mutex_unlock(&s_lock);
    if (!mine)
        return false;
    if (!s_mark)
        s_mark = snarl_os_map(SNARL_CHUNKS);
    if (!s_named)
        s_named = snarl_os_map(SLOTS);
    if (!s_current)
        s_current = snarl_os_map(CURRENT_MAX * sizeof(*s_current));
    return s_mark && s_named && s_current;
}

static void end(void)
{
    snarl_mutex_lock(&s_lock);
    s_running = false;
    snarl_mutex_unlock(&s_lock);
}

static void mark_access(uint32_t word)
{
    uint8_t *mark = &s_mark[snarl_cell_unit(word) / SNARL_CHUNK_UNITS];
    if (*mark == SNARL_MARK_NONE)
        *mark = SNARL_MARK_NEEDED;
    snarl_compact_count(word);
}

/* What a word says of itself needs no look at the record, which lies anywhere; nor does a list that was met before. */
static void mark_word(uint32_t word)
{
    uint32_t single, count = 0;
    bool known = word & SNARL_CELL_PLAIN || snarl_compact_counted(word);
    const uint32_t *member = known ? NULL : snarl_cell_members(word, &single, &count);
    mark_access(word);
    for (uint32_t i = 0; i < count; i++)
        mark_access(member[i]);
}

/* Whether all accesses of the word were recorded before those that are to be kept. */
static bool is_old(uint32_t word)
{
    uint32_t single, count;
    const uint32_t *member = snarl_cell_members(word, &single, &count);
    for (uint32_t i = 0; i < count; i++)
        if ((int32_t)(snarl_chunks[snarl_cell_unit(member[i]) / SNARL_CHUNK_UNITS].taken - s_keep_from) >= 0)
            return false;
    return true;
}

/* False: the cell has changed meanwhile, *word is what it has now. Steps from the old word then fail as well. */
static bool forget(uint32_t *cell, uint32_t *word)
{
    if (!__atomic_compare_exchange_n(cell, word, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return false;
    snarl_count(SNARL_COUNT_RACE_FORGOTTEN);
    return true;
}

static void mark_bytes(uintptr_t cell)
{
    struct snarl_bytes *bytes = snarl_bytes_of(cell);
    if (!bytes)
        return;
    struct snarl_bytes from, to;
    bool moved;
    do {
        from = to = *(volatile struct snarl_bytes *)bytes;
        moved = false;
        for (uint32_t i = 0; i < 4; i++) {
            if (s_moving && from.word[i])
                to.word[i] = snarl_compact_word(from.word[i]);
            moved |= to.word[i] != from.word[i];
        }
    } while (moved && !snarl_bytes_swap(bytes, &from, &to));
    for (uint32_t i = 0; i < 4; i++)
        if (to.word[i])
            mark_access(to.word[i]);
}

/* Gives the cell the word that tells where its records lie now. False: it has changed meanwhile, *word is what it has. */
static bool move(uint32_t *cell, uint32_t *word)
{
    if (*word & SNARL_CELL_PLAIN && s_mark[snarl_cell_unit(*word) / SNARL_CHUNK_UNITS] != SNARL_MARK_MOVES)
        return true; /* nearly always */
    uint32_t moved = snarl_compact_word(*word);
    if (moved == *word)
        return true;
    bool done = __atomic_compare_exchange_n(cell, word, moved, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
    if (done)
        *word = moved;
    return done;
}

static void mark_cell(uint32_t *cell, uintptr_t start)
{
    uint32_t word = __atomic_load_n(cell, __ATOMIC_ACQUIRE);
    do {
        if (word & SNARL_CELL_BYTES)
            mark_bytes(start);
        if (word == 0 || word == s_last_word || (s_forgetting && is_old(word) && forget(cell, &word)))
            return;
    } while (s_moving && !move(cell, &word));
    s_last_word = word;
    mark_word(word);
}

/* Most pairs are empty, or like the one before. */
static void mark_cells(uint32_t *cell, uintptr_t start)
{
    uint64_t last = 0;
    for (uint32_t i = 0; i < SNARL_SHADOW_BLOCK / 4; i += 2) {
        uint64_t pair = __atomic_load_n((uint64_t *)&cell[i], __ATOMIC_ACQUIRE);
        if (!pair || pair == last)
            continue;
        mark_cell(&cell[i], start + 4 * i);
        mark_cell(&cell[i + 1], start + 4 * i + 4);
        last = pair & ((uint64_t)SNARL_CELL_BYTES << 32 | SNARL_CELL_BYTES) || s_forgetting || s_moving ? 0 : pair;
    }
}

static void mark_block(uintptr_t start, void *context)
{
    (void)context;
    s_bytes += SNARL_SHADOW_PLANES * SNARL_SHADOW_BLOCK;
    mark_cells(snarl_shadow_cell(start, SNARL_SHADOW_READS), start);
    mark_cells(snarl_shadow_cell(start, SNARL_SHADOW_WRITES), start);
}

/* A table that is nearly full of what cells name drops the oldest half: to lose new accesses would be worse. */
static void choose_what_to_keep(uint32_t last_taken)
{
    uint32_t in_use = snarl_records_chunks();
    s_forgetting = in_use > SNARL_CHUNKS / 4 * 3;
    s_keep_from = last_taken - in_use / 2;
}

/* The entry of a thread's serial number, or the free one where it belongs. */
static struct current *current_of(uint32_t serial, uint32_t mask)
{
    uint32_t at = serial & mask;
    while (s_current[at].serial && s_current[at].serial != serial)
        at = (at + 1) & mask;
    return &s_current[at];
}

/* At most half of the table is filled. */
static uint32_t note_stamps(void)
{
    uint32_t size = 64;
    while (size < 2 * snarl_race_thread_count() && size < CURRENT_MAX)
        size *= 2;
    memset(s_current, 0, size * sizeof(*s_current));
    for (struct snarl_race_thread *thr = snarl_race_threads_first(); thr; thr = thr->next) {
        s_named[thr->slot] = 1;
        *current_of(thr->serial, size - 1) =
            (struct current){thr->serial, __atomic_load_n(&thr->stamp, __ATOMIC_ACQUIRE)};
    }
    return size - 1;
}

/* The chunks of the thread's range. Its parts may be of two moments when it changes just now: then both are about to be or were the thread's, and
 * something more is kept. */
static void mark_range(const struct snarl_race_thread *thr)
{
    uint32_t first = snarl_cell_unit(__atomic_load_n(&thr->base, __ATOMIC_RELAXED));
    uint32_t end = __atomic_load_n(&thr->run_end, __ATOMIC_RELAXED);
    if (!first || first >= end || thr->ended)
        return;
    for (uint32_t chunk = first / SNARL_CHUNK_UNITS; chunk < end / SNARL_CHUNK_UNITS; chunk++)
        s_mark[chunk] = SNARL_MARK_NEEDED;
}

static void mark_ranges(void)
{
    snarl_race_threads_lock();
    for (struct snarl_race_thread *thr = snarl_race_threads_first(); thr; thr = thr->next)
        mark_range(thr);
    snarl_race_threads_unlock();
}

/* Step 1: the chunks that each thread uses with its present stamp. */
static void mark_current(uint32_t fresh)
{
    snarl_race_threads_lock();
    uint32_t mask = note_stamps();
    for (uint32_t chunk = 1; chunk < fresh; chunk++) {
        uint32_t owner = snarl_chunks[chunk].owner;
        const struct current *current = current_of(owner, mask);
        if (owner && current->serial == owner && (int32_t)(snarl_chunks[chunk].stamp - current->stamp) >= 0)
            s_mark[chunk] = SNARL_MARK_NEEDED;
    }
    snarl_race_threads_unlock();
}

static uint32_t sweep(uint32_t fresh, uint32_t last_taken)
{
    uint32_t freed = 0;
    for (uint32_t chunk = 1; chunk < fresh; chunk++) {
        uint32_t taken = snarl_chunks[chunk].taken;
        if (taken && s_mark[chunk]) /* the units of a chunk are of one slot */
            s_named[snarl_chunk_moments[chunk].slot] = 1;
        if (!taken || s_mark[chunk] || taken > last_taken)
            continue;
        snarl_records_release_chunk(chunk);
        freed++;
    }
    return freed;
}

static void void_caches(void)
{
    __atomic_fetch_add(&snarl_race_generation, 1, __ATOMIC_ACQ_REL);
    snarl_race_threads_lock();
    for (struct snarl_race_thread *thr = snarl_race_threads_first(); thr; thr = thr->next)
        __atomic_store_n(&thr->shared, SNARL_CELL_NONE, __ATOMIC_RELAXED);
    snarl_race_threads_unlock();
}

/* Whether a thread is in a step that may look at records freed by the last collection. */
static bool stepping_since(uint32_t generation)
{
    bool found = false;
    snarl_race_threads_lock();
    for (struct snarl_race_thread *thr = snarl_race_threads_first(); thr && !found; thr = thr->next) {
        uint32_t stepping = __atomic_load_n(&thr->stepping, __ATOMIC_ACQUIRE);
        found = stepping && stepping != generation + 1;
    }
    snarl_race_threads_unlock();
    return found;
}

void snarl_race_collect_forked(void)
{
    s_running = false;
    snarl_compact_reset();
}

/* How many chunks may be taken until the next collection: as few as there can be if collecting is to take a few hundredths of the time, but for a
 * table that would be more than an eighth of the cells, or 4 MiB. `began` in ticks of the processor. */
static uint32_t growth(uint64_t began)
{
    static uint64_t s_ended, s_spent, s_between; /* the latter two: of the last dozens of collections */
    static uint32_t s_growth = 1;
    uint64_t now = __builtin_ia32_rdtsc();
    uint32_t most = (uint32_t)(s_bytes / 8 / (SNARL_CHUNK_UNITS * SNARL_RECORD_UNIT));
    s_spent += now - began - s_spent / 32;
    s_between += (s_ended ? began - s_ended : SELDOM * (now - began)) - s_between / 32;
    if (s_spent * OFTEN > s_between)
        s_growth *= 2;
    else if (s_spent * SELDOM < s_between)
        s_growth /= 2;
    if (s_growth > most && s_growth > SMALL)
        s_growth = most > SMALL ? most : SMALL;
    if (s_growth < snarl_records_least_growth())
        s_growth = snarl_records_least_growth();
    s_ended = now;
    return s_growth;
}

bool snarl_race_collect_now(void)
{
    if (!begin())
        return false;
    uint64_t began = __builtin_ia32_rdtsc();
    uint32_t fresh = snarl_records_fresh();
    uint32_t last_taken = snarl_records_last_taken();
    uint32_t slots = snarl_race_slot_count();
    uint32_t serial = snarl_race_last_serial();
    memset(s_mark, 0, fresh);
    mark_ranges();
    if (!stepping_since(snarl_race_generation))
        snarl_records_begin_release(s_mark);
    memset(s_named, 0, slots);
    s_last_word = 0;
    choose_what_to_keep(last_taken);
    s_bytes = 0;
    mark_current(fresh);
    s_moving = snarl_compact_begin(s_mark, fresh);
    snarl_shadow_each_block(mark_block, NULL);
    uint32_t freed = sweep(fresh, last_taken);
    snarl_compact_choose(fresh, last_taken);
    void_caches();
    snarl_race_slots_unnamed(s_named, slots, serial);
    snarl_records_set_next(growth(began));
    snarl_count(SNARL_COUNT_RACE_COLLECTIONS);
    end();
    return freed != 0;
}
