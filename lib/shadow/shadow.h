/* shadow.h - where the shadow of an address lies.
 *
 * Two planes, one for reads and one for writes, of one 32-bit cell each for each aligned 4 bytes:
 *
 *     cell of reads     address with bit 46 flipped
 *     cell of writes    the same + snarl_shadow_table.distance
 *
 * Programs live above 2/3 of the address space (PIE and its heap), below its top (mmap, stacks) and, when not PIE,
 * in the first gigabytes: whatever the randomisation. Flipping bit 46 maps all of these to places that none of them uses, and costs
 * one instruction. What lies where differs from process to process, so the distance to the second plane is chosen at the start: one at
 * which all images of one plane fit between those of the other and the program. See docs/decisions/shadow-cells.md.
 *
 * The shadow is reserved at once, without storage: pages come when they are written (those only read share the
 * kernel's zero page). A table of flags, one for each 64 KiB of the program that has ever had a non-zero cell, lets
 * others walk over what is in use. All functions may run in any thread at any time; they use system calls only. */
#ifndef SNARL_SHADOW_SHADOW_H
#define SNARL_SHADOW_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNARL_SHADOW_BIT ((uintptr_t)1 << 46)
#define SNARL_SHADOW_BLOCK_SHIFT 16 /* a flag stands for 64 KiB of the program */
#define SNARL_SHADOW_REGION_SHIFT 28 /* and another for 256 MiB */
#define SNARL_SHADOW_BLOCK ((uintptr_t)1 << SNARL_SHADOW_BLOCK_SHIFT)
#define SNARL_ADDRESS_BITS 47

struct snarl_shadow_table {
    uint8_t *block;  /* by address >> SNARL_SHADOW_BLOCK_SHIFT; NULL until reserved */
    uint8_t *region; /* by address >> SNARL_SHADOW_REGION_SHIFT */
    uintptr_t distance; /* from a cell of reads to that of writes, modulo 2^64; fixed once `block` is set */
};

extern struct snarl_shadow_table snarl_shadow_table;

enum snarl_shadow_plane { SNARL_SHADOW_READS, SNARL_SHADOW_WRITES, SNARL_SHADOW_PLANES };

/* The cell of the 4 bytes that hold `address`. */
static inline uint32_t *snarl_shadow_cell(uintptr_t address, enum snarl_shadow_plane plane)
{
    uintptr_t distance = plane == SNARL_SHADOW_WRITES ? snarl_shadow_table.distance : 0;
    return (uint32_t *)(((address & ~(uintptr_t)3) ^ SNARL_SHADOW_BIT) + distance);
}

/* Reserves the shadow of all places where this process may have memory; false when the address space has no
 * room for it (a limit on it, or something mapped where no program has anything). Calling it again is harmless. */
bool snarl_shadow_reserve(void);

/* Memory came to lie where nobody has any: makes a shadow for it. False: there is no room for one. Where its cells would lie may be
 * read all the same. */
bool snarl_shadow_extend(uintptr_t address, size_t size);

/* Whether `address` has a shadow. Addresses that no program can have (the shadow itself, the kernel's) have none. */
bool snarl_shadow_covers(uintptr_t address, size_t size);

bool snarl_shadow_touch_slowly(uintptr_t address);

/* To be called before a non-zero value is stored in the cell of `address`, which lies below 2^47. False: it has no shadow. */
static inline bool snarl_shadow_touch(uintptr_t address)
{
    return snarl_shadow_table.block[address >> SNARL_SHADOW_BLOCK_SHIFT] || snarl_shadow_touch_slowly(address);
}

/* Whether any cell of the block that holds `address` may be other than zero. */
static inline bool snarl_shadow_touched(uintptr_t address)
{
    return snarl_shadow_table.block[address >> SNARL_SHADOW_BLOCK_SHIFT] != 0;
}

/* Makes the cells of [start, start + size) zero in both planes; whole pages of them are given back to the system. A cell that
 * is only partly inside stays. */
void snarl_shadow_clear(uintptr_t start, size_t size);

/* Calls visit for every block in use, in order of address. Blocks that come into use meanwhile may be left out. */
void snarl_shadow_each_block(void (*visit)(uintptr_t start, void *context), void *context);

/* Bytes of the program that lie in blocks in use. */
uint64_t snarl_shadow_used(void);

#endif
