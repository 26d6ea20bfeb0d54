/* place.h - where a copy goes: free address space from which 32 bits reach all of its module. */
#ifndef SNARL_REWRITE_PLACE_H
#define SNARL_REWRITE_PLACE_H

#include "preload/rewrite/rewrite.h"

/* Maps `size` bytes, readable and writable, near the module: `wanted` bytes from its base where that is free. 0: there is
 * no room. */
uintptr_t snarl_place_find(const struct snarl_rewrite_target *target, int64_t wanted, uint64_t size);

#endif
