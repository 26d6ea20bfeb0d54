/* layout.h - which bytes of the original code are overwritten with jumps into the copy.
 *
 * The technique, "call in place". A function's blocks are copied; branches in the copy go to the copy. A call stays
 * where it was: the copy jumps to the original call instruction, so that every return address on the stack
 * is an original one and unwinding, exceptions and backtraces need not know about the copy. Wherever control
 * can arrive at an original address (an entry), a jump leads to the copy:
 *
 *     original                                copy
 *     f:  jmp copy_f   ────────────────────▶  copy_f: check; mov (%rdi),%eax
 *         (dead)                                      …
 *         call g       ◀────────────────────          jmp original call
 *     r:  jmp copy_r   ────────────────────▶  copy_r: …
 *
 * The bytes of a function are therefore of these kinds:
 *     kept    a call in place, or a block that stays
 *     start   the first byte of an entry whose jump is not placed yet
 *     jump    5 bytes at an entry; or 2 bytes, a short jump to a springboard
 *     spring  a springboard: 5 dead bytes within reach of a short jump that hold the long one
 *     dead    everything else: reached through the copy only
 * No jump or springboard covers a kept byte or another entry's first byte. An entry that finds no room stays: its
 * block runs in place, unchecked, and the blocks it leads to become entries. That is repeated until nothing changes. */
#ifndef SNARL_PLAN_LAYOUT_H
#define SNARL_PLAN_LAYOUT_H

#include "plan/flow.h"

/* Sets the flags PATCHED, SPRUNG and STAYS and the springboards of the blocks of all copied functions. A function for
 * which there is no layout is no longer `copied`. */
void snarl_layout_compute(struct snarl_code *code);
/* Checkable accesses of the block that stay unchecked because it stays. */
uint32_t snarl_layout_missed(const struct snarl_code *code, const struct snarl_block *block);

#endif
