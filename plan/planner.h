/* planner.h - from a module's file to its plan, and what is known about its coverage. */
#ifndef SNARL_PLAN_PLANNER_H
#define SNARL_PLAN_PLANNER_H

#include "plan/planfile.h"

struct snarl_planner_options {
    enum snarl_plan_check check;
    const char *folder;   /* of the cache; NULL: nothing is written, only coverage is computed */
    bool again;           /* plan even where the cache has a plan */
    bool idle;            /* nobody waits: leave a module that another planner is at */
    uint32_t first, last; /* functions [first, last) only, by index: for bisecting; last 0: all */
};

struct snarl_planner_result {
    const char *problem; /* in words, NULL: planned */
    bool cached;         /* the cache had it */
    uint64_t accesses, instrumented;
    uint64_t missed[SNARL_REASON_COUNT];
    uint32_t functions, copied;
    uint32_t tables, tables_unresolved;
    uint32_t atomic_sites, atomic_objects; /* plain instructions and fixed places known as atomic */
    uint64_t text_bytes, copy_bytes;
    uint8_t build_id[SNARL_IMAGE_BUILD_ID_MAX];
    unsigned build_id_size;
};

/* Whether the cache has a plan, by what its head says; the amount of code in any case, if the file can be read at all. */
bool snarl_planner_glance(const char *path, const struct snarl_planner_options *options,
                          struct snarl_planner_result *result);
void snarl_planner_run(const char *path, const struct snarl_planner_options *options,
                       struct snarl_planner_result *result);
/* In words for a table: why accesses stay unchecked. */
const char *snarl_planner_reason(enum snarl_reason reason);
/* Prints original and copy of the function with this name, or that holds this hexadecimal link address, or
 * of number N ("#N"). False: none. */
bool snarl_planner_dump(const char *path, const char *function, enum snarl_plan_check check);

#endif
