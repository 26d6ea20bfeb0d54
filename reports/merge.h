/* merge.h - many documents as one.
 *
 * Every part of a document is a set under an identity (processes by key, findings by fingerprint, locks and
 * threads by id, edges by their ends, runs by id, notes by text), and where two documents know the same
 * one the better is kept under a total order, so merging is associative, commutative and idempotent. What a
 * gate left in a document ("gate", "baseline", "history") is not merged: it is judged again. */
#ifndef SNARL_REPORTS_MERGE_H
#define SNARL_REPORTS_MERGE_H

#include <jansson.h>
#include <stddef.h>

/* A new document; the given ones are left as they are (values are shared). */
json_t *snarl_document_merge(json_t *const *documents, size_t count);

/* One finding for each fingerprint of the list, with the counts of the same process added up. A new list. */
json_t *snarl_findings_fold(const json_t *findings);

/* Seconds since 1970 of an RFC 3339 time in UTC; 0 when it is none. */
double snarl_merge_time(const char *text);

#endif
