/* linked.h - the libraries that a program is linked with, as the system's loader finds them. */
#ifndef SNARL_PLAN_LINKED_H
#define SNARL_PLAN_LINKED_H

/* Calls `take` with the path of each, and with what LD_PRELOAD names. The loader is run; the program is not. */
void snarl_linked_list(const char *program, void (*take)(void *context, const char *path), void *context);

#endif
