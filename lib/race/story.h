/* story.h - what an access does to a cell, worked out. */
#ifndef SNARL_RACE_STORY_H
#define SNARL_RACE_STORY_H

#include "race/race.h"
#include "race/update.h"

/* One access in progress. */
struct snarl_story_access {
    uint64_t site; /* pc, flags and size in one word */
    uint32_t node; /* of the innermost noted call */
    uint32_t flags;
    uintptr_t pc;
    uint8_t size;
    uint8_t cells; /* looked at together */
    bool unusual;  /* what was found last will not be found again from the same words */
    bool simple;   /* the two cells before had the words `was` and `other`, which gave `becomes` and agreed with each other */
    uint32_t was, other, becomes;
};

/* Whether an access of this thread in this epoch that `word` names stands for one to the bytes `mask`. */
bool snarl_story_is_current(struct snarl_race_thread *thr, uint32_t word, uint32_t mask, uint32_t flags);
/* The word that takes the place of `old` in the plane of the access's kind; races with what `old` names are reported. The same word:
 * nothing is to be changed. SNARL_CELL_NONE: the two cells are to be looked at one by one. */
uint32_t snarl_story_next(struct snarl_race_thread *thr, struct snarl_story_access *access, uint32_t old, uint32_t mask,
                          uintptr_t cell);
/* Races with what the cell's word in a plane names. False: there was something unusual. */
bool snarl_story_compare_in(struct snarl_race_thread *thr, const struct snarl_story_access *access, uint32_t mask, uintptr_t cell,
                            enum snarl_shadow_plane plane);

/* After snarl_story_next: with what is in the other plane. */
static inline bool snarl_story_compare(struct snarl_race_thread *thr, const struct snarl_story_access *access, uint32_t mask,
                                       uintptr_t cell)
{
    return snarl_story_compare_in(thr, access, mask, cell, snarl_race_plane(!(access->flags & SNARL_ACCESS_WRITE)));
}
/* A new state; 0: no room. */
uint32_t snarl_story_make_state(struct snarl_race_thread *thr, const uint32_t *member, uint32_t count);
/* Of an atomic access that has just been put into a cell of its own: the next one in this epoch adds nothing. */
void snarl_story_note_atomic(struct snarl_race_thread *thr, uint32_t word, uint32_t flags);

/* epoch.c: the unit of the access's record in this epoch; 0 when there is no room. */
uint32_t snarl_race_record(struct snarl_race_thread *thr, const struct snarl_story_access *access);
/* `count` units of one chunk in a row; 0 when the table is full. */
uint32_t snarl_race_take_units(struct snarl_race_thread *thr, uint32_t count);
uint32_t snarl_race_lockset(struct snarl_race_thread *thr);
/* The node of the calls in progress. */
uint32_t snarl_race_callers(struct snarl_race_thread *thr);

#endif
