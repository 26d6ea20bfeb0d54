/* translate.h - what the program sees of an interrupted thread whose code runs in a copy.
 *
 * A signal handler is given a context. When its RIP lies in a copy, the handler must find there the original address
 * and the true registers (a check may have borrowed some, see struct snarl_plan_map). When the handler returns and has
 * left the registers alone, the thread goes on exactly where it was; when it has changed them, the instruction begins
 * anew, check included: nothing of it had happened. When it has changed RIP, it goes on at the copy of that place, or
 * at the place itself, if that is not copied code.
 *
 * Nothing here allocates, locks or touches a vector register; it runs in signal handlers. */
#ifndef SNARL_REWRITE_TRANSLATE_H
#define SNARL_REWRITE_TRANSLATE_H

#include "preload/rewrite/rewrite.h"

struct snarl_translated {
    const struct snarl_rewrite_module *module; /* NULL: the context was not in a copy */
    greg_t registers[NGREG];                   /* as they were */
    greg_t shown[NGREG];                       /* as the handler was given them */
    uint64_t slots[3];
    uint64_t atomic;
    bool has_slots;
};

/* Before the handler: `area` is the thread's, NULL when it has none. */
void snarl_translate_in(struct snarl_translated *kept, ucontext_t *context, struct snarl_plan_thread *area);
/* After it. */
void snarl_translate_out(const struct snarl_translated *kept, ucontext_t *context, struct snarl_plan_thread *area);

/* The original of an address in a copy; 0: it has none. */
uintptr_t snarl_translate_to_original(uintptr_t pc);
/* The address in the copy at which the instruction at `pc` begins, its check included; 0: it is not copied. */
uintptr_t snarl_translate_to_copy(uintptr_t pc);

#endif
