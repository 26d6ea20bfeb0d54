/* shape.h - the few kinds of instructions that somebody asks for by name: the planner, for jump tables, and the handlers
 * of string and locked instructions in the program, which find the shape in struct snarl_plan_site. */
#ifndef SNARL_PLAN_SHAPE_H
#define SNARL_PLAN_SHAPE_H

#include <stdbool.h>

enum snarl_instruction_shape {
    SNARL_SHAPE_OTHER,
    SNARL_SHAPE_LEA,
    SNARL_SHAPE_MOV,
    SNARL_SHAPE_MOVSXD,
    SNARL_SHAPE_ADD,
    SNARL_SHAPE_CMP,
    SNARL_SHAPE_JA,  /* above */
    SNARL_SHAPE_JAE, /* above or equal */
    SNARL_SHAPE_JBE, /* below or equal */
    SNARL_SHAPE_NOP,
    SNARL_SHAPE_ENDBR,
    SNARL_SHAPE_PAUSE,
    SNARL_SHAPE_MOVS, /* the string moves and comparisons, which have two operands in memory */
    SNARL_SHAPE_STOS,
    SNARL_SHAPE_CMPS,
    SNARL_SHAPE_SCAS,
    SNARL_SHAPE_LODS,
    SNARL_SHAPE_SYSCALL,
    SNARL_SHAPE_CMPXCHG, /* of any size */
};

#endif
