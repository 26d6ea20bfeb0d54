/* process.h - whose process this is. */
#ifndef SNARL_PRELOAD_PROCESS_H
#define SNARL_PRELOAD_PROCESS_H

#include <stdbool.h>

#include "engine.h"

/* False in the child of a vfork, which runs in its parent's memory: nothing may be recorded there. */
bool snarl_process_is_ours(void);
/* At the start. */
void snarl_process_prepare(void);
/* In the child of a fork. */
void snarl_process_forked(struct snarl_thread *thr);

#endif
