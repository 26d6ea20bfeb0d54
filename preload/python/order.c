/* order.c - see order.h. */
#include "preload/python/order.h"

#include "base/map.h"
#include "base/memory.h"

#define SLOTS 4096 /* threads made after so many have no clock: their accesses are not looked at */

bool snarl_python_orders;

/* Of a thread, by its number, which is never used again. */
struct owner {
    struct snarl_vclock clock;
};

static struct owner *s_owners[SLOTS];
static struct snarl_map s_objects; /* address -> struct snarl_vclock */

static struct owner *owner_of(const struct snarl_thread *thr)
{
    if (thr->id >= SLOTS)
        return NULL;
    struct owner *owner = s_owners[thr->id];
    if (owner || !(owner = snarl_memory_alloc(sizeof(*owner))))
        return owner;
    /* A thread that Python code has not made: what its creator has done by now is taken for done before it. */
    const struct owner *creator = thr->creator < SLOTS ? s_owners[thr->creator] : NULL;
    if (creator)
        snarl_vclock_join(&owner->clock, &creator->clock, NULL);
    snarl_vclock_set(&owner->clock, thr->id, 1);
    return s_owners[thr->id] = owner;
}

struct snarl_vclock *snarl_python_clock(struct snarl_thread *thr)
{
    struct owner *owner = owner_of(thr);
    return owner ? &owner->clock : NULL;
}

uint32_t snarl_python_epoch(struct snarl_thread *thr)
{
    const struct snarl_vclock *clock = snarl_python_clock(thr);
    return clock ? snarl_vclock_get(clock, thr->id) : 0;
}

static void release_into(struct snarl_thread *thr, struct snarl_vclock *into)
{
    struct snarl_vclock *clock = snarl_python_clock(thr);
    if (!clock || !into)
        return;
    snarl_vclock_join(into, clock, NULL);
    snarl_vclock_set(clock, thr->id, snarl_vclock_get(clock, thr->id) + 1);
}

void snarl_python_order_release(struct snarl_thread *thr, uintptr_t object)
{
    struct snarl_vclock *clock = snarl_map_get(&s_objects, object);
    if (!clock && (clock = snarl_memory_alloc(sizeof(*clock))))
        snarl_map_put(&s_objects, object, clock);
    release_into(thr, clock);
}

void snarl_python_order_acquire(struct snarl_thread *thr, uintptr_t object)
{
    const struct snarl_vclock *from = snarl_map_get(&s_objects, object);
    struct snarl_vclock *clock = from ? snarl_python_clock(thr) : NULL;
    if (clock)
        snarl_vclock_join(clock, from, NULL);
}

void snarl_python_order_gone(uintptr_t object)
{
    struct snarl_vclock *clock = snarl_map_remove(&s_objects, object);
    if (!clock)
        return;
    snarl_vclock_free(clock);
    snarl_memory_free(clock, sizeof(*clock));
}

void snarl_python_order_created(struct snarl_thread *thr)
{
    struct snarl_thread *child = NULL;
    for (struct snarl_thread *other = snarl_thread_first(); other; other = other->next)
        if (other->creator == thr->id && (!child || other->id > child->id))
            child = other;
    struct owner *owner = child ? owner_of(child) : NULL;
    if (owner)
        release_into(thr, &owner->clock);
}

void snarl_python_order_joined(struct snarl_thread *thr, const struct snarl_thread *target)
{
    struct snarl_vclock *clock = snarl_python_clock(thr);
    const struct owner *owner = target->id < SLOTS ? s_owners[target->id] : NULL;
    if (clock && owner)
        snarl_vclock_join(clock, &owner->clock, NULL);
}
