/* strings.h - texts on the heap. Running out of memory ends the command. */
#ifndef SNARL_CLI_STRINGS_H
#define SNARL_CLI_STRINGS_H

#include <stdbool.h>

/* The caller frees them. */
char *snarl_string_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *snarl_string_copy(const char *text);
/* The text with its control characters (and, with `ascii`, all bytes past 126) written as \xNN. */
char *snarl_string_visible(const char *text, bool ascii);
/* The file at `path` in absolute form (the path itself need not exist). */
char *snarl_string_absolute(const char *path);

#endif
