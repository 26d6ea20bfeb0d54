/* layout.h - which parts of the address space have a shadow, and where the second plane of it lies. */
#ifndef SNARL_SHADOW_LAYOUT_H
#define SNARL_SHADOW_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define SNARL_ZONES 64

struct snarl_zone {
    uintptr_t start, end;
};

struct snarl_layout {
    struct snarl_zone zone[SNARL_ZONES]; /* of the program: sorted, apart from each other */
    int count;
    uintptr_t distance; /* from the plane of reads to that of writes, modulo 2^64 */
};

/* Places in use by the process when it started. */
struct snarl_layout_marks {
    uintptr_t program; /* an address in the program's image */
    uintptr_t heap;    /* the program break */
    uintptr_t mapping; /* where the kernel put a mapping just now */
    uintptr_t stack;
};

/* Where the process may have memory from now on, and a distance at which program and planes do not meet. False: there is none. */
bool snarl_layout_choose(struct snarl_layout *layout, const struct snarl_layout_marks *marks);
/* Adds a zone for memory that lies in none, of at least [start, end). False: its shadow would meet something. */
bool snarl_layout_add(struct snarl_layout *layout, uintptr_t start, uintptr_t end);
bool snarl_layout_covers(const struct snarl_layout *layout, uintptr_t start, uintptr_t end);

#endif
