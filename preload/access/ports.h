/* ports.h - the program's file descriptors, for libsnarl.so: what the bridge offers of them is in bridge.h. */
#ifndef SNARL_PRELOAD_ACCESS_PORTS_H
#define SNARL_PRELOAD_ACCESS_PORTS_H

#include "preload/access/bridge.h"
#include "race/race.h"

/* The true close() has failed with EBADF. Guard not held; keeps errno. Before it: snarl_port_closing (bridge.h). */
void snarl_port_not_open(int fd, struct snarl_site site);
/* Before all of [first, last] that are open are closed. */
void snarl_ports_closing(const char *name, unsigned first, unsigned last, struct snarl_site site);
/* `fd` is now the same as `from`. */
void snarl_port_copied(int from, int fd);
/* When the descriptor was opened that `address` stands for; false: it stands for none. */
bool snarl_port_birth(uintptr_t address, struct snarl_race_moment *birth);
void snarl_ports_forked(void);

#endif
