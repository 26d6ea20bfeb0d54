/* complain.c - see complain.h. */
#include "cli/complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/strings.h"

void snarl_complain(const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        snarl_complain_no_memory();
    char *visible =
        snarl_string_visible(text, false); /* names come from outside: none acts on the terminal */
    fprintf(stderr, "snarl: %s\n", visible);
    free(visible);
    free(text);
}

void snarl_complain_no_memory(void)
{
    fputs("snarl: out of memory\n", stderr);
    exit(SNARL_EXIT_SNARL);
}
