/* start.h - when library calls begin to be told to the race detector. For libsnarl.so. */
#ifndef SNARL_PRELOAD_ACCESS_START_H
#define SNARL_PRELOAD_ACCESS_START_H

struct snarl_thread;

/* Before the first thread is created, by the only one there is: with --races=calls it is now that races are looked for.
 * With --races=full the code that is instrumented has said so before. */
void snarl_calls_begin(struct snarl_thread *thr);
/* The second thread is about to exist. */
void snarl_calls_wake(void);

#endif
