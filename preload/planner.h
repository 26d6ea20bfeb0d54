/* planner.h - running snarl-plan from inside the program. */
#ifndef SNARL_PRELOAD_PLANNER_H
#define SNARL_PRELOAD_PLANNER_H

#include <stdbool.h>
#include <stdint.h>

/* Finds snarl-plan beside the library. False: it is not there. */
bool snarl_planner_find(void);
/* Has the files planned into the folder and waits for that; those with very much code are planned behind the program's
 * back, without waiting. */
void snarl_planner_plan(const char *folder, const char *const *paths, uint32_t count);

#endif
