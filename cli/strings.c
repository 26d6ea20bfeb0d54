/* strings.c - see strings.h. */
#include "cli/strings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/complain.h"

char *snarl_string_format(const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        snarl_complain_no_memory();
    return text;
}

char *snarl_string_copy(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        snarl_complain_no_memory();
    return copy;
}

char *snarl_string_visible(const char *text, bool ascii)
{
    char *result = malloc(4 * strlen(text) + 1);
    if (!result)
        snarl_complain_no_memory();
    char *at = result;
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f || (ascii && byte > 0x7f))
            at += sprintf(at, "\\x%02x", byte);
        else
            *at++ = *text;
    }
    *at = '\0';
    return result;
}

char *snarl_string_absolute(const char *path)
{
    char *folder = path[0] == '/' ? NULL : getcwd(NULL, 0);
    char *absolute = folder ? snarl_string_format("%s/%s", strcmp(folder, "/") ? folder : "", path)
                            : snarl_string_copy(path);
    free(folder);
    return absolute;
}
