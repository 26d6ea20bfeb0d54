/* access.c - what an access does to the cells it touches.
 *
 * A cell's word names an immutable list of accesses (cell.h). An access maps the word to a new one:
 *
 *     members of the old word     kept, without the bytes that the new access stands for: those of accesses
 *                                 that happened before it and conflict with no more than it does
 *     + the new access            unless an access of this thread in this epoch already stands for it
 *
 * and is a race with each member that shares a byte, conflicts and has not happened before. So a byte's members
 * are FastTrack's last write and last reads (and, besides, unordered atomic accesses): what a later access may race with first.
 *
 * The map depends on the old word, the kind and place of the access and the thread's clock only; within an epoch its result without a
 * race stays valid, as the clock only grows. So it is looked up in a small per-thread cache of such steps
 * before it is worked out, and equal stories of many cells share their records without a common table.
 *
 * Cells whose bytes are accessed one by one, at many places of the program, have as many stories as there are combinations of places. A
 * thread that makes very many states therefore puts its accesses of one kind and epoch to the bytes of a cell together, under the
 * last one's record (SNARL_CELL_NEARBY). What races with what is found all the same; only the place that is told may be one where a neighbouring
 * byte was accessed, and the report says so.
 *
 * Concurrency: the word is replaced by compare-and-swap, so of two simultaneous accesses to one cell the second
 * sees the first: none is lost. Nothing else is shared: records are written before a word names them and
 * not changed until the collector has found that no word does (collect.c). */
#include <string.h>

#include "base/counters.h"
#include "history/history.h"
#include "race/state.h"
#include "race/step.h"

#define STATES_MANY 2048u
#define SITE_WAYS 8u

struct snarl_race_global snarl_race_global;
uint32_t snarl_race_generation;

#define EPOCHS_COUNTED 256 /* at once */

/* One access in progress. */
struct access {
    uint64_t site; /* pc, flags and size in one word */
    uint32_t node; /* of the innermost noted call */
    uint32_t flags;
    uintptr_t pc;
    uint8_t size;
    uint8_t cells; /* looked at together */
};

/* --- epochs and caches --- */

/* Up to the end of the run, cut to a power of two: units not yet taken are in no cell. */
void snarl_race_window_update(struct snarl_race_thread *thr)
{
    const uint64_t twice = 0x100000001u;
    struct snarl_race_window window = {.first = SNARL_CELL_UNIT * twice, .outside = UINT64_MAX}; /* a unit never used */
    uint32_t first_unit = snarl_cell_unit(thr->base);
    if (!thr->window)
        return;
    if (thr->ignore) {
        window.outside = 0;
    } else if (!thr->pending && first_unit < thr->run_end) {
        uint32_t room = 1u << (31 - __builtin_clz(thr->run_end - first_unit));
        window.first = thr->base * twice;
        window.outside = ~((room - 1) * twice);
    }
    *thr->window = window;
}

void snarl_race_set_range(struct snarl_race_thread *thr, uint32_t first_unit)
{
    if (thr->ignore) {
        thr->base = 0;
        thr->span = UINT32_MAX;
    } else {
        thr->base = first_unit | SNARL_CELL_FULL;
        thr->span = thr->pending ? 0 : thr->next_unit - first_unit;
    }
    snarl_race_window_update(thr);
}

void snarl_race_new_stamp(struct snarl_race_thread *thr)
{
    thr->shared = SNARL_CELL_NONE;
    if (++thr->stamp == 0) { /* wrapped: old entries must not look new */
        memset(thr->step, 0, sizeof(thr->step));
        memset(thr->site, 0, sizeof(thr->site));
        memset(thr->hit, 0, sizeof(thr->hit));
        thr->stamp = 1;
    }
    if (thr->run_end) {
        uint32_t last = thr->next_unit > thr->run_start ? thr->next_unit - 1 : thr->run_start;
        snarl_chunks[last / SNARL_CHUNK_UNITS].stamp = thr->stamp;
    }
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
    thr->pending = false;
    snarl_race_set_range(thr, thr->next_unit);
    snarl_race_new_stamp(thr);
    if (thr->epoch % EPOCHS_COUNTED == 0) /* a counter that all threads wrote at each epoch would be what they wait for */
        snarl_count_add(SNARL_COUNT_RACE_EPOCHS, EPOCHS_COUNTED);
}

/* Each run is twice as long as the one before. */
static bool take_run(struct snarl_race_thread *thr)
{
    uint32_t chunks = thr->run_chunks ? thr->run_chunks : 1;
    thr->run_chunks = chunks < SNARL_RUN_CHUNKS ? 2 * chunks : chunks;
    uint32_t first = snarl_records_take_run(thr, &chunks);
    if (!first)
        return false;
    thr->next_unit = thr->run_start = first;
    thr->run_end = first + chunks * SNARL_CHUNK_UNITS;
    snarl_race_set_range(thr, first);
    return true;
}

/* `count` units of one chunk in a row; 0 when the table is full. */
static uint32_t take_units(struct snarl_race_thread *thr, uint32_t count)
{
    uint32_t inside = thr->next_unit % SNARL_CHUNK_UNITS;
    if (inside + count > SNARL_CHUNK_UNITS)
        thr->next_unit += SNARL_CHUNK_UNITS - inside;
    if (thr->next_unit >= thr->run_end && !take_run(thr))
        return 0;
    if (thr->next_unit % SNARL_CHUNK_UNITS == 0)
        snarl_chunks[thr->next_unit / SNARL_CHUNK_UNITS].stamp = thr->stamp;
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

static uint32_t callers_of(struct snarl_race_thread *thr)
{
    bool ask = thr->frame == thr->frames && snarl_race_global.host.callers;
    return ask ? snarl_race_global.host.callers(thr) : snarl_race_call_node(thr);
}

uint32_t snarl_race_where(struct snarl_race_thread *thr, uintptr_t pc)
{
    if (thr->told)
        return thr->told;
    return node_of(thr, callers_of(thr), pc);
}

static uint32_t lockset_of(struct snarl_race_thread *thr)
{
    if (thr->lockset == SNARL_LOCKSET_UNKNOWN)
        thr->lockset = snarl_race_global.host.lockset ? snarl_race_global.host.lockset(thr) : 0;
    return thr->lockset;
}

/* --- records --- */

/* The unit of this access's record in this epoch; 0 when there is no room. */
/* The entry of the access or the one to be given up for it: a record made twice makes two stories of one. */
static struct snarl_site_record *site_entry(struct snarl_race_thread *thr, const struct access *access)
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

static uint32_t record_of(struct snarl_race_thread *thr, const struct access *access)
{
    struct snarl_site_record *entry = site_entry(thr, access);
    bool same = entry->site == access->site && entry->node == access->node;
    if (same && entry->stamp == thr->stamp)
        return entry->unit;
    uint32_t unit = take_units(thr, 1);
    if (!unit)
        return 0;
    if (!same)
        entry->where = thr->told ? thr->told : node_of(thr, access->node, access->pc);
    entry->site = access->site;
    entry->node = access->node;
    entry->unit = unit;
    entry->stamp = thr->stamp;
    snarl_records[unit].access = (struct snarl_access_record){
        .flags = (uint8_t)access->flags,
        .size = access->size,
        .slot = (uint16_t)thr->slot,
        .epoch = thr->epoch,
        .where = entry->where,
        .lockset = lockset_of(thr),
    };
    return unit;
}

static bool is_state(const struct snarl_race_thread *thr, uint32_t unit, const uint32_t *member, uint32_t count)
{
    const struct snarl_state_record *state = &snarl_records[unit].state;
    if (unit - snarl_cell_unit(thr->base) >= thr->span || !(state->flags & SNARL_RECORD_STATE) || state->count != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (state->member[i] != member[i])
            return false;
    return true;
}

/* Where this epoch's state with these members is to be remembered. */
static uint32_t *known_state(struct snarl_race_thread *thr, const uint32_t *member, uint32_t count)
{
    uint64_t hash = count;
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ hash >> 32 ^ member[i]) * 0x9e3779b97f4a7c15u;
    return &thr->state[hash >> 40 & (SNARL_STATE_CACHE - 1)];
}

/* One for each list and epoch, as far as the thread remembers: equal stories must have equal words, or the steps from them
 * would have to be worked out for each. */
static uint32_t state_of(struct snarl_race_thread *thr, const uint32_t *member, uint32_t count)
{
    uint32_t *known = known_state(thr, member, count);
    if (is_state(thr, *known, member, count))
        return *known;
    uint32_t unit = take_units(thr, snarl_state_units(count));
    if (!unit)
        return 0;
    struct snarl_state_record *state = &snarl_records[unit].state;
    state->flags = SNARL_RECORD_STATE;
    state->count = (uint16_t)count;
    memcpy(state->member, member, count * sizeof(*member));
    *known = unit;
    thr->states_made++;
    return unit;
}

static bool mine_now(const struct snarl_race_thread *thr, const struct snarl_access_record *record)
{
    return record->slot == thr->slot && record->epoch >= thr->first_epoch;
}

/* The bytes that this thread has read, and those that it has written, in this epoch by plain accesses. */
static void covered_by_me(const struct snarl_race_thread *thr, const uint32_t *member, uint32_t count,
                          uint32_t *read, uint32_t *written)
{
    *read = *written = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        if ((record->flags & SNARL_ACCESS_ATOMIC) || !mine_now(thr, record))
            continue;
        *read |= snarl_cell_mask(member[i]);
        if (record->flags & SNARL_ACCESS_WRITE)
            *written |= snarl_cell_mask(member[i]);
    }
}

/* --- steps --- */

static struct snarl_hit *hit_of(struct snarl_race_thread *thr, uint32_t word)
{
    return &thr->hit[snarl_hit_index(word)];
}

/* The word stays: an access of this epoch stands for this one. Remembers it for the next ones. */
static void note_hit(struct snarl_race_thread *thr, uint32_t word, const uint32_t *member, uint32_t count)
{
    struct snarl_hit hit = {.word = word, .stamp = thr->stamp};
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        if (!mine_now(thr, record))
            continue;
        for (uint32_t flags = 0; flags < 4; flags++)
            if (snarl_access_stands_for(record->flags, flags))
                hit.mask[flags] |= (uint8_t)snarl_cell_mask(member[i]);
    }
    *hit_of(thr, word) = hit;
    if (hit.mask[0] == 0xf && !thr->ignore)
        thr->shared = word;
}

static bool stands_already(const struct snarl_race_thread *thr, const uint32_t *member, uint32_t count,
                           uint32_t mask, uint32_t flags)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        if (mine_now(thr, record) && snarl_access_stands_for(record->flags, flags))
            mask &= ~snarl_cell_mask(member[i]);
    }
    return mask == 0;
}

static uintptr_t start_of(uintptr_t byte, uint32_t size)
{
    bool natural = size && size <= 64 && !(size & (size - 1));
    return natural ? byte & ~(uintptr_t)(size - 1) : byte;
}

/* `old` is the cell's word in which `member` was found. If it has changed since, the step is done again anyway, and
 * what is there now races as well when this does. */
static void report(struct snarl_race_thread *thr, const struct access *access, uint32_t member, uintptr_t cell,
                   uint32_t bytes, uint32_t old)
{
    const struct snarl_access_record *other = &snarl_record_at(member)->access;
    if (__atomic_load_n(snarl_shadow_cell(cell), __ATOMIC_ACQUIRE) != old)
        return;
    snarl_count(SNARL_COUNT_RACE_SEEN);
    if (!snarl_race_global.host.report)
        return;
    uintptr_t byte = cell + (uintptr_t)__builtin_ctz(bytes);
    struct snarl_race race = {
        .byte = byte,
        .cells = access->cells,
        .now = {.thread = thr->host_id,
                .where = snarl_race_where(thr, access->pc),
                .lockset = lockset_of(thr),
                .flags = access->flags,
                .address = start_of(byte, access->size),
                .size = access->size},
        .before = {.thread = snarl_race_thread_owner(other->slot, other->epoch),
                   .where = other->where,
                   .lockset = other->lockset,
                   .flags = other->flags | (member & SNARL_CELL_NEARBY ? SNARL_ACCESS_NEARBY : 0),
                   .address = start_of(byte, other->size),
                   .size = other->size},
    };
    snarl_race_global.host.report(thr, &race);
}

/* The members to keep besides the new access; the races go to the host. */
static uint32_t keep_members(struct snarl_race_thread *thr, const struct access *access, uint32_t old, uint32_t mask,
                             uintptr_t cell, uint32_t *kept, bool *raced)
{
    uint32_t single, count, keep = 0;
    const uint32_t *member = snarl_cell_members(old, &single, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_access_record *record = &snarl_record_at(member[i])->access;
        uint32_t bytes = snarl_cell_mask(member[i]);
        uint32_t both = bytes & mask;
        bool ordered = !both || snarl_vclock_get(&thr->clock, record->slot) >= record->epoch;
        if (!ordered && snarl_access_conflict(record->flags, access->flags)) {
            uintptr_t byte = cell + (uintptr_t)__builtin_ctz(both);
            enum snarl_explained why = snarl_race_explain(thr, byte, access->flags, record);
            if (why == SNARL_RACES)
                report(thr, access, member[i], cell, both, old);
            else if (why == SNARL_ACCESSES_ATOMIC)
                bytes &= ~both;
            *raced = true;
            ordered = true; /* it is known: no need to find it again */
        }
        if (ordered && snarl_access_stands_for(access->flags, record->flags))
            bytes &= ~both;
        if (bytes)
            kept[keep++] = snarl_cell_word(snarl_cell_unit(member[i]), bytes, 0) | (member[i] & SNARL_CELL_NEARBY);
    }
    return keep;
}

/* The word for a list of accesses, the last of which is the one that makes it. */
static uint32_t word_of(struct snarl_race_thread *thr, const struct access *access, const uint32_t *member,
                        uint32_t count)
{
    bool plain = !(access->flags & SNARL_ACCESS_ATOMIC);
    bool write = access->flags & SNARL_ACCESS_WRITE;
    if (count == 1 && plain && !(member[0] & SNARL_CELL_NEARBY))
        return member[0] | (write ? snarl_cell_mask(member[0]) << SNARL_CELL_WRITTEN_SHIFT : 0);
    if (count == 1 && !plain && snarl_cell_mask(member[0]) == 0xf)
        return snarl_cell_unit(member[0]);
    uint32_t unit = state_of(thr, member, count);
    if (!unit || !plain)
        return unit;
    uint32_t read, written;
    covered_by_me(thr, member, count, &read, &written);
    return snarl_cell_word(unit, read, written);
}

/* Whether the word was made by this thread in this epoch, but before it took its present run of chunks. */
static bool is_left_behind(const struct snarl_race_thread *thr, uint32_t word)
{
    uint32_t unit = snarl_cell_unit(word);
    return snarl_chunks[unit / SNARL_CHUNK_UNITS].owner == thr->serial && unit - snarl_cell_unit(thr->base) >= thr->span;
}

/* The same story under a new unit, so that it is on the fast path again. */
static uint32_t brought_up(struct snarl_race_thread *thr, uint32_t word, const uint32_t *member, uint32_t count)
{
    const union snarl_record *record = snarl_record_at(word);
    bool state = record->access.flags & SNARL_RECORD_STATE;
    uint32_t read, written;
    uint32_t unit = state ? state_of(thr, member, count) : take_units(thr, 1);
    if (!unit)
        return word;
    if (!state) {
        snarl_records[unit] = *record;
        return (word & ~SNARL_CELL_UNIT) | unit;
    }
    covered_by_me(thr, member, count, &read, &written);
    return snarl_cell_word(unit, read, written);
}

/* Whether the two records tell the same but for the place. */
static bool is_alike(const struct snarl_race_thread *thr, uint32_t a, uint32_t b)
{
    const struct snarl_access_record *x = &snarl_records[a].access, *y = &snarl_records[b].access;
    return mine_now(thr, x) && x->flags == y->flags && x->lockset == y->lockset;
}

/* Adds the access, `unit`, to the list. */
static uint32_t add_member(const struct snarl_race_thread *thr, uint32_t *list, uint32_t count, uint32_t unit, uint32_t mask)
{
    bool together = thr->states_made > STATES_MANY;
    uint32_t word = snarl_cell_word(unit, mask, 0), keep = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = snarl_cell_unit(list[i]);
        if (other == unit)
            word |= list[i];
        else if (together && is_alike(thr, other, unit))
            word |= (list[i] & ~SNARL_CELL_UNIT) | SNARL_CELL_NEARBY;
        else
            list[keep++] = list[i];
    }
    if (keep == SNARL_STATE_MEMBERS) {
        snarl_count(SNARL_COUNT_RACE_STATE_FULL);
        keep--;
    }
    list[keep++] = word;
    return keep;
}

/* The next word where the cell remembers at most one access, which the new one stands for: the commonest case, at the first access in an
 * epoch. 0: it is not so simple. */
static uint32_t replace_single(struct snarl_race_thread *thr, const struct access *access, uint32_t old, uint32_t mask)
{
    const struct snarl_access_record *record = &snarl_record_at(old)->access; /* of no access: all zero */
    uint32_t single, count;
    if (record->flags & SNARL_RECORD_STATE)
        return 0;
    uint32_t bytes = snarl_cell_mask(*snarl_cell_members(old, &single, &count));
    if ((count && (bytes & ~mask)) || !snarl_access_stands_for(access->flags, record->flags) ||
        snarl_vclock_get(&thr->clock, record->slot) < record->epoch || (count && mine_now(thr, record)))
        return 0;
    if (mask != 0xf && (access->flags & SNARL_ACCESS_ATOMIC))
        return 0;
    uint32_t unit = record_of(thr, access);
    uint32_t member = snarl_cell_word(unit, mask, 0);
    return unit ? word_of(thr, access, &member, 1) : old;
}

/* The cell's next word. *raced: the outcome is not to be remembered. */
static uint32_t work_out(struct snarl_race_thread *thr, const struct access *access, uint32_t old, uint32_t mask,
                         uintptr_t cell, bool *raced)
{
    uint32_t single, count;
    uint32_t replaced = replace_single(thr, access, old, mask);
    if (replaced)
        return replaced;
    const uint32_t *member = snarl_cell_members(old, &single, &count);
    if (stands_already(thr, member, count, mask, access->flags)) {
        if (!(access->flags & SNARL_ACCESS_ATOMIC) && is_left_behind(thr, old))
            return brought_up(thr, old, member, count);
        note_hit(thr, old, member, count);
        return old;
    }
    uint32_t list[SNARL_STATE_MEMBERS + 1];
    uint32_t kept = keep_members(thr, access, old, mask, cell, list, raced);
    uint32_t unit = record_of(thr, access);
    if (!unit)
        return old;
    kept = add_member(thr, list, kept, unit, mask);
    uint32_t word = word_of(thr, access, list, kept);
    if (word && (access->flags & SNARL_ACCESS_ATOMIC)) /* the word does not tell */
        note_hit(thr, word, list, kept);
    return word ? word : old;
}

static uint32_t next_word(struct snarl_race_thread *thr, const struct access *access, uint32_t old, uint32_t mask,
                          uintptr_t cell)
{
    uint64_t key = snarl_step_key(access->site, access->node | mask << 28, old);
    struct snarl_step *step = snarl_step_entry(thr, key);
    if (snarl_step_is(thr, step, key))
        return step->new_word;
    bool raced = false;
    uint32_t word = work_out(thr, access, old, mask, cell, &raced);
    if (!raced && word != old)
        *step = (struct snarl_step){.key = key, .new_word = word, .stamp = thr->stamp};
    return word;
}

static bool current(struct snarl_race_thread *thr, uint32_t word, uint32_t mask, uint32_t flags)
{
    uint32_t full = word | snarl_cell_others(mask, flags & SNARL_ACCESS_WRITE);
    if (flags & SNARL_ACCESS_ENDS)
        return false;
    if (full - thr->base < thr->span)
        return true;
    const struct snarl_hit *hit = hit_of(thr, word);
    return hit->word == word && hit->stamp == thr->stamp && !(mask & ~hit->mask[flags & 3]);
}

bool snarl_race_atomic_hit(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags)
{
    uint32_t mask = size < 4 ? ((1u << size) - 1) << (address & 3) : 0xf;
    if (thr->pending || (address & (size - 1)) || size > 8 || address >> SNARL_ADDRESS_BITS ||
        thr->generation != __atomic_load_n(&snarl_race_generation, __ATOMIC_RELAXED))
        return false;
    const uint32_t *cell = snarl_shadow_cell(address);
    uint32_t word = *cell;
    const struct snarl_hit *hit = hit_of(thr, word);
    return word && (size < 8 || cell[1] == word) && hit->word == word && hit->stamp == thr->stamp &&
           !(mask & ~hit->mask[flags & 3]);
}

/* The first access to an atomic of 4 or 8 bytes in an epoch, where no other access must be remembered with it. */
static bool replace_atomic(struct snarl_race_thread *thr, const struct access *access, uintptr_t address)
{
    uint64_t *pair = (uint64_t *)snarl_shadow_cell(address);
    uint32_t old = __atomic_load_n((uint32_t *)pair, __ATOMIC_ACQUIRE);
    uint64_t both = (uint64_t)old << 32 | old;
    if (access->size == 8 && __atomic_load_n(pair, __ATOMIC_RELAXED) != both)
        return false;
    uint32_t word = replace_single(thr, access, old, 0xf);
    if (!word)
        return false;
    bool done = access->size == 8 ? __atomic_compare_exchange_n(pair, &both, (uint64_t)word << 32 | word, false,
                                                                __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)
                                  : __atomic_compare_exchange_n((uint32_t *)pair, &old, word, false, __ATOMIC_ACQ_REL,
                                                                __ATOMIC_RELAXED);
    if (!done)
        return false;
    bool write = access->flags & SNARL_ACCESS_WRITE;
    *hit_of(thr, word) = (struct snarl_hit){
        .word = word, .stamp = thr->stamp, .mask = {0, 0, 0xf, write ? 0xf : 0}};
    return true;
}

/* The bytes `mask` of the cell at `cell`. */
static void touch_cell(struct snarl_race_thread *thr, const struct access *access, uintptr_t cell, uint32_t mask)
{
    uint32_t *at = snarl_shadow_cell(cell);
    uint32_t old = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    for (;;) {
        if (old && current(thr, old, mask, access->flags))
            return;
        uint32_t word = next_word(thr, access, old, mask, cell);
        if (word == old || __atomic_compare_exchange_n(at, &old, word, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return;
    }
}

/* Two whole cells at once, as long as they have the same word: most of what is larger than a cell. False: one by one. */
static bool touch_pair(struct snarl_race_thread *thr, struct access *access, uintptr_t cell)
{
    uint64_t *at = (uint64_t *)snarl_shadow_cell(cell);
    uint64_t pair = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    uint32_t old = (uint32_t)pair;
    if (pair >> 32 != old)
        return false;
    if (old && current(thr, old, 0xf, access->flags))
        return true;
    access->cells = 2;
    uint32_t word = next_word(thr, access, old, 0xf, cell);
    access->cells = 1;
    uint64_t both = (uint64_t)word << 32 | word;
    return word == old || __atomic_compare_exchange_n(at, &pair, both, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void touch_cells(struct snarl_race_thread *thr, struct access *access, uintptr_t start, uintptr_t end)
{
    uintptr_t cell = start & ~(uintptr_t)3;
    uint32_t mask = 0xfu << (start & 3) & 0xf;
    for (; cell < end; cell += 4, mask = 0xf) {
        if (mask == 0xf && cell % 8 == 0 && end - cell >= 8 && touch_pair(thr, access, cell)) {
            cell += 4;
            continue;
        }
        if (end - cell < 4)
            mask &= (1u << (end - cell)) - 1;
        touch_cell(thr, access, cell, mask);
    }
}

/* False: nothing is to be done. */
static bool prepare(struct snarl_race_thread *thr, struct access *access, uintptr_t address, size_t size,
                    uint32_t flags, uintptr_t pc)
{
    if (thr->ignore || !size)
        return false;
    snarl_race_catch_up(thr);
    if (address >> SNARL_ADDRESS_BITS || (address + size - 1) >> SNARL_ADDRESS_BITS) {
        snarl_count(SNARL_COUNT_RACE_UNCOVERED);
        return false;
    }
    uint32_t generation = __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE);
    __atomic_store_n(&thr->stepping, generation + 1, __ATOMIC_RELEASE);
    if (thr->generation != generation) {
        thr->generation = generation;
        snarl_race_new_stamp(thr);
    }
    if (thr->pending)
        snarl_race_begin_epoch(thr);
    access->flags = flags;
    access->cells = 1;
    access->size = size > UINT8_MAX ? 0 : (uint8_t)size;
    access->pc = pc;
    access->site = snarl_step_site(pc, flags, access->size);
    access->node = thr->told ? thr->told : callers_of(thr);
    return true;
}

void snarl_race_access(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct access access;
    if (!prepare(thr, &access, address, size, flags, pc))
        return;
    snarl_shadow_touch(address);
    snarl_shadow_touch(address + size - 1);
    touch_cells(thr, &access, address, address + size);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}

void snarl_race_atomic_access(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct access access;
    if (snarl_race_atomic_hit(thr, address, size, flags) || !prepare(thr, &access, address, size, flags, pc))
        return;
    snarl_shadow_touch(address);
    snarl_shadow_touch(address + size - 1);
    bool natural = (size == 4 || size == 8) && address % size == 0;
    if (!natural || !replace_atomic(thr, &access, address))
        touch_cells(thr, &access, address, address + size);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}

bool snarl_race_range_hit(const struct snarl_race_thread *thr, uintptr_t address, size_t size, bool write)
{
    if ((address + size) >> SNARL_ADDRESS_BITS)
        return false;
    const uint32_t *cell = snarl_shadow_cell(address);
    for (size_t cells = ((address & 3) + size + 3) / 4; cells; cells--)
        if (!snarl_race_hit(thr, *cell++, write))
            return false;
    return true;
}

void snarl_race_range(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    struct access access;
    if (!prepare(thr, &access, address, size, flags, pc))
        return;
    uintptr_t end = address + size;
    while (address < end) {
        uintptr_t next = (address | (SNARL_SHADOW_BLOCK - 1)) + 1;
        snarl_shadow_touch(address);
        touch_cells(thr, &access, address, next < end ? next : end);
        address = next;
    }
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
}
