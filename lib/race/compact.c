/* compact.c - see compact.h. */
#include "race/compact.h"

#include <string.h>

#include "base/os.h"
#include "race/state.h"

#define FROM_CHUNKS 1024u          /* 2 MiB: less than that is not worth it */
#define LIVE_MOST (SNARL_CHUNK_UNITS / 2)
#define MOVED_MOST (1u << 17)      /* units in one collection */
#define COPIES_MOST (4 * MOVED_MOST) /* entries of the table; lists with a member that moves come on top */
#define SLOTS 65536u
#define LIVE_WORDS (SNARL_CHUNK_UNITS / 64)

struct copy {
    uint32_t from, to; /* units; from 0: free */
};

/* The units that copies of a slot's records get next. */
struct room {
    uint32_t next, end;
};

uint64_t *snarl_compact_live;
static uint64_t *s_live;
static uint8_t *s_chosen; /* by chunk */
static bool s_any_chosen;
static uint8_t *s_mark;   /* the collector's */
static struct copy *s_copy;
static uint32_t s_copies, s_copy_mask;
static struct room *s_room; /* by slot */

static bool reserve(void)
{
    if (!s_live)
        s_live = snarl_os_map(((size_t)1 << SNARL_CELL_UNIT_BITS) / 8);
    if (!s_chosen)
        s_chosen = snarl_os_map(SNARL_CHUNKS);
    if (!s_copy)
        s_copy = snarl_os_map(COPIES_MOST * sizeof(*s_copy));
    if (!s_room)
        s_room = snarl_os_map(SLOTS * sizeof(*s_room));
    return s_live && s_chosen && s_copy && s_room;
}

static uint32_t from_chunks(void)
{
    uint32_t chunks = snarl_race_global.options.compact_chunks;
    return chunks ? chunks : FROM_CHUNKS;
}

/* --- copies --- */

static struct copy *copy_of(uint32_t unit)
{
    uint32_t at = (unit * 0x9e3779b9u >> 8) & s_copy_mask;
    while (s_copy[at].from && s_copy[at].from != unit)
        at = (at + 1) & s_copy_mask;
    return &s_copy[at];
}

/* Room for so many units of a slot in one chunk; 0: there is none. */
static uint32_t take(uint32_t slot, uint32_t units)
{
    struct room *room = &s_room[slot];
    if (s_copies >= s_copy_mask / 2)
        return 0;
    if (room->end - room->next < units) {
        uint32_t chunk = snarl_records_take_chunk();
        if (!chunk)
            return 0;
        s_mark[chunk] = SNARL_MARK_NEEDED;
        snarl_chunk_moments[chunk] = (struct snarl_chunk_moment){.slot = slot, .epoch = 0};
        *room = (struct room){chunk * SNARL_CHUNK_UNITS, (chunk + 1) * SNARL_CHUNK_UNITS};
    }
    room->next += units;
    return room->next - units;
}

static void note_copy(struct copy *copy, uint32_t from, uint32_t to)
{
    *copy = (struct copy){from, to};
    s_copies++;
}

static bool moves(uint32_t word)
{
    return s_mark[snarl_cell_unit(word) / SNARL_CHUNK_UNITS] == SNARL_MARK_MOVES;
}

static uint32_t with_unit(uint32_t word, uint32_t unit)
{
    return (word & ~SNARL_CELL_UNIT) | unit;
}

/* The same word when its access stays where it is, 0 when it should move and cannot. */
static uint32_t move_access(uint32_t word)
{
    if (!moves(word))
        return word;
    uint32_t from = snarl_cell_unit(word);
    struct copy *copy = copy_of(from);
    if (!copy->from) {
        const struct snarl_access_record *record = &snarl_records[from].access;
        uint32_t to = take(record->slot, 1);
        if (!to)
            return 0;
        snarl_records[to].access = *record;
        struct snarl_chunk_moment *moment = snarl_record_moment(to);
        if (moment->epoch < record->epoch) /* before a cell names it */
            __atomic_store_n(&moment->epoch, record->epoch, __ATOMIC_RELAXED);
        note_copy(copy, from, to);
    }
    return with_unit(word, copy->to);
}

static bool has_to_move(uint32_t word, const struct snarl_state_record *state)
{
    bool any = moves(word);
    for (uint32_t i = 0; i < state->count && !any; i++)
        any = moves(state->member[i]);
    return any;
}

static uint32_t copy_state(const struct snarl_state_record *state)
{
    uint32_t member[SNARL_STATE_MEMBERS];
    for (uint32_t i = 0; i < state->count; i++)
        if ((member[i] = move_access(state->member[i])) == 0)
            return 0;
    uint32_t slot = state->count ? snarl_record_at(member[0])->access.slot : 0;
    uint32_t to = take(slot, snarl_state_units(state->count));
    if (!to)
        return 0;
    struct snarl_state_record *copy = &snarl_records[to].state;
    *copy = (struct snarl_state_record){.flags = SNARL_RECORD_STATE, .count = state->count};
    memcpy(copy->member, member, state->count * sizeof(*member));
    return to;
}

static uint32_t move_state(uint32_t word, const struct snarl_state_record *state)
{
    uint32_t from = snarl_cell_unit(word);
    struct copy *copy = copy_of(from);
    if (!copy->from && !has_to_move(word, state))
        return word;
    uint32_t to = copy->from ? copy->to : copy_state(state);
    if (to && !copy_of(from)->from)
        note_copy(copy_of(from), from, to);
    return to ? with_unit(word, to) : 0;
}

uint32_t snarl_compact_word(uint32_t word)
{
    if (word & SNARL_CELL_PLAIN) {
        uint32_t moved = move_access(word);
        return moved ? moved : word;
    }
    if (snarl_compact_counted(word) && !moves(word)) /* it was met before, and stayed: what is counted is where it will be found */
        return word;
    const union snarl_record *record = snarl_record_at(word);
    uint32_t moved = record->access.flags & SNARL_RECORD_STATE ? move_state(word, &record->state) : move_access(word);
    return moved ? moved : word;
}

/* --- which --- */

bool snarl_compact_begin(uint8_t *mark, uint32_t fresh)
{
    uint32_t units = 0, entries = 64;
    snarl_compact_live = NULL;
    s_mark = mark;
    if (snarl_records_chunks() >= from_chunks() && reserve()) {
        snarl_compact_live = s_live;
        memset(s_live, 0, (size_t)fresh * LIVE_WORDS * sizeof(*s_live));
    }
    if (!s_any_chosen)
        return false;
    for (uint32_t chunk = 1; chunk < fresh; chunk++) {
        if (s_chosen[chunk] && mark[chunk] == SNARL_MARK_NONE && snarl_chunks[chunk].taken) {
            mark[chunk] = SNARL_MARK_MOVES;
            units += s_chosen[chunk];
        }
        s_chosen[chunk] = 0;
    }
    s_any_chosen = false;
    while (entries < 2 * units && entries < COPIES_MOST)
        entries *= 2;
    s_copy_mask = entries - 1;
    s_copies = 0;
    memset(s_copy, 0, entries * sizeof(*s_copy));
    memset(s_room, 0, snarl_race_slot_count() * sizeof(*s_room));
    return units != 0;
}

static uint32_t live_in(uint32_t chunk)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < LIVE_WORDS; i++)
        for (uint64_t bits = s_live[chunk * LIVE_WORDS + i]; bits; bits &= bits - 1)
            live++;
    return live;
}

/* How many live records a chunk may have to be moved: as many chunks as possible for so many copies. */
static uint32_t limit_of(const uint32_t *count)
{
    uint32_t sum = 0, limit = 0;
    while (limit < LIVE_MOST && sum + (limit + 1) * count[limit + 1] <= MOVED_MOST) {
        limit++;
        sum += limit * count[limit];
    }
    return limit;
}

void snarl_compact_choose(uint32_t fresh, uint32_t last_taken)
{
    uint32_t count[SNARL_CHUNK_UNITS + 1] = {0};
    if (!snarl_compact_live)
        return;
    for (uint32_t chunk = 1; chunk < fresh; chunk++) {
        bool fits = s_mark[chunk] == SNARL_MARK_NEEDED && snarl_chunks[chunk].taken && snarl_chunks[chunk].taken <= last_taken;
        uint32_t live = fits ? live_in(chunk) : 0;
        s_chosen[chunk] = (uint8_t)live;
        count[live]++;
    }
    uint32_t limit = limit_of(count);
    for (uint32_t chunk = 1; chunk < fresh; chunk++) {
        if (s_chosen[chunk] > limit)
            s_chosen[chunk] = 0;
        s_any_chosen |= s_chosen[chunk] != 0;
    }
    snarl_compact_live = NULL;
}

void snarl_compact_reset(void)
{
    if (s_chosen && s_any_chosen)
        memset(s_chosen, 0, SNARL_CHUNKS);
    s_any_chosen = false;
    snarl_compact_live = NULL;
}
