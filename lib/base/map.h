/* map.h - a hash map from 64-bit keys to pointers, for places that are not hot (uthash behind it).
 *
 * Not synchronised: the owner's lock guards it. Values are the owner's; NULL cannot be a value. */
#ifndef SNARL_BASE_MAP_H
#define SNARL_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct snarl_map {
    struct snarl_map_entry *entries;
};

void *snarl_map_get(const struct snarl_map *map, uint64_t key);
/* Replaces what was there. False when there is no memory. */
bool snarl_map_put(struct snarl_map *map, uint64_t key, void *value);
/* The value removed, NULL when there was none. */
void *snarl_map_remove(struct snarl_map *map, uint64_t key);
uint32_t snarl_map_count(const struct snarl_map *map);
/* Calls visit for each entry, in order of insertion; it may not change the map. */
void snarl_map_each(const struct snarl_map *map, void (*visit)(uint64_t key, void *value, void *context),
                    void *context);

/* 64-bit mixing (the finaliser of MurmurHash3, public domain by its author Austin Appleby). */
static inline uint64_t snarl_hash(uint64_t value)
{
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdull;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53ull;
    return value ^ value >> 33;
}

static inline uint64_t snarl_hash_join(uint64_t hash, uint64_t value)
{
    return snarl_hash(hash * 31 + value + 0x9e3779b97f4a7c15ull);
}

#endif
