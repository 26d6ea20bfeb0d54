/* flow.h - the control flow of an image: functions, basic blocks, and every address at which control may arrive.
 *
 * The plan copies functions and leaves calls in place (see layout.h). It is right only if no control arrives in
 * the middle of bytes that were overwritten, so the one question here is: where may control arrive? The answer
 * errs on the side of too many places (each costs a patch): jump tables are read until the next thing that
 * code refers to, whatever bound was found; every code address in data and in immediates counts.
 * A function about which there is doubt (an indirect jump not understood, a branch into the middle of an
 * instruction) is not copied, and says why.
 *
 * Single-threaded. All arrays are owned by struct snarl_code; blocks and instructions of a function are adjacent. */
#ifndef SNARL_PLAN_FLOW_H
#define SNARL_PLAN_FLOW_H

#include "plan/decode.h"
#include "plan/image.h"

enum snarl_label { /* why a byte of text may be jumped to */
    SNARL_LABEL_BRANCH = 1,
    SNARL_LABEL_CALLED = 2,
    SNARL_LABEL_PAD = 4,      /* landing pad of the unwinder */
    SNARL_LABEL_POINTER = 8,  /* its address is in data or in an instruction */
    SNARL_LABEL_TABLE = 16,   /* named by a jump table */
    SNARL_LABEL_FUNCTION = 32,
    SNARL_LABEL_RETURN = 64,  /* follows a call */
    SNARL_LABEL_AFTER = 128,  /* follows an instruction that ends a block */
};
#define SNARL_LABEL_ENTRY                                                                                     \
    (SNARL_LABEL_CALLED | SNARL_LABEL_PAD | SNARL_LABEL_POINTER | SNARL_LABEL_TABLE | SNARL_LABEL_FUNCTION |  \
     SNARL_LABEL_RETURN)

enum snarl_reason { /* why an access stays unchecked */
    SNARL_REASON_NONE,
    SNARL_REASON_UNDECODED,  /* its function holds bytes that are no instruction, or one that cannot move */
    SNARL_REASON_UNRESOLVED, /* its function has an indirect jump that was not understood */
    SNARL_REASON_ODD_TARGET, /* something jumps into the middle of an instruction of its function */
    SNARL_REASON_NO_ROOM,    /* its block must stay in place: no room for a jump to a copy */
    SNARL_REASON_ODD_ACCESS, /* gathers, masked vectors, thread-relative and other odd addresses */
    SNARL_REASON_OUTSIDE,    /* code that no unwinding table and no symbol describes */
    SNARL_REASON_SKIPPED,    /* excluded on request (bisecting) */
    SNARL_REASON_COUNT,
};

enum snarl_block_flags {
    SNARL_BLOCK_ENTRY = 1,   /* control may arrive at its original address */
    SNARL_BLOCK_UNREACHED = 2, /* no way to it is known; treated as an entry */
    SNARL_BLOCK_PATCHED = 4, /* a jump to the copy stands at its start */
    SNARL_BLOCK_SPRUNG = 8,  /* a short jump to a springboard stands there */
    SNARL_BLOCK_STAYS = 16,  /* runs in place, unchecked */
};

#define SNARL_NO_BLOCK (-1)
#define SNARL_OUTSIDE_BLOCK (-2)

struct snarl_block {
    uint32_t first, count; /* instructions */
    uint32_t start, end;
    uint32_t function;
    uint32_t flags;
    int32_t next, target; /* blocks, or SNARL_NO_BLOCK, SNARL_OUTSIDE_BLOCK */
    int32_t callee;       /* the block that its last instruction, a direct call, enters */
    uint32_t live_in, live_out;
    uint32_t reads, kills; /* of the whole block, for live.c */
    uint8_t ending;        /* kind of its last instruction, for live.c */
    uint32_t springboard; /* offset of the jump for a SPRUNG block */
    uint32_t copy;        /* offset in the copied code, set by the emitter */
};

struct snarl_function {
    uint32_t start, end;
    uint32_t pad_end; /* end of the padding after it */
    uint32_t first, count; /* instructions */
    uint32_t first_block, block_count;
    uint32_t accesses; /* checkable ones */
    uint8_t reason;    /* enum snarl_reason: why it is not copied */
    bool frame_pointer;
    bool copied;
    bool returns_flags; /* some caller reads the flags that it leaves */
};

/* Adjacent objects of one size at a fixed place; equals struct snarl_plan_object. */
struct snarl_object {
    uint32_t offset;
    uint32_t size;
    uint32_t count;
};

struct snarl_code {
    const struct snarl_image *image;
    struct snarl_instruction *instructions;
    uint32_t instruction_count, instruction_room;
    struct snarl_function *functions;
    uint32_t function_count;
    struct snarl_block *blocks;
    uint32_t block_count;
    uint32_t *index; /* by text byte: number of the instruction that starts there plus 1 */
    uint8_t *labels; /* by text byte: enum snarl_label */
    struct snarl_offsets references; /* data that code refers to, sorted */
    struct snarl_object *atomics; /* objects at fixed places that are atomic */
    uint32_t atomic_count, atomic_room;
    uint32_t tables, tables_unresolved;
    uint32_t outside_accesses, odd_accesses;
};

/* Decodes everything and finds the blocks. The image must outlive the code. */
void snarl_code_read(struct snarl_code *code, const struct snarl_image *image);
void snarl_code_free(struct snarl_code *code);

void snarl_code_label(struct snarl_code *code, uint64_t offset, enum snarl_label label);
/* The instruction that starts at `offset`, NULL when none does. */
struct snarl_instruction *snarl_code_at(const struct snarl_code *code, uint64_t offset);
/* The block that starts at `offset`, NULL when none does. */
struct snarl_block *snarl_code_block_at(const struct snarl_code *code, uint32_t offset);

/* Whether the instruction's memory operand is in the function's own frame. */
static inline bool snarl_code_in_frame(const struct snarl_function *function, const struct snarl_instruction *x)
{
    return x->base == SNARL_REGISTER_RSP || (x->base == SNARL_REGISTER_RBP && function->frame_pointer);
}

/* tables.c: labels the targets of the indirect jumps of one function; false: one was not understood. */
bool snarl_tables_resolve(struct snarl_code *code, struct snarl_function *function);

#endif
