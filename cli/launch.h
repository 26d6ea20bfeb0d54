/* launch.h - starts a program in place of ourselves and waits for it, passing on what happens to either. */
#ifndef SNARL_CLI_LAUNCH_H
#define SNARL_CLI_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

struct snarl_launch {
    /* Given. */
    char *const *argv; /* argv[0] is looked for along PATH */
    char *const *environment;
    double timeout_s; /* 0: none */
    /* Found out. */
    int error; /* errno of a failed start; 0: it ran */
    pid_t pid;
    int status;       /* as waitpid gives it */
    bool timed_out;   /* the time was up, and the program was ended for it */
    bool interrupted; /* the terminal sent us SIGINT too */
    double duration_s;
};

/* Returns when the program has ended, or could not be started. */
void snarl_launch(struct snarl_launch *launch);

/* The status as a shell says it: the exit status, or 128 + the signal's number. */
int snarl_launch_exit_status(const struct snarl_launch *launch);

#endif
