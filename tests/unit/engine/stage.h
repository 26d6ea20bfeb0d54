/* stage.h - a process for unit tests: threads that the test plays itself, and what the engine would do to them.
 * Criterion runs each test in a process of its own, so the engine's state is fresh. */
#ifndef SNARL_TESTS_STAGE_H
#define SNARL_TESTS_STAGE_H

#include "engine.h"

/* Opens the engine without a run file; the main thread's record, awake and inside the guard. */
struct snarl_thread *stage_open(void);
/* A further thread, running. */
struct snarl_thread *stage_thread(struct snarl_thread *creator);
/* How often the engine wanted to end the process; it goes on here. */
int stage_ends(void);
/* A place in the program: different numbers have different stacks. */
struct snarl_site stage_site(unsigned number);

/* A mutex taken and given back at `place`. */
void stage_lock(struct snarl_thread *thr, uintptr_t mutex, unsigned place);
void stage_unlock(struct snarl_thread *thr, uintptr_t mutex);

#endif
