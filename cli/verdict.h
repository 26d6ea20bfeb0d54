/* verdict.h - the last part of every command that judges runs: mark and count the findings, write the
 * reports. */
#ifndef SNARL_CLI_VERDICT_H
#define SNARL_CLI_VERDICT_H

#include <jansson.h>
#include <stdint.h>

#include "cli/arguments.h"

#define SNARL_OUTPUTS_MAX 16

/* Where each format of the table in reports/formats.c goes, in its order. NULL: not asked for, "-": standard
 * output. */
struct snarl_outputs {
    const char *paths[SNARL_OUTPUTS_MAX];
    struct snarl_texts source_roots;
    bool full;            /* text: every frame */
    bool show_suppressed; /* text: also what is suppressed or accepted */
    struct snarl_option options[SNARL_OUTPUTS_MAX + 2]; /* --json=FILE, ..., for each format but text */
};

/* Fills the options, which point into the struct: it must stay where it is. */
void snarl_outputs_init(struct snarl_outputs *outputs);
/* True when some report is to be written. */
bool snarl_outputs_wanted(const struct snarl_outputs *outputs);
/* Refuses, with a line, what cannot be written: a folder that is not there, two reports on standard output.
 */
int snarl_outputs_check(const struct snarl_outputs *outputs, const char *command);
/* Writes them all. Returns 0, or -1 after a line for each that could not be written. */
int snarl_outputs_write(const struct snarl_outputs *outputs, const json_t *document);
/* The text report, for people. */
int snarl_outputs_print(const struct snarl_outputs *outputs, const json_t *document, FILE *to);
void snarl_outputs_free(struct snarl_outputs *outputs);

struct snarl_suppressions;

/* What decides whether a run passes. */
struct snarl_rules {
    const char *fail_on;             /* list of kinds; NULL: all but thread-leak */
    const char *baseline;            /* file; NULL: none */
    const char *store;               /* SQLite file of the history; NULL: none */
    struct snarl_texts suppressions; /* files */
    bool unused;                     /* name the suppressions that matched nothing */
    int exit_code;                   /* when a finding fails the run */
    struct snarl_option options[7];
    /* Read from these. */
    uint32_t kinds;
    struct snarl_suppressions *suppressing;
};

void snarl_rules_init(struct snarl_rules *rules);
/* Reads all that the rules name, so that mistakes are told before a program runs. 0, or -1 after a line. */
int snarl_rules_read(struct snarl_rules *rules, const char *command);
/* Marks the findings, and says how many fail; -1 after a line. */
int snarl_rules_judge(struct snarl_rules *rules, json_t *document);
void snarl_rules_free(struct snarl_rules *rules);

#endif
