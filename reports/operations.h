/* operations.h - one x86-64 instruction as the namer of accesses needs it (symbolise_code.c): where values come from.
 *
 * Registers are numbers 0 (rax) to 15 (r15) in the machine's encoding. Only what moves addresses is told apart; all
 * else is SNARL_OPERATION_OTHER with the registers that it changes. */
#ifndef SNARL_REPORTS_OPERATIONS_H
#define SNARL_REPORTS_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNARL_NO_REGISTER (-1)
#define SNARL_RAX 0
#define SNARL_RSP 4
#define SNARL_RBP 5
#define SNARL_RSI 6
#define SNARL_RDI 7

enum snarl_operation_kind {
    SNARL_OPERATION_OTHER,
    SNARL_OPERATION_COPY,     /* dest = source */
    SNARL_OPERATION_LOAD,     /* dest = 8 bytes at memory */
    SNARL_OPERATION_ADDRESS,  /* dest = address of memory */
    SNARL_OPERATION_ADD,      /* dest += constant */
    SNARL_OPERATION_SUM,      /* dest += source */
    SNARL_OPERATION_CONSTANT, /* dest = constant */
    SNARL_OPERATION_STORE,    /* 8 bytes at memory = source */
    SNARL_OPERATION_CALL,     /* of target; 0: not known */
    SNARL_OPERATION_JUMP,     /* to target; 0: not known */
    SNARL_OPERATION_BRANCH,   /* perhaps, to target */
    SNARL_OPERATION_RETURN,
    SNARL_OPERATION_END,      /* control does not go on */
};

struct snarl_operand {
    bool used;         /* the instruction has a memory operand, and it is plain: no fs:, no gather */
    int base, index;   /* or SNARL_NO_REGISTER */
    unsigned scale;
    int64_t constant;  /* without base and index: the link-time address */
};

struct snarl_operation {
    uint64_t address;
    unsigned length;
    enum snarl_operation_kind kind;
    int dest, source;
    int64_t constant;
    uint64_t target;
    uint32_t writes; /* registers changed in any part: bits */
    struct snarl_operand memory;
};

/* False: no instruction. */
bool snarl_operation_decode(struct snarl_operation *operation, const uint8_t *bytes, size_t room, uint64_t address);

#endif
