/* arena.c - see arena.h. */
#include "reports/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)64 << 10)

struct snarl_arena_chunk {
    struct snarl_arena_chunk *next;
    size_t used, size;
    _Alignas(16) unsigned char bytes[];
};

struct snarl_idmap_slot {
    uint64_t id;
    void *value;
};

static void *must(void *memory)
{
    if (!memory) {
        fputs("snarl: out of memory\n", stderr);
        exit(125);
    }
    return memory;
}

void *snarl_arena_take(struct snarl_arena *arena, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    struct snarl_arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;
        struct snarl_arena_chunk *fresh = must(calloc(1, sizeof(*fresh) + room));
        fresh->size = room;
        /* A chunk of its own for something big: go on filling the one before. */
        if (chunk && room == size) {
            fresh->next = chunk->next;
            chunk->next = fresh;
        } else {
            fresh->next = chunk;
            arena->chunks = fresh;
        }
        chunk = fresh;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memory;
}

/* The length of the UTF-8 sequence at `at` if it is valid and not NUL, else 0. */
static size_t sequence(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80)
        return at[0] != 0;
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

char *snarl_arena_text(struct snarl_arena *arena, const void *bytes, size_t length)
{
    const unsigned char *from = bytes;
    char *text = snarl_arena_take(arena, length + 1);
    for (size_t i = 0; i < length;) {
        size_t valid = sequence(from + i, length - i);
        if (valid)
            memcpy(text + i, from + i, valid);
        else
            text[i] = '?';
        i += valid ? valid : 1;
    }
    return text;
}

void snarl_arena_free(struct snarl_arena *arena)
{
    while (arena->chunks) {
        struct snarl_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
}

static struct snarl_idmap_slot *slot_of(const struct snarl_idmap *map, uint64_t id)
{
    size_t at = (id * 0x9e3779b97f4a7c15u) >> 32;
    while (map->slots[at & (map->size - 1)].id && map->slots[at & (map->size - 1)].id != id)
        at++;
    return &map->slots[at & (map->size - 1)];
}

void *snarl_idmap_get(const struct snarl_idmap *map, uint64_t id)
{
    return id && map->size ? slot_of(map, id)->value : NULL;
}

static void grow(struct snarl_idmap *map)
{
    struct snarl_idmap bigger = {.size = map->size ? map->size * 2 : 64, .used = map->used};
    bigger.slots = must(calloc(bigger.size, sizeof(*bigger.slots)));
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i].id)
            *slot_of(&bigger, map->slots[i].id) = map->slots[i];
    free(map->slots);
    *map = bigger;
}

void snarl_idmap_set(struct snarl_idmap *map, uint64_t id, void *value)
{
    if (!id)
        return;
    if (map->used * 2 >= map->size)
        grow(map);
    struct snarl_idmap_slot *slot = slot_of(map, id);
    map->used += !slot->id;
    slot->id = id;
    slot->value = value;
}

void snarl_idmap_each(const struct snarl_idmap *map, void (*each)(void *value))
{
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i].id)
            each(map->slots[i].value);
}

void snarl_idmap_free(struct snarl_idmap *map)
{
    free(map->slots);
    *map = (struct snarl_idmap){0};
}
