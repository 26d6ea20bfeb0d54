/* arguments.c - see arguments.h. Python has four conventions for the arguments of a C method; which one is used differs
 * between versions. */
#include "preload/python/arguments.h"

#include <string.h>

static bool is_blocking(const char *name)
{
    return strcmp(name, "blocking") == 0 || strcmp(name, "block") == 0;
}

static struct snarl_py_object *named(struct snarl_py_object *keywords, const char *name)
{
    return keywords ? snarl_py.dict_text_item(keywords, name) : NULL;
}

static struct snarl_py_arguments from_tuple(struct snarl_py_object *tuple, struct snarl_py_object *keywords)
{
    struct snarl_py_arguments found = {NULL, NULL};
    intptr_t count = tuple ? snarl_py.tuple_size(tuple) : 0;
    found.blocking = count > 0 ? snarl_py.tuple_item(tuple, 0) : named(keywords, "blocking");
    if (!found.blocking)
        found.blocking = named(keywords, "block");
    found.timeout = count > 1 ? snarl_py.tuple_item(tuple, 1) : named(keywords, "timeout");
    return found;
}

static struct snarl_py_arguments from_vector(struct snarl_py_object *const *vector, intptr_t count,
                                             struct snarl_py_object *names)
{
    struct snarl_py_arguments found = {count > 0 ? vector[0] : NULL, count > 1 ? vector[1] : NULL};
    intptr_t named = names ? snarl_py.tuple_size(names) : 0;
    for (intptr_t i = 0; i < named; i++) {
        const char *name = snarl_py.text(snarl_py.tuple_item(names, i));
        if (name && is_blocking(name))
            found.blocking = vector[count + i];
        else if (name && strcmp(name, "timeout") == 0)
            found.timeout = vector[count + i];
    }
    return found;
}

struct snarl_py_arguments snarl_python_arguments(int flags, void *a, void *b, void *c, void *d)
{
    if (flags & SNARL_PY_METHOD) { /* the defining class comes first */
        a = b;
        b = c;
        c = d;
    }
    bool keywords = flags & SNARL_PY_KEYWORDS;
    if (flags & SNARL_PY_FASTCALL)
        return from_vector(a, (intptr_t)b, keywords ? c : NULL);
    if (flags & SNARL_PY_VARARGS)
        return from_tuple(a, keywords ? b : NULL);
    return (struct snarl_py_arguments){NULL, NULL};
}

enum snarl_how snarl_python_how(struct snarl_py_arguments arguments)
{
    if (arguments.blocking && snarl_py.is_true(arguments.blocking) == 0)
        return SNARL_HOW_TRY;
    if (!arguments.timeout || arguments.timeout == snarl_py.none_object)
        return SNARL_HOW_BLOCK;
    double seconds = snarl_py.float_value(arguments.timeout);
    if (snarl_py.error())
        snarl_py.clear_error(); /* the original says so itself */
    return seconds < 0 ? SNARL_HOW_BLOCK : SNARL_HOW_TIMED;
}
