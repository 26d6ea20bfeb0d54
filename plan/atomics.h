/* atomics.h - which plain instructions and which objects of an image are atomic: see atomics.c, spin.c and debug.c. */
#ifndef SNARL_PLAN_ATOMICS_H
#define SNARL_PLAN_ATOMICS_H

#include "plan/flow.h"
#include "plan/imports.h"

/* Marks instructions (`atomic`) and collects objects at fixed places (code->atomics). After snarl_code_read. */
void snarl_atomics_find(struct snarl_code *code);

/* For the other files: the instruction's access is to an atomic object; where that is at a fixed place, it is known by its
 * address, so that every access to it is atomic, by whatever instruction of whatever module. */
void snarl_atomics_mark(struct snarl_code *code, struct snarl_instruction *x);
void snarl_atomics_add(struct snarl_code *code, uint32_t offset, uint32_t size, uint32_t count);

/* Whether a function of this (mangled) name is one of std::atomic and its like: all that it accesses by an address is atomic. */
bool snarl_atomics_is_accessor(const char *name);

/* retry.c: loads that decide whether a compare-and-exchange is tried. */
void snarl_retries_find(struct snarl_code *code);
/* spin.c: loops that wait for a load to change. */
void snarl_spins_find(struct snarl_code *code, const struct snarl_imports *imports);

#endif
