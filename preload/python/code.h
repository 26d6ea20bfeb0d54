/* code.h - which instructions of a code object read or write something that threads can share. */
#ifndef SNARL_PRELOAD_PYTHON_CODE_H
#define SNARL_PRELOAD_PYTHON_CODE_H

#include "preload/python/api.h"

enum snarl_py_access {
    SNARL_PY_NOTHING,
    SNARL_PY_GLOBAL,
    SNARL_PY_ATTRIBUTE,
    SNARL_PY_ITEM,
    SNARL_PY_CELL,
};

struct snarl_py_instruction {
    uint8_t access; /* enum snarl_py_access */
    bool write;
    bool copies;    /* a read whose value goes straight into a local variable */
    bool stored;    /* a read of a name that the same code stores */
    int16_t depth;  /* of the stack before it; -1: not known */
    uint16_t argument;
    int32_t line;   /* 0: not asked for yet */
    /* What it met last, which saves looking: a type whose attributes are plain, a variable. */
    const void *plain_type;
    void *seen;
};

struct snarl_py_code {
    struct snarl_py_object *code;
    struct snarl_py_object *names; /* owned tuple */
    bool watched; /* the program's own code, not the standard library's or an installed package's, with accesses in it */
    bool told;    /* its instructions are told of */
    int locals;   /* before the stack in a frame */
    uint32_t count;
    struct snarl_py_instruction *instructions;
};

/* Reads the numbers of the instructions of this version. */
bool snarl_python_code_prepare(void);
/* NULL: no memory. */
struct snarl_py_code *snarl_python_code(struct snarl_py_object *code);
/* The line of one of its instructions; -1: none. */
int snarl_python_line(const struct snarl_py_code *code, struct snarl_py_instruction *instruction);

static inline bool snarl_python_code_has(const struct snarl_py_code *code, const struct snarl_py_instruction *instruction)
{
    return instruction >= code->instructions && instruction < code->instructions + code->count;
}

#endif
