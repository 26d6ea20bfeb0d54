/* unwind.h - capturing the calling thread's stack.
 *
 * Two ways. snarl_unwind_capture walks the stack with libgcc's unwinder, about a microsecond per ten frames.
 * snarl_unwind_site remembers the stacks of recent call sites per thread: a call from the same place, at the
 * same depth, with the same return addresses in the same slots of the stack has the same stack, and costs some
 * loads. Both give identifiers of the stack depot. */
#ifndef SNARL_STACK_UNWIND_H
#define SNARL_STACK_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

/* A place in the program that called us: the return address, and the stack pointer right after the return (the CFA of
 * the interceptor's frame), or any address in the frame called: the place is in the first frame above it that returns there. */
struct snarl_site {
    uintptr_t pc;
    uintptr_t cfa;
};

/* A site whose stack is known already (an interpreter's, in words): `stack` is a number of the depot. */
static inline struct snarl_site snarl_site_of_stack(uint32_t stack)
{
    return (struct snarl_site){(uintptr_t)1 << 63 | stack, 0};
}

/* Per thread, in sets; powers of two. A thread begins with few in use, and gets more as they take each other's places. */
#define SNARL_SITE_ENTRIES 2048
#define SNARL_SITE_FIRST 256
#define SNARL_SITE_WAYS 4
#define SNARL_SITE_CHECKED 6   /* return addresses above the site that must still be the same */

struct snarl_site_entry {
    struct snarl_site site;
    uint32_t stack;
    uint32_t checked;
    uint32_t offset[SNARL_SITE_CHECKED]; /* bytes above cfa where the return address lies */
    uintptr_t value[SNARL_SITE_CHECKED];
};

/* Where the return address of a site's caller lies, as seen last: it chooses among the stacks of the site. */
struct snarl_site_shape {
    struct snarl_site site;
    uint32_t offset; /* above cfa; 0: not known */
};

#define SNARL_SITE_SHAPES (SNARL_SITE_ENTRIES / 2) /* in sets of two */

struct snarl_site_cache {
    struct snarl_site_shape shape[SNARL_SITE_SHAPES];
    uint32_t turn; /* which of the places of a set is given away next */
    uint32_t doublings; /* of what is in use */
    uint32_t lost;      /* entries that others have taken the places of, since the last one */

    uint32_t captures; /* how often a stack had to be walked */
    uint64_t calls;
    struct snarl_site_entry entry[SNARL_SITE_ENTRIES];
};

/* The stack of the calling thread from `site` outwards. Frames inside the detector are left out.
 * A site with pc 0 means: from the first frame outside the detector. */
uint32_t snarl_unwind_capture(struct snarl_site site, struct snarl_site_cache *cache);
/* Where the frames of such a stack lie: frame i of it from cfa[i] up to cfa[i + 1]. Returns how many of cfa are known, at most
 * `limit`; it ends at a frame of the detector's own. */
uint32_t snarl_unwind_frames(struct snarl_site site, uintptr_t *cfa, uint32_t limit);
/* For another thread: all of it is forgotten. */
void snarl_site_cache_reset(struct snarl_site_cache *cache);
/* The stack from the cache; with `must`, always the full stack, else under load only the call site itself. */
uint32_t snarl_unwind_site(struct snarl_site site, struct snarl_site_cache *cache, bool must);

#endif
