/* map.c - see map.h. The only file that sees uthash. */
#include "base/map.h"

#include <stddef.h>

#include "base/memory.h"

#define uthash_malloc(size) snarl_memory_alloc(size)
#define uthash_free(block, size) snarl_memory_free(block, size)
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, hash) ((hash) = (unsigned)snarl_hash(*(const uint64_t *)(key)))
#include <uthash.h>

struct snarl_map_entry {
    uint64_t key;
    void *value;
    UT_hash_handle hh;
};

static struct snarl_map_entry *find(const struct snarl_map *map, uint64_t key)
{
    struct snarl_map_entry *entry;
    HASH_FIND(hh, map->entries, &key, sizeof(key), entry);
    return entry;
}

void *snarl_map_get(const struct snarl_map *map, uint64_t key)
{
    struct snarl_map_entry *entry = find(map, key);
    return entry ? entry->value : NULL;
}

bool snarl_map_put(struct snarl_map *map, uint64_t key, void *value)
{
    struct snarl_map_entry *entry = find(map, key);
    if (entry) {
        entry->value = value;
        return true;
    }
    entry = snarl_memory_alloc(sizeof(*entry));
    if (!entry)
        return false;
    entry->key = key;
    entry->value = value;
    HASH_ADD(hh, map->entries, key, sizeof(entry->key), entry);
    if (entry->hh.tbl)
        return true;
    snarl_memory_free(entry, sizeof(*entry)); /* uthash could not get its table */
    return false;
}

void *snarl_map_remove(struct snarl_map *map, uint64_t key)
{
    struct snarl_map_entry *entry = find(map, key);
    if (!entry)
        return NULL;
    void *value = entry->value;
    HASH_DEL(map->entries, entry);
    snarl_memory_free(entry, sizeof(*entry));
    return value;
}

uint32_t snarl_map_count(const struct snarl_map *map)
{
    return HASH_COUNT(map->entries);
}

void snarl_map_each(const struct snarl_map *map, void (*visit)(uint64_t key, void *value, void *context),
                    void *context)
{
    for (struct snarl_map_entry *entry = map->entries; entry; entry = entry->hh.next)
        visit(entry->key, entry->value, context);
}
