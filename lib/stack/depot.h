/* depot.h - interned call stacks: equal stacks have equal identifiers.
 *
 * A stack is a list of return addresses, innermost first, or of frames told in words by an interpreter. Kept for the
 * life of the process, never changed; reading needs no lock. Limits: SNARL_STACK_DEPTH frames a stack
 * (SNARL_COUNT_STACK_CUT), 64 MiB in all (SNARL_COUNT_STACK_DEPOT_FULL: then 0 is returned). */
#ifndef SNARL_STACK_DEPOT_H
#define SNARL_STACK_DEPOT_H

#include <stdbool.h>
#include <stdint.h>

#define SNARL_STACK_DEPTH 128

/* A frame in words. The strings are copied and interned. */
struct snarl_word_frame {
    const char *function, *file, *language;
    uint32_t line, column;
};

struct snarl_stack {
    uint32_t id; /* from 1; 0 is "no stack" */
    uint32_t hash;
    uint16_t count;
    bool complete; /* it reaches the thread's start */
    bool exact;    /* the innermost address is the instruction itself, not a return address */
    bool written;  /* a STACK record exists in the run file */
    struct snarl_stack *next;
    /* Addresses; or, with the top bit set, a pointer to a struct snarl_word_frame. */
    uintptr_t frame[];
};

#define SNARL_FRAME_WORDS ((uintptr_t)1 << 63)

uint32_t snarl_stack_put(const uintptr_t *frames, uint32_t count, bool complete, bool exact);
/* NULL for 0 and what is not known. */
struct snarl_stack *snarl_stack_get(uint32_t id);
/* A value for a frame list that stands for `frame`; 0 when there is no memory. */
uintptr_t snarl_stack_word_frame(const struct snarl_word_frame *frame);
/* The interned frame behind such a value. */
const struct snarl_word_frame *snarl_stack_words(uintptr_t value);
/* In the child of a fork: locks free, nothing written yet. */
void snarl_stack_forked(void);

#endif
