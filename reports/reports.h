/* reports.h - what the command needs of the reports: load runs into a document, render the document.
 *
 * A document is the JSON of the contract (`schema: 1`, see document.h for what it carries beyond that). Every
 * renderer reads nothing but the document and, through source.h, source files. Adding a format takes a
 * render function and its line in the table in formats.c.
 *
 * Functions that can fail take `error` and `error_size`: a buffer for one line of plain words without a final
 * newline, which is set only on failure. */
#ifndef SNARL_REPORTS_REPORTS_H
#define SNARL_REPORTS_REPORTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct snarl_render_options {
    bool colour;          /* text: ANSI colours */
    bool full;            /* text: every frame, also those of libc and of snarl */
    bool show_suppressed; /* text: suppressed findings too */
    unsigned width;       /* text: columns; 0: 100 */
    const char *const
        *source_roots; /* where source files are looked for besides; ends with NULL; may be NULL */
};

struct snarl_report_format {
    const char *name;    /* "text", "json", ...: the word of the command's option */
    const char *summary; /* for the help text */
    /* Writes the report to `out`. Returns 0, or -1 when the document cannot be rendered. Whether the bytes
     * reached the file is found out by the caller (ferror). */
    int (*render)(const json_t *document, const struct snarl_render_options *options, FILE *out);
};

/* Ends with an entry whose name is NULL. */
extern const struct snarl_report_format snarl_report_formats[];

/* NULL when there is no such format. */
const struct snarl_report_format *snarl_report_format_find(const char *name);

/* The options for a report to `stream`: colour when it is a terminal and NO_COLOR is not set, its width. */
struct snarl_render_options snarl_render_options_for(FILE *stream);

struct snarl_load_options {
    const char *debug_path; /* more folders with separate debug files, ':' between; may be NULL */
    bool rebuild;           /* raw process files are read again even if there is a run.json */
};

/* Loads every directory or document file (a `.json` that snarl wrote) named, and merges them. A directory
 * with process files is read from these (or from its run.json where that is younger); one with a run.json
 * alone from that. Damaged parts are named in the document's "notes". `options` may be NULL. NULL on failure:
 * nothing there to read. The caller owns the document. */
json_t *snarl_report_load(const char *const *paths, size_t count, const struct snarl_load_options *options,
                          char *error, size_t error_size);

/* Renders to the file `path` ("-": standard output). The file appears whole or not at all. Returns 0 or -1.
 */
int snarl_report_write(const json_t *document, const char *format, const struct snarl_render_options *options,
                       const char *path, char *error, size_t error_size);

/* Writes the document as `directory`/run.json. Returns 0 or -1. */
int snarl_report_keep(const json_t *document, const char *directory, char *error, size_t error_size);

/* The facts about a run that only its parent knows. `exit_status` as the shell would say it; `wait_status` of
 * the process `pid` as waitpid says it, used where the process left no record of its end. */
void snarl_report_set_end(json_t *document, int pid, int wait_status);
void snarl_report_set_exit(json_t *document, int exit_status, double duration_s);

#endif
