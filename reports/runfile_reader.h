/* runfile_reader.h - one process's run file (finding/runfile.h) as plain structs.
 *
 * The file may be damaged anywhere, cut anywhere, still be growing, or hold arbitrary bytes: what is good is
 * read, each bad part is named by its offset, and memory stays in proportion to the file's size. All
 * strings are UTF-8 and terminated (bytes that are neither are replaced by '?'), never NULL, and live as long
 * as the snarl_runfile. Identifiers that a record names may not exist: look them up, expect NULL. */
#ifndef SNARL_REPORTS_RUNFILE_READER_H
#define SNARL_REPORTS_RUNFILE_READER_H

#include "finding/runfile.h"

#include <stdbool.h>
#include <stddef.h>

enum snarl_run_frame_kind {
    SNARL_RUN_FRAME_MODULE,   /* `value` is a link-time address of `module` */
    SNARL_RUN_FRAME_ADDRESS,  /* `value` is a run-time address outside every module */
    SNARL_RUN_FRAME_SYMBOLIC, /* in words */
};

struct snarl_run_frame {
    enum snarl_run_frame_kind kind;
    uint64_t module, value;
    const char *function, *file, *language;
    unsigned line, column;
};

struct snarl_run_stack {
    uint64_t id;
    bool complete;
    bool exact; /* the innermost frame is the instruction itself, not a return address */
    size_t count;
    struct snarl_run_frame *frames; /* innermost first */
};

struct snarl_run_module {
    struct snarl_run_module *next;
    uint64_t id;
    const char *path;
    const char *build_id; /* lower-case hexadecimal, may be empty */
    uint64_t bias, start, end;
    bool program;
};

struct snarl_run_thread {
    struct snarl_run_thread *next;
    uint64_t id, tid;
    const char *name;
    uint64_t creator, create_stack, start_ns, end_ns; /* end_ns 0: alive */
    bool main, detached, joined;
};

struct snarl_run_lock {
    struct snarl_run_lock *next;
    uint64_t id;
    const char *kind, *name;
    uint64_t address, module, value; /* module 0: not in a module's data */
    uint64_t create_stack, create_thread;
    bool unseen; /* made by a static initialiser, or never seen initialised */
    uint64_t acquisitions, contended, wait_ns, hold_max_ns; /* 0 without a LOCK_USE record */
};

struct snarl_run_event {
    const char *role, *what;
    bool atomic, write;
    uint64_t thread, lock, stack, time_ns, address, size;
    size_t held_count;
    uint64_t *held; /* locks */
};

struct snarl_run_location {
    const char *kind, *symbol; /* kind "": there is no location */
    uint64_t address, size, module, value;
    struct snarl_run_event *allocated; /* or NULL */
    uint64_t byte;                     /* the first address that both accesses of a race touch; 0: not known */
    uint64_t thread;                   /* whose stack or thread-local storage it is; 0: not known */
    uint64_t block_module, block_offset; /* thread-local: where in the module's block */
    uint64_t stack, frame, cfa;        /* on a stack: the frame that holds it; stack 0: not known */
};

struct snarl_run_finding {
    struct snarl_run_finding *next;
    uint64_t id;
    const char *kind, *rule, *confidence, *message;
    uint64_t time_ns, count;
    struct snarl_run_location location;
    size_t lock_count, event_count;
    uint64_t *locks;
    struct snarl_run_event *events;
};

struct snarl_run_edge {
    struct snarl_run_edge *next;
    uint64_t from, to, count, threads, hold_stack, acquire_stack, thread;
    const char *mode_from, *mode_to;
    size_t gate_count;
    uint64_t *gates;
};

struct snarl_run_counter {
    struct snarl_run_counter *next;
    const char *name;
    uint64_t value;
};

struct snarl_run_child {
    struct snarl_run_child *next;
    uint64_t pid, status;
};

struct snarl_run_coverage {
    struct snarl_run_coverage *next;
    uint64_t module, accesses, instrumented;
    const char *reason;
};

struct snarl_run_note {
    struct snarl_run_note *next;
    const char *text;
};

struct snarl_run_damage {
    struct snarl_run_damage *next;
    uint64_t offset, length; /* of the bytes that could not be used */
    const char *what;
};

struct snarl_run_process {
    bool known; /* there was a PROCESS record; without one all else here is 0 or empty */
    uint64_t pid, ppid, realtime_ns, monotonic_ns;
    const char *program, *cwd, *mode, *version, *run_id;
    size_t argument_count;
    const char **arguments;
};

enum snarl_run_exit_how {
    SNARL_RUN_EXIT_UNKNOWN = -1, /* no EXIT record */
    SNARL_RUN_EXIT_CODE = 0,
    SNARL_RUN_EXIT_SIGNAL = 1,
    SNARL_RUN_EXIT_EXEC = 2,
    SNARL_RUN_EXIT_DEADLOCK = 3,
};

struct snarl_run_exit {
    enum snarl_run_exit_how how;
    uint64_t value, time_ns, threads;
};

/* Lists are in the order of the file. */
struct snarl_runfile {
    const char *path;
    struct snarl_run_process process;
    struct snarl_run_exit exit;
    struct snarl_run_module *modules;
    struct snarl_run_thread *threads;
    struct snarl_run_lock *locks;
    struct snarl_run_finding *findings;
    struct snarl_run_edge *edges;
    struct snarl_run_counter *counters;
    struct snarl_run_child *children;
    struct snarl_run_coverage *coverage;
    struct snarl_run_note *notes;
    struct snarl_run_damage *damage;
    uint64_t last_ns; /* the latest time that any record gives */
    struct snarl_runfile_inner *inner;
};

/* NULL, with a line in `error`, when the file cannot be read or is no run file of a known version. */
struct snarl_runfile *snarl_runfile_read(const char *path, char *error, size_t error_size);
/* The same from memory; `bytes` may go after the call. */
struct snarl_runfile *snarl_runfile_parse(const char *path, const void *bytes, size_t size, char *error,
                                          size_t error_size);
void snarl_runfile_free(struct snarl_runfile *file);

/* NULL when there is none; 0 is none. */
const struct snarl_run_module *snarl_runfile_module(const struct snarl_runfile *file, uint64_t id);
const struct snarl_run_stack *snarl_runfile_stack(const struct snarl_runfile *file, uint64_t id);
const struct snarl_run_thread *snarl_runfile_thread(const struct snarl_runfile *file, uint64_t id);
const struct snarl_run_lock *snarl_runfile_lock(const struct snarl_runfile *file, uint64_t id);

#endif
