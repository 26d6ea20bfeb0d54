/* arguments.h - what a call that may wait was asked: the same for locks, queues and joins. */
#ifndef SNARL_PRELOAD_PYTHON_ARGUMENTS_H
#define SNARL_PRELOAD_PYTHON_ARGUMENTS_H

#include "object/object.h"
#include "preload/python/api.h"

/* "Wait at all?" and "how long?", by place or by name; NULL: not given. Borrowed. */
struct snarl_py_arguments {
    struct snarl_py_object *blocking, *timeout;
};

/* Of a method with these flags (PyMethodDef.ml_flags), from the words behind `self`. */
struct snarl_py_arguments snarl_python_arguments(int flags, void *a, void *b, void *c, void *d);
/* A negative timeout, and none, is for ever. What Python refuses may be answered in any way: the call itself fails. */
enum snarl_how snarl_python_how(struct snarl_py_arguments arguments);

#endif
