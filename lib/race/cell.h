/* cell.h - the bits of a shadow cell's word and of the records that it names.
 *
 *     word    31    30       29       28        27..24   23..0
 *             0     plain    bytes    nearby    mask     unit        0 is "nobody has been here"
 *
 * There are two planes of cells, one for reads and one for writes (shadow.h). `unit` counts 16-byte units of the record table
 * (record.h). What lies there is one of
 *   - an access: who (slot, epoch), how, from where, with which locks; the word's mask tells which of the cell's 4 bytes;
 *   - a state: the list of all accesses that must be remembered in the plane, each as a word {mask, unit of an access}.
 * Both are immutable once a cell names them, and shared by all cells with the same story. A cell thus changes by one
 * compare-and-swap.
 *
 * The mask also serves the fast path: it says which bytes the record's maker has covered in the epoch of the record by plain accesses
 * of the plane's kind. A state made for another reason has no bit set. So "the word's unit was made by me in this epoch and its mask is
 * full" in the plane of writes means that I have written all 4 bytes in this epoch. An atomic access alone, to the whole cell, is
 * named with an empty mask. */
#ifndef SNARL_RACE_CELL_H
#define SNARL_RACE_CELL_H

#include <stdbool.h>
#include <stdint.h>

#define SNARL_CELL_UNIT_BITS 24
#define SNARL_CELL_UNIT ((1u << SNARL_CELL_UNIT_BITS) - 1)
#define SNARL_CELL_MASK_SHIFT SNARL_CELL_UNIT_BITS
#define SNARL_CELL_MASK (0xfu << SNARL_CELL_MASK_SHIFT)
/* Some of the bytes were accessed by the same thread, in the same epoch and way and with the same locks, but at another place
 * than the record tells (story.c). */
#define SNARL_CELL_NEARBY (1u << (SNARL_CELL_MASK_SHIFT + 4))
/* In the plane of reads: single bytes have words of their own beside this one (bytes.h). */
#define SNARL_CELL_BYTES (1u << (SNARL_CELL_MASK_SHIFT + 5))
/* What the word names is an access that is neither atomic nor the end of the memory's life: a function of the unit, said here too because
 * that is nearly all that most changes of a cell need to know of the record (update.h). */
#define SNARL_CELL_PLAIN (1u << (SNARL_CELL_MASK_SHIFT + 6))
/* Bits that a member of a list takes along, whatever its mask. */
#define SNARL_CELL_KEPT (SNARL_CELL_NEARBY | SNARL_CELL_PLAIN)
#define SNARL_CELL_NONE UINT32_MAX /* a word that no cell ever has */
/* What tests of the fast path look at. */
#define SNARL_CELL_TESTED (SNARL_CELL_UNIT | SNARL_CELL_MASK)

_Static_assert((SNARL_CELL_UNIT & SNARL_CELL_MASK) == 0 && (SNARL_CELL_TESTED & SNARL_CELL_NEARBY) == 0,
               "fields do not overlap");

static inline uint32_t snarl_cell_word(uint32_t unit, uint32_t mask)
{
    return unit | mask << SNARL_CELL_MASK_SHIFT;
}

/* What to add to a word so that its mask is full when it covers the bytes `mask`. */
static inline uint32_t snarl_cell_others(uint32_t mask)
{
    return SNARL_CELL_MASK & ~(mask << SNARL_CELL_MASK_SHIFT);
}

static inline uint32_t snarl_cell_unit(uint32_t word)
{
    return word & SNARL_CELL_UNIT;
}

static inline uint32_t snarl_cell_mask(uint32_t word)
{
    return word >> SNARL_CELL_MASK_SHIFT & 0xf;
}

/* Flags of an access; the first byte of a record. */
enum snarl_access_flags {
    SNARL_ACCESS_WRITE = 1,
    SNARL_ACCESS_ATOMIC = 2,
    SNARL_ACCESS_FREE = 4,   /* the write is the end of the memory's life */
    SNARL_ACCESS_UNMAP = 8,  /* the same, by munmap */
    SNARL_ACCESS_CLOSE = 16, /* the same, of a descriptor */
    SNARL_ACCESS_CALL = 32,  /* done by a library function that was called from `where` */
    SNARL_ACCESS_NEARBY = 64, /* not in records: `where` may be the place of an access to other bytes of the cell */
    SNARL_RECORD_STATE = 128 /* not an access: a state */
};

#define SNARL_ACCESS_ENDS ((uint32_t)(SNARL_ACCESS_FREE | SNARL_ACCESS_UNMAP | SNARL_ACCESS_CLOSE))

static inline bool snarl_access_is_plain(uint32_t flags)
{
    return !(flags & (SNARL_ACCESS_ATOMIC | SNARL_ACCESS_ENDS | SNARL_RECORD_STATE));
}

/* The word for an access with `flags` whose record is `unit`. */
static inline uint32_t snarl_cell_access(uint32_t unit, uint32_t mask, uint32_t flags)
{
    return snarl_cell_word(unit, mask) | (snarl_access_is_plain(flags) ? SNARL_CELL_PLAIN : 0);
}

struct snarl_access_record {
    uint8_t flags;
    uint8_t size; /* bytes of the whole access; 0: more than 255 */
    uint16_t slot;
    uint32_t epoch;
    uint32_t where;   /* node of the history: the stack down to the access */
    uint32_t lockset; /* the host's number for the locks held */
};

struct snarl_state_record {
    uint8_t flags;
    uint8_t zero;
    uint16_t count;
    uint32_t member[3]; /* the list goes on in the units that follow */
};

#define SNARL_RECORD_UNIT 16
_Static_assert(sizeof(struct snarl_access_record) == SNARL_RECORD_UNIT, "an access is one unit");
_Static_assert(sizeof(struct snarl_state_record) == SNARL_RECORD_UNIT, "a state's head is one unit");

static inline uint32_t snarl_state_units(uint32_t members)
{
    return (members + 4) / 4;
}

/* Two accesses to one byte of which one must be ordered before the other. */
static inline bool snarl_access_conflict(uint32_t a, uint32_t b)
{
    return ((a | b) & SNARL_ACCESS_WRITE) && !(a & b & SNARL_ACCESS_ATOMIC);
}

/* Whether whatever conflicts with an access of kind `b` conflicts with one of kind `a` too: then `a`, later in
 * the same thread or ordered after, can stand for `b`. */
static inline bool snarl_access_stands_for(uint32_t a, uint32_t b)
{
    bool write = (a & SNARL_ACCESS_WRITE) || !(b & SNARL_ACCESS_WRITE);
    bool plain = !(a & SNARL_ACCESS_ATOMIC) || (b & SNARL_ACCESS_ATOMIC);
    bool end = (a & SNARL_ACCESS_ENDS) || !(b & SNARL_ACCESS_ENDS); /* which is told of, though it conflicts with no more */
    return write && plain && end;
}

#endif
