/* complain.c - see complain.h. */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Names of files and programs come from outside: no byte of them may act on the terminal. */
static void print_visible(const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f)
            fprintf(stderr, "\\x%02x", byte);
        else
            putc(byte, stderr);
    }
}

void snarl_complain(const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        snarl_complain_no_memory();
    flockfile(stderr);
    fputs("snarl: ", stderr);
    print_visible(text);
    putc('\n', stderr);
    funlockfile(stderr);
    free(text);
}

void snarl_complain_no_memory(void)
{
    fputs("snarl: out of memory\n", stderr);
    exit(SNARL_EXIT_SNARL);
}
