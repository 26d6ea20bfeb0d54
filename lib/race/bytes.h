/* bytes.h - reads of single bytes of a cell that its word cannot tell.
 *
 *     cell of reads   { unit, mask } + SNARL_CELL_BYTES        the last read
 *     the bytes       [ unit | unit | unit | unit ]            for each byte one read more, or 0: of other bytes, of another thread
 *
 * Code that reads memory byte by byte or at any alignment reads parts of cells, in each epoch other ones, and two threads that
 * read the same memory take turns. As lists, all these combinations would be stories of their own. So a cell may have four words beside its own, each
 * for one byte, and a read that is to be kept goes there when the next one takes the cell's word. What they name counts in addition to what the word
 * names; it may be out of date, that is, stood for by a later one.
 *
 * Memory: 16 bytes for a cell, in blocks reserved when the first cell of a stretch needs it, and touched as used.
 *
 * Concurrency: the four words change by one compare-and-swap of 16 bytes, from what was read while the cell had the word that is to go there; then
 * the cell changes by its own. Who fails anywhere begins anew. In between a read stands in both places, never in none. */
#ifndef SNARL_RACE_BYTES_H
#define SNARL_RACE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "race/cell.h"

#define SNARL_BYTES_SHIFT 20 /* a block is for 1 MiB of the program */

struct snarl_bytes {
    uint32_t word[4];
} __attribute__((aligned(16)));

extern struct snarl_bytes **snarl_bytes_table; /* by address >> SNARL_BYTES_SHIFT; a block is NULL until it is needed */

bool snarl_bytes_reserve(void);
/* Makes the block of a cell; NULL: no memory. */
struct snarl_bytes *snarl_bytes_make(uintptr_t cell);
/* The words of [start, start + size) are not needed any more: gives whole pages back. */
void snarl_bytes_clear(uintptr_t start, size_t size);

/* NULL: there is no block yet. */
static inline struct snarl_bytes *snarl_bytes_of(uintptr_t cell)
{
    struct snarl_bytes *block = __atomic_load_n(&snarl_bytes_table[cell >> SNARL_BYTES_SHIFT], __ATOMIC_ACQUIRE);
    return block ? block + (cell >> 2 & ((1u << (SNARL_BYTES_SHIFT - 2)) - 1)) : NULL;
}

/* *at = from -> to, when it is still `from`. */
static inline bool snarl_bytes_swap(struct snarl_bytes *at, const struct snarl_bytes *from, const struct snarl_bytes *to)
{
    uint64_t low = (uint64_t)from->word[1] << 32 | from->word[0], high = (uint64_t)from->word[3] << 32 | from->word[2];
    bool done;
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*at), "+a"(low), "+d"(high)
                     : "b"((uint64_t)to->word[1] << 32 | to->word[0]), "c"((uint64_t)to->word[3] << 32 | to->word[2])
                     : "memory");
    return done;
}

#endif
