/* family.h - a process and all that descends from it. */
#ifndef SNARL_CLI_FAMILY_H
#define SNARL_CLI_FAMILY_H

#include <sys/types.h>

/* Sends the signal to the process and its descendants, and continues those that are stopped. */
void snarl_family_signal(pid_t process, int signal_number);

#endif
