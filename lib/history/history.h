/* history.h - call stacks as paths in one tree, so that extending a stack by a frame costs one probe.
 *
 * A node is (parent, pc): the calls from a thread's start down to pc. Node 0 is the root, an empty stack. Equal stacks
 * have equal nodes (hash-consing), nodes live as long as the process and never change: they depend on the program's
 * code, not on its data or its running time. Access records keep a node, so the stack of any access is
 * complete however long ago it was.
 *
 * Concurrency: adding is lock-free (a bucket is a list to whose head nodes are pushed by compare-and-swap),
 * reading needs nothing. Limit: SNARL_HISTORY_NODES, past it the parent is returned and SNARL_COUNT_STACK_DEPOT_FULL counted. */
#ifndef SNARL_HISTORY_HISTORY_H
#define SNARL_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#define SNARL_HISTORY_NODES (1u << 26) /* 1 GiB of address space, touched as used */

/* Reserves the tree's memory. Calling it again is harmless. */
bool snarl_history_reserve(void);
/* The node of `pc` called from `parent`. */
uint32_t snarl_history_node(uint32_t parent, uintptr_t pc);
/* Writes the stack of `node` innermost first; returns the number of frames, at most `limit`. *complete tells
 * whether the outermost one is there. */
uint32_t snarl_history_expand(uint32_t node, uintptr_t *frames, uint32_t limit, bool *complete);
uint32_t snarl_history_parent(uint32_t node);
uintptr_t snarl_history_pc(uint32_t node);

#endif
