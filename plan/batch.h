/* batch.h - many modules planned side by side, each in a process of its own: a module that upsets the planner costs that
 * module only. The largest begins first. */
#ifndef SNARL_PLAN_BATCH_H
#define SNARL_PLAN_BATCH_H

#include "plan/planner.h"

struct snarl_batch_module {
    char *path;
    uint64_t text_bytes;
    bool ready;   /* the cache has its plan */
    bool ignored; /* not to be planned: nothing of it is ever instrumented or unwound */
    bool eager;   /* planned now however much code it has */
    bool large;   /* left for the background */
};

struct snarl_batch {
    struct snarl_planner_options options;
    struct snarl_batch_module *modules;
    uint32_t count, room;
    uint32_t begun; /* modules that were not there */
    long jobs;
    bool trusting; /* a plan in the cache is taken for good by its head; whoever applies it looks at every byte */
    bool progress; /* a line on standard error, erased at the end */
    bool silent;   /* no line for a module that cannot be planned */
    bool defer;    /* modules with very much code are left for the background, but for eager ones */
    void (*tell)(const char *path, const struct snarl_planner_result *result, double seconds); /* NULL: nobody asks */
};

void snarl_batch_add(struct snarl_batch *batch, const char *path, bool eager);
/* Plans all of them. The number that could not be. */
uint32_t snarl_batch_run(struct snarl_batch *batch);
/* Goes on in a process that nobody waits for, with what was deferred. */
void snarl_batch_run_behind(struct snarl_batch *batch);
void snarl_batch_free(struct snarl_batch *batch);

#endif
