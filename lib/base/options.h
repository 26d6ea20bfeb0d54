/* options.h - the detector's settings, from SNARL_OPTIONS.
 *
 * The text is `key=value` pairs joined by ':'; `\:` and `\\` stand for ':' and '\' in a value. A key without
 * `=value` means 1. Keys of other parts (the command's own) are ignored; a wrong value of a known key is told through
 * `complain`, and the default stays. Read once, before any thread exists; constant afterwards. */
#ifndef SNARL_BASE_OPTIONS_H
#define SNARL_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum snarl_races { SNARL_RACES_OFF, SNARL_RACES_CALLS, SNARL_RACES_FULL };
enum snarl_on_deadlock { SNARL_DEADLOCK_EXIT, SNARL_DEADLOCK_CONTINUE, SNARL_DEADLOCK_ABORT };

#define SNARL_PATH_MAX 4096
#define SNARL_GLOB_MAX 1024

struct snarl_options {
    char out[SNARL_PATH_MAX];       /* run directory; "" when none was given */
    char run_id[64];
    char plans[SNARL_PATH_MAX];     /* folder of instrumentation plans; "" the usual one (plan/store.h) */
    char modules[SNARL_GLOB_MAX];      /* comma-separated globs; "" all */
    char skip_modules[SNARL_GLOB_MAX]; /* the same; "" none */
    enum snarl_races races;
    enum snarl_on_deadlock on_deadlock;
    uint32_t exit_code;  /* status after a deadlock, 66 unless told otherwise */
    bool follow;         /* into child processes */
    bool report;         /* print the text report at the end of the process (no command does it for us) */
    bool live;           /* a line on standard error when a finding is made */
    bool quiet;
    bool python;
    bool python_races;
    bool python_c_frames; /* Python's stacks with the C frames between */
    bool enabled;        /* false: do nothing at all */
};

extern struct snarl_options snarl_options;

/* `text` may be NULL. `complain` gets the key and the value that it could not use. */
void snarl_options_parse(struct snarl_options *options, const char *text,
                         void (*complain)(const char *key, const char *value));

#endif
