/* fingerprint.h - what makes two findings the same one, in any run, on any machine, at any address.
 *
 * It is made of the kind, the rule, the variable (by name) or the place where the memory was allocated, the
 * classes of the locks, and for each event its role and its innermost SNARL_FINGERPRINT_FRAMES program
 * frames: function, module's and file's base name. Not in it: addresses, thread and lock numbers, lines, read
 * or write (a race on `x++` is seen as either), and the order of the events where it is chance (which access
 * of a race came first, which edge a cycle starts with). A finding of a symbolised run and of a stripped one
 * differ. */
#ifndef SNARL_REPORTS_FINGERPRINT_H
#define SNARL_REPORTS_FINGERPRINT_H

#include <jansson.h>

#define SNARL_FINGERPRINT_FRAMES 3u

/* 16 hexadecimal digits; a new reference. */
json_t *snarl_fingerprint(const json_t *finding);

/* What races that have one cause, as far as can be told, have in common: the two innermost functions of the program and the variable or
 * the place of allocation, but not which part of it, nor who called the functions. In the same form; null for other kinds. */
json_t *snarl_fingerprint_group(const json_t *finding);

#endif
