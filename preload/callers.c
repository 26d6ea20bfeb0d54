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
#include "preload/callers_table.h"

#define FIRST_WALKS 32 /* three pages of each table */
#define FIRST_PLACES 512
#define FIRST_NOTES 512
#define DEPTH_MAX 128  /* frames of a stack; deeper ones are left out */
#define UNKNOWN_STACK ((uintptr_t)1 << 20) /* looked at above rsp when the stack's end is not known */

__thread struct snarl_callers *snarl_callers_mine __attribute__((tls_model("initial-exec")));
uint32_t snarl_callers_age;

void snarl_callers_forget(void)
{
    __atomic_add_fetch(&snarl_callers_age, 1, __ATOMIC_RELAXED);
}

void snarl_callers_end_thread(void)
{
    struct snarl_callers *mine = snarl_callers_mine;
    snarl_callers_mine = NULL;
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
    uint32_t age = __atomic_load_n(&snarl_callers_age, __ATOMIC_RELAXED);
    if (!snarl_callers_mine)
        snarl_callers_mine = begin();
    if (snarl_callers_mine && snarl_callers_mine->age != age) {
        snarl_walk_forget(&snarl_callers_mine->rows);
        for (uint32_t i = 0; i <= snarl_callers_mine->walks.mask; i++)
            snarl_callers_mine->walked[i].slot = 0;
        for (uint32_t i = 0; i <= snarl_callers_mine->places.mask; i++)
            snarl_callers_mine->place[i] = (struct place){0};
        for (uint32_t i = 0; i <= snarl_callers_mine->notes.mask; i++)
            snarl_callers_mine->noted[i].site = 0;
        snarl_callers_mine->age = age;
    }
    return snarl_callers_mine;
}

static void check_too(struct walked *walked, uintptr_t at)
{
    if (walked->count == CHECKED_MAX || at - walked->slot > UINT32_MAX)
        return;
    walked->at[walked->count] = (uint32_t)(at - walked->slot);
    walked->word[walked->count++] = *(const uintptr_t *)at;
}

/* To whole steps: with the innermost one once more. */
static void fill_up(struct walked *walked)
{
    while (walked->count % CHECKED_STEP)
        check_too(walked, walked->slot);
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
    fill_up(walked);
    while (count)
        node = snarl_history_node(node, frame[--count]);
    walked->node = node;
}

/* The place of a site, made its own. */
static struct place *own_place(struct snarl_callers *mine, uintptr_t site)
{
    struct place *place = place_of(mine, site);
    if (place)
        return place;
    place = &places_at(mine, site)[mine->place_turn++ % PLACE_WAYS];
    if (place->site)
        lose(&mine->places, PLACES);
    *place = (struct place){.site = site}; /* not walked yet */
    return place;
}

/* The entry that the next walk from there gets: each in turn. */
static struct walked *next_walk(struct snarl_callers *mine, uintptr_t slot, uintptr_t back)
{
    struct walked *walked = &walks_at(mine, slot, back)[mine->walk_turn++ % WALK_WAYS];
    if (walked->slot)
        lose(&mine->walks, WALKS);
    return walked;
}

/* Made when there is none. The place has room for one, those of other calls are in a table, one of two places; the one that came last has the
 * first. */
static struct snarl_race_note *own_note(struct snarl_callers *mine, struct place *place, uint32_t node)
{
    struct snarl_race_note *note = note_of(mine, place, node);
    if (note)
        return note;
    if (!place->note.node) {
        place->note.node = node;
        return &place->note;
    }
    struct noted *noted = noted_at(mine, place->site, node);
    if (noted[1].site)
        lose(&mine->notes, NOTES);
    noted[1] = noted[0];
    noted[0] = (struct noted){.site = place->site, .note = {.node = node}};
    return &noted[0].note;
}

struct snarl_race_note *snarl_callers_note(uintptr_t site, uint32_t node)
{
    struct place *place = snarl_callers_mine ? place_of(snarl_callers_mine, site) : NULL;
    return place ? own_note(snarl_callers_mine, place, node) : NULL;
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
    struct walked *walked = walked_from(mine, walk.slot, walk.pc, walk.rbp);
    struct place *place = own_place(mine, at->site);
    bool known = walked;
    if (!known)
        walked = next_walk(mine, walk.slot, walk.pc);
    place->walked = line_of(mine, walked);
    place->cfa_offset = (int32_t)(walk.slot + 8 - (walk.by_rbp ? at->rbp : at->rsp)) | (walk.by_rbp ? BY_RBP : 0);
    place->rbp_offset = (int16_t)(walk.rbp_slot ? walk.rbp_slot - (walk.slot + 8) : 0);
    if (!known)
        walk_on(walked, &walk, &mine->rows);
    return walked->node;
}
