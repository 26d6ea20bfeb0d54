/* stdio.c - what calls on streams read and write: blocks, strings, lines and single characters.
 *
 * Those named `_unlocked` are told as changes of the stream itself, too; see streams.h. */
#include <stdarg.h>
#include <wchar.h>

#include "preload/access/streams.h"

#undef fread_unlocked
#undef fwrite_unlocked

static size_t (*real_fread)(void *, size_t, size_t, FILE *);
static size_t (*real_fread_unlocked)(void *, size_t, size_t, FILE *);
static size_t (*real___fread_chk)(void *, size_t, size_t, size_t, FILE *);
static size_t (*real___fread_unlocked_chk)(void *, size_t, size_t, size_t, FILE *);
static size_t (*real_fwrite)(const void *, size_t, size_t, FILE *);
static size_t (*real_fwrite_unlocked)(const void *, size_t, size_t, FILE *);
static int (*real_fputs)(const char *, FILE *);
static int (*real_fputs_unlocked)(const char *, FILE *);
static int (*real_puts)(const char *);
static void (*real_perror)(const char *);
static char *(*real_fgets)(char *, int, FILE *);
static char *(*real_fgets_unlocked)(char *, int, FILE *);
static char *(*real___fgets_chk)(char *, size_t, int, FILE *);
static char *(*real___fgets_unlocked_chk)(char *, size_t, int, FILE *);
static ssize_t (*real_getdelim)(char **, size_t *, int, FILE *);
static int (*real_putc)(int, FILE *);
static int (*real_putc_unlocked)(int, FILE *);
static int (*real_getc)(FILE *);
static int (*real_getc_unlocked)(FILE *);
static int (*real_ungetc)(int, FILE *);
static int (*real_fputws)(const wchar_t *, FILE *);
static wchar_t *(*real_fgetws)(wchar_t *, int, FILE *);
static wint_t (*real_putwc)(wchar_t, FILE *);
static wint_t (*real_getwc)(FILE *);

static const struct snarl_true s_true[] = {
    {"fread", &real_fread},
    {"fread_unlocked", &real_fread_unlocked},
    {"__fread_chk", &real___fread_chk},
    {"__fread_unlocked_chk", &real___fread_unlocked_chk},
    {"fwrite", &real_fwrite},
    {"fwrite_unlocked", &real_fwrite_unlocked},
    {"fputs", &real_fputs},
    {"fputs_unlocked", &real_fputs_unlocked},
    {"puts", &real_puts},
    {"perror", &real_perror},
    {"fgets", &real_fgets},
    {"fgets_unlocked", &real_fgets_unlocked},
    {"__fgets_chk", &real___fgets_chk},
    {"__fgets_unlocked_chk", &real___fgets_unlocked_chk},
    {"getdelim", &real_getdelim},
    {"putc", &real_putc},
    {"putc_unlocked", &real_putc_unlocked},
    {"getc", &real_getc},
    {"getc_unlocked", &real_getc_unlocked},
    {"ungetc", &real_ungetc},
    {"fputws", &real_fputws},
    {"fgetws", &real_fgetws},
    {"putwc", &real_putwc},
    {"getwc", &real_getwc},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

static void using_unlocked(const char *name, FILE *stream, struct snarl_site site)
{
    snarl_stream_using(name, stream, site);
    snarl_stream_unlocked(name, stream, site);
}

static void writing_unlocked(const char *name, FILE *stream, const void *buffer, size_t size,
                             struct snarl_site site)
{
    snarl_stream_writing(name, stream, buffer, size, site);
    snarl_stream_unlocked(name, stream, site);
}

/* --- blocks --- */

SNARL_EXPORT size_t fread(void *restrict buffer, size_t size, size_t count, FILE *restrict stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_fread(buffer, size, count, stream);
    snarl_stream_using("fread", stream, SNARL_SITE);
    size_t result = real_fread(buffer, size, count, stream);
    snarl_stream_read("fread", stream, buffer, result * size, SNARL_SITE);
    return result;
}

SNARL_EXPORT size_t fread_unlocked(void *restrict buffer, size_t size, size_t count, FILE *restrict stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_fread_unlocked(buffer, size, count, stream);
    using_unlocked("fread_unlocked", stream, SNARL_SITE);
    size_t result = real_fread_unlocked(buffer, size, count, stream);
    snarl_stream_read("fread_unlocked", stream, buffer, result * size, SNARL_SITE);
    return result;
}

SNARL_EXPORT size_t __fread_chk(void *buffer, size_t room, size_t size, size_t count, FILE *stream);
SNARL_EXPORT size_t __fread_chk(void *buffer, size_t room, size_t size, size_t count, FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real___fread_chk(buffer, room, size, count, stream);
    snarl_stream_using("fread", stream, SNARL_SITE);
    size_t result = real___fread_chk(buffer, room, size, count, stream);
    snarl_stream_read("fread", stream, buffer, result * size, SNARL_SITE);
    return result;
}

SNARL_EXPORT size_t __fread_unlocked_chk(void *buffer, size_t room, size_t size, size_t count, FILE *stream);
SNARL_EXPORT size_t __fread_unlocked_chk(void *buffer, size_t room, size_t size, size_t count, FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real___fread_unlocked_chk(buffer, room, size, count, stream);
    using_unlocked("fread_unlocked", stream, SNARL_SITE);
    size_t result = real___fread_unlocked_chk(buffer, room, size, count, stream);
    snarl_stream_read("fread_unlocked", stream, buffer, result * size, SNARL_SITE);
    return result;
}

SNARL_EXPORT size_t fwrite(const void *restrict buffer, size_t size, size_t count, FILE *restrict stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("fwrite", stream, buffer, size * count, SNARL_SITE);
    return real_fwrite(buffer, size, count, stream);
}

SNARL_EXPORT size_t fwrite_unlocked(const void *restrict buffer, size_t size, size_t count,
                                    FILE *restrict stream)
{
    prepare();
    if (snarl_calls_wanted())
        writing_unlocked("fwrite_unlocked", stream, buffer, size * count, SNARL_SITE);
    return real_fwrite_unlocked(buffer, size, count, stream);
}

/* --- strings and lines --- */

SNARL_EXPORT int fputs(const char *restrict string, FILE *restrict stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("fputs", stream, string, snarl_string_size(string), SNARL_SITE);
    return real_fputs(string, stream);
}

SNARL_EXPORT int fputs_unlocked(const char *restrict string, FILE *restrict stream)
{
    prepare();
    if (snarl_calls_wanted())
        writing_unlocked("fputs_unlocked", stream, string, snarl_string_size(string), SNARL_SITE);
    return real_fputs_unlocked(string, stream);
}

SNARL_EXPORT int puts(const char *string)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("puts", stdout, string, snarl_string_size(string), SNARL_SITE);
    return real_puts(string);
}

SNARL_EXPORT void perror(const char *string)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("perror", stderr, string, string ? snarl_string_size(string) : 0, SNARL_SITE);
    real_perror(string);
}

SNARL_EXPORT char *fgets(char *restrict buffer, int size, FILE *restrict stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_fgets(buffer, size, stream);
    snarl_stream_using("fgets", stream, SNARL_SITE);
    char *result = real_fgets(buffer, size, stream);
    snarl_stream_read("fgets", stream, result, result ? snarl_string_size(result) : 0, SNARL_SITE);
    return result;
}

SNARL_EXPORT char *fgets_unlocked(char *restrict buffer, int size, FILE *restrict stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_fgets_unlocked(buffer, size, stream);
    using_unlocked("fgets_unlocked", stream, SNARL_SITE);
    char *result = real_fgets_unlocked(buffer, size, stream);
    snarl_stream_read("fgets_unlocked", stream, result, result ? snarl_string_size(result) : 0, SNARL_SITE);
    return result;
}

SNARL_EXPORT char *__fgets_chk(char *buffer, size_t room, int size, FILE *stream);
SNARL_EXPORT char *__fgets_chk(char *buffer, size_t room, int size, FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real___fgets_chk(buffer, room, size, stream);
    snarl_stream_using("fgets", stream, SNARL_SITE);
    char *result = real___fgets_chk(buffer, room, size, stream);
    snarl_stream_read("fgets", stream, result, result ? snarl_string_size(result) : 0, SNARL_SITE);
    return result;
}

SNARL_EXPORT char *__fgets_unlocked_chk(char *buffer, size_t room, int size, FILE *stream);
SNARL_EXPORT char *__fgets_unlocked_chk(char *buffer, size_t room, int size, FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real___fgets_unlocked_chk(buffer, room, size, stream);
    using_unlocked("fgets_unlocked", stream, SNARL_SITE);
    char *result = real___fgets_unlocked_chk(buffer, room, size, stream);
    snarl_stream_read("fgets_unlocked", stream, result, result ? snarl_string_size(result) : 0, SNARL_SITE);
    return result;
}

/* The line, where it is and how much room there is. */
static void tell_line(const char *name, char **line, size_t *size, ssize_t length, FILE *stream,
                      struct snarl_site site)
{
    snarl_call_writes(name, line, sizeof(*line), site);
    snarl_call_writes(name, size, sizeof(*size), site);
    snarl_stream_read(name, stream, length >= 0 ? *line : NULL, (size_t)length + 1, site);
}

SNARL_EXPORT ssize_t getdelim(char **restrict line, size_t *restrict size, int end, FILE *restrict stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getdelim(line, size, end, stream);
    snarl_stream_using("getdelim", stream, SNARL_SITE);
    ssize_t length = real_getdelim(line, size, end, stream);
    tell_line("getdelim", line, size, length, stream, SNARL_SITE);
    return length;
}

SNARL_EXPORT ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getdelim(line, size, '\n', stream);
    snarl_stream_using("getline", stream, SNARL_SITE);
    ssize_t length = real_getdelim(line, size, '\n', stream);
    tell_line("getline", line, size, length, stream, SNARL_SITE);
    return length;
}

SNARL_EXPORT ssize_t __getdelim(char **restrict line, size_t *restrict size, int end, FILE *restrict stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getdelim(line, size, end, stream);
    snarl_stream_using("getdelim", stream, SNARL_SITE);
    ssize_t length = real_getdelim(line, size, end, stream);
    tell_line("getdelim", line, size, length, stream, SNARL_SITE);
    return length;
}

/* --- characters --- */

SNARL_EXPORT int fputc(int byte, FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("fputc", stream, NULL, 1, SNARL_SITE);
    return real_putc(byte, stream);
}

SNARL_EXPORT int putc(int byte, FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("putc", stream, NULL, 1, SNARL_SITE);
    return real_putc(byte, stream);
}

SNARL_EXPORT int _IO_putc(int byte, FILE *stream);
SNARL_EXPORT int _IO_putc(int byte, FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("putc", stream, NULL, 1, SNARL_SITE);
    return real_putc(byte, stream);
}

SNARL_EXPORT int fputc_unlocked(int byte, FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        writing_unlocked("fputc_unlocked", stream, NULL, 1, SNARL_SITE);
    return real_putc_unlocked(byte, stream);
}

SNARL_EXPORT int putc_unlocked(int byte, FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        writing_unlocked("putc_unlocked", stream, NULL, 1, SNARL_SITE);
    return real_putc_unlocked(byte, stream);
}

SNARL_EXPORT int putchar(int byte)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("putchar", stdout, NULL, 1, SNARL_SITE);
    return real_putc(byte, stdout);
}

SNARL_EXPORT int putchar_unlocked(int byte)
{
    prepare();
    if (snarl_calls_wanted())
        writing_unlocked("putchar_unlocked", stdout, NULL, 1, SNARL_SITE);
    return real_putc_unlocked(byte, stdout);
}

SNARL_EXPORT int fgetc(FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getc(stream);
    snarl_stream_using("fgetc", stream, SNARL_SITE);
    int byte = real_getc(stream);
    snarl_stream_read("fgetc", stream, NULL, 0, SNARL_SITE);
    return byte;
}

SNARL_EXPORT int getc(FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getc(stream);
    snarl_stream_using("getc", stream, SNARL_SITE);
    int byte = real_getc(stream);
    snarl_stream_read("getc", stream, NULL, 0, SNARL_SITE);
    return byte;
}

SNARL_EXPORT int _IO_getc(FILE *stream);
SNARL_EXPORT int _IO_getc(FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getc(stream);
    snarl_stream_using("getc", stream, SNARL_SITE);
    int byte = real_getc(stream);
    snarl_stream_read("getc", stream, NULL, 0, SNARL_SITE);
    return byte;
}

SNARL_EXPORT int fgetc_unlocked(FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getc_unlocked(stream);
    using_unlocked("fgetc_unlocked", stream, SNARL_SITE);
    int byte = real_getc_unlocked(stream);
    snarl_stream_read("fgetc_unlocked", stream, NULL, 0, SNARL_SITE);
    return byte;
}

SNARL_EXPORT int getc_unlocked(FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getc_unlocked(stream);
    using_unlocked("getc_unlocked", stream, SNARL_SITE);
    int byte = real_getc_unlocked(stream);
    snarl_stream_read("getc_unlocked", stream, NULL, 0, SNARL_SITE);
    return byte;
}

SNARL_EXPORT int getchar(void)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getc(stdin);
    snarl_stream_using("getchar", stdin, SNARL_SITE);
    int byte = real_getc(stdin);
    snarl_stream_read("getchar", stdin, NULL, 0, SNARL_SITE);
    return byte;
}

SNARL_EXPORT int getchar_unlocked(void)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getc_unlocked(stdin);
    using_unlocked("getchar_unlocked", stdin, SNARL_SITE);
    int byte = real_getc_unlocked(stdin);
    snarl_stream_read("getchar_unlocked", stdin, NULL, 0, SNARL_SITE);
    return byte;
}

SNARL_EXPORT int ungetc(int byte, FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_using("ungetc", stream, SNARL_SITE);
    return real_ungetc(byte, stream);
}

/* --- wide characters --- */

SNARL_EXPORT int fputws(const wchar_t *restrict string, FILE *restrict stream)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("fputws", string, snarl_wide_extent(string, SIZE_MAX), SNARL_SITE);
        snarl_stream_writing("fputws", stream, NULL, SNARL_STREAM_FLUSHES, SNARL_SITE);
    }
    return real_fputws(string, stream);
}

SNARL_EXPORT wchar_t *fgetws(wchar_t *restrict buffer, int size, FILE *restrict stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_fgetws(buffer, size, stream);
    snarl_stream_using("fgetws", stream, SNARL_SITE);
    wchar_t *result = real_fgetws(buffer, size, stream);
    snarl_stream_read("fgetws", stream, result, result ? snarl_wide_extent(result, SIZE_MAX) : 0, SNARL_SITE);
    return result;
}

SNARL_EXPORT wint_t fputwc(wchar_t letter, FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("fputwc", stream, NULL, SNARL_STREAM_FLUSHES, SNARL_SITE);
    return real_putwc(letter, stream);
}

SNARL_EXPORT wint_t putwc(wchar_t letter, FILE *stream)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_stream_writing("putwc", stream, NULL, SNARL_STREAM_FLUSHES, SNARL_SITE);
    return real_putwc(letter, stream);
}

SNARL_EXPORT wint_t fgetwc(FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getwc(stream);
    snarl_stream_using("fgetwc", stream, SNARL_SITE);
    wint_t letter = real_getwc(stream);
    snarl_stream_read("fgetwc", stream, NULL, 0, SNARL_SITE);
    return letter;
}

SNARL_EXPORT wint_t getwc(FILE *stream)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getwc(stream);
    snarl_stream_using("getwc", stream, SNARL_SITE);
    wint_t letter = real_getwc(stream);
    snarl_stream_read("getwc", stream, NULL, 0, SNARL_SITE);
    return letter;
}
