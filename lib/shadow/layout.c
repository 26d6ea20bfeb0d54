/* layout.c - see layout.h.
 *
 * The kernel spreads a process over four places, each at random within up to 16 TiB of the 128 (vm.mmap_rnd_bits 32):
 *
 *     [0, 1T)         a program that is not position-independent, and its heap
 *     [2/3, 2/3+16T)  one that is, and its heap
 *     below 128T      mappings, downwards from a random place below the stack (or upwards from 1/3 with an unlimited stack)
 *     at 128T         the stack
 *
 * The plane of reads is their image with bit 46 flipped, which never meets them. For the plane of writes every distance, in steps, is
 * tried until the images shifted by it meet neither. In the worst case mappings get less room to grow than in the usual one. */
#include "shadow/layout.h"

#include "shadow/shadow.h"

#define GIGA(n) ((uintptr_t)(n) << 30)
#define TERA(n) ((uintptr_t)(n) << 40)
#define PAGE ((uintptr_t)4096)
#define SPACE TERA(128)
#define TOP (SPACE - PAGE) /* the last page is never mapped by anybody */

#define LOW TERA(1) /* also where some languages' runtimes put their heaps */
#define ROUND GIGA(16)    /* zones begin and end at multiples of this */
#define ABOVE TERA(1)     /* how far the program's heap may grow */
#define AROUND GIGA(64)   /* of what only lies there: what the loader mapped before us, threads' stacks below the first one */
#define MAPPINGS_MOST 20u /* TiB that mappings may grow by: databases reserve 8 at once */
#define MAPPINGS_LEAST 4u
#define STEP GIGA(256)    /* between distances that are tried */
#define EXTENSION GIGA(4)

static uintptr_t smaller(uintptr_t a, uintptr_t b)
{
    return a < b ? a : b;
}

static bool meet(const struct snarl_zone *a, const struct snarl_zone *b)
{
    return a->start < b->end && b->start < a->end;
}

/* A zone never crosses bit 46: its image is as long as itself. */
static struct snarl_zone image_of(const struct snarl_zone *zone, uintptr_t distance)
{
    uintptr_t start = (zone->start ^ SNARL_SHADOW_BIT) + distance;
    return (struct snarl_zone){start, start + (zone->end - zone->start)};
}

/* Sorted in; zones that touch become one. */
static void insert(struct snarl_layout *layout, struct snarl_zone zone)
{
    int at = 0, kept = 0;
    struct snarl_zone result[SNARL_ZONES];
    if (zone.start < SNARL_SHADOW_BIT && zone.end > SNARL_SHADOW_BIT)
        zone.end = SNARL_SHADOW_BIT;
    for (; at < layout->count && layout->zone[at].end < zone.start; at++)
        result[kept++] = layout->zone[at];
    for (; at < layout->count && layout->zone[at].start <= zone.end; at++) {
        zone.start = smaller(zone.start, layout->zone[at].start);
        zone.end = layout->zone[at].end > zone.end ? layout->zone[at].end : zone.end;
    }
    if (kept < SNARL_ZONES)
        result[kept++] = zone;
    for (; at < layout->count && kept < SNARL_ZONES; at++)
        result[kept++] = layout->zone[at];
    for (int i = 0; i < kept; i++)
        layout->zone[i] = result[i];
    layout->count = kept;
}

static void add_around(struct snarl_layout *layout, uintptr_t mark, uintptr_t before, uintptr_t after)
{
    uintptr_t start = (mark > before ? mark - before : 0) & ~(ROUND - 1), end = (mark + after + ROUND - 1) & ~(ROUND - 1);
    if (mark >= LOW)
        insert(layout, (struct snarl_zone){start, smaller(end, SPACE)}); /* whole blocks: whoever reads all cells reads those of the last page */
}

/* Whether the images of `zone` in both planes, the latter at `distance`, meet no zone and no image. */
static bool fits(const struct snarl_layout *layout, const struct snarl_zone *zone, uintptr_t distance)
{
    struct snarl_zone reads = image_of(zone, 0), writes = image_of(zone, distance);
    if (writes.start < LOW || writes.end > TOP || writes.end < writes.start || meet(&reads, &writes))
        return false;
    for (int i = 0; i < layout->count; i++) {
        const struct snarl_zone *other = &layout->zone[i];
        struct snarl_zone other_reads = image_of(other, 0), other_writes = image_of(other, distance);
        bool same = other == zone;
        if (meet(&writes, other) || meet(&writes, &other_reads) || meet(&reads, other) || meet(&reads, &other_writes) ||
            meet(zone, &other_reads) || meet(zone, &other_writes) ||
            (!same && (meet(&reads, &other_reads) || meet(&writes, &other_writes) || meet(zone, other))))
            return false;
    }
    return true;
}

static bool all_fit(const struct snarl_layout *layout, uintptr_t distance)
{
    for (int i = 0; i < layout->count; i++)
        if (!fits(layout, &layout->zone[i], distance))
            return false;
    return true;
}

static bool find_distance(struct snarl_layout *layout)
{
    for (uintptr_t step = 1; step < TOP / STEP; step++)
        for (int sign = 0; sign < 2; sign++) {
            layout->distance = sign ? -(step * STEP) : step * STEP;
            if (all_fit(layout, layout->distance))
                return true;
        }
    return false;
}

bool snarl_layout_choose(struct snarl_layout *layout, const struct snarl_layout_marks *marks)
{
    for (unsigned room = MAPPINGS_MOST; room >= MAPPINGS_LEAST; room -= 2) {
        *layout = (struct snarl_layout){.count = 0};
        insert(layout, (struct snarl_zone){0, LOW});
        add_around(layout, marks->program, AROUND, ABOVE);
        add_around(layout, marks->heap, AROUND, ABOVE);
        add_around(layout, marks->stack, AROUND, SPACE - marks->stack);
        bool upwards = marks->mapping < SNARL_SHADOW_BIT;
        add_around(layout, marks->mapping, upwards ? AROUND : TERA(room), upwards ? TERA(room) : AROUND);
        if (find_distance(layout))
            return true;
    }
    return false;
}

bool snarl_layout_add(struct snarl_layout *layout, uintptr_t start, uintptr_t end)
{
    struct snarl_zone zone = {start & ~(EXTENSION - 1), (end + EXTENSION - 1) & ~(EXTENSION - 1)};
    bool crosses = zone.start < SNARL_SHADOW_BIT && zone.end > SNARL_SHADOW_BIT;
    if (layout->count == SNARL_ZONES || end > TOP || crosses || !fits(layout, &zone, layout->distance))
        return false;
    layout->zone[layout->count++] = zone; /* not sorted in: others may be reading */
    return true;
}

bool snarl_layout_covers(const struct snarl_layout *layout, uintptr_t start, uintptr_t end)
{
    int count = __atomic_load_n(&layout->count, __ATOMIC_ACQUIRE);
    for (int i = 0; i < count; i++)
        if (start >= layout->zone[i].start && start < layout->zone[i].end && end <= layout->zone[i].end)
            return true;
    return false;
}
