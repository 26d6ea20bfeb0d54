/* fake.h - Python objects as far as the agent looks at them, and snarl_py filled with functions for them. */
#ifndef SNARL_TESTS_UNIT_PYTHON_FAKE_H
#define SNARL_TESTS_UNIT_PYTHON_FAKE_H

#include "preload/python/api.h"

#define FAKE_ITEMS 12

/* One structure for all: texts, numbers, tuples, dictionaries and objects with attributes. */
struct fake {
    struct snarl_py_object head;
    const char *text;  /* also bytes */
    long size;         /* of bytes */
    double number;
    int count;         /* of items: values of a tuple; pairs of a dictionary; attributes */
    const char *name[FAKE_ITEMS];
    struct fake *item[FAKE_ITEMS];
};

/* Opcodes of the fake interpreter, with their effect on the stack when not jumping. */
enum {
    FAKE_CACHE, FAKE_LOAD_GLOBAL, FAKE_STORE_GLOBAL, FAKE_LOAD_NAME, FAKE_STORE_NAME, FAKE_LOAD_ATTR, FAKE_STORE_ATTR,
    FAKE_BINARY_SUBSCR, FAKE_STORE_SUBSCR, FAKE_LOAD_DEREF, FAKE_STORE_DEREF, FAKE_EXTENDED_ARG, FAKE_LOAD_CONST,
    FAKE_BINARY_OP, FAKE_STORE_FAST, FAKE_POP_JUMP_IF_FALSE, FAKE_JUMP_BACKWARD, FAKE_RETURN_VALUE, FAKE_POP_TOP, FAKE_OPCODES
};

struct snarl_py_object *fake_text(const char *text);
struct snarl_py_object *fake_number(double number);
struct snarl_py_object *fake_tuple(int count, struct snarl_py_object *const *items);
struct snarl_py_object *fake_dict(void);
void fake_set(struct snarl_py_object *object, const char *name, struct snarl_py_object *value);
/* A code object of `count` instructions. */
struct snarl_py_object *fake_code(const char *file, const char *name, const uint8_t (*instructions)[2], int count);
/* Fills snarl_py, for this version of Python. */
void fake_begin(int version);

#endif
