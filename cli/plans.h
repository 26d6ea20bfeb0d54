/* plans.h - instrumentation plans made before the program starts, by snarl-plan (plan/main.c), so that the program
 * need not wait for them inside its first pthread_create. */
#ifndef SNARL_CLI_PLANS_H
#define SNARL_CLI_PLANS_H

#include "cli/program.h"
#include "plan/store.h"

/* The path of snarl-plan, which stands beside the command; NULL when it is missing. The caller frees it. */
char *snarl_plans_planner(void);

/* Has the program and its libraries planned, those with very much code behind everybody's back. A module that cannot be
 * planned is the shim's to report. `shown`: with a line of progress on standard error, erased at the end. The folder is
 * left in `store`; where none can be used, or another than usual, a line says so unless `quiet`. */
void snarl_plans_make(const struct snarl_program *program, struct snarl_store *store, bool shown, bool quiet);

#endif
