/* alike.h - findings that are told together: races of the same two functions on the same memory (their "group"), of which one is shown in
 * full and the others in a line each. */
#ifndef SNARL_REPORTS_ALIKE_H
#define SNARL_REPORTS_ALIKE_H

#include <jansson.h>
#include <stdbool.h>

typedef bool snarl_wanted_function(const json_t *finding, const void *context);

/* An array of arrays of findings, a new reference: those wanted, each group where its first one is. */
json_t *snarl_alike(const json_t *findings, snarl_wanted_function *wanted, const void *context);

#endif
