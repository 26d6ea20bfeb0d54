/* record.c - see record.h. */
#include "race/record.h"

#include "base/counters.h"
#include "base/mutex.h"
#include "base/os.h"
#include "race/state.h"

#define DEFAULT_COLLECT_CHUNKS 512u /* 1 MiB of records: reading the cells of a small program takes less than filling that */
#define SHORT_RUN 32u
#define FREE UINT32_MAX /* as `next` of a chunk */

union snarl_record *snarl_records;
struct snarl_chunk *snarl_chunks;
struct snarl_chunk_moment *snarl_chunk_moments;

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_RECORD};   /* guards all below, but for what the one that collects has alone */
static uint32_t s_fresh = 1;        /* chunks from here on were never used; chunk 0 holds unit 0 and is not given out */
static uint32_t s_free_count;       /* chunks below s_fresh that may be given out */
static uint32_t s_look_at;          /* where to look for the next run of them */
static uint32_t s_longest = UINT32_MAX; /* no longer run of them is there */
static uint32_t s_quarantine;       /* chunks freed by the last collection: free from the next one on; the collector's alone */
static uint32_t s_in_use;           /* what is freed is taken off it without the lock */
static uint32_t s_taken;            /* serial number of the last taking */
static uint32_t s_collect_at;       /* chunks in use at which the collector runs next */

bool snarl_records_reserve(void)
{
    if (!snarl_records)
        snarl_records = snarl_os_map((size_t)SNARL_RECORD_UNIT << SNARL_CELL_UNIT_BITS);
    if (!snarl_chunks)
        snarl_chunks = snarl_os_map(SNARL_CHUNKS * sizeof(*snarl_chunks));
    if (!snarl_chunk_moments)
        snarl_chunk_moments = snarl_os_map(SNARL_CHUNKS * sizeof(*snarl_chunk_moments));
    return snarl_records && snarl_chunks && snarl_chunk_moments;
}

uint32_t snarl_records_least_growth(void)
{
    uint32_t chunks = snarl_race_global.options.collect_chunks;
    return chunks ? chunks : DEFAULT_COLLECT_CHUNKS;
}

/* The next free chunks in a row below s_fresh, at least `least` and at most `*count`; 0: there are none. What a vain search has seen is
 * kept until more are free: the chunks that come back lie between those that stay, and to look for a long run among them at each taking is
 * most of what a program with short epochs would do. */
static uint32_t find_run(uint32_t least, uint32_t *count)
{
    uint32_t length = 0, longest = 0;
    if (s_free_count < least || least > s_longest)
        return 0;
    if (s_look_at >= s_fresh)
        s_look_at = 0;
    for (uint32_t at = s_look_at, seen = 0; seen < s_fresh + least; at++, seen++) {
        bool free = at < s_fresh && snarl_chunks[at].next == FREE;
        length += free;
        longest = length > longest ? length : longest;
        if (length == *count || (!free && length >= least)) {
            *count = length;
            s_look_at = at + free;
            return at + free - length;
        }
        if (!free)
            length = 0;
        if (at >= s_fresh)
            at = UINT32_MAX; /* and begin again */
    }
    s_longest = longest;
    return 0;
}

/* Runs get shorter as the table fills. */
static uint32_t longest_run(void)
{
    uint32_t most = (SNARL_CHUNKS - s_in_use) / 64;
    return most ? most : 1;
}

/* A shorter run is better than more memory then. */
static bool are_many_free(void)
{
    return s_free_count >= 4 * SHORT_RUN && s_free_count > s_in_use / 4;
}

static uint32_t pop_run(uint32_t *count)
{
    if (*count > longest_run())
        *count = longest_run();
    for (uint32_t least = *count;; least = least / 4 ? least / 4 : 1) {
        bool room = s_fresh + *count < SNARL_CHUNKS; /* the last one would give SNARL_CELL_NONE */
        uint32_t chunk = s_free_count >= 4 * least || !room ? find_run(least, count) : 0;
        if (chunk) {
            s_free_count -= *count;
            return chunk;
        }
        if (room && (least == 1 || !are_many_free())) {
            s_fresh += *count;
            return s_fresh - *count;
        }
        if (least == 1 && *count == 1)
            return 0;
        if (least == 1)
            *count = 1; /* hardly any is left at the end of the table */
    }
}

static uint32_t take(struct snarl_race_thread *thr, uint32_t *count, bool *due)
{
    snarl_mutex_lock(&s_lock);
    if (!s_collect_at)
        s_collect_at = snarl_records_least_growth();
    *due = s_in_use >= s_collect_at;
    uint32_t first = pop_run(count);
    for (uint32_t i = 0; first && i < *count; i++)
        snarl_chunks[first + i] = (struct snarl_chunk){
            .owner = thr->serial, .stamp = thr->stamp + SNARL_STAMP_AHEAD, .taken = ++s_taken};
    if (first)
        __atomic_add_fetch(&s_in_use, *count, __ATOMIC_RELAXED);
    snarl_mutex_unlock(&s_lock);
    return first;
}

/* No record was ever made in them, so no cell and no cache names one. A collection that goes on meanwhile has marked them, or finds them free. */
void snarl_records_give_back(uint32_t first_chunk, uint32_t end_chunk)
{
    if (first_chunk >= end_chunk)
        return;
    uint32_t count = end_chunk - first_chunk;
    snarl_mutex_lock(&s_lock);
    for (uint32_t chunk = first_chunk; chunk < end_chunk; chunk++)
        snarl_chunks[chunk] = (struct snarl_chunk){.next = FREE};
    s_free_count += count;
    if (s_longest != UINT32_MAX && s_longest < count)
        s_longest = count;
    __atomic_sub_fetch(&s_in_use, count, __ATOMIC_RELAXED);
    snarl_mutex_unlock(&s_lock);
}

uint32_t snarl_records_take_chunk(void)
{
    uint32_t count = 1;
    snarl_mutex_lock(&s_lock);
    uint32_t chunk = pop_run(&count);
    if (chunk) {
        snarl_chunks[chunk] = (struct snarl_chunk){.taken = ++s_taken};
        __atomic_add_fetch(&s_in_use, 1, __ATOMIC_RELAXED);
    }
    snarl_mutex_unlock(&s_lock);
    return chunk;
}

/* A table that is full of what is needed is not looked through for each access. */
#define REFUSED_MANY 65536u

static uint32_t refused_before(void)
{
    static uint32_t s_refused;
    return __atomic_fetch_add(&s_refused, 1, __ATOMIC_RELAXED);
}

uint32_t snarl_records_take_run(struct snarl_race_thread *thr, uint32_t *chunks)
{
    bool due;
    uint32_t wanted = *chunks, first = take(thr, chunks, &due);
    if (due || (!first && refused_before() % REFUSED_MANY == 0))
        snarl_race_collect_now();
    if (!first) {
        *chunks = wanted;
        first = take(thr, chunks, &due);
    }
    if (!first)
        snarl_count(SNARL_COUNT_RACE_RECORDS_FULL);
    return first * SNARL_CHUNK_UNITS;
}

uint32_t snarl_records_chunks(void)
{
    return __atomic_load_n(&s_in_use, __ATOMIC_RELAXED);
}

uint32_t snarl_records_last_taken(void)
{
    return __atomic_load_n(&s_taken, __ATOMIC_RELAXED);
}

void snarl_records_begin_release(const uint8_t *stays)
{
    uint32_t chunk = s_quarantine, next;
    snarl_mutex_lock(&s_lock);
    for (s_quarantine = 0; chunk; chunk = next) {
        next = snarl_chunks[chunk].next;
        snarl_chunks[chunk].next = stays[chunk] ? s_quarantine : FREE;
        if (stays[chunk])
            s_quarantine = chunk;
        else
            s_free_count++;
    }
    s_longest = UINT32_MAX;
    snarl_mutex_unlock(&s_lock);
}

void snarl_records_release_chunk(uint32_t chunk)
{
    snarl_chunks[chunk].taken = 0;
    snarl_chunks[chunk].next = s_quarantine;
    s_quarantine = chunk;
    __atomic_sub_fetch(&s_in_use, 1, __ATOMIC_RELAXED);
}

void snarl_records_set_next(uint32_t growth)
{
    snarl_mutex_lock(&s_lock);
    s_collect_at = s_in_use + growth;
    snarl_mutex_unlock(&s_lock);
}

uint32_t snarl_records_fresh(void)
{
    return __atomic_load_n(&s_fresh, __ATOMIC_ACQUIRE);
}

void snarl_records_reset(void)
{
    snarl_mutex_reset(&s_lock);
    s_fresh = 1;
    s_longest = UINT32_MAX;
    s_free_count = s_look_at = s_quarantine = s_in_use = s_taken = s_collect_at = 0;
}
