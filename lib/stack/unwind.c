/* unwind.c - see unwind.h.
 *
 * libgcc's unwinder is linked statically: it is in every gcc, finds tables with _dl_find_object (no lock) from gcc 12
 * and glibc 2.35 on, and brings no further library into the program (docs/decisions/unwinder.md).
 *
 * The cache's soundness: an entry is used when pc and cfa are equal and the return addresses of the
 * SNARL_SITE_CHECKED callers above stand in the same slots. Frames further out could differ only where a
 * function at the same depth called through the same chain from another place that many levels up.
 *
 * The cache begins small, since every thread has one, and doubles what it uses when entries take each other's places.
 *
 * Under load: a program whose stacks never repeat (deep recursion) would walk at each acquisition. Each thread
 * may walk FIRST_WALKS stacks at once, later one in WALK_EVERY calls; the others get the call site alone, as an
 * incomplete stack (SNARL_COUNT_STACK_SKIPPED). Something new in the lock-order graph always walks. */
#include "stack/unwind.h"

#include <string.h>
#include <unwind.h>

#include "base/counters.h"
#include "base/map.h"
#include "stack/depot.h"
#include "stack/modules.h"

#define FIRST_WALKS 4096u
#define WALK_EVERY 64u

struct walk {
    struct snarl_site site;
    const struct snarl_module *ours;
    uintptr_t frame[SNARL_STACK_DEPTH];
    uintptr_t cfa[SNARL_SITE_CHECKED + 1];
    uint32_t count;
    bool started;
    bool cut;
};

static bool is_ours(const struct walk *walk, uintptr_t pc)
{
    return walk->ours && pc >= walk->ours->start && pc < walk->ours->end;
}

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    uintptr_t pc = _Unwind_GetIP(context);
    if (!pc)
        return _URC_END_OF_STACK;
    if (!walk->started) {
        if (walk->site.pc ? pc != walk->site.pc || _Unwind_GetCFA(context) < walk->site.cfa : is_ours(walk, pc))
            return _URC_NO_REASON;
        walk->started = true;
    }
    if (is_ours(walk, pc)) /* our start routine under the thread's function */
        return _URC_NO_REASON;
    if (walk->count == SNARL_STACK_DEPTH) {
        walk->cut = true;
        return _URC_END_OF_STACK;
    }
    if (walk->count <= SNARL_SITE_CHECKED)
        walk->cfa[walk->count] = _Unwind_GetCFA(context);
    walk->frame[walk->count++] = pc;
    return _URC_NO_REASON;
}

static const struct snarl_module *our_module(void)
{
    static const struct snarl_module *s_ours;
    if (!s_ours)
        s_ours = snarl_modules_find((uintptr_t)&our_module, false);
    return s_ours && s_ours->ours && !s_ours->main ? s_ours : NULL; /* in a unit test we are the program */
}

static uint32_t entries_in_use(const struct snarl_site_cache *cache)
{
    return SNARL_SITE_FIRST << cache->doublings;
}

static uint32_t shapes_in_use(const struct snarl_site_cache *cache)
{
    return entries_in_use(cache) / 2;
}

/* An entry has given way to another one. What is kept under another index from now on is learnt again. */
static void lose(struct snarl_site_cache *cache)
{
    if (entries_in_use(cache) == SNARL_SITE_ENTRIES || ++cache->lost <= entries_in_use(cache) / 2)
        return;
    cache->doublings++;
    cache->lost = 0;
}

void snarl_site_cache_reset(struct snarl_site_cache *cache)
{
    memset(cache->shape, 0, shapes_in_use(cache) * sizeof(cache->shape[0]));
    memset(cache->entry, 0, entries_in_use(cache) * sizeof(cache->entry[0]));
    cache->turn = cache->doublings = cache->lost = cache->captures = 0;
    cache->calls = 0;
}

/* Its own, or the one of the two where it may lie that is to be given away: sites that take turns must not put each other out. */
static struct snarl_site_shape *shape_of(struct snarl_site_cache *cache, struct snarl_site site)
{
    struct snarl_site_shape *set = &cache->shape[snarl_hash(site.pc ^ site.cfa << 20) % (shapes_in_use(cache) / 2) * 2];
    for (uint32_t i = 0; i < 2; i++)
        if (set[i].site.pc == site.pc && set[i].site.cfa == site.cfa)
            return &set[i];
    return &set[cache->turn & 1];
}

/* The set of places where a stack of this site is. A wrapper is called from many functions at the same depth: what
 * tells them apart is the return address above it, which lies at the same offset each time. */
static struct snarl_site_entry *set_of(struct snarl_site_cache *cache, struct snarl_site site)
{
    const struct snarl_site_shape *shape = shape_of(cache, site);
    uintptr_t caller = 0;
    if (shape->site.pc == site.pc && shape->site.cfa == site.cfa && shape->offset)
        caller = *(const uintptr_t *)(site.cfa + shape->offset);
    uint64_t set = snarl_hash(site.pc ^ site.cfa << 20 ^ caller << 8) % (entries_in_use(cache) / SNARL_SITE_WAYS);
    return &cache->entry[set * SNARL_SITE_WAYS];
}

static void remember(struct snarl_site_cache *cache, const struct walk *walk, uint32_t stack)
{
    struct snarl_site_entry fresh = {.site = walk->site, .stack = stack}, *entry = &fresh;
    for (uint32_t i = 1; i < walk->count && i <= SNARL_SITE_CHECKED; i++) {
        uintptr_t offset = walk->cfa[i] - sizeof(uintptr_t) - walk->site.cfa;
        if (walk->cfa[i] <= walk->site.cfa || offset > UINT32_MAX)
            break;
        if (*(const uintptr_t *)(walk->site.cfa + offset) != walk->frame[i])
            break; /* a signal frame or a moved stack: such a return address lies elsewhere */
        entry->offset[entry->checked] = (uint32_t)offset;
        entry->value[entry->checked++] = walk->frame[i];
    }
    *shape_of(cache, walk->site) =
        (struct snarl_site_shape){walk->site, fresh.checked ? fresh.offset[0] : 0};
    struct snarl_site_entry *place = &set_of(cache, walk->site)[cache->turn++ % SNARL_SITE_WAYS];
    bool taken = place->stack;
    *place = fresh;
    if (taken)
        lose(cache);
}

uint32_t snarl_unwind_capture(struct snarl_site site, struct snarl_site_cache *cache)
{
    struct walk walk = {.site = site, .ours = our_module()};
    _Unwind_Backtrace(visit, &walk);
    if (walk.count == 0 && site.pc) { /* no unwinding tables: the call site is all there is */
        walk.frame[walk.count++] = site.pc;
        walk.cut = true;
    }
    if (walk.cut)
        snarl_count(SNARL_COUNT_STACK_CUT);
    uint32_t stack = snarl_stack_put(walk.frame, walk.count, !walk.cut, false);
    if (cache && site.pc && stack) {
        cache->captures++;
        remember(cache, &walk, stack);
    }
    return stack;
}

struct frames {
    struct walk walk;
    uintptr_t *cfa;
    uint32_t count, limit;
};

static _Unwind_Reason_Code visit_frame(struct _Unwind_Context *context, void *argument)
{
    struct frames *frames = argument;
    uintptr_t pc = _Unwind_GetIP(context);
    if (!pc || (frames->count && is_ours(&frames->walk, pc)) || frames->count == frames->limit)
        return _URC_END_OF_STACK;
    if (frames->count || (pc == frames->walk.site.pc && _Unwind_GetCFA(context) >= frames->walk.site.cfa))
        frames->cfa[frames->count++] = _Unwind_GetCFA(context);
    return _URC_NO_REASON;
}

uint32_t snarl_unwind_frames(struct snarl_site site, uintptr_t *cfa, uint32_t limit)
{
    struct frames frames = {.walk = {.site = site, .ours = our_module()}, .cfa = cfa, .limit = limit};
    if (!(site.pc >> 63))
        _Unwind_Backtrace(visit_frame, &frames);
    return frames.count;
}

static bool still_there(const struct snarl_site_entry *entry, struct snarl_site site)
{
    if (entry->site.pc != site.pc || entry->site.cfa != site.cfa)
        return false;
    for (uint32_t i = 0; i < entry->checked; i++)
        if (*(const uintptr_t *)(site.cfa + entry->offset[i]) != entry->value[i])
            return false;
    return true;
}

/* Whether this thread may walk its stack once more. */
static bool may_walk(struct snarl_site_cache *cache)
{
    return cache->captures < FIRST_WALKS + cache->calls / WALK_EVERY;
}

uint32_t snarl_unwind_site(struct snarl_site site, struct snarl_site_cache *cache, bool must)
{
    if (__builtin_expect(site.pc >> 63, 0)) /* no address of a program: snarl_site_of_stack */
        return (uint32_t)site.pc;
    const struct snarl_site_entry *set = set_of(cache, site);
    cache->calls++;
    for (uint32_t i = 0; i < SNARL_SITE_WAYS; i++)
        if (still_there(&set[i], site))
            return set[i].stack;
    if (must || may_walk(cache))
        return snarl_unwind_capture(site, cache);
    snarl_count(SNARL_COUNT_STACK_SKIPPED);
    return snarl_stack_put(&site.pc, 1, false, false);
}
