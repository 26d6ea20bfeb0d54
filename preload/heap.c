/* heap.c - which heap blocks exist, who allocated them, and what their beginning and end mean to the race detector.
 *
 * A map with a word for each 16 bytes of the heap, as blocks begin at multiples of that:
 *
 *     word of the block's first 16 bytes   START | node of the allocation's stack
 *          of the second                   thread << 6 | size, 63: see the third
 *          of the third                    size, if it is 63 or more; SIZE_MAX_KNOWN: that or more
 *
 * A shorter block (no allocator of libc makes one) has the first alone, with SHORT set. The other words of a block mean nothing:
 * who looks for the block around an address goes back to the nearest START. The map comes in pieces of 256 MiB of the program, found
 * through a table; it costs a quarter of the memory around the beginnings of blocks, and lies together as the blocks do.
 * Kept in the single-threaded phase too: blocks allocated then are raced on later. Words are written by who owns the block; who reads them for a finding may see a block that ends meanwhile. */
#include <sys/mman.h>

#include "base/memory.h"
#include "base/os.h"
#include "history/history.h"
#include "preload/access.h"
#include "preload/access/trust.h"
#include "preload/tsan/tsan.h"
#include "preload/unchecked.h"
#include "stack/depot.h"

#define GRANULE_SHIFT 4
#define PIECE_SHIFT 28 /* 256 MiB */
#define PIECE_WORDS ((size_t)1 << (PIECE_SHIFT - GRANULE_SHIFT))
#define STRETCH_SHIFT 16 /* a flag for each 64 KiB in which a block has ever begun */
#define PIECE_STRETCHES ((size_t)1 << (PIECE_SHIFT - STRETCH_SHIFT))
#define PIECES ((size_t)1 << (47 - PIECE_SHIFT))
#define START (1u << 31)
#define SHORT (1u << 30)
#define NODE (SHORT - 1)
#define THREAD_SHIFT 6
#define THREAD_MAX ((1u << 24) - 1)
#define SIZE_IN_WORD 63u
#define SIZE_MAX_KNOWN 0x7fffffffu
_Static_assert(SNARL_HISTORY_NODES <= NODE, "a node fits beside the flags");

struct piece {
    uint32_t word[PIECE_WORDS];
    uint8_t stretch[PIECE_STRETCHES];
};

struct block {
    uintptr_t address;
    uint32_t size, where, thread;
};

bool snarl_heap_on;
static struct piece **s_piece; /* by address >> PIECE_SHIFT */

static struct piece *piece_of(uintptr_t address)
{
    struct piece **table = __atomic_load_n(&s_piece, __ATOMIC_ACQUIRE);
    return table && address >> PIECE_SHIFT < PIECES ? __atomic_load_n(&table[address >> PIECE_SHIFT], __ATOMIC_ACQUIRE) : NULL;
}

/* Maps `size` bytes for *place, which somebody else may be faster to fill. */
static void *fill(void *place, size_t size)
{
    void **at = place, *there = NULL;
    void *fresh = snarl_os_map(size);
    if (!fresh || __atomic_compare_exchange_n(at, &there, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return fresh;
    snarl_os_unmap(fresh, size);
    return there;
}

static struct piece *make_piece(uintptr_t address)
{
    if (address >> PIECE_SHIFT >= PIECES || (!s_piece && !fill(&s_piece, PIECES * sizeof(*s_piece))))
        return NULL;
    return fill(&s_piece[address >> PIECE_SHIFT], sizeof(struct piece));
}

static uint32_t *word_at(struct piece *piece, uintptr_t address)
{
    return &piece->word[address >> GRANULE_SHIFT & (PIECE_WORDS - 1)];
}

#define HUGE_SHIFT 21
#define HUGE_STRETCHES ((size_t)1 << (HUGE_SHIFT - STRETCH_SHIFT))

static void make_huge(uintptr_t address, enum snarl_shadow_plane plane)
{
    uint32_t *cell = snarl_shadow_cell(address, plane);
    if (snarl_os_advise(cell, (size_t)1 << HUGE_SHIFT, MADV_HUGEPAGE) == 0)
        __atomic_fetch_or(cell, 0, __ATOMIC_RELAXED); /* to be read first would give it small pages */
}

/* A block begins in 64 KiB where none has begun before. Where the heap has just filled 2 MiB in a row, the next 2 MiB get large pages for their
 * shadow: two cells are looked for at once with each word of the program, and the tables of small pages would be most of the wait. */
static void grow(struct piece *piece, uintptr_t address)
{
    size_t stretch = address >> STRETCH_SHIFT & (PIECE_STRETCHES - 1), first = stretch & ~(HUGE_STRETCHES - 1);
    bool dense = snarl_races_on && first && stretch == first && !snarl_shadow_touched(address);
    for (size_t i = first - (dense ? HUGE_STRETCHES : 0); dense && i < first; i++)
        dense = piece->stretch[i];
    piece->stretch[stretch] = 1;
    uintptr_t start = address >> HUGE_SHIFT << HUGE_SHIFT;
    if (!dense || !snarl_shadow_covers(start, (size_t)1 << HUGE_SHIFT))
        return;
    make_huge(start, SNARL_SHADOW_READS);
    make_huge(start, SNARL_SHADOW_WRITES);
}

/* A block may lie across two pieces. */
static void put(uintptr_t address, uint32_t word)
{
    struct piece *piece = piece_of(address);
    if (!piece && !(piece = make_piece(address)))
        return;
    __atomic_store_n(word_at(piece, address), word, __ATOMIC_RELAXED);
    if (word & START && !piece->stretch[address >> STRETCH_SHIFT & (PIECE_STRETCHES - 1)])
        grow(piece, address);
}

static uint32_t get(uintptr_t address)
{
    struct piece *piece = piece_of(address);
    return piece ? __atomic_load_n(word_at(piece, address), __ATOMIC_RELAXED) : 0;
}

static void add(uintptr_t address, size_t size, size_t usable, uint32_t where, uint32_t thread)
{
    bool is_short = usable <= (1u << GRANULE_SHIFT);
    put(address, START | (is_short ? SHORT : 0) | where);
    if (is_short)
        return;
    uint32_t known = thread < THREAD_MAX ? thread : 0;
    put(address + 16, known << THREAD_SHIFT | (size < SIZE_IN_WORD ? (uint32_t)size : SIZE_IN_WORD));
    if (size >= SIZE_IN_WORD)
        put(address + 32, size < SIZE_MAX_KNOWN ? (uint32_t)size : SIZE_MAX_KNOWN);
}

static void remove_block(uintptr_t address)
{
    struct piece *piece = piece_of(address);
    if (piece)
        __atomic_store_n(word_at(piece, address), 0, __ATOMIC_RELAXED);
}

/* Noted calls (code compiled for it) are cheaper than walking the stack. */
static uint32_t where_of(struct snarl_thread *thr, struct snarl_site site)
{
    struct snarl_race_thread *races = thr->races;
    bool noted = races && races->frame != races->frames && snarl_tsan_notes(site.pc);
    return noted ? snarl_race_where_noted(races, site.pc) : snarl_access_where(thr, site);
}

void snarl_heap_allocated(void *block, size_t size, size_t usable, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_heap_on && block ? snarl_enter() : NULL;
    if (!thr)
        return;
    if (snarl_access_wanted(thr))
        snarl_race_alloc(thr->races, (uintptr_t)block, usable);
    add((uintptr_t)block, size, usable, where_of(thr, site), thr->id);
    snarl_trust_born(thr, (uintptr_t)block);
    snarl_leave(thr);
}

/* The memory ends at `site`. */
static void ending(struct snarl_thread *thr, void *start, size_t size, uint32_t flags, struct snarl_site site)
{
    struct snarl_race_thread *races = thr->races;
    races->told = where_of(thr, site);
    if (!snarl_unchecked_called(races->told))
        snarl_race_free(races, (uintptr_t)start, size, flags, site.pc);
    races->told = 0;
}

void snarl_heap_freeing(void *block, size_t usable, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_heap_on && block ? snarl_enter() : NULL;
    if (!thr)
        return;
    if (snarl_access_wanted(thr))
        ending(thr, block, usable, SNARL_ACCESS_FREE, site);
    remove_block((uintptr_t)block);
    snarl_leave(thr);
}

void snarl_heap_mapped(struct snarl_thread *thr, void *start, size_t size)
{
    if (snarl_access_wanted(thr))
        snarl_race_alloc(thr->races, (uintptr_t)start, size);
}

void snarl_heap_unmapping(struct snarl_thread *thr, void *start, size_t size, struct snarl_site site)
{
    if (!snarl_access_wanted(thr))
        return;
    ending(thr, start, size, SNARL_ACCESS_UNMAP, site);
    snarl_race_alloc(thr->races, (uintptr_t)start, size); /* whoever comes later faults by himself */
}

/* The last multiple of 16 before the stretch of 1 << shift bytes that holds `address`; 0: none. */
static uintptr_t before(uintptr_t address, unsigned shift)
{
    uintptr_t start = address >> shift << shift;
    return start ? start - 16 : 0;
}

/* The START nearest to `address`, at it or before it, in its piece or the one before; 0: none. */
static uintptr_t start_before(uintptr_t address)
{
    uintptr_t lowest = before(address, PIECE_SHIFT) >> PIECE_SHIFT << PIECE_SHIFT, at = address & ~(uintptr_t)15;
    while (at > lowest) {
        const struct piece *piece = piece_of(at);
        if (!piece)
            at = before(at, PIECE_SHIFT);
        else if (!piece->stretch[at >> STRETCH_SHIFT & (PIECE_STRETCHES - 1)])
            at = before(at, STRETCH_SHIFT);
        else if (get(at) & START)
            return at;
        else
            at -= 16;
    }
    return 0;
}

static bool find_block(uintptr_t byte, struct block *block)
{
    uintptr_t start = byte >> 47 ? 0 : start_before(byte);
    if (!start)
        return false;
    uint32_t first = get(start), second = get(start + 16);
    *block = (struct block){.address = start, .size = 16, .where = first & NODE};
    if (!(first & SHORT)) {
        block->thread = second >> THREAD_SHIFT;
        block->size = second & SIZE_IN_WORD;
        if (block->size == SIZE_IN_WORD)
            block->size = get(start + 32);
    }
    return byte - start < block->size || block->size == SIZE_MAX_KNOWN;
}

static uint32_t stack_of(uint32_t node)
{
    uintptr_t frame[SNARL_STACK_DEPTH];
    bool complete;
    uint32_t count = snarl_history_expand(node, frame, SNARL_STACK_DEPTH, &complete);
    return snarl_stack_put(frame, count, complete, false);
}

bool snarl_heap_locate(struct snarl_thread *thr, uintptr_t byte, struct snarl_location *location)
{
    (void)thr;
    struct block block;
    if (!find_block(byte, &block))
        return false;
    location->kind = "heap";
    location->address = block.address;
    location->size = block.size;
    location->has_allocated = true;
    location->allocated = (struct snarl_event){.role = "allocate",
                                               .what = "allocated",
                                               .thread = block.thread,
                                               .stack = stack_of(block.where),
                                               .address = block.address,
                                               .size = block.size};
    return true;
}

uintptr_t snarl_heap_block(uintptr_t byte)
{
    struct block block;
    return find_block(byte, &block) ? block.address : 0;
}

void snarl_heap_begin(void)
{
    snarl_races_locate = snarl_locate;
    snarl_heap_on = snarl_history_reserve();
}
