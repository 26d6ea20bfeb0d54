/* vclock.c - see vclock.h. */
#include "clock/vclock.h"

#include <string.h>

#include "base/memory.h"

static bool reserve(struct snarl_vclock *clock, uint32_t slots)
{
    if (slots <= clock->capacity)
        return true;
    uint32_t capacity = clock->capacity ? clock->capacity : 4;
    while (capacity < slots)
        capacity *= 2;
    uint32_t *epoch = snarl_memory_alloc(capacity * sizeof(*epoch));
    if (!epoch)
        return false;
    if (clock->size)
        memcpy(epoch, clock->epoch, clock->size * sizeof(*epoch));
    snarl_memory_free(clock->epoch, clock->capacity * sizeof(*epoch));
    clock->epoch = epoch;
    clock->capacity = capacity;
    return true;
}

/* Brings `size` to at least `slots`, the new ones zero. */
static bool extend(struct snarl_vclock *clock, uint32_t slots)
{
    if (slots <= clock->size)
        return true;
    if (!reserve(clock, slots))
        return false;
    memset(clock->epoch + clock->size, 0, (slots - clock->size) * sizeof(*clock->epoch));
    clock->size = slots;
    return true;
}

bool snarl_vclock_set(struct snarl_vclock *clock, uint32_t slot, uint32_t epoch)
{
    if (!extend(clock, slot + 1))
        return false;
    clock->epoch[slot] = epoch;
    return true;
}

bool snarl_vclock_join(struct snarl_vclock *clock, const struct snarl_vclock *other, bool *changed)
{
    bool grew = false;
    if (!extend(clock, other->size))
        return false;
    for (uint32_t slot = 0; slot < other->size; slot++) {
        if (other->epoch[slot] > clock->epoch[slot]) {
            clock->epoch[slot] = other->epoch[slot];
            grew = true;
        }
    }
    if (changed)
        *changed = grew;
    return true;
}

bool snarl_vclock_copy(struct snarl_vclock *clock, const struct snarl_vclock *other)
{
    if (!reserve(clock, other->size))
        return false;
    if (other->size)
        memcpy(clock->epoch, other->epoch, other->size * sizeof(*clock->epoch));
    clock->size = other->size;
    return true;
}

bool snarl_vclock_before(const struct snarl_vclock *clock, const struct snarl_vclock *other)
{
    for (uint32_t slot = 0; slot < clock->size; slot++)
        if (clock->epoch[slot] > snarl_vclock_get(other, slot))
            return false;
    return true;
}

void snarl_vclock_free(struct snarl_vclock *clock)
{
    snarl_memory_free(clock->epoch, clock->capacity * sizeof(*clock->epoch));
    *clock = (struct snarl_vclock){0};
}
