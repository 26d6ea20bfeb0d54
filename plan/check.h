/* check.h - what the copy does before an access: the seam between relocation and race detection.
 *
 * Everything that knows how a shadow cell is tested is in check.c; a different layout changes that file, the
 * thread's area in format.h and the entry points of the applier, nothing else. */
#ifndef SNARL_PLAN_CHECK_H
#define SNARL_PLAN_CHECK_H

#include "plan/emit.h"

#define SNARL_CHECK_NOWHERE UINT32_MAX

/* Of one block, by instruction. */
struct snarl_check_plan {
    uint32_t *live;  /* what is live before it */
    uint32_t *place; /* the instruction before which its check stands, SNARL_CHECK_NOWHERE: it has none */
    uint32_t reach;  /* no check stands further than this before its instruction */
};

/* Decides which accesses of the block have a check, and where: `live` is filled in, `place` is the answer. */
void snarl_check_place(struct snarl_emitter *emitter, const struct snarl_block *block,
                       struct snarl_check_plan *plan);
/* Writes the checks that stand before instruction i of the block. */
void snarl_check_before(struct snarl_emitter *emitter, const struct snarl_block *block, uint32_t i,
                        const struct snarl_check_plan *plan);
/* Writes what follows it. */
void snarl_check_after(struct snarl_emitter *emitter, const struct snarl_block *block, uint32_t i,
                       const struct snarl_check_plan *plan);
void snarl_check_stub(struct snarl_emitter *emitter, const struct snarl_stub *stub);

#endif
