/* unchecked.h - code that races are not looked for in though they should be: a module that was left out on request, is too large to be made ready
 * at once, or could not be made ready.
 *
 * How such a module orders what it does is partly unseen (its atomic operations are), so nothing is said of what it does through
 * library calls either: of memory that it copies or frees. Its locks are seen all the same. */
#ifndef SNARL_PRELOAD_UNCHECKED_H
#define SNARL_PRELOAD_UNCHECKED_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/rewrite/rewrite.h"

/* By whoever applies plans, one thread at a time. */
void snarl_unchecked_add(const struct snarl_rewrite_target *target);
void snarl_unchecked_forget(uintptr_t base);

/* Whether `pc` is in such code. */
bool snarl_unchecked_holds(uintptr_t pc);
/* Whether the call that the node of the history stands for was made by such code, perhaps through a library that is never checked
 * (operator delete). In any thread. */
bool snarl_unchecked_called(uint32_t node);

#endif
