/* entry.h - where checks in copied code enter the detector.
 *
 * A stub in the copy calls through the linkage page with the address on the stack (plan/check.c). The entries here
 * keep every register that C code may change, and the flags where they are live; vector registers they do not touch, so
 * all that the handlers call must be compiled for general registers only or save the vector state itself. */
#ifndef SNARL_REWRITE_ENTRY_H
#define SNARL_REWRITE_ENTRY_H

#include <stdbool.h>

#include "plan/format.h"

/* The registers at the access, as the entry has stored them on the stack. */
struct snarl_entry_frame {
    uint64_t rbp, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
    uint64_t flags; /* undefined for SNARL_LINK_ACCESS */
    uint64_t back;  /* the return address into the stub */
    uint64_t address;
};

/* What is on the stack when a stub has called. */
struct snarl_entry_call {
    uint64_t back;    /* the return address into the stub */
    uint64_t address; /* what is accessed; the program's stack pointer is 128 bytes above it */
};

static inline const struct snarl_plan_site *snarl_entry_site_of(uint64_t back)
{
    return (const struct snarl_plan_site *)(back + SNARL_SITE_AT);
}

static inline const struct snarl_plan_site *snarl_entry_site(const struct snarl_entry_frame *frame)
{
    return snarl_entry_site_of(frame->back);
}

static inline uintptr_t snarl_entry_pc_of(const struct snarl_plan_site *site)
{
    return (uintptr_t)site + (uintptr_t)(intptr_t)site->original;
}

/* The accessing instruction's original address. */
static inline uintptr_t snarl_entry_pc(const struct snarl_entry_frame *frame)
{
    return snarl_entry_pc_of(snarl_entry_site(frame));
}

/* The stack pointer at the access. */
static inline uintptr_t snarl_entry_rsp(const struct snarl_entry_frame *frame)
{
    return (uintptr_t)(frame + 1) + 128;
}

/* What the program's instruction with a string does: up to two ranges. */
struct snarl_entry_range {
    uintptr_t address;
    uint64_t size;
    int write;
};
unsigned snarl_entry_ranges(const struct snarl_entry_frame *frame, struct snarl_entry_range ranges[2]);

/* For struct snarl_rewrite_host. */
void snarl_entry_access(void);
void snarl_entry_string(void);
void snarl_entry_plain_atomic(void);
void snarl_entry_before_atomic(void);
void snarl_entry_after_atomic(void);

/* Defined by whoever uses the entries. */
/* An access that is small and simple (snarl_race_try_small); false: it is something else. `rbp` is the program's. */
bool snarl_entry_is_small(const struct snarl_entry_call *call, uintptr_t rbp);
/* Does what is quickly done for an access; false: it is to be done by snarl_entry_on_access. */
bool snarl_entry_passes(const struct snarl_entry_call *call, uintptr_t rbp);
void snarl_entry_on_access(struct snarl_entry_frame *frame);
void snarl_entry_on_string(struct snarl_entry_frame *frame);
void snarl_entry_on_plain_atomic(struct snarl_entry_frame *frame);
void snarl_entry_on_before_atomic(struct snarl_entry_frame *frame);
void snarl_entry_on_after_atomic(struct snarl_entry_frame *frame);
/* After that: a compare-and-exchange has found another value and not exchanged. */
void snarl_entry_on_refused(struct snarl_entry_frame *frame);

#endif
