/* place.c - see place.h.
 *
 * In order: where the plan would have it; the nearest gap below the module, since a program's heap grows above it; a gap above
 * that leaves room for the heap; any gap above. The gaps are read from /proc/self/maps at each call (a copy is placed a few
 * times in a process's life); another thread may map something meanwhile, so a gap that is taken is passed over. */
#include "preload/rewrite/place.h"

#include <sys/mman.h>

#include "base/maps.h"
#include "base/os.h"
#include "preload/rewrite/pages.h"

#define REACH 0x7ff00000ll      /* a 32-bit distance, less a little */
#define HEAP_ROOM 0x20000000ul  /* left free above a program for its heap */
#define LOWEST 0x20000ul
#define HIGHEST 0x7ffffffff000ul
#define MARGIN 0x10000ul        /* left free on both sides */
#define GAPS_MAX 4096

struct gaps {
    struct gap {
        uintptr_t start, end;
    } gap[GAPS_MAX]; /* by address */
    uint32_t count;
    uintptr_t free; /* from here on, as far as is known */
};

static bool reaches(const struct snarl_rewrite_target *target, uintptr_t copy, uint64_t size)
{
    int64_t down = (int64_t)(target->base + target->size) - (int64_t)copy;
    int64_t up = (int64_t)(copy + size) - (int64_t)target->base;
    return down < REACH && up < REACH;
}

static uintptr_t try_place(const struct snarl_rewrite_target *target, uintptr_t copy, uint64_t size)
{
    if (copy < LOWEST || copy > HIGHEST || !reaches(target, copy, size))
        return 0;
    return (uintptr_t)snarl_pages_map(copy, size, PROT_READ | PROT_WRITE, -1, 0, 0);
}

/* --- gaps --- */

static void add_gap(struct gaps *gaps, uintptr_t end)
{
    if (end > gaps->free && gaps->count < GAPS_MAX)
        gaps->gap[gaps->count++] = (struct gap){gaps->free, end};
}

static void pass(uintptr_t start, uintptr_t end, void *context)
{
    struct gaps *gaps = context;
    add_gap(gaps, start);
    gaps->free = end;
}

static bool read_gaps(struct gaps *gaps)
{
    gaps->free = LOWEST;
    bool done = snarl_maps_each(pass, gaps);
    add_gap(gaps, HIGHEST);
    return done;
}

static uintptr_t try_below(const struct gaps *gaps, const struct snarl_rewrite_target *target, uint64_t size)
{
    uintptr_t copy = 0;
    for (uint32_t i = gaps->count; i-- > 0 && !copy;) {
        const struct gap *gap = &gaps->gap[i];
        if (gap->end <= target->base && gap->end - gap->start > size + 3 * MARGIN)
            copy = try_place(target, (gap->end - size - MARGIN) & ~(MARGIN - 1), size);
    }
    return copy;
}

static uintptr_t try_above(const struct gaps *gaps, const struct snarl_rewrite_target *target, uint64_t size,
                           uintptr_t room)
{
    uintptr_t copy = 0, lowest = target->base + target->size + room;
    for (uint32_t i = 0; i < gaps->count && !copy; i++) {
        const struct gap *gap = &gaps->gap[i];
        uintptr_t start = gap->start > lowest ? gap->start : lowest;
        if (gap->end > start && gap->end - start > size + 3 * MARGIN)
            copy = try_place(target, (start + 2 * MARGIN - 1) & ~(MARGIN - 1), size);
    }
    return copy;
}

uintptr_t snarl_place_find(const struct snarl_rewrite_target *target, int64_t wanted, uint64_t size)
{
    uintptr_t copy = try_place(target, target->base + (uintptr_t)wanted, size);
    struct gaps *gaps = copy ? NULL : snarl_os_map(sizeof(*gaps));
    if (!gaps)
        return copy;
    if (read_gaps(gaps)) {
        copy = try_below(gaps, target, size);
        if (!copy)
            copy = try_above(gaps, target, size, HEAP_ROOM);
        if (!copy)
            copy = try_above(gaps, target, size, 0);
    }
    snarl_os_unmap(gaps, sizeof(*gaps));
    return copy;
}
