/* own.h - which code is the detector's own. */
#ifndef SNARL_PRELOAD_OWN_H
#define SNARL_PRELOAD_OWN_H

#include <stdbool.h>
#include <stdint.h>

extern const char __ehdr_start[] __attribute__((visibility("hidden"))); /* the linker's: where this module begins */
extern const char _end[] __attribute__((visibility("hidden")));

/* Whether the address lies in the module that asks. */
static inline bool snarl_is_own(uintptr_t address)
{
    return address >= (uintptr_t)__ehdr_start && address < (uintptr_t)_end;
}

#endif
