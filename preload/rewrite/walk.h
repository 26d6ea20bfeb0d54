/* walk.h - walking the stack with the unwinding tables of plans: some ten nanoseconds a frame, no library, no locks, no
 * vector registers. It ends where a module has no plan or its table says nothing; both are shown as the end of the stack. Frames of
 * signal handlers are left by the context that the kernel has put on the stack. */
#ifndef SNARL_REWRITE_WALK_H
#define SNARL_REWRITE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#define SNARL_WALK_CACHE 1024 /* a power of two */

/* What the tables say about places, per thread. */
struct snarl_walk_cache {
    struct snarl_walk_entry {
        uintptr_t pc;
        int32_t cfa_offset;
        uint8_t cfa_register; /* as in struct snarl_plan_row */
        uint8_t zero;
        int16_t rbp_offset;
    } entry[SNARL_WALK_CACHE];
};

struct snarl_walk {
    uintptr_t pc; /* of the frame: an instruction, or a return address but for the first */
    uintptr_t rsp, rbp;
    uintptr_t low, high; /* the thread's stack: nothing outside is read */
    uintptr_t slot;        /* where pc was found on the stack */
    uintptr_t rbp_slot;    /* where rbp was, if the last step found it on the stack; else 0 */
    bool by_rbp;           /* the last step needed rbp */
    bool first; /* `pc` is an instruction: the first frame, and what a signal has interrupted */
};

/* To the caller's frame. False: this is the last one that can be told. */
bool snarl_walk_up(struct snarl_walk *walk, struct snarl_walk_cache *cache);
/* Modules have gone: what the cache says may be wrong. */
void snarl_walk_forget(struct snarl_walk_cache *cache);

#endif
