/* environment.h - handing the shim on to the programs that this one starts. */
#ifndef SNARL_PRELOAD_ENVIRONMENT_H
#define SNARL_PRELOAD_ENVIRONMENT_H

#include <stddef.h>

/* The most bytes that snarl_environment_fill may need besides what `environment` already is. */
struct snarl_environment_size {
    size_t pointers; /* entries of the new array, the NULL included */
    size_t bytes;    /* for text */
};

/* At the start, once: what is to be handed on. Makes the run directory's path absolute. */
void snarl_environment_prepare(void);
struct snarl_environment_size snarl_environment_measure(char *const environment[]);
/* A new environment in the caller's memory: with us in it, or without when children are not followed. The
 * strings of `environment` are shared. Neither allocates nor touches globals: fit for the child of vfork. */
void snarl_environment_fill(char *const environment[], char **pointers, char *bytes);

#endif
