/* rewrite.h - applies instrumentation plans to the modules of the running process.
 *
 * What a plan is and what it does to a module is told in plan/format.h and plan/layout.h. Applying maps the copied
 * code within 2 GB of the module, fills in the linkage page, and overwrites entry points of the original code with
 * jumps. No page is ever writable and executable at once. Either all of a plan is applied or the module is as before.
 *
 * Concurrency: apply and forget are called by one thread at a time, while no other thread runs code of the module
 * (the process has one thread, or the module has just been mapped: preload/loader.c). Looking up and translating may
 * happen in any thread and in signal handlers at any time: a module's entry is complete before it is found, and its memory
 * stays mapped for a while after the module itself is gone. */
#ifndef SNARL_REWRITE_REWRITE_H
#define SNARL_REWRITE_REWRITE_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "plan/format.h"

#define SNARL_REWRITE_MODULES 1024

/* A module as the loader has it. */
struct snarl_rewrite_target {
    uintptr_t base; /* where its lowest page is */
    uint64_t size;  /* up to the end of its last segment */
    uint8_t build_id[32];
    uint32_t build_id_size; /* 0: it has none */
    struct snarl_rewrite_segment {
        uintptr_t start, end; /* whole pages */
    } text[8];
    uint32_t text_count;
};

struct snarl_rewrite_module {
    uint32_t turn; /* see apply.c */
    uintptr_t base, end;
    uintptr_t copy, copy_end;
    const uint8_t *plan; /* the mapped plan file */
    uint64_t plan_size;
    const struct snarl_plan_head *head;
    const struct snarl_plan_map *map;
    uint32_t map_count;
    const struct snarl_plan_row *rows;
    uint32_t row_count;
    const struct snarl_plan_object *atomics;
    uint32_t atomic_count;
};

/* How the code of a plan reaches us; set once before the first apply. */
struct snarl_rewrite_host {
    void *link[SNARL_LINK_COUNT]; /* where the linkage page leads (entry.h) */
    int32_t thread;               /* offset of the per-thread area from the thread pointer */
};

void snarl_rewrite_describe(struct snarl_rewrite_target *target, const struct dl_phdr_info *info);
/* Applies the plan in the file; with `tables_only` the code stays as it is, and only the plan's unwinding tables are used.
 * NULL or, when the module stays as it is, why in words. */
const char *snarl_rewrite_apply(const struct snarl_rewrite_host *host, const struct snarl_rewrite_target *target,
                                const char *plan_path, enum snarl_plan_check check, bool tables_only);
/* Whether the problem is one of the plan, which should be made again. */
bool snarl_rewrite_is_bad_plan(const char *problem);
/* The module that was mapped at `base` is gone. */
void snarl_rewrite_forget(uintptr_t base);

/* The module whose copy, or whose original, holds `pc`; NULL: none that a plan was applied to. */
const struct snarl_rewrite_module *snarl_rewrite_module_of_copy(uintptr_t pc);
const struct snarl_rewrite_module *snarl_rewrite_module_at(uintptr_t pc);
/* The number of entries used so far (some may be empty again) and one of them. */
uint32_t snarl_rewrite_module_count(void);
const struct snarl_rewrite_module *snarl_rewrite_module_get(uint32_t number);

#endif
