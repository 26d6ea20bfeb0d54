/* compact.h - moves records out of chunks that hold few which are needed, so that these can be given back.
 *
 * A chunk of 128 stays as long as one cell names one of its records. Where epochs are short and many cells keep what was done to them last long
 * ago, most of the table would be such chunks. So each collection of a table that is not small counts the records that cells name, chunk by
 * chunk, and the next one moves those of the emptiest chunks: a cell that names one gets a word that names its copy. All cells with one story get
 * the same copy, so they stay equal.
 *
 * Argument. A record and its copy tell the same, so it does not matter which of them a thread looks at, and a cell's word is replaced by
 * compare-and-swap like by any access. A thread that has read the old word fails to replace it, and begins anew. What it has in its caches is a
 * word that no cell has any more. It may be about to put the old unit into words of bytes (bytes.h), which its cell then does not tell of: so a
 * chunk that was emptied is not freed by the collection that did it, but by the next one, if that finds it unnamed. Chunks whose records
 * their thread may still put into cells are never moved (step 1 of collect.c).
 *
 * A copy counts as new when a table that is full in spite of this has to forget (collect.c).
 *
 * All of this is the running collector's alone. */
#ifndef SNARL_RACE_COMPACT_H
#define SNARL_RACE_COMPACT_H

#include <stdbool.h>
#include <stdint.h>

#include "race/record.h"

/* What the collector knows of a chunk. */
enum snarl_mark {
    SNARL_MARK_NONE,
    SNARL_MARK_NEEDED,
    SNARL_MARK_MOVES, /* its records are being moved; it stays for this time */
};

/* A collection begins, with `mark` for chunks below `fresh`; those that are needed for sure are marked already. Marks what moves. False: nothing does. */
bool snarl_compact_begin(uint8_t *mark, uint32_t fresh);
/* The word that takes the place of this one, an access or a state; the same: nothing of it moves, or there is no room. */
uint32_t snarl_compact_word(uint32_t word);
/* After the cells have been read: chooses what the next collection will move. Chunks taken after `last_taken` are left alone. */
void snarl_compact_choose(uint32_t fresh, uint32_t last_taken);
/* Nothing is chosen: for tests, and for the child of a fork. */
void snarl_compact_reset(void);

/* By unit: named by a cell. NULL: this collection does not count. */
extern uint64_t *snarl_compact_live;

/* Whether this word, or one like it, has been counted already. */
static inline bool snarl_compact_counted(uint32_t word)
{
    uint32_t unit = snarl_cell_unit(word);
    return snarl_compact_live && snarl_compact_live[unit / 64] >> unit % 64 & 1;
}

static inline void snarl_compact_count(uint32_t word)
{
    uint32_t unit = snarl_cell_unit(word);
    if (snarl_compact_live)
        snarl_compact_live[unit / 64] |= (uint64_t)1 << unit % 64;
}

#endif
