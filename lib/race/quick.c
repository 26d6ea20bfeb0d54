/* quick.c - plain accesses of compiled code to one cell or two, as long as they are simple (update.h).
 *
 * What cannot be done that quickly is done in access.c: nothing is lost by doing it again. */
#include "race/state.h"
#include "race/story.h"

static inline bool may(const struct snarl_race_thread *thr, uintptr_t address, size_t size)
{
    return (size == 8 || size == 4) && address % size == 0 && !(address >> SNARL_ADDRESS_BITS) && !thr->ignore && !thr->pending &&
           !thr->late_load && !thr->told && !thr->note &&
           thr->generation == __atomic_load_n(&snarl_race_generation, __ATOMIC_ACQUIRE) && snarl_shadow_touched(address);
}

static inline uint32_t callers(struct snarl_race_thread *thr)
{
    return thr->frame->node ? thr->frame->node : snarl_race_callers(thr);
}

uint32_t snarl_race_recent_record(struct snarl_race_thread *thr, const struct snarl_story_access *access)
{
    struct snarl_race_recent *recent = &thr->recent[(access->site ^ access->site >> 52) % SNARL_RECENT_CACHE];
    if (recent->site != access->site || recent->node != access->node || recent->stamp != thr->stamp) {
        uint32_t unit = snarl_race_record(thr, access);
        if (!unit)
            return 0;
        *recent = (struct snarl_race_recent){.site = access->site, .node = access->node, .unit = unit, .stamp = thr->stamp};
    }
    return recent->unit;
}

bool snarl_race_quick(struct snarl_race_thread *thr, uintptr_t address, size_t size, uint32_t flags, uintptr_t pc)
{
    if (!may(thr, address, size))
        return false;
    bool write = flags & SNARL_ACCESS_WRITE, pair = size == 8;
    struct snarl_story_access access = {.flags = flags, .pc = pc, .size = (uint8_t)size, .cells = 1};
    access.site = snarl_step_site(pc, flags, access.size);
    access.node = callers(thr);
    struct snarl_update update = {.site = access.site, .node = access.node, .flags = flags};
    __atomic_store_n(&thr->stepping, thr->generation + 1, __ATOMIC_RELEASE);
    bool done = !write && snarl_update_cell(thr, &update, address, 0xf, pair); /* a read may do without a record */
    if (!done && !thr->recheck && (update.unit = snarl_race_recent_record(thr, &access)))
        done = snarl_update_cell(thr, &update, address, 0xf, pair);
    __atomic_store_n(&thr->stepping, 0, __ATOMIC_RELEASE);
    return done;
}
