/* memory.h - the detector's own memory: size classes carved from mapped chunks, never the program's heap.
 *
 * Blocks are zeroed. Freed blocks are reused for the same size class and never given back, so that memory once
 * used for a type may be read by a stale pointer (type-stable where each type has its own pool). One
 * lock, taken last of all our locks; safe in a signal handler only where the thread's guard is held. */
#ifndef SNARL_BASE_MEMORY_H
#define SNARL_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* At least `size` zeroed bytes, aligned to 16 (to 64 from 64 bytes on); NULL when the system has none, which is
 * counted in SNARL_COUNT_NO_MEMORY. */
void *snarl_memory_alloc(size_t size);
/* `size` is what was asked for. NULL is ignored. */
void snarl_memory_free(void *block, size_t size);
/* Bytes taken from the system so far. */
size_t snarl_memory_used(void);

#endif
