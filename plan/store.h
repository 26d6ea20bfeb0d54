/* store.h - what the planner, the shim and the command must agree on besides the file format: where plans are kept, and
 * which modules are instrumented.
 *
 * What lies in the folder is executed, so it must be the user's own, and nobody else may be able to write to it. The first
 * of these that can be used is taken: $XDG_CACHE_HOME/snarl, $HOME/.cache/snarl, $TMPDIR/snarl-plans-UID (/tmp without
 * TMPDIR). Runs inside programs under test, too: no allocation, no printf. */
#ifndef SNARL_PLAN_STORE_H
#define SNARL_PLAN_STORE_H

#include <stdbool.h>
#include <stddef.h>

#define SNARL_STORE_PATH_MAX 4096
#define SNARL_STORE_LARGE (20ul << 20) /* bytes of code beyond which a library is planned while nobody waits */

struct snarl_store {
    char folder[SNARL_STORE_PATH_MAX];  /* "" when there is none that can be used */
    char refused[SNARL_STORE_PATH_MAX]; /* the folder that should have been taken; "" when it was */
    const char *problem;                /* why it was not, in words; NULL: nothing is wrong */
};

/* Finds the folder, making it when it does not exist. False: none can be used; `problem` is set. */
bool snarl_store_find(struct snarl_store *store);
/* Why a folder cannot hold plans, in words; NULL: it can. It is made when it does not exist. */
const char *snarl_store_check(const char *folder);

enum snarl_treatment {
    SNARL_TREAT_NOT,    /* ours, another sanitizer's, the kernel's: not even unwound */
    SNARL_TREAT_TABLES, /* libraries that a program is not to be blamed for: only their unwinding tables are used */
    SNARL_TREAT_CODE,
};
enum snarl_treatment snarl_store_treatment(const char *module);
/* Whether the module's path, or its last part, is matched by one of the globs, which are separated by commas. */
bool snarl_store_matches(const char *globs, const char *module);

#endif
