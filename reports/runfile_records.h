/* runfile_records.h - between runfile_reader.c (framing) and runfile_records.c (fields) only. */
#ifndef SNARL_REPORTS_RUNFILE_RECORDS_H
#define SNARL_REPORTS_RUNFILE_RECORDS_H

#include "finding/wire.h"
#include "reports/arena.h"
#include "reports/runfile_reader.h"

/* The end of a list: the address of the pointer that is still NULL. */
struct snarl_list_end {
    void *at;
};

struct snarl_runfile_inner {
    struct snarl_arena arena;
    struct snarl_idmap modules, stacks, threads, locks, findings, coverage;
    struct snarl_list_end modules_end, threads_end, locks_end, findings_end, edges_end, counters_end,
        children_end, coverage_end, notes_end, damage_end;
};

void snarl_list_append(struct snarl_list_end *end, void *item, void *item_next);
/* Makes every end point at its empty list. */
void snarl_runfile_lists(struct snarl_runfile *file);
/* Takes one record. False when its fields run past its end; what was read of it is dropped then. */
bool snarl_runfile_record(struct snarl_runfile *file, unsigned type, struct snarl_wire_reader *payload);

#endif
