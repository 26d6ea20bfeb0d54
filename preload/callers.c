/* callers.c - see callers.h.
 *
 * Everything is the calling thread's own. It runs inside the guard, between two instructions of the program,
 * with general registers only.
 *
 * Tables. Each begins with few of its entries in use and gets more as entries take each other's places: a thread that
 * does little touches little of them. What was kept under another index before is learnt again. */
#include "preload/callers.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"
#include "history/history.h"
#include "preload/rewrite/walk.h"

#define WALKS 256      /* powers of two, and so are the FIRST_ ones */
#define PLACES 4096
#define NOTES 4096
#define FIRST_WALKS 32 /* three pages of each table */
#define FIRST_PLACES 512
#define FIRST_NOTES 512
#define DEPTH_MAX 128  /* frames of a stack; deeper ones are left out */
#define CHECKED_MAX 22 /* words of the stack compared; what lies further out is taken to be the same */
#define UNKNOWN_STACK ((uintptr_t)1 << 20) /* looked at above rsp when the stack's end is not known */

struct word {
    const uintptr_t *at;
    uintptr_t value;
};

struct walked {
    uintptr_t slot, back; /* the innermost return address: where it lay, and itself */
    uintptr_t rbp;        /* of the caller, when `needs_rbp` */
    uint32_t node;
    uint16_t count;
    bool needs_rbp;
    struct word word[CHECKED_MAX];
};

/* Of a place in the code: how its frame is found, and the walk from there that was used last. */
struct place {
    uintptr_t site;
    struct walked *walked;
    int32_t cfa_offset;
    int16_t rbp_offset; /* 0: rbp is still the caller's */
    bool by_rbp;
};

/* Of a place that was reached by some calls. */
struct noted {
    uintptr_t site;
    struct snarl_race_note note;
};

/* How much of a table is in use. */
struct extent {
    uint32_t mask;
    uint32_t lost; /* entries that others have taken the places of, since it became so large */
};

struct snarl_callers {
    uint32_t age;
    struct extent places, notes, walks;
    struct place place[PLACES];
    struct noted noted[NOTES];
    struct snarl_walk_cache rows;
    struct walked walked[WALKS];
};

static __thread struct snarl_callers *s_mine __attribute__((tls_model("initial-exec")));
static uint32_t s_age; /* changes when modules go */

void snarl_callers_forget(void)
{
    __atomic_add_fetch(&s_age, 1, __ATOMIC_RELAXED);
}

void snarl_callers_end_thread(void)
{
    struct snarl_callers *mine = s_mine;
    s_mine = NULL;
    if (mine)
        snarl_memory_free(mine, sizeof(*mine));
}

static struct snarl_callers *begin(void)
{
    struct snarl_callers *mine = snarl_memory_alloc(sizeof(*mine));
    if (!mine)
        return NULL;
    mine->places.mask = FIRST_PLACES - 1;
    mine->notes.mask = FIRST_NOTES - 1;
    mine->walks.mask = FIRST_WALKS - 1;
    return mine;
}

/* An entry gives way to another one. Out of line: the fast path is kept short. */
static __attribute__((noinline, cold)) void lose(struct extent *extent, uint32_t most)
{
    if (extent->mask + 1 == most || ++extent->lost <= extent->mask / 2)
        return;
    extent->mask = 2 * extent->mask + 1;
    extent->lost = 0;
}

static struct snarl_callers *memory(void)
{
    uint32_t age = __atomic_load_n(&s_age, __ATOMIC_RELAXED);
    if (!s_mine)
        s_mine = begin();
    if (s_mine && s_mine->age != age) {
        snarl_walk_forget(&s_mine->rows);
        for (uint32_t i = 0; i <= s_mine->walks.mask; i++)
            s_mine->walked[i].slot = 0;
        for (uint32_t i = 0; i <= s_mine->places.mask; i++)
            s_mine->place[i].site = 0;
        for (uint32_t i = 0; i <= s_mine->notes.mask; i++)
            s_mine->noted[i].site = 0;
        s_mine->age = age;
    }
    return s_mine;
}

static struct place *place_of(struct snarl_callers *mine, uintptr_t site)
{
    return &mine->place[site * 0x9e3779b97f4a7c15u >> 40 & mine->places.mask];
}

static bool is_same(const struct walked *walked, uintptr_t slot, uintptr_t back, uintptr_t rbp)
{
    if (walked->slot != slot || walked->back != back || (walked->needs_rbp && walked->rbp != rbp))
        return false;
    for (uint32_t i = 0; i < walked->count; i++)
        if (*walked->word[i].at != walked->word[i].value)
            return false;
    return true;
}

static void check_too(struct walked *walked, uintptr_t at)
{
    if (walked->count < CHECKED_MAX)
        walked->word[walked->count++] = (struct word){(const uintptr_t *)at, *(const uintptr_t *)at};
}

/* From the caller's frame on, which `walk` is at. */
static void walk_on(struct walked *walked, struct snarl_walk *walk, struct snarl_walk_cache *rows)
{
    uintptr_t frame[DEPTH_MAX];
    uint32_t count = 0, node = 0;
    uintptr_t rbp_slot = 0; /* where the frame pointer in use was saved; 0: still the caller's */
    walked->slot = walk->slot;
    walked->back = walk->pc;
    walked->rbp = walk->rbp;
    walked->needs_rbp = false;
    walked->count = 0;
    frame[count++] = walk->pc;
    while (count < DEPTH_MAX && snarl_walk_up(walk, rows)) {
        frame[count++] = walk->pc + walk->first; /* as a return address, of which one is subtracted */
        if (walk->by_rbp && rbp_slot)
            check_too(walked, rbp_slot);
        else if (walk->by_rbp)
            walked->needs_rbp = true;
        check_too(walked, walk->slot);
        if (walk->rbp_slot)
            rbp_slot = walk->rbp_slot;
    }
    while (count)
        node = snarl_history_node(node, frame[--count]);
    walked->node = node;
}

/* The place of a site, made its own. */
static struct place *own_place(struct snarl_callers *mine, uintptr_t site)
{
    struct place *place = place_of(mine, site);
    if (place->site == site)
        return place;
    if (place->site)
        lose(&mine->places, PLACES);
    *place = (struct place){.site = site}; /* not walked yet */
    return place;
}

static bool is_noted(const struct noted *noted, uintptr_t site, uint32_t node)
{
    return noted->site == site && noted->note.node == node;
}

/* One of two places; the one that came last has the first. */
static struct snarl_race_note *note_of(struct snarl_callers *mine, uintptr_t site, uint32_t node)
{
    uint64_t hash = (site ^ (uint64_t)node << 32) * 0x9e3779b97f4a7c15u;
    struct noted *noted = &mine->noted[hash >> 40 & (mine->notes.mask - 1)];
    if (is_noted(&noted[0], site, node))
        return &noted[0].note;
    if (is_noted(&noted[1], site, node))
        return &noted[1].note;
    if (noted[1].site)
        lose(&mine->notes, NOTES);
    noted[1] = noted[0];
    noted[0] = (struct noted){.site = site, .note = {.node = node}};
    return &noted[0].note;
}

struct snarl_race_note *snarl_callers_note(uintptr_t site, uint32_t node)
{
    return s_mine ? note_of(s_mine, site, node) : NULL;
}

static struct walked *walked_from(struct snarl_callers *mine, uintptr_t slot, uintptr_t back)
{
    uint64_t hash = (slot ^ back << 20) * 0x9e3779b97f4a7c15u;
    return &mine->walked[hash >> 56 & mine->walks.mask];
}

uint32_t snarl_callers_node(const struct snarl_callers_at *at)
{
    struct snarl_callers *mine = memory();
    if (!mine)
        return 0;
    struct snarl_walk walk = {.pc = at->pc,
                              .rsp = at->rsp,
                              .rbp = at->rbp,
                              .low = at->rsp,
                              .high = at->high > at->rsp ? at->high : at->rsp + UNKNOWN_STACK,
                              .first = true};
    if (!snarl_walk_up(&walk, &mine->rows))
        return 0;
    struct walked *walked = walked_from(mine, walk.slot, walk.pc);
    struct place *place = own_place(mine, at->site);
    place->walked = walked;
    place->by_rbp = walk.by_rbp;
    place->cfa_offset = (int32_t)(walk.slot + 8 - (walk.by_rbp ? at->rbp : at->rsp));
    place->rbp_offset = (int16_t)(walk.rbp_slot ? walk.rbp_slot - (walk.slot + 8) : 0);
    if (!is_same(walked, walk.slot, walk.pc, walk.rbp)) {
        if (walked->slot)
            lose(&mine->walks, WALKS);
        walk_on(walked, &walk, &mine->rows);
    }
    return walked->node;
}

uint32_t snarl_callers_known(uintptr_t site, uintptr_t rsp, uintptr_t rbp, struct snarl_race_note **note)
{
    struct snarl_callers *mine = s_mine;
    if (!mine || mine->age != __atomic_load_n(&s_age, __ATOMIC_RELAXED))
        return 0;
    struct place *place = place_of(mine, site);
    if (place->site != site || !place->walked)
        return 0;
    uintptr_t cfa = (place->by_rbp ? rbp : rsp) + (uintptr_t)(intptr_t)place->cfa_offset;
    struct walked *walked = place->walked;
    if (walked->slot != cfa - 8 && place->by_rbp) /* rbp may be anything */
        return 0;
    uintptr_t back = *(const uintptr_t *)(cfa - 8);
    if (walked->slot != cfa - 8 || walked->back != back)
        walked = place->walked = walked_from(mine, cfa - 8, back);
    if (place->rbp_offset)
        rbp = *(const uintptr_t *)(cfa + (uintptr_t)(intptr_t)place->rbp_offset);
    if (!is_same(walked, cfa - 8, back, rbp))
        return 0;
    *note = note_of(mine, site, walked->node);
    return walked->node;
}
