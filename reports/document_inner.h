/* document_inner.h - between the files that make a document of run files.
 *
 *     document.c          the directory: which files, what one process tells of another, all of them merged
 *     document_process.c  one run file as a document with one process
 *     document_events.c   frames, stacks, threads, events
 *     document_location.c  the memory that a race is about, by name
 *     document_locks.c    locks: names, classes, the graph
 *
 * JSON values are shared between their users (a stack is one array however many events have it), so what is
 * in a document must not be changed in place below the level of findings. */
#ifndef SNARL_REPORTS_DOCUMENT_INNER_H
#define SNARL_REPORTS_DOCUMENT_INNER_H

#include "reports/arena.h"
#include "reports/document.h"
#include "reports/runfile_reader.h"
#include "reports/symbolise.h"

/* The frames of all addresses looked up so far, for all processes of a document. */
struct snarl_frame_cache {
    struct snarl_symboliser *symboliser;
    struct snarl_arena arena;
    struct snarl_idmap modules; /* by the address of the snarl_symbols */
};

void snarl_frame_cache_free(struct snarl_frame_cache *cache);

/* One process's document in the making. */
struct snarl_process_builder {
    const struct snarl_runfile *file;
    struct snarl_frame_cache *cache;
    json_t *document; /* borrowed */
    json_t *key;      /* of the process, a string */
    struct snarl_arena arena;
    struct snarl_idmap stacks, threads,
        creations;            /* to json_t: frames, an event's "thread", a thread's "created" */
    struct snarl_idmap locks; /* to struct snarl_named_lock */
};

struct snarl_named_lock {
    const struct snarl_run_lock *lock;
    json_t *id, *name, *class, *created, *declared;
    bool listed; /* goes into the document's "locks" */
};

/* document_events.c. All results are new references. */
json_t *snarl_build_stack(struct snarl_process_builder *builder, uint64_t stack);
json_t *snarl_build_thread_id(struct snarl_process_builder *builder, uint64_t thread);
json_t *snarl_build_event(struct snarl_process_builder *builder, const struct snarl_run_event *event);
/* How the thread came to be: an EVENT or null. */
json_t *snarl_build_creation(struct snarl_process_builder *builder, const struct snarl_run_thread *thread);
json_t *snarl_build_seconds(uint64_t ns);
json_t *snarl_build_address(uint64_t address);
/* The static variable at the address of a module, or NULL. */
const struct snarl_symbol_variable *snarl_build_variable(struct snarl_process_builder *builder,
                                                         uint64_t module, uint64_t value, uint64_t size);
/* The symbols of a module of the process; NULL when there is no such module. */
struct snarl_symbols *snarl_build_symbols(struct snarl_process_builder *builder, uint64_t module);
/* An event's "thread" without its creation. */
json_t *snarl_build_thread_head(struct snarl_process_builder *builder, uint64_t thread);
void snarl_build_note(struct snarl_process_builder *builder, bool of_process, const char *text);

/* document_location.c. A finding's "location", null for none; and the "target" of each access of a race: what the code calls
 * the memory. */
json_t *snarl_build_location(struct snarl_process_builder *builder, const struct snarl_run_finding *finding);
void snarl_build_targets(struct snarl_process_builder *builder, const struct snarl_run_finding *finding, json_t *events);

/* document_locks.c. */
void snarl_build_lock_names(struct snarl_process_builder *builder);
/* The document's id of a lock, null for none. Marks it as listed. */
json_t *snarl_build_lock_id(struct snarl_process_builder *builder, uint64_t lock);
/* {"id", "name", "kind", "class", "created", "declared"} for a finding's "locks"; NULL for an unknown one. */
json_t *snarl_build_lock_short(struct snarl_process_builder *builder, uint64_t lock);
json_t *snarl_build_lock_graph(struct snarl_process_builder *builder);
json_t *snarl_build_lock_list(struct snarl_process_builder *builder); /* last: after all that mark locks */
void snarl_build_free_locks(struct snarl_process_builder *builder);

/* document_process.c. A whole document of one process; a new reference. */
json_t *snarl_build_process(const struct snarl_runfile *file, struct snarl_frame_cache *cache);

#endif
