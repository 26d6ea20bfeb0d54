/* record.c - see record.h. */
#include "race/record.h"

#include "base/counters.h"
#include "base/mutex.h"
#include "base/os.h"
#include "race/state.h"

#define DEFAULT_COLLECT_CHUNKS 512u /* 2 MiB of records */

union snarl_record *snarl_records;
struct snarl_chunk *snarl_chunks;

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_RECORD};   /* guards all below */
static uint32_t s_fresh = 1;        /* chunks from here on were never used; chunk 0 holds unit 0 and is not given out */
static uint32_t s_free;             /* a list of free chunks; 0 ends it */
static uint32_t s_quarantine;       /* chunks freed by the last collection: free from the next one on */
static uint32_t s_in_use;
static uint32_t s_taken;            /* serial number of the last taking */
static uint32_t s_collect_at;       /* chunks in use at which the collector runs next */

bool snarl_records_reserve(void)
{
    if (!snarl_records)
        snarl_records = snarl_os_map((size_t)SNARL_RECORD_UNIT << SNARL_CELL_UNIT_BITS);
    if (!snarl_chunks)
        snarl_chunks = snarl_os_map(SNARL_CHUNKS * sizeof(*snarl_chunks));
    return snarl_records && snarl_chunks;
}

static uint32_t collect_minimum(void)
{
    uint32_t chunks = snarl_race_global.options.collect_chunks;
    return chunks ? chunks : DEFAULT_COLLECT_CHUNKS;
}

static uint32_t pop_chunk(void)
{
    uint32_t chunk = s_free;
    if (chunk)
        s_free = snarl_chunks[chunk].next;
    else if (s_fresh < SNARL_CHUNKS - 1) /* the last one would give SNARL_CELL_NONE */
        chunk = s_fresh++;
    return chunk;
}

static uint32_t take(struct snarl_race_thread *thr, bool *due)
{
    snarl_mutex_lock(&s_lock);
    if (!s_collect_at)
        s_collect_at = collect_minimum();
    *due = s_in_use >= s_collect_at;
    uint32_t chunk = pop_chunk();
    if (chunk) {
        snarl_chunks[chunk] = (struct snarl_chunk){.owner = thr->serial, .stamp = thr->stamp, .taken = ++s_taken};
        s_in_use++;
    }
    snarl_mutex_unlock(&s_lock);
    return chunk;
}

uint32_t snarl_records_take_chunk(struct snarl_race_thread *thr)
{
    bool due;
    uint32_t chunk = take(thr, &due);
    if (due || !chunk)
        snarl_race_collect_now();
    if (!chunk)
        chunk = take(thr, &due);
    if (!chunk)
        snarl_count(SNARL_COUNT_RACE_RECORDS_FULL);
    return chunk * SNARL_CHUNK_UNITS;
}

uint32_t snarl_records_chunks(void)
{
    return __atomic_load_n(&s_in_use, __ATOMIC_RELAXED);
}

uint32_t snarl_records_last_taken(void)
{
    return __atomic_load_n(&s_taken, __ATOMIC_RELAXED);
}

void snarl_records_begin_release(void)
{
    snarl_mutex_lock(&s_lock);
    while (s_quarantine) {
        uint32_t chunk = s_quarantine;
        s_quarantine = snarl_chunks[chunk].next;
        snarl_chunks[chunk].next = s_free;
        s_free = chunk;
    }
    snarl_mutex_unlock(&s_lock);
}

void snarl_records_release_chunk(uint32_t chunk)
{
    snarl_mutex_lock(&s_lock);
    snarl_chunks[chunk].taken = 0;
    snarl_chunks[chunk].next = s_quarantine;
    s_quarantine = chunk;
    s_in_use--;
    snarl_mutex_unlock(&s_lock);
}

void snarl_records_set_next(uint32_t growth)
{
    snarl_mutex_lock(&s_lock);
    uint32_t minimum = collect_minimum();
    s_collect_at = s_in_use + (growth > minimum ? growth : minimum);
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
    s_free = s_quarantine = s_in_use = s_taken = s_collect_at = 0;
}
