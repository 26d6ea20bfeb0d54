/* shadow.c - see shadow.h.
 *
 * Which zones of the address space are reserved depends on the direction in which the kernel places mappings, known
 * from where our own code is: top-down (below the stack, the usual one) or bottom-up (from a third of the space on, with
 * an unlimited stack). Zones and their images must not meet; static assertions below say so.
 *
 *     top-down    program: [0, 64G)  [0x4100_0000_0000, 0x8000_0000_0000)
 *                 shadow:  [0x4000_0000_0000, +64G)  [0x0100_0000_0000, 0x4000_0000_0000)
 *     bottom-up   program: [0, 64G)  [0x2a00_.., 0x3f00_..)  [0x5500_.., 0x6a00_..)  [0x7f00_.., 0x8000_..)
 *                 shadow:  [0x4000_.., +64G)  [0x6a00_.., 0x7f00_..)  [0x1500_.., 0x2a00_..)  [0x3f00_.., 0x4000_..)
 *
 * The last page of the space is never mapped by anybody and left out. */
#include "shadow/shadow.h"

#include <sys/mman.h>

#include "base/mutex.h"
#include "base/os.h"

#define TERA(n) ((uintptr_t)(n) << 40)
#define PAGE ((uintptr_t)4096)
/* Smaller ranges are cleared by hand: giving pages back costs a system call and page faults later. */
#define GIVE_BACK_FROM ((uintptr_t)64 << 10)

#define SMALLEST_PIECE ((uintptr_t)2 << 20)
#define HOLES_MAX 64

struct zone {
    uintptr_t start, end;
};

static const struct zone s_top_down[] = {
    {0, (uintptr_t)64 << 30},
    {TERA(0x41), TERA(0x80) - PAGE},
};
static const struct zone s_bottom_up[] = {
    {0, (uintptr_t)64 << 30},
    {TERA(0x2a), TERA(0x3f)},
    {TERA(0x55), TERA(0x6a)},
    {TERA(0x7f), TERA(0x80) - PAGE},
};
_Static_assert((TERA(0x41) ^ SNARL_SHADOW_BIT) == TERA(0x01), "the image of the high zone lies below 2^46");
_Static_assert((TERA(0x3f) ^ SNARL_SHADOW_BIT) == TERA(0x7f), "bottom-up images end where the stack's zone starts");

struct snarl_shadow_table snarl_shadow_table;
static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_SHADOW}; /* of reserving */
static const struct zone *s_zones;
static int s_zone_count;

/* Reserves shadow [start, end) around what somebody has put there (the program itself may have chosen such a place before
 * us: test runners do). What lies where that would be the shadow of is left without one; it must be little. */
static bool reserve_around(uintptr_t start, uintptr_t end, int *holes)
{
    void *at = snarl_os_map_at(start, end - start);
    if (at) {
        snarl_os_advise(at, end - start, MADV_DONTDUMP);
        snarl_os_advise(at, end - start, MADV_NOHUGEPAGE);
        return true;
    }
    if (end - start <= SMALLEST_PIECE)
        return ++*holes <= HOLES_MAX;
    uintptr_t middle = start + ((end - start) / 2 & ~(SMALLEST_PIECE - 1));
    if (middle == start)
        middle += SMALLEST_PIECE;
    return reserve_around(start, middle, holes) && reserve_around(middle, end, holes);
}

static bool reserve_zone(const struct zone *zone)
{
    int holes = 0;
    return reserve_around(zone->start ^ SNARL_SHADOW_BIT, (zone->start ^ SNARL_SHADOW_BIT) + (zone->end - zone->start), &holes);
}

static bool reserve_zones(const struct zone *zones, int count)
{
    for (int i = 0; i < count; i++) {
        if (reserve_zone(&zones[i]))
            continue;
        return false; /* the process goes on without race detection; what was reserved costs nothing */
    }
    s_zones = zones;
    s_zone_count = count;
    return true;
}

static bool reserve_table(void)
{
    uint8_t *block = snarl_os_map((size_t)1 << (SNARL_ADDRESS_BITS - SNARL_SHADOW_BLOCK_SHIFT));
    uint8_t *region = snarl_os_map((size_t)1 << (SNARL_ADDRESS_BITS - SNARL_SHADOW_REGION_SHIFT));
    if (!block || !region)
        return false;
    snarl_shadow_table.region = region;
    __atomic_store_n(&snarl_shadow_table.block, block, __ATOMIC_RELEASE);
    return true;
}

static bool reserve(void)
{
    if (snarl_shadow_table.block)
        return true;
    /* Under a limit on virtual memory, or where every reservation counts (vm.overcommit_memory 2), reserving piece by piece
     * would leave the program without any. */
    void *large = snarl_os_map(TERA(1));
    if (!large)
        return false;
    snarl_os_unmap(large, TERA(1));
    /* A mapping made now shows the direction. */
    void *probe = snarl_os_map(PAGE);
    if (!probe)
        return false;
    snarl_os_unmap(probe, PAGE);
    bool bottom_up = (uintptr_t)probe < SNARL_SHADOW_BIT;
    bool mapped = bottom_up ? reserve_zones(s_bottom_up, sizeof(s_bottom_up) / sizeof(s_bottom_up[0]))
                            : reserve_zones(s_top_down, sizeof(s_top_down) / sizeof(s_top_down[0]));
    return mapped && reserve_table();
}

bool snarl_shadow_reserve(void)
{
    snarl_mutex_lock(&s_lock);
    bool done = reserve();
    snarl_mutex_unlock(&s_lock);
    return done;
}

bool snarl_shadow_covers(uintptr_t address, size_t size)
{
    for (int i = 0; i < s_zone_count; i++)
        if (address >= s_zones[i].start && address < s_zones[i].end && size <= s_zones[i].end - address)
            return true;
    return false;
}

void snarl_shadow_touch_slowly(uintptr_t address)
{
    snarl_shadow_table.region[address >> SNARL_SHADOW_REGION_SHIFT] = 1;
    snarl_shadow_table.block[address >> SNARL_SHADOW_BLOCK_SHIFT] = 1;
}

static void clear_by_hand(uintptr_t cell, uintptr_t end)
{
    for (uint32_t *at = (uint32_t *)cell; at < (uint32_t *)end; at++)
        if (*at)
            __atomic_store_n(at, 0, __ATOMIC_RELAXED);
}

/* One stretch of touched blocks. */
static void clear_stretch(uintptr_t start, uintptr_t end)
{
    uintptr_t cell = start ^ SNARL_SHADOW_BIT;
    uintptr_t limit = cell + (end - start);
    uintptr_t first = (cell + PAGE - 1) & ~(PAGE - 1);
    uintptr_t last = limit & ~(PAGE - 1);
    if (limit - cell < GIVE_BACK_FROM || first >= last) {
        clear_by_hand(cell, limit);
        return;
    }
    clear_by_hand(cell, first);
    clear_by_hand(last, limit);
    if (snarl_os_advise((void *)first, last - first, MADV_DONTNEED))
        clear_by_hand(first, last);
}

void snarl_shadow_clear(uintptr_t start, size_t size)
{
    uintptr_t end = (start + size) & ~(uintptr_t)3;
    start = (start + 3) & ~(uintptr_t)3;
    while (start < end) {
        uintptr_t from = start;
        while (start < end && snarl_shadow_touched(start))
            start = (start | (SNARL_SHADOW_BLOCK - 1)) + 1;
        if (start > from)
            clear_stretch(from, start < end ? start : end);
        while (start < end && !snarl_shadow_touched(start))
            start = (start | (SNARL_SHADOW_BLOCK - 1)) + 1;
    }
}

static void each_block_of(uintptr_t region, void (*visit)(uintptr_t start, void *context), void *context)
{
    uintptr_t first = region << (SNARL_SHADOW_REGION_SHIFT - SNARL_SHADOW_BLOCK_SHIFT);
    uintptr_t count = (uintptr_t)1 << (SNARL_SHADOW_REGION_SHIFT - SNARL_SHADOW_BLOCK_SHIFT);
    for (uintptr_t block = first; block < first + count; block++)
        if (snarl_shadow_table.block[block])
            visit(block << SNARL_SHADOW_BLOCK_SHIFT, context);
}

void snarl_shadow_each_block(void (*visit)(uintptr_t start, void *context), void *context)
{
    uintptr_t regions = (uintptr_t)1 << (SNARL_ADDRESS_BITS - SNARL_SHADOW_REGION_SHIFT);
    const uint64_t *eight = (const uint64_t *)snarl_shadow_table.region;
    for (uintptr_t region = 0; region < regions; region++) {
        if (region % 8 == 0 && !eight[region / 8])
            region += 7;
        else if (snarl_shadow_table.region[region])
            each_block_of(region, visit, context);
    }
}

static void count_block(uintptr_t start, void *context)
{
    (void)start;
    *(uint64_t *)context += SNARL_SHADOW_BLOCK;
}

uint64_t snarl_shadow_used(void)
{
    uint64_t bytes = 0;
    if (snarl_shadow_table.block)
        snarl_shadow_each_block(count_block, &bytes);
    return bytes;
}
