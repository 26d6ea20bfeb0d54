/* verdict.h - the last part of every command that judges runs: mark and count the findings, write the
 * reports. */
#ifndef SNARL_CLI_VERDICT_H
#define SNARL_CLI_VERDICT_H

#include <jansson.h>

#include "cli/arguments.h"

#define SNARL_OUTPUTS_MAX 16

/* Where each format of the table in reports/formats.c goes, in its order. NULL: not asked for, "-": standard
 * output. */
struct snarl_outputs {
    const char *paths[SNARL_OUTPUTS_MAX];
    struct snarl_option options[SNARL_OUTPUTS_MAX + 1]; /* one for each format but text: --json=FILE, ... */
};

/* Fills the options, which point to the paths: the struct must stay where it is. */
void snarl_outputs_init(struct snarl_outputs *outputs);
/* True when some report is to be written. */
bool snarl_outputs_wanted(const struct snarl_outputs *outputs);
/* Refuses, with a line, what cannot be written: a folder that is not there, two reports on standard output.
 */
int snarl_outputs_check(const struct snarl_outputs *outputs, const char *command);
/* Writes them all. Returns 0, or -1 after a line for each that could not be written. */
int snarl_outputs_write(const struct snarl_outputs *outputs, const json_t *document);
/* The text report, for people. */
int snarl_outputs_print(const json_t *document, FILE *to);

struct snarl_gate_rules {
    const char *fail_on; /* list of kinds; NULL: all but thread-leak */
};

/* Refuses, with a line, rules that make no sense. 0 or -1. */
int snarl_verdict_check(const struct snarl_gate_rules *rules, const char *command);
/* How many findings fail the gate; -1 after a line. */
int snarl_verdict_judge(json_t *document, const struct snarl_gate_rules *rules);

#endif
