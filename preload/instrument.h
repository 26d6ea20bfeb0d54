/* instrument.h - race checking of code that was not compiled for it: has plans made and applied (rewrite/), and
 * connects each thread with the checks in the copied code. */
#ifndef SNARL_PRELOAD_INSTRUMENT_H
#define SNARL_PRELOAD_INSTRUMENT_H

#include "plan/format.h"
#include "preload/shim.h"

/* The thread's part of the checks; see struct snarl_plan_thread. */
extern __thread struct snarl_plan_thread snarl_area
    __attribute__((tls_model("initial-exec"), aligned(SNARL_PLAN_THREAD_ALIGN)));

/* By the main thread, while it is the only one: instruments what is loaded, if races are wanted. */
void snarl_instrument_wake(struct snarl_thread *thr);
/* Accesses of the calling thread are seen from here on; NULL: no more. */
void snarl_instrument_attach(struct snarl_thread *thr);
/* Modules may have come or gone. */
void snarl_instrument_modules_changed(struct snarl_thread *thr);

/* Whether copied code may run in this process. */
bool snarl_instrument_is_active(void);
/* The process is about to limit its own system calls: what is still to be prepared is prepared, while it has one thread. */
void snarl_instrument_before_filter(void);

/* checks.c: what the linkage page leads to, and the stacks of accesses. */
void snarl_checks_links(void *link[SNARL_LINK_COUNT]);
struct snarl_race_thread;
uint32_t snarl_checks_callers(struct snarl_race_thread *races);

#endif
