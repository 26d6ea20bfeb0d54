/* cancel.h - see cancel.c. */
#ifndef SNARL_PRELOAD_CANCEL_H
#define SNARL_PRELOAD_CANCEL_H

/* Copies are in use from here on. */
void snarl_cancel_prepare(void);

#endif
