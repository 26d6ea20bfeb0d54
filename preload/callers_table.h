/* callers_table.h - what callers.c keeps of the calling thread's stack, and the look into it that most accesses take.
 *
 * Nothing here calls anything: it is part of the fastest path (checks.c). */
#ifndef SNARL_PRELOAD_CALLERS_TABLE_H
#define SNARL_PRELOAD_CALLERS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "preload/callers.h"
#include "preload/rewrite/walk.h"

#define WALKS 512      /* powers of two */
#define WALK_WAYS 4u
#define PLACES 4096
#define PLACE_WAYS 4u
#define NOTES 4096
#define CHECKED_MAX 24 /* words of the stack compared; what lies further out is taken to be the same */
#define CHECKED_STEP 4 /* so many at once; the last of them may be compared twice */
#define BY_RBP 1

#define WALK_LINE 64u
struct walked {
    uintptr_t slot, back; /* the innermost return address: where it lay, and itself */
    uintptr_t rbp;        /* of the caller, when `needs_rbp` */
    uint32_t node;
    uint16_t count; /* a multiple of CHECKED_STEP */
    bool needs_rbp;
    uint32_t at[CHECKED_MAX];     /* words further out, in bytes from the slot */
    uintptr_t word[CHECKED_MAX];  /* what they held */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct walked) % WALK_LINE == 0, "a place can name one by its line");

/* Of a place in the code: how its frame is found, the walk from there that was used last, and the note of the calls that led there
 * first: half a cache line, which is all that most accesses need. */
struct place {
    uintptr_t site;
    struct snarl_race_note note;
    int32_t cfa_offset;          /* a multiple of 8, and BY_RBP when it is counted from rbp, not from rsp */
    int16_t rbp_offset;          /* 0: rbp is still the caller's */
    uint16_t walked;             /* the line of the walk, from the beginning of the tables; 0: not walked yet */
} __attribute__((aligned(32)));
_Static_assert(sizeof(struct place) == 32, "two places in a cache line");

/* Of a place that was reached by other calls, too. */
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
    uint32_t age, walk_turn, place_turn; /* whose turn it is to give way */
    struct extent places, notes, walks;
    struct place place[PLACES];
    struct noted noted[NOTES];
    struct snarl_walk_cache rows;
    struct walked walked[WALKS];
};
_Static_assert(sizeof(struct snarl_callers) / WALK_LINE <= UINT16_MAX, "every line has a number");

extern __thread struct snarl_callers *snarl_callers_mine __attribute__((tls_model("initial-exec")));
extern uint32_t snarl_callers_age; /* changes when modules go */

/* The entries where a site may be. */
static inline struct place *places_at(struct snarl_callers *mine, uintptr_t site)
{
    return &mine->place[site * 0x9e3779b97f4a7c15u >> 40 & (mine->places.mask & ~(PLACE_WAYS - 1))];
}

static inline struct place *place_of(struct snarl_callers *mine, uintptr_t site)
{
    struct place *place = places_at(mine, site);
    for (unsigned i = 0; i < PLACE_WAYS; i++)
        if (place[i].site == site)
            return &place[i];
    return NULL;
}

/* The entries where a walk may be. */
static inline struct walked *walks_at(struct snarl_callers *mine, uintptr_t slot, uintptr_t back)
{
    uint64_t hash = (slot ^ back << 20) * 0x9e3779b97f4a7c15u;
    return &mine->walked[hash >> 52 & (mine->walks.mask & ~(WALK_WAYS - 1))];
}

static inline uintptr_t stack_word(uintptr_t slot, uint32_t at)
{
    return *(const uintptr_t *)(slot + at);
}

static inline __attribute__((always_inline)) bool is_same(const struct walked *walked, uintptr_t slot, uintptr_t back, uintptr_t rbp)
{
    if (walked->slot != slot || walked->back != back || (walked->needs_rbp && walked->rbp != rbp))
        return false;
    const uint32_t *at = walked->at, *end = at + walked->count;
    for (const uintptr_t *word = walked->word; at < end; at += CHECKED_STEP, word += CHECKED_STEP) {
        uintptr_t differ = stack_word(slot, at[0]) ^ word[0];
        differ |= stack_word(slot, at[1]) ^ word[1];
        differ |= stack_word(slot, at[2]) ^ word[2];
        differ |= stack_word(slot, at[3]) ^ word[3];
        if (differ)
            return false;
    }
    return true;
}
_Static_assert(CHECKED_STEP == 4, "as written here");

static inline struct walked *walk_at(struct snarl_callers *mine, const struct place *place)
{
    return (struct walked *)((char *)mine + WALK_LINE * (size_t)place->walked);
}

static inline uint16_t line_of(const struct snarl_callers *mine, const struct walked *walked)
{
    return (uint16_t)((size_t)((const char *)walked - (const char *)mine) / WALK_LINE);
}

/* The walk from there whose words are those on the stack now; NULL: there is none. */
static inline struct walked *walked_from(struct snarl_callers *mine, uintptr_t slot, uintptr_t back, uintptr_t rbp)
{
    struct walked *walked = walks_at(mine, slot, back);
    for (unsigned i = 0; i < WALK_WAYS; i++)
        if (is_same(&walked[i], slot, back, rbp))
            return &walked[i];
    return NULL;
}

/* The two entries where a note may be. */
static inline struct noted *noted_at(struct snarl_callers *mine, uintptr_t site, uint32_t node)
{
    uint64_t hash = (site ^ (uint64_t)node << 32) * 0x9e3779b97f4a7c15u;
    return &mine->noted[hash >> 40 & (mine->notes.mask - 1)];
}

static inline bool is_noted(const struct noted *noted, uintptr_t site, uint32_t node)
{
    return noted->site == site && noted->note.node == node;
}

static inline struct snarl_race_note *note_of(struct snarl_callers *mine, struct place *place, uint32_t node)
{
    if (place->note.node == node)
        return &place->note;
    struct noted *noted = noted_at(mine, place->site, node);
    if (is_noted(&noted[0], place->site, node))
        return &noted[0].note;
    return is_noted(&noted[1], place->site, node) ? &noted[1].note : NULL;
}

/* The note of an access at `site` for which snarl_callers_node has told the calls before, when they are the same; or NULL. Without `search` only the walk
 * from there that was used last is looked at. */
static inline __attribute__((always_inline)) struct snarl_race_note *snarl_callers_known(uintptr_t site, uintptr_t rsp, uintptr_t rbp, bool search)
{
    struct snarl_callers *mine = snarl_callers_mine;
    if (!mine || mine->age != __atomic_load_n(&snarl_callers_age, __ATOMIC_RELAXED))
        return NULL;
    struct place *place = place_of(mine, site);
    if (!place || !place->walked)
        return NULL;
    bool by_rbp = place->cfa_offset & BY_RBP;
    uintptr_t cfa = (by_rbp ? rbp : rsp) + (uintptr_t)(intptr_t)(place->cfa_offset & ~BY_RBP);
    const struct walked *walked = walk_at(mine, place);
    if (walked->slot != cfa - 8 && (by_rbp || !search)) /* rbp may be anything */
        return NULL;
    uintptr_t back = *(const uintptr_t *)(cfa - 8);
    if (place->rbp_offset)
        rbp = *(const uintptr_t *)(cfa + (uintptr_t)(intptr_t)place->rbp_offset);
    if (!is_same(walked, cfa - 8, back, rbp)) {
        walked = search ? walked_from(mine, cfa - 8, back, rbp) : NULL;
        if (!walked)
            return NULL;
        place->walked = line_of(mine, walked);
    }
    return note_of(mine, place, walked->node);
}

#endif
