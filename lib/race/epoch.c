/* epoch.c - a thread's epochs, and the records that it makes in them.
 *
 * Units of records are taken from runs of chunks (record.h), so that those of one epoch are a range; a place of the program has one
 * record for each epoch, as far as the thread remembers. */
#include <string.h>

#include "base/counters.h"
#include "history/history.h"
#include "race/state.h"
#include "race/story.h"

#define SITE_WAYS 8u
#define EPOCHS_COUNTED 256 /* at once */

struct snarl_race_global snarl_race_global;
uint32_t snarl_race_generation;

/* --- epochs and caches --- */

/* Up to the end of the run, cut to a power of two: units not yet taken are in no cell. */
void snarl_race_window_update(struct snarl_race_thread *thr)
{
    const uint64_t twice = 0x100000001u;
    struct snarl_race_window window = {.first = SNARL_CELL_UNIT * twice, /* a unit never used */
                                       .outside = SNARL_CELL_TESTED * twice};
    uint32_t first_unit = snarl_cell_unit(thr->base);
    if (!thr->window)
        return;
    if (thr->ignore) {
        window.outside = 0;
    } else if (!thr->pending && first_unit < thr->run_end) {
        uint32_t room = 1u << (31 - __builtin_clz(thr->run_end - first_unit));
        window.first = thr->base * twice;
        window.outside = (SNARL_CELL_TESTED & ~(room - 1)) * twice;
    }
    *thr->window = window;
}

void snarl_race_set_range(struct snarl_race_thread *thr, uint32_t first_unit)
{
    if (thr->ignore) {
        thr->base = 0;
        thr->span = UINT32_MAX;
    } else {
        __atomic_store_n(&thr->base, first_unit | SNARL_CELL_MASK, __ATOMIC_RELAXED);
        thr->span = thr->pending ? 0 : thr->next_unit - first_unit;
    }
    snarl_race_window_update(thr);
}

void snarl_race_new_stamp(struct snarl_race_thread *thr)
{
    thr->shared = SNARL_CELL_NONE;
    thr->left_run = false;
    if (++thr->stamp == 0) { /* wrapped: old entries must not look new */
        memset(thr->step, 0, sizeof(thr->step));
        memset(thr->site, 0, sizeof(thr->site));
        memset(thr->hit, 0, sizeof(thr->hit));
        memset(thr->recent, 0, sizeof(thr->recent));
        thr->stamp = 1;
        if (snarl_race_global.host.forget)
            snarl_race_global.host.forget();
    }
    if (thr->run_end) {
        uint32_t last = thr->next_unit > thr->run_start ? thr->next_unit - 1 : thr->run_start;
        snarl_chunks[last / SNARL_CHUNK_UNITS].stamp = thr->stamp;
    }
}

#define EPOCHS_OF_A_RUN 8u
#define EPOCHS_OF_A_LONG_RUN 2u
#define LONG_RUN 64u /* chunks */

static uint32_t made_now(const struct snarl_race_thread *thr)
{
    return thr->next_unit > thr->epoch_start ? thr->next_unit - thr->epoch_start : 0;
}

static void give_back(uint32_t next_unit, uint32_t run_end)
{
    snarl_records_give_back((next_unit + SNARL_CHUNK_UNITS - 1) / SNARL_CHUNK_UNITS, run_end / SNARL_CHUNK_UNITS);
}

void snarl_race_leave_run(struct snarl_race_thread *thr)
{
    uint32_t next_unit = thr->next_unit;
    thr->next_unit = thr->run_end;
    give_back(next_unit, thr->run_end);
}

/* Room for some epochs like those before. */
static bool take_run(struct snarl_race_thread *thr)
{
    uint32_t made = made_now(thr), most = made > thr->epoch_units ? made : thr->epoch_units;
    uint32_t chunks = most * EPOCHS_OF_A_RUN / SNARL_CHUNK_UNITS + 1, least = most * EPOCHS_OF_A_LONG_RUN / SNARL_CHUNK_UNITS + 1;
    if (chunks > LONG_RUN)
        chunks = least > LONG_RUN ? least : LONG_RUN;
    if (chunks > SNARL_RUN_CHUNKS)
        chunks = SNARL_RUN_CHUNKS;
    uint32_t first = snarl_records_take_run(thr, &chunks);
    if (!first)
        return false;
    uint32_t next_unit = thr->next_unit, run_end = thr->run_end;
    thr->next_unit = thr->run_start = thr->epoch_start = first;
    thr->run_end = first + chunks * SNARL_CHUNK_UNITS;
    thr->range_generation = __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE);
    snarl_race_set_range(thr, first);
    give_back(next_unit, run_end); /* they are out of the range only now */
    return true;
}

/* Units of this epoch lie outside of the window, and code that uses them may go on for long: with another run, and a window over all of
 * it, its cells are touched once more and known from then on. */
void snarl_race_widen(struct snarl_race_thread *thr)
{
    thr->known = 0;
    if (!thr->window || thr->ignore || thr->pending)
        return;
    if (thr->span && (thr->span - 1) & (uint32_t)thr->window->outside && take_run(thr))
        snarl_race_new_stamp(thr); /* what the caches hold are records of the run before */
}

/* An epoch that runs out of its run has all its cells touched again, and one that begins near the run's end has a short window. So the end
 * of a run, half of it at most, is given up when an epoch like the largest of late would hardly fit in. */
static void make_room(struct snarl_race_thread *thr)
{
    uint32_t made = made_now(thr);
    thr->epoch_units -= (thr->epoch_units + 7) / 8;
    if (made > thr->epoch_units)
        thr->epoch_units = made;
    uint32_t left = thr->run_end - thr->next_unit;
    if (thr->run_end && left < 2 * thr->epoch_units && left < (thr->run_end - thr->run_start) / 2)
        take_run(thr);
}

void snarl_race_begin_epoch(struct snarl_race_thread *thr)
{
    uint32_t limit = snarl_race_global.options.epoch_limit;
    if (thr->epoch >= (limit ? limit : SNARL_EPOCH_LIMIT))
        snarl_race_thread_move(thr);
    thr->epoch++;
    snarl_vclock_set(&thr->clock, thr->slot, thr->epoch);
    thr->first_epoch = thr->epoch;
    thr->states_made /= 2;
    make_room(thr);
    thr->pending = false;
    thr->epoch_start = thr->next_unit;
    if (thr->next_unit % SNARL_CHUNK_UNITS) /* a chunk goes on: the table of moments tells of what will be in it, too */
        __atomic_store_n(&snarl_record_moment(thr->next_unit)->epoch, thr->epoch, __ATOMIC_RELAXED);
    thr->known = 0;
    thr->range_generation = __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE);
    snarl_race_set_range(thr, thr->next_unit);
    snarl_race_new_stamp(thr);
    if (thr->epoch % EPOCHS_COUNTED == 0) /* a counter that all threads wrote at each epoch would be what they wait for */
        snarl_count_add(SNARL_COUNT_RACE_EPOCHS, EPOCHS_COUNTED);
}

uint32_t snarl_race_take_units(struct snarl_race_thread *thr, uint32_t count)
{
    uint32_t inside = thr->next_unit % SNARL_CHUNK_UNITS;
    if (inside + count > SNARL_CHUNK_UNITS)
        thr->next_unit += SNARL_CHUNK_UNITS - inside;
    if (thr->next_unit >= thr->run_end) {
        if (!take_run(thr))
            return 0;
        thr->left_run = true; /* the collector keeps the chunks of the present stamp, which this step may still name */
    }
    if (thr->next_unit % SNARL_CHUNK_UNITS == 0) {
        snarl_chunks[thr->next_unit / SNARL_CHUNK_UNITS].stamp = thr->stamp;
        *snarl_record_moment(thr->next_unit) = (struct snarl_chunk_moment){thr->slot, thr->epoch};
    }
    uint32_t unit = thr->next_unit;
    thr->next_unit += count;
    thr->span = thr->next_unit - snarl_cell_unit(thr->base);
    return unit;
}

/* --- where --- */

static struct snarl_node_entry *entry_of(struct snarl_race_thread *thr, uint32_t parent, uintptr_t pc)
{
    uint64_t hash = (pc ^ (uint64_t)parent << 20) * 0x9e3779b97f4a7c15u;
    struct snarl_node_entry *entry = &thr->node[hash >> 56 & (SNARL_NODE_CACHE - 1)];
    if (entry->pc != pc || entry->parent != parent || !entry->node)
        *entry = (struct snarl_node_entry){.pc = pc, .parent = parent, .node = snarl_history_node(parent, pc)};
    return entry;
}

static uint32_t node_of(struct snarl_race_thread *thr, uint32_t parent, uintptr_t pc)
{
    return entry_of(thr, parent, pc)->node;
}

/* The upper half of a frame's address is that of where we are: a stack is smaller than 4 GiB. */
static uintptr_t whole_address(uint32_t low)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), address = (here & ~(uintptr_t)UINT32_MAX) | low;
    return address < here ? address + ((uintptr_t)1 << 32) : address;
}

static uint32_t node_of_call(struct snarl_race_thread *thr, uint32_t parent, const struct snarl_race_frame *frame)
{
    struct snarl_node_entry *entry = entry_of(thr, parent, frame->pc);
    uint32_t node = 0;
    if (__builtin_expect(!entry->caller, 0))
        entry->caller = snarl_race_global.host.outside && snarl_race_global.host.outside(frame->pc) ? SNARL_CALLER_OUTSIDE
                                                                                                  : SNARL_CALLER_NOTES;
    if (__builtin_expect(entry->caller == SNARL_CALLER_OUTSIDE, 0))
        node = snarl_race_global.host.around(thr, frame->pc, whole_address(frame->sp));
    return node ? node : entry->node;
}

uint32_t snarl_race_call_node(struct snarl_race_thread *thr)
{
    struct snarl_race_frame *known = thr->frame;
    while (known != thr->frames && !known->node)
        known--;
    uint32_t node = known == thr->frames ? 0 : known->node;
    while (known != thr->frame) {
        known++;
        node = known->node = node_of_call(thr, node, known);
    }
    return node;
}

uint32_t snarl_race_callers(struct snarl_race_thread *thr)
{
    bool ask = thr->frame == thr->frames && snarl_race_global.host.callers;
    return ask ? snarl_race_global.host.callers(thr) : snarl_race_call_node(thr);
}

uint32_t snarl_race_where(struct snarl_race_thread *thr, uintptr_t pc)
{
    if (thr->told)
        return thr->told;
    return node_of(thr, snarl_race_callers(thr), pc);
}

uint32_t snarl_race_lockset(struct snarl_race_thread *thr)
{
    if (thr->lockset == SNARL_LOCKSET_UNKNOWN)
        thr->lockset = snarl_race_global.host.lockset ? snarl_race_global.host.lockset(thr) : 0;
    return thr->lockset;
}

/* --- records --- */

/* The entry of the access or the one to be given up for it: a record made twice makes two stories of one. */
static struct snarl_site_record *site_entry(struct snarl_race_thread *thr, const struct snarl_story_access *access)
{
    uint64_t hash = snarl_step_mix(access->site, access->node);
    struct snarl_site_record *set = &thr->site[(hash >> 40) % (SNARL_SITE_CACHE / SITE_WAYS) * SITE_WAYS];
    struct snarl_site_record *victim = &set[thr->next_victim++ % SITE_WAYS];
    for (uint32_t i = 0; i < SITE_WAYS; i++) {
        if (set[i].site == access->site && set[i].node == access->node)
            return &set[i];
        if (set[i].stamp != thr->stamp && victim->stamp == thr->stamp)
            victim = &set[i];
    }
    return victim;
}

static uint32_t make_record(struct snarl_race_thread *thr, const struct snarl_story_access *access, uint32_t where)
{
    uint32_t unit = snarl_race_take_units(thr, 1);
    if (unit)
        snarl_records[unit].access = (struct snarl_access_record){
            .flags = (uint8_t)access->flags,
            .size = access->size,
            .slot = (uint16_t)thr->slot,
            .epoch = thr->epoch,
            .where = where,
            .lockset = snarl_race_lockset(thr),
        };
    return unit;
}

static uint32_t where_of(struct snarl_race_thread *thr, const struct snarl_story_access *access)
{
    return thr->told ? thr->told : node_of(thr, access->node, access->pc);
}

/* The same, of a place that its caller remembers. */
static uint32_t noted_record(struct snarl_race_thread *thr, const struct snarl_story_access *access)
{
    struct snarl_race_note *note = thr->note;
    bool same = note->where;
    if (same && note->stamp == thr->stamp)
        return note->unit;
    uint32_t where = same ? note->where : where_of(thr, access);
    uint32_t unit = make_record(thr, access, where);
    if (unit)
        *note = (struct snarl_race_note){.node = access->node, .where = where, .unit = unit, .stamp = thr->stamp};
    return unit;
}

uint32_t snarl_race_record(struct snarl_race_thread *thr, const struct snarl_story_access *access)
{
    if (thr->note && !(access->flags & ~(uint32_t)SNARL_ACCESS_WRITE))
        return noted_record(thr, access);
    struct snarl_site_record *entry = site_entry(thr, access);
    bool same = entry->site == access->site && entry->node == access->node;
    if (same && entry->stamp == thr->stamp)
        return entry->unit;
    uint32_t where = same ? entry->where : where_of(thr, access);
    uint32_t unit = make_record(thr, access, where);
    if (unit)
        *entry = (struct snarl_site_record){
            .site = access->site, .node = access->node, .where = where, .unit = unit, .stamp = thr->stamp};
    return unit;
}
