/* python.h - the CPython agent, as the rest of the shim sees it.
 *
 * The agent lives in the program's process and is made of C only: nothing is installed into any Python. It hears of
 * Python's locks by replacing the functions in the method tables of their types, when the interpreter tells by an
 * audit event that it is ready (agent.c). Everything else of libpython goes on as it is; what it does with
 * pthreads and semaphores for itself is not looked at (snarl_runtime in shim.h). */
#ifndef SNARL_PRELOAD_PYTHON_PYTHON_H
#define SNARL_PRELOAD_PYTHON_PYTHON_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/unwind.h"

/* At the shim's start: looks for a runtime in the program and its libraries. */
void snarl_python_prepare(void);
/* A condition variable is made by code at `caller`: a runtime makes one early in its start. */
void snarl_python_meet(uintptr_t caller);
/* Whether an address is in a Python runtime, also in one that the agent leaves alone. Its code runs under its own lock, in ways
 * that instructions do not tell. */
bool snarl_python_is_runtime(uintptr_t address);
/* 1 when the plain lock object at this address is free, 0 when it is taken. */
int snarl_python_lock_value(uintptr_t address);
/* Where Python code makes a thread, instead of where the runtime calls pthread_create for it. */
struct snarl_site snarl_python_creation(struct snarl_site site);
/* Whether the handler of SIGINT is Python's own, which wakes nobody but to end the program. */
bool snarl_python_interrupt_is_default(void);

#endif
