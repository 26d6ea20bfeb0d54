/* callers.h - which calls led to an access in copied code, as a node of the history: the complete stack, for
 * some nanoseconds.
 *
 * The first time, the stack is walked with the plans' unwinding tables (rewrite/walk.h). What was found is
 * kept: where on the stack each return address lay, what it was, and the saved frame pointers that the walk
 * used. The next access with the same innermost return address at the same place compares all of these; if
 * they are the same, so is the walk. */
#ifndef SNARL_PRELOAD_CALLERS_H
#define SNARL_PRELOAD_CALLERS_H

#include <stdint.h>

#include "race/race.h"

struct snarl_callers; /* the calling thread's memory of walks */

struct snarl_callers_at {
    uintptr_t site;         /* any number that goes with pc */
    uintptr_t pc, rsp, rbp; /* at the access */
    uintptr_t high;         /* the end of the thread's stack, or 0 */
};

/* The node of the calls in progress, without the access itself; 0: unknown. */
uint32_t snarl_callers_node(const struct snarl_callers_at *at);
/* What the race detector remembers of a site that was reached by these calls; forgotten when another one needs the room. NULL: no
 * memory. */
struct snarl_race_note *snarl_callers_note(uintptr_t site, uint32_t node);
/* The calling thread ends. */
void snarl_callers_end_thread(void);
/* Modules have gone: what the tables said may be wrong. By any thread. */
void snarl_callers_forget(void);

#endif
