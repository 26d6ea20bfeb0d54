/* document.h - one run directory's process files as one JSON document (schema 1).
 *
 * The contract gives the schema. Beyond it a document has:
 *
 *     run        "host", when `snarl run` started it: then all of "run" is as meta.json says
 *     runs       every run that was merged into it, each as `run` is, by "id"
 *     processes  "key": "<pid>-<start in hexadecimal>", the name of its file and its identity in the whole
 *                document; "command", "cwd", "started", "duration_s"; "exit" is null when the process left no
 *                exit record and its parent did not see its end; "exit" may carry "ended": "deadlock" (ended
 * by snarl) or "exec" (went on as another program) findings   "process": key of the one that is shown;
 * "program": its basename; "processes": {key: how often}, of which "count" is the sum and "pid" the first;
 * "time_s"; "suggestion": the suppression line that would silence it; "explanation": what can go wrong, in
 * words; "also": the places of up to 32 findings with the same fingerprint that were not the same to the line
 *     location   "type" of a heap block ("struct queue") and "member": the path in it; "offset" of the bytes in the block;
 * "function" that a variable is local to; "thread" whose stack or thread-local storage it is; "declared": {"file", "line"}
 *     EVENT      "target": what the accessing code calls the memory ("queue->head");
 *                "lock": id of the lock it is about or null; "time_s" since the process started; "address"
 * and "size" of an access locks      "process"; "created": EVENT or null; "declared": {"file", "line"} of the
 * variable or null; "address"; "class": what is the same for all locks made at that place, in every process
 * and run. `id` is a string, "<process key>/<number>": unique in any merge. Not every lock is listed: those
 * that a finding or the graph names, and the SNARL_LOCKS_LISTED most used ones of a process. lock_graph edges
 * have "process", "class_from", "class_to", "mode_from", "mode_to", "gates": [lock ids], "hold_at" and
 * "acquire_at": places in words ("worker (bank.c:21)"), "hold" and "acquire": EVENT, or null past the first
 * SNARL_EDGES_TOLD of a process threads    [{"id": "<process key>/<number>", "process", "name", "tid",
 * "main", "creator", "created": EVENT or null, "start_s", "end_s" or null, "joined", "detached"}] notes
 * [{"process" or null, "text"}]: what was lost, could not be seen, or was ended early
 *
 * An EVENT's "thread"."id" is such a thread id too ("T3" is only how the text report calls it: its number).
 * Addresses are strings ("0x7f…"). Paths are as the process saw them.
 *
 * Order: runs by id; processes, and all that names one, by start time, then key; findings by severity of
 * kind, then time and fingerprint; so that equal sets of process files give equal documents, byte for byte.
 */
#ifndef SNARL_REPORTS_DOCUMENT_H
#define SNARL_REPORTS_DOCUMENT_H

#include "reports/reports.h"

#define SNARL_NOTE_NO_END "left no record of its end"
#define SNARL_LOCKS_LISTED 1000u
#define SNARL_EDGES_TOLD 500u

struct snarl_symboliser;

/* A document without any process: every member is there and empty. */
json_t *snarl_document_empty(void);

/* How a process ended, from what waitpid said of it. */
json_t *snarl_document_exit(int status);

/* Reads every `*.snarl` of `directory`. What is damaged becomes notes. NULL when there is none. */
json_t *snarl_document_build(const char *directory, struct snarl_symboliser *symboliser, char *error,
                             size_t error_size);

#endif
