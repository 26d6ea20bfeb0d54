/* pick.h - what the renderers for machines and the gate ask of findings, beside frames.h. Everything in a
 * document may be missing or of another type. */
#ifndef SNARL_REPORTS_PICK_H
#define SNARL_REPORTS_PICK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What the contract's kinds are, in the order in which a reader wants to see them. */
struct snarl_kind {
    const char *name;  /* "data-race" */
    const char *title; /* "Data race" */
    const char *many;  /* "Data races" */
    const char *says;  /* one sentence */
    const char *level; /* SARIF's: "error", "warning" or "note" */
};

#define SNARL_KINDS 7u
extern const struct snarl_kind snarl_kinds[SNARL_KINDS];

/* NULL when the word is no kind. */
const struct snarl_kind *snarl_kind_find(const char *name);
/* Its place in the order; SNARL_KINDS when the word is no kind. */
size_t snarl_kind_rank(const char *name);

/* The member as a number, 0 when it is none. */
json_int_t snarl_pick_number(const json_t *object, const char *key);

/* Of the finding's events: where a report should point to. */
const json_t *snarl_pick_primary(const json_t *finding);

/* "pay-in" or "T3". */
void snarl_pick_thread(const json_t *event, char *name, size_t size);

/* "waits for lock_b in pay_in", "write of 8 bytes in move": what the event did and where, for people. */
void snarl_pick_sentence(const json_t *document, const json_t *finding, const json_t *event, char *text,
                         size_t size);

/* Neither suppressed nor accepted by a baseline nor of a kind that is let pass. */
bool snarl_pick_fails(const json_t *document, const json_t *finding);

/* Writes order[i]: the rank of each event in time; a hold whose time was not kept comes before the event of
 * its thread that needed it. `order` has room for all events. */
void snarl_pick_order(const json_t *finding, uint32_t *order);

#endif
