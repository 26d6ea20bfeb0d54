/* fatal.h - signals that end the process. */
#ifndef SNARL_PRELOAD_FATAL_H
#define SNARL_PRELOAD_FATAL_H

#include <stdbool.h>
#include <signal.h>

/* When the first thread is made: handlers for the fatal signals that the program left at their default. */
void snarl_fatal_prepare(void);
/* Whether a handler is ours of here: the program is to be told SIG_DFL. */
bool snarl_fatal_is_handler(const void *function);
/* signal.c: notes a signal to be sent again when the thread leaves the detector; false when it has too many. */
bool snarl_signal_put_off(const siginfo_t *info);

#endif
