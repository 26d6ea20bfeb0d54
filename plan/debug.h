/* debug.h - what debug information says of atomics. See debug.c. */
#ifndef SNARL_PLAN_DEBUG_H
#define SNARL_PLAN_DEBUG_H

#include "plan/atomics.h"

/* Marks what the image's debug information, in the file itself or beside it under /usr/lib/debug, says is atomic. */
void snarl_debug_find(struct snarl_code *code);

#endif
