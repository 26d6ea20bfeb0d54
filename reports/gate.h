/* gate.h - what decides whether a run passes: suppressions, baselines, kinds that fail, a project's settings,
 * and the history of findings over many runs.
 *
 * All of it works on the document (document.h). The order in a command is
 *
 *     snarl_suppressions_apply   sets a finding's "suppressed" (true or false) and "suppressed_by" (the rule)
 *     snarl_baseline_apply       sets its "baseline": "unchanged" (was accepted before) or "new"
 *     snarl_store_record         sets its "history": {"first_seen", "last_seen", "runs"}
 *     snarl_gate_judge           counts what fails
 *
 * and then the renderers, which show what the first three left in the document.
 *
 * Functions that can fail take `error` and `error_size`: a buffer for one line of plain words without a final
 * newline, set only on failure. What is wrong in a file is said as `file:line:column: what was expected`. */
#ifndef SNARL_REPORTS_GATE_H
#define SNARL_REPORTS_GATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- suppressions (suppress.c) ---- */

struct snarl_suppressions; /* rules in the order in which they were read, and how often each was used */

struct snarl_suppressions *snarl_suppressions_new(void);
void snarl_suppressions_free(struct snarl_suppressions *rules);

/* Adds the rules of the file `path`, or of `text` (said to come from `name`). Returns 0 or -1; on a syntax
 * error none of the file's rules is added. */
int snarl_suppressions_read(struct snarl_suppressions *rules, const char *path, char *error,
                            size_t error_size);
int snarl_suppressions_parse(struct snarl_suppressions *rules, const char *name, const char *text,
                             size_t length, char *error, size_t error_size);

/* Marks every finding that a rule matches (the first one that does is named). Returns how many are
 * suppressed. */
size_t snarl_suppressions_apply(struct snarl_suppressions *rules, json_t *document);

/* Calls `each` with "file:line: rule" for every rule that has matched no finding so far. Returns how many. */
size_t snarl_suppressions_unused(const struct snarl_suppressions *rules,
                                 void (*each)(const char *rule, void *context), void *context);

/* ---- baselines (baseline.c) ---- */

/* Writes the fingerprints of all findings that are not suppressed (also accepted ones) to `path`: whole or
 * not at all. Equal findings give equal files. Returns 0 or -1. */
int snarl_baseline_write(const json_t *document, const char *path, char *error, size_t error_size);

/* Marks every finding as "unchanged" or "new" against the baseline in `path`, and lists in the document's
 * "baseline": {"file", "known", "new", "absent": [..]} what the baseline holds and the run has not.
 * Returns 0, or -1 when the file is missing or no baseline. */
int snarl_baseline_apply(json_t *document, const char *path, char *error, size_t error_size);

/* ---- the gate (gate.c) ---- */

/* A set of kinds, one bit each in the order of snarl_gate_kind_name. */
#define SNARL_GATE_KINDS 7u
#define SNARL_GATE_DEFAULT UINT32_MAX /* all but thread-leak */

/* "data-race", ...; NULL past the last one. */
const char *snarl_gate_kind_name(unsigned index);

/* Reads "data-race,deadlock" ("all", "none" and "default" are words too) into `kinds`. Returns 0 or -1. */
int snarl_gate_kinds(const char *list, uint32_t *kinds, char *error, size_t error_size);

/* True when this finding makes the run fail: its kind is in `kinds`, it is neither suppressed nor accepted.
 */
bool snarl_gate_fails(const json_t *finding, uint32_t kinds);

struct snarl_gate_verdict {
    size_t findings; /* all of them */
    size_t failing;
    size_t suppressed;
    size_t accepted;  /* in the baseline */
    size_t tolerated; /* neither, but of a kind that does not fail */
};

/* Judges the document and notes in it, for the reports, which kinds fail: "gate": {"fail_on": [..],
 * "failing", "suppressed", "accepted"}; each failing finding gets "fails": true. */
struct snarl_gate_verdict snarl_gate_judge(json_t *document, uint32_t kinds);

/* ---- settings (config.c) ---- */

/* Reads a snarl.toml. `*settings` becomes an object whose members are checked and of these types, each there
 * only if the file has it (names as the options of `snarl run`):
 *     strings  out json html sarif junit dot markdown races("full"|"calls"|"off")
 *              on-deadlock("exit"|"continue"|"abort") baseline store
 *     arrays   modules skip-modules suppressions fail-on source-roots  (of strings)
 *     booleans follow python-races live quiet github
 *     integer  exit-code(0..255)         real  timeout(seconds, > 0)
 * `suppressions`, `baseline`, `store` and `source-roots` are made relative to the file's folder.
 * Returns 0 or -1. */
int snarl_config_read(const char *path, json_t **settings, char *error, size_t error_size);

/* ---- history (store.c) ---- */

/* Adds this run and its findings to the SQLite file `path` (made if missing) and writes into the document
 * what the file knows: each finding's "history": {"first_seen", "last_seen", "runs"}, and the document's
 * "history":
 * [{"id", "started", "program", "findings", "new"}] of the last runs, oldest first. The same run added twice
 * counts once. Many processes may do so at the same time. Returns 0 or -1. */
int snarl_store_record(const char *path, json_t *document, char *error, size_t error_size);

#endif
