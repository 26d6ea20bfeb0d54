/* shadow.c - see shadow.h; where things lie is decided in layout.c. */
#include "shadow/shadow.h"

#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/maps.h"
#include "base/mutex.h"
#include "base/os.h"
#include "shadow/layout.h"

#define TERA(n) ((uintptr_t)(n) << 40)
#define PAGE ((uintptr_t)4096)
/* Smaller ranges are cleared by hand: giving pages back costs a system call and page faults later. */
#define GIVE_BACK_FROM ((uintptr_t)64 << 10)

#define SMALLEST_PIECE ((uintptr_t)2 << 20)
#define HOLES_MAX 64

struct snarl_shadow_table snarl_shadow_table;
static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_SHADOW}; /* of reserving */
static struct snarl_layout s_layout; /* read without the lock: zones are only added */

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

static bool reserve_zone(const struct snarl_zone *zone)
{
    uintptr_t reads = zone->start ^ SNARL_SHADOW_BIT, size = zone->end - zone->start;
    int holes = 0;
    return reserve_around(reads, reads + size, &holes) &&
           reserve_around(reads + s_layout.distance, reads + s_layout.distance + size, &holes);
}

static bool reserve_zones(void)
{
    for (int i = 0; i < s_layout.count; i++)
        if (!reserve_zone(&s_layout.zone[i]))
            return false; /* the process goes on without race detection; what was reserved costs nothing */
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

/* Under the lock. */
static bool extend(uintptr_t address, size_t size)
{
    struct snarl_layout wider = s_layout;
    bool done = snarl_shadow_covers(address, size), possible = !done && snarl_shadow_table.block && address + size > address;
    if (possible && snarl_layout_add(&wider, address, address + size) && reserve_zone(&wider.zone[wider.count - 1])) {
        s_layout.zone[wider.count - 1] = wider.zone[wider.count - 1];
        __atomic_store_n(&s_layout.count, wider.count, __ATOMIC_RELEASE);
        done = true;
    } else if (possible) { /* checks read before they ask */
        reserve_zone(&(struct snarl_zone){address & ~(PAGE - 1), (address + size + PAGE - 1) & ~(PAGE - 1)});
    }
    return done;
}

#define STRAYS_MAX 256
#define STRAYS_APART ((uintptr_t)1 << 30)

/* What was mapped before shadows were reserved, in stretches: a program may have chosen places where no kernel puts anything. */
struct strays {
    struct snarl_zone stretch[STRAYS_MAX];
    int count;
};

static void note_mapping(uintptr_t start, uintptr_t end, void *context)
{
    struct strays *strays = context;
    struct snarl_zone *last = strays->count ? &strays->stretch[strays->count - 1] : NULL;
    if (end > (uintptr_t)1 << SNARL_ADDRESS_BITS || snarl_shadow_covers(start, end - start))
        return; /* the former: the kernel's page of old system calls */
    if (last && (start - last->end < STRAYS_APART || strays->count == STRAYS_MAX))
        last->end = end;
    else
        strays->stretch[strays->count++] = (struct snarl_zone){start, end};
}

static bool reserve(void)
{
    struct strays strays = {.count = 0};
    if (snarl_shadow_table.block)
        return true;
    /* Under a limit on virtual memory, or where every reservation counts (vm.overcommit_memory 2), reserving piece by piece
     * would leave the program without any. */
    void *large = snarl_os_map(TERA(1));
    if (!large)
        return false;
    snarl_os_unmap(large, TERA(1));
    /* A mapping made now shows where others will be. */
    void *probe = snarl_os_map(PAGE);
    if (!probe)
        return false;
    snarl_os_unmap(probe, PAGE);
    struct snarl_layout_marks marks = {.program = getauxval(AT_ENTRY),
                                       .heap = snarl_os_break(),
                                       .mapping = (uintptr_t)probe,
                                       .stack = getauxval(AT_RANDOM)};
    if (!snarl_layout_choose(&s_layout, &marks))
        return false;
    snarl_shadow_table.distance = s_layout.distance;
    snarl_maps_each(note_mapping, &strays);
    if (!reserve_zones() || !reserve_table())
        return false;
    for (int i = 0; i < strays.count; i++)
        extend(strays.stretch[i].start, strays.stretch[i].end - strays.stretch[i].start);
    return true;
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
    return address + size >= address && snarl_layout_covers(&s_layout, address, address + size);
}

bool snarl_shadow_extend(uintptr_t address, size_t size)
{
    snarl_mutex_lock(&s_lock);
    bool done = extend(address, size);
    snarl_mutex_unlock(&s_lock);
    return done;
}

bool snarl_shadow_touch_slowly(uintptr_t address)
{
    if (!snarl_shadow_covers(address, 1))
        return false;
    snarl_shadow_table.region[address >> SNARL_SHADOW_REGION_SHIFT] = 1;
    snarl_shadow_table.block[address >> SNARL_SHADOW_BLOCK_SHIFT] = 1;
    return true;
}

static void clear_by_hand(uintptr_t cell, uintptr_t end)
{
    for (uint32_t *at = (uint32_t *)cell; at < (uint32_t *)end; at++)
        if (*at)
            __atomic_store_n(at, 0, __ATOMIC_RELAXED);
}

/* One stretch of touched blocks. */
static void clear_stretch(uintptr_t cell, uintptr_t limit)
{
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
        for (int plane = 0; plane < SNARL_SHADOW_PLANES && start > from; plane++) {
            uintptr_t cell = (uintptr_t)snarl_shadow_cell(from, (enum snarl_shadow_plane)plane);
            clear_stretch(cell, cell + ((start < end ? start : end) - from));
        }
        while (start < end && !snarl_shadow_touched(start))
            start = (start | (SNARL_SHADOW_BLOCK - 1)) + 1;
    }
}

/* The first flag that is set in [from, end), or `end`; flags are looked at 64 at a time, `end` is a multiple of 64. */
static uintptr_t next_flag(const uint8_t *flag, uintptr_t from, uintptr_t end)
{
    while (from < end && from % 64 && !flag[from])
        from++;
    while (from < end && from % 64 == 0) {
        const uint64_t *eight = (const uint64_t *)&flag[from];
        if (eight[0] | eight[1] | eight[2] | eight[3] | eight[4] | eight[5] | eight[6] | eight[7])
            break;
        from += 64;
    }
    while (from < end && !flag[from])
        from++;
    return from;
}

static void each_block_of(uintptr_t region, void (*visit)(uintptr_t start, void *context), void *context)
{
    uintptr_t block = region << (SNARL_SHADOW_REGION_SHIFT - SNARL_SHADOW_BLOCK_SHIFT);
    uintptr_t end = block + ((uintptr_t)1 << (SNARL_SHADOW_REGION_SHIFT - SNARL_SHADOW_BLOCK_SHIFT));
    while ((block = next_flag(snarl_shadow_table.block, block, end)) < end)
        visit(block++ << SNARL_SHADOW_BLOCK_SHIFT, context);
}

void snarl_shadow_each_block(void (*visit)(uintptr_t start, void *context), void *context)
{
    uintptr_t region = 0, end = (uintptr_t)1 << (SNARL_ADDRESS_BITS - SNARL_SHADOW_REGION_SHIFT);
    while ((region = next_flag(snarl_shadow_table.region, region, end)) < end)
        each_block_of(region++, visit, context);
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
