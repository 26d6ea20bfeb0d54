/* early.h - what is settled before the process starts; see early.c. */
#ifndef SNARL_PRELOAD_EARLY_H
#define SNARL_PRELOAD_EARLY_H

/* Does nothing; that it is called makes the loader look. */
void snarl_early(void);

#endif
