/* variables.h - what of a Python program several threads can share, and who used it last; see variables.c.
 *
 * All of it needs the global lock. */
#ifndef SNARL_PRELOAD_PYTHON_VARIABLES_H
#define SNARL_PRELOAD_PYTHON_VARIABLES_H

#include "preload/python/agent.h"
#include "preload/python/code.h"

/* One access: the variable is an object and a name, index or key. */
struct snarl_py_place {
    struct snarl_py_code *code;
    struct snarl_py_instruction *instruction;
    const char *frame;
    struct snarl_py_object *object;
    uint64_t key;
    struct snarl_py_object *label; /* a name or key; NULL: none that can be shown */
};

/* Within the guard. False: this read need not be told again until the variable is written: see snarl_python_written. */
bool snarl_python_access(struct snarl_thread *thr, const struct snarl_py_place *place);
/* Whether a variable was written whose reads are no longer told. Once: asking forgets it. */
bool snarl_python_written(void);
/* An object, or memory in which there may be one, is freed. */
void snarl_python_variables_gone(const void *object);
/* At the end: what was used without an order and fails nothing. */
void snarl_python_variables_note(void);

#endif
