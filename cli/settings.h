/* settings.h - a project's snarl.toml: values for options that the command line does not give. */
#ifndef SNARL_CLI_SETTINGS_H
#define SNARL_CLI_SETTINGS_H

#include <jansson.h>

#include "cli/arguments.h"

/* Sets the options of `usage` from the file (NULL: snarl.toml of the current folder, if there is one). Call
 * it before the command line's options are set, so that they win. The texts live as long as *settings, which
 * the caller gives back with json_decref. Returns 0, or -1 after a line. */
int snarl_settings_apply(const char *path, const struct snarl_usage *usage, json_t **settings);

#endif
