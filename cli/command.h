/* command.h - the sub-commands: one file each, listed in the table of main.c. */
#ifndef SNARL_CLI_COMMAND_H
#define SNARL_CLI_COMMAND_H

struct snarl_command {
    const char *name;
    const char *summary; /* one line for `snarl help` */
    /* argv[0] is the sub-command's name. Returns the exit status. */
    int (*main)(int argc, char **argv);
};

#endif
