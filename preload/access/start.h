/* start.h - when library calls begin to be told to the race detector. For libsnarl.so. */
#ifndef SNARL_PRELOAD_ACCESS_START_H
#define SNARL_PRELOAD_ACCESS_START_H

#include "preload/access.h"

/* Before the first thread is created, by the only one there is: with --races=calls it is now that races are looked for.
 * With --races=full the code that is instrumented has said so before. */
void snarl_calls_begin(struct snarl_thread *thr);
/* The second thread is about to exist. */
void snarl_calls_wake(void);
void snarl_ports_begin(void);

/* Any access, with the flags of race/cell.h, by the call of function `name`. */
void snarl_call_tell(struct snarl_thread *thr, const char *name, uintptr_t start, size_t size, uint32_t flags,
                     struct snarl_site site);

#endif
