/* modules.h - which file an address belongs to.
 *
 * A table of the objects mapped into the process, with build-ids. Entries are never removed (a closed library's
 * addresses stay explainable); of those that have been at an address, the one counts that was seen there last. */
#ifndef SNARL_STACK_MODULES_H
#define SNARL_STACK_MODULES_H

#include <stdbool.h>
#include <stdint.h>

struct snarl_module {
    uint32_t id;   /* from 1 */
    uint32_t seen; /* grows; of two at an address, the larger counts */
    bool written; /* a MODULE record exists in the run file */
    bool main;    /* the program itself */
    bool ours;    /* libsnarl.so or libsnarl-calls.so */
    bool follows; /* another one was at its addresses before */
    uint8_t build_id_size;
    uint8_t build_id[32];
    uintptr_t bias, start, end; /* load address minus link address; mapped range */
    const char *path;           /* owned */
};

/* Looks at what is loaded now. Calls dl_iterate_phdr: not in a signal handler. */
void snarl_modules_refresh(void);
/* The module at `address`, NULL when there is none that is known. With `look`, an unknown address makes
 * it look again first. */
struct snarl_module *snarl_modules_find(uintptr_t address, bool look);
/* Tells apart stacks with the same addresses in modules that were there one after the other; 0 as long as there are none. */
uint64_t snarl_modules_salt(const uintptr_t *frames, uint32_t count);
/* Changes whenever a module comes to an address: what was worked out from addresses before then may be another module's. */
uint32_t snarl_modules_turn(void);
void snarl_modules_forked(void);

#endif
