/* words_inner.h - between words.c and words_race.c. */
#ifndef SNARL_REPORTS_WORDS_INNER_H
#define SNARL_REPORTS_WORDS_INNER_H

#include "reports/frames.h"
#include "reports/words.h"

#include <stdio.h>
#include <string.h>

static inline bool has_role(const json_t *event, const char *role)
{
    return !strcmp(snarl_json_text(event, "role"), role);
}

static inline const json_t *event_at(const json_t *finding, size_t index)
{
    return json_array_get(json_object_get(finding, "events"), index);
}

/* "T3", "the main thread". */
void snarl_words_put_thread(FILE *out, const json_t *event);
/* "in worker (bank.c:21)". */
void snarl_words_put_place(FILE *out, const json_t *event);

void snarl_words_explain_race(FILE *out, const json_t *finding);
void snarl_words_title_race(FILE *out, const json_t *finding);

#endif
