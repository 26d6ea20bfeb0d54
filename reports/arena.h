/* arena.h - memory that is given back all at once, and a map from identifiers into it.
 *
 * For the readers of our own tools: one thread, and out of memory ends the command with a line (abort would
 * hide the reason). All memory is zeroed. */
#ifndef SNARL_REPORTS_ARENA_H
#define SNARL_REPORTS_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct snarl_arena {
    struct snarl_arena_chunk *chunks;
};

void *snarl_arena_take(struct snarl_arena *arena, size_t size);
/* A terminated copy in valid UTF-8: each byte that is none, and each NUL, is replaced by '?'. */
char *snarl_arena_text(struct snarl_arena *arena, const void *bytes, size_t length);
void snarl_arena_free(struct snarl_arena *arena);

/* From a number that is not 0 to a pointer. Zero-initialise it. Open addressing, at most half full. */
struct snarl_idmap {
    struct snarl_idmap_slot *slots;
    size_t size, used;
};

void *snarl_idmap_get(const struct snarl_idmap *map, uint64_t id);
void snarl_idmap_set(struct snarl_idmap *map, uint64_t id, void *value);
/* Calls `each` with every value, in no particular order. */
void snarl_idmap_each(const struct snarl_idmap *map, void (*each)(void *value));
void snarl_idmap_free(struct snarl_idmap *map);

#endif
