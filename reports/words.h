/* words.h - what a finding says in plain words. Works on a finished finding of the document; results are new
 * references to strings. */
#ifndef SNARL_REPORTS_WORDS_H
#define SNARL_REPORTS_WORDS_H

#include <jansson.h>

/* A title of one line: "2 threads wait for each other: lock_a, lock_b". */
json_t *snarl_words_message(const json_t *finding);
/* What can go wrong in this very case: one to a few sentences with threads, locks, functions. */
json_t *snarl_words_explain(const json_t *finding);
/* The suppression line that silences it: "deadlock:worker_one". */
json_t *snarl_words_suggestion(const json_t *finding);
/* Where it is, by its events: "worker_one (bank.c:21) / worker_two (bank.c:35)". */
json_t *snarl_words_places(const json_t *finding);

/* In a cycle closed by joins: an event of the thread for whose end this event waits (the next one of the
 * cycle); NULL for other waits. */
const json_t *snarl_words_joined(const json_t *finding, const json_t *wait);
/* The name of a lock of the finding by its id; "a lock" when there is none. Belongs to the finding. */
const char *snarl_words_lock(const json_t *finding, const char *id);

#endif
