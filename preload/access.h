/* access.h - what library calls do to the program's memory, told to the race detector.
 *
 * For the interceptors: each function does nothing, at the cost of a load, while races are not looked for or the process has one
 * thread. They are called inside the guard. The stack of such an access is the unwound one of the call, which is looked for
 * only when the cells do not already tell that nothing is new. */
#ifndef SNARL_PRELOAD_ACCESS_H
#define SNARL_PRELOAD_ACCESS_H

#include "preload/shim.h"
#include "race/race.h"

static inline bool snarl_access_wanted(const struct snarl_thread *thr)
{
    return __builtin_expect(snarl_awake && thr->races != NULL, 0);
}

/* The call reads or writes [address, address + size). */
void snarl_access_read(struct snarl_thread *thr, const volatile void *address, size_t size, struct snarl_site site);
void snarl_access_write(struct snarl_thread *thr, volatile void *address, size_t size, struct snarl_site site);
/* The history node of the stack at `site`. */
uint32_t snarl_access_where(struct snarl_thread *thr, struct snarl_site site);

/* memory.c: whether the program's calls of malloc come to us. They do not where the program itself has a malloc. */
bool snarl_memory_is_seen(void);

/* --- heap.c: the life of heap blocks, for any thread, guard not held --- */

extern bool snarl_heap_on; /* blocks are noted */

void snarl_heap_allocated(void *block, size_t size, size_t usable, struct snarl_site site);
/* Before the true free. */
void snarl_heap_freeing(void *block, size_t usable, struct snarl_site site);
/* Inside the guard: memory mapped or about to be unmapped. */
void snarl_heap_mapped(struct snarl_thread *thr, void *start, size_t size);
void snarl_heap_unmapping(struct snarl_thread *thr, void *start, size_t size, struct snarl_site site);
/* The block that holds `byte`: fills what is known of it. */
bool snarl_heap_locate(struct snarl_thread *thr, uintptr_t byte, struct snarl_location *location);
/* locate.c: in whose heap block, stack or thread-local storage the byte lies. False: in none. */
bool snarl_locate(struct snarl_thread *thr, uintptr_t byte, struct snarl_location *location);
/* The beginning of the block that holds `byte`, or 0. */
uintptr_t snarl_heap_block(uintptr_t byte);
/* Races will be looked for: findings are to know the heap. */
void snarl_heap_begin(void);

#endif
