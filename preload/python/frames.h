/* frames.h - Python's call stacks as stacks of the depot.
 *
 * Two ways. Where the layout of the interpreter's frames is known (a table by version, checked against the public
 * interface before it is trusted) the chain of frames is read in place: no allocation, no reference counts. Elsewhere
 * the public interface is used, which makes frame objects. Either way a stack seen before costs one pass over
 * its frames and a probe of the thread's cache.
 *
 * All of it needs the global lock, and the guard set. */
#ifndef SNARL_PRELOAD_PYTHON_FRAMES_H
#define SNARL_PRELOAD_PYTHON_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/python/api.h"

/* Where things are in the interpreter's own frames. */
struct snarl_py_layout {
    int version;          /* 312 is 3.12 */
    int indirection;      /* offset in the thread state of a pointer to what `current` is in; -1: the state itself */
    int current;          /* offset of the innermost frame */
    int code, instruction, previous, owner, globals, locals;
    int entered;           /* of a mark that a frame was entered from C; -1: a frame of its own is the mark */
    int first_instruction; /* offset in a code object */
    int stack_top;        /* offset in a frame of the stack's depth, kept up to date by 3.11 only; -1 */
};

/* NULL: not known for this version, or not as expected. */
extern const struct snarl_py_layout *snarl_py_layout;

/* 312 is 3.12. */
extern int snarl_py_version;

void snarl_python_frames_prepare(void);
/* The stack of the calling thread; 0 when it runs no Python code. */
uint32_t snarl_python_stack(void);
/* The same for what is shown: with the C frames where the user asked for them. Walks the stack each time then. */
uint32_t snarl_python_stack_shown(void);
/* The innermost frame as the interpreter has it; NULL without a layout or without Python code. */
char *snarl_python_frame(void);
/* The next one outwards. */
char *snarl_python_frame_back(const char *frame);
struct snarl_py_object *snarl_python_frame_code(const char *frame);
/* The instruction's offset in bytes. */
int snarl_python_frame_offset(const char *frame);

/* A word of a frame or object at an offset. */
static inline char *snarl_python_word(const void *object, int offset)
{
    return *(char *const *)((const char *)object + offset);
}

#endif
