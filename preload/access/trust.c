/* trust.c - see trust.h.
 *
 * Library calls alone do not show the atomic operations of the program's own code. Where threads hand memory
 * to each other by these, nothing seems to order them. Two signs tell such pairs from races:
 *
 *   - A thread uses a heap block or a descriptor whose beginning is not before that use, by any order that is
 * known. So its address came to the thread on a way that was not seen. From then on, nothing is told of this
 * pair of threads: what else they hand to each other goes the same way.
 *   - Memory is freed after another thread has used it. Reference counts end in this way, and all that could
 * be said is that no order was seen. A use after the end is one whatever orders there are, and is told.
 *
 * Both hide true races too, as many as they hide at all: they are counted (race-handed-on, race-ended), and
 * the report says so.
 *
 * Concurrency: the tables of pairs are made of single words, set once; what is lost there is found again. A
 * birth is written by who owns the block. */
#include "preload/access/trust.h"

#include "base/counters.h"
#include "base/os.h"
#include "preload/access.h"
#include "preload/access/ports.h"

#define PAIRS 4096u  /* of threads; when two fall together the later one is found again */
#define PLACES 4096u /* pairs of places that have been looked at, the same */

#define BENIGN 1024u      /* ranges of memory; those past it are reported */
#define BIRTHS (1u << 20) /* of heap blocks; of two in one place the later one is known */

struct birth {
    uintptr_t block; /* 0 while it changes */
    struct snarl_race_moment moment;
};

static bool is_trusted(struct snarl_thread *thr, const struct snarl_race *race);
static bool looks_real(struct snarl_thread *thr, const struct snarl_race *race);

static bool s_begun;
static struct birth *s_birth;
static uint64_t s_handing[PAIRS];
static uint64_t s_trusted[PLACES];

static uint64_t pair_of(uint32_t a, uint32_t b)
{
    return a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
}

static uint64_t *slot_of(uint64_t *table, uint32_t size, uint64_t pair)
{
    return &table[(pair * 0x9e3779b97f4a7c15u >> 40) % size];
}

static bool is_in(uint64_t *table, uint32_t size, uint64_t pair)
{
    return __atomic_load_n(slot_of(table, size, pair), __ATOMIC_RELAXED) == pair;
}

static void put(uint64_t *table, uint32_t size, uint64_t pair)
{
    __atomic_store_n(slot_of(table, size, pair), pair, __ATOMIC_RELAXED);
}

struct snarl_race_moment snarl_trust_moment(struct snarl_thread *thr)
{
    if (!s_begun || !snarl_awake || !thr->races)
        return (struct snarl_race_moment){0};
    return snarl_race_now(thr->races);
}

/* --- when heap blocks were allocated --- */

static struct birth *birth_of(uintptr_t block)
{
    return &s_birth[(block >> 4) * 0x9e3779b97f4a7c15u >> 44];
}

void snarl_trust_born(struct snarl_thread *thr, uintptr_t block)
{
    if (!s_begun)
        return;
    struct birth *birth = birth_of(block);
    __atomic_store_n(&birth->block, 0, __ATOMIC_RELEASE);
    birth->moment = snarl_trust_moment(thr);
    __atomic_store_n(&birth->block, block, __ATOMIC_RELEASE);
}

static bool find_birth(uintptr_t block, struct snarl_race_moment *moment)
{
    const struct birth *birth = birth_of(block);
    if (!block || !s_birth || __atomic_load_n(&birth->block, __ATOMIC_ACQUIRE) != block)
        return false;
    *moment = birth->moment;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&birth->block, __ATOMIC_RELAXED) == block;
}

/* Whether the thread got at what it uses on a way that was not seen. */
static bool came_unseen(const struct snarl_thread *thr, const struct snarl_race *race)
{
    struct snarl_race_moment birth;
    if (!snarl_port_birth(race->byte, &birth) && !find_birth(snarl_heap_block(race->byte), &birth))
        return false;
    return birth.epoch && !snarl_race_knows(thr->races, birth);
}

/* An end comes after all uses in time; whether it may is what is not known. */
static bool is_end(const struct snarl_race *race)
{
    return race->now.flags & (SNARL_ACCESS_FREE | SNARL_ACCESS_UNMAP);
}

/* --- what the program says itself --- */

static struct {
    uintptr_t start;
    size_t size;
} s_benign[BENIGN];
static uint32_t s_benign_count;

void snarl_trust_benign(uintptr_t start, size_t size)
{
    uint32_t index = __atomic_fetch_add(&s_benign_count, 1, __ATOMIC_RELAXED);
    if (index >= BENIGN)
        return;
    s_benign[index].start = start;
    __atomic_store_n(&s_benign[index].size, size, __ATOMIC_RELEASE);
    snarl_races_trust = is_trusted;
}

static bool is_benign(const struct snarl_race *race)
{
    uint32_t count = __atomic_load_n(&s_benign_count, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count && i < BENIGN; i++)
        if (race->byte - s_benign[i].start < __atomic_load_n(&s_benign[i].size, __ATOMIC_ACQUIRE))
            return true;
    return false;
}

static bool is_trusted(struct snarl_thread *thr, const struct snarl_race *race)
{
    if (is_benign(race)) {
        snarl_count(SNARL_COUNT_RACE_BENIGN);
        return false;
    }
    return !s_begun || looks_real(thr, race);
}

static bool looks_real(struct snarl_thread *thr, const struct snarl_race *race)
{
    uint64_t threads = pair_of(race->now.thread, race->before.thread);
    uint64_t places = (uint64_t)race->now.where << 32 | race->before.where;
    bool handing = is_in(s_handing, PAIRS, threads);
    if (!handing && is_in(s_trusted, PLACES, places))
        return true;
    if (!handing && !is_end(race) && came_unseen(thr, race)) {
        put(s_handing, PAIRS, threads);
        handing = true;
    }
    if (!handing && !is_end(race)) {
        put(s_trusted, PLACES, places);
        return true;
    }
    snarl_count(handing ? SNARL_COUNT_RACE_HANDED_ON : SNARL_COUNT_RACE_ENDED);
    return false;
}

void snarl_trust_begin(void)
{
    s_birth = snarl_os_map(BIRTHS * sizeof(*s_birth));
    if (!s_birth)
        return;
    s_begun = true;
    snarl_races_trust = is_trusted;
}
