/* live.h - which registers and flags hold values that may still be read.
 *
 * For each copied function the sets that are live where its blocks begin and end, by the usual backward iteration.
 * A check may destroy what is dead without saving it. At calls and returns every register counts as read: a caller
 * compiled with -fipa-ra knows what its callee leaves alone, and assembly has its own rules. Flags are dead
 * across calls by the ABI; assembly that passes them all the same is found and heeded. */
#ifndef SNARL_PLAN_LIVE_H
#define SNARL_PLAN_LIVE_H

#include "plan/flow.h"

void snarl_live_compute(struct snarl_code *code);
/* What is live before each instruction of the block: `live` has room for block->count sets. */
void snarl_live_trace(const struct snarl_code *code, const struct snarl_block *block, uint32_t *live);

#endif
