/* rundir.h - the folder of one run: made before the program starts, described in its meta.json.
 *
 * meta.json: {"schema": 1, "snarl", "id", "started", "command": [..], "cwd", "host", "pid"}, written before
 * the program starts, and once it has ended also "ended": true, "duration_s", "exit_status" and "timed_out".
 */
#ifndef SNARL_CLI_RUNDIR_H
#define SNARL_CLI_RUNDIR_H

#include "cli/launch.h"

struct snarl_rundir {
    char *path;    /* absolute */
    char *id;      /* of this run: unlike any other's */
    char *started; /* RFC 3339 */
    int lock;      /* descriptor that holds the folder while the run lasts */
};

/* Makes the folder `wanted` (NULL: snarl-out/%p); %p stands for <program>-<time>-<pid>. One that holds an
 * earlier run that has ended is emptied of that run's files; one that is in use is refused. Returns 0, or -1
 * after a line that says why. */
int snarl_rundir_make(struct snarl_rundir *directory, const char *wanted, char *const *command);
/* Writes meta.json again with how the run ended. Returns 0, or -1 after a line. */
int snarl_rundir_finish(const struct snarl_rundir *directory, char *const *command,
                        const struct snarl_launch *launch, int exit_status);
void snarl_rundir_free(struct snarl_rundir *directory);

#endif
