/* loader.h - modules that come and go while the program runs: who is told, and what order their loading makes. */
#ifndef SNARL_PRELOAD_LOADER_H
#define SNARL_PRELOAD_LOADER_H

#include <stdbool.h>

/* By the only thread there is: from here on snarl_instrument_modules_changed is called after modules have been mapped and
 * before any of their code has run, and after modules have been unmapped. False: this loader cannot be watched. */
bool snarl_loader_watch(void);
/* In the child of a fork. */
void snarl_loader_forked(void);

#endif
