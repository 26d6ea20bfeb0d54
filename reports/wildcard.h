/* wildcard.h - the two pattern languages of suppression files. */
#ifndef SNARL_REPORTS_WILDCARD_H
#define SNARL_REPORTS_WILDCARD_H

#include <stdbool.h>

/* ThreadSanitizer's: found anywhere in the text; `*` is any run of characters, `^` at the start and `$` at
 * the end tie the pattern to the text's ends. */
bool snarl_wildcard_find(const char *pattern, const char *text);

/* Valgrind's: the whole text; `*` is any run of characters, `?` any one. */
bool snarl_wildcard_match(const char *pattern, const char *text);

#endif
