/* printing.c - printf and its relatives: the format, the strings it names, and where the result goes.
 *
 * All come down to libc's functions that take a va_list, as in libc itself. What is read is told before the
 * call, what a string function has written after it. A program that registers conversions of its own is told
 * of its formats only, as the arguments cannot be found then. */
#include <errno.h>
#include <printf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <syslog.h>
#include <wchar.h>

#include "preload/access/format.h"
#include "preload/access/streams.h"

static int (*real_vfprintf)(FILE *, const char *, va_list);
static int (*real___vfprintf_chk)(FILE *, int, const char *, va_list);
static int (*real_vsprintf)(char *, const char *, va_list);
static int (*real___vsprintf_chk)(char *, int, size_t, const char *, va_list);
static int (*real_vsnprintf)(char *, size_t, const char *, va_list);
static int (*real___vsnprintf_chk)(char *, size_t, int, size_t, const char *, va_list);
static int (*real_vasprintf)(char **, const char *, va_list);
static int (*real___vasprintf_chk)(char **, int, const char *, va_list);
static int (*real_vdprintf)(int, const char *, va_list);
static int (*real___vdprintf_chk)(int, int, const char *, va_list);
static void (*real_vsyslog)(int, const char *, va_list);
static void (*real___vsyslog_chk)(int, int, const char *, va_list);
static int (*real_vfwprintf)(FILE *, const wchar_t *, va_list);
static int (*real___vfwprintf_chk)(FILE *, int, const wchar_t *, va_list);
static int (*real_vswprintf)(wchar_t *, size_t, const wchar_t *, va_list);
static int (*real___vswprintf_chk)(wchar_t *, size_t, int, size_t, const wchar_t *, va_list);
static int (*real_register_printf_function)(int, printf_function, printf_arginfo_function);
static int (*real_register_printf_specifier)(int, printf_function, printf_arginfo_size_function);
static int (*real_register_printf_modifier)(const wchar_t *);

static const struct snarl_true s_true[] = {
    {"vfprintf", &real_vfprintf},
    {"__vfprintf_chk", &real___vfprintf_chk},
    {"vsprintf", &real_vsprintf},
    {"__vsprintf_chk", &real___vsprintf_chk},
    {"vsnprintf", &real_vsnprintf},
    {"__vsnprintf_chk", &real___vsnprintf_chk},
    {"vasprintf", &real_vasprintf},
    {"__vasprintf_chk", &real___vasprintf_chk},
    {"vdprintf", &real_vdprintf},
    {"__vdprintf_chk", &real___vdprintf_chk},
    {"vsyslog", &real_vsyslog},
    {"__vsyslog_chk", &real___vsyslog_chk},
    {"vfwprintf", &real_vfwprintf},
    {"__vfwprintf_chk", &real___vfwprintf_chk},
    {"vswprintf", &real_vswprintf},
    {"__vswprintf_chk", &real___vswprintf_chk},
    {"register_printf_function", &real_register_printf_function},
    {"register_printf_specifier", &real_register_printf_specifier},
    {"register_printf_modifier", &real_register_printf_modifier},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

static bool s_custom; /* the program has conversions of its own */

union value {
    int integer;
    long number;
    const void *pointer;
    double real;
    long double long_real;
};

static void fetch(union value *value, const struct snarl_format *format, va_list arguments)
{
    for (uint32_t i = 0; i < format->argument_count; i++) {
        if (format->type[i] == SNARL_FORMAT_INT)
            value[i].number = va_arg(arguments, int);
        else if (format->type[i] == SNARL_FORMAT_LONG)
            value[i].number = va_arg(arguments, long);
        else if (format->type[i] == SNARL_FORMAT_DOUBLE)
            value[i].real = va_arg(arguments, double);
        else
            value[i].long_real = va_arg(arguments, long double);
    }
}

static void tell_use(struct snarl_thread *thr, const char *name, const struct snarl_format_use *use,
                     const union value *value, struct snarl_site site)
{
    const void *start = value[use->argument].pointer;
    long limit = use->limit == SNARL_FORMAT_NO_LIMIT ? -1 : (long)use->limit;
    if (use->limit_argument)
        limit = value[use->limit_argument - 1].number; /* a negative one is none */
    size_t most = limit < 0 ? SIZE_MAX : (size_t)limit;
    if (!start)
        return;
    if (use->what == SNARL_FORMAT_STRING)
        snarl_call_read(thr, name, start, snarl_string_extent(start, most), site);
    else if (use->what == SNARL_FORMAT_WIDE_STRING)
        snarl_call_read(thr, name, start, snarl_wide_extent(start, most), site);
    else
        snarl_call_write(thr, name, (void *)start, use->limit, site);
}

/* The format and what it names. */
static void tell(const char *name, const void *text, bool wide, va_list arguments, struct snarl_site site)
{
    int saved = errno; /* %m */
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    struct snarl_format format;
    union value value[SNARL_FORMAT_ARGUMENTS];
    va_list copy;
    snarl_call_read(thr, name, text, wide ? snarl_wide_extent(text, SIZE_MAX) : snarl_string_size(text),
                    site);
    if (!s_custom) {
        snarl_format_print(&format, text, wide);
        va_copy(copy, arguments);
        fetch(value, &format, copy);
        va_end(copy);
        for (uint32_t i = 0; i < format.use_count; i++)
            tell_use(thr, name, &format.use[i], value, site);
    }
    snarl_call_leave(thr);
    errno = saved;
}

/* `result` characters and a terminator have been written, as far as there was room. */
static int stored(const char *name, void *buffer, size_t room, int result, size_t character,
                  struct snarl_site site)
{
    if (!snarl_calls_wanted() || result < 0 || !room)
        return result;
    size_t count = (size_t)result + 1 < room ? (size_t)result + 1 : room;
    snarl_call_writes(name, buffer, count * character, site);
    return result;
}

/* --- streams --- */

/* What one of the functions below was called with. `flag` is that of the fortified forms, negative: the plain
 * one. */
struct call {
    const char *name;
    const void *format;
    bool wide;
    int flag;
};

static int print(const struct call *call, FILE *stream, va_list arguments, struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted()) {
        tell(call->name, call->format, call->wide, arguments, site);
        snarl_stream_writing(call->name, stream, NULL, SNARL_STREAM_FLUSHES, site);
    }
    if (call->wide)
        return call->flag < 0 ? real_vfwprintf(stream, call->format, arguments)
                              : real___vfwprintf_chk(stream, call->flag, call->format, arguments);
    return call->flag < 0 ? real_vfprintf(stream, call->format, arguments)
                          : real___vfprintf_chk(stream, call->flag, call->format, arguments);
}

SNARL_EXPORT int printf(const char *restrict format, ...)
{
    const struct call call = {"printf", format, false, -1};
    va_list arguments;
    va_start(arguments, format);
    int result = print(&call, stdout, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int fprintf(FILE *restrict stream, const char *restrict format, ...)
{
    const struct call call = {"fprintf", format, false, -1};
    va_list arguments;
    va_start(arguments, format);
    int result = print(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __printf_chk(int flag, const char *format, ...);
SNARL_EXPORT int __printf_chk(int flag, const char *format, ...)
{
    const struct call call = {"printf", format, false, flag};
    va_list arguments;
    va_start(arguments, format);
    int result = print(&call, stdout, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
SNARL_EXPORT int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
    const struct call call = {"fprintf", format, false, flag};
    va_list arguments;
    va_start(arguments, format);
    int result = print(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int vprintf(const char *restrict format, va_list arguments)
{
    const struct call call = {"vprintf", format, false, -1};
    return print(&call, stdout, arguments, SNARL_SITE);
}

SNARL_EXPORT int vfprintf(FILE *restrict stream, const char *restrict format, va_list arguments)
{
    const struct call call = {"vfprintf", format, false, -1};
    return print(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int __vprintf_chk(int flag, const char *format, va_list arguments);
SNARL_EXPORT int __vprintf_chk(int flag, const char *format, va_list arguments)
{
    const struct call call = {"vprintf", format, false, flag};
    return print(&call, stdout, arguments, SNARL_SITE);
}

SNARL_EXPORT int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list arguments);
SNARL_EXPORT int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list arguments)
{
    const struct call call = {"vfprintf", format, false, flag};
    return print(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int wprintf(const wchar_t *restrict format, ...)
{
    const struct call call = {"wprintf", format, true, -1};
    va_list arguments;
    va_start(arguments, format);
    int result = print(&call, stdout, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int fwprintf(FILE *restrict stream, const wchar_t *restrict format, ...)
{
    const struct call call = {"fwprintf", format, true, -1};
    va_list arguments;
    va_start(arguments, format);
    int result = print(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __wprintf_chk(int flag, const wchar_t *format, ...);
SNARL_EXPORT int __wprintf_chk(int flag, const wchar_t *format, ...)
{
    const struct call call = {"wprintf", format, true, flag};
    va_list arguments;
    va_start(arguments, format);
    int result = print(&call, stdout, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __fwprintf_chk(FILE *stream, int flag, const wchar_t *format, ...);
SNARL_EXPORT int __fwprintf_chk(FILE *stream, int flag, const wchar_t *format, ...)
{
    const struct call call = {"fwprintf", format, true, flag};
    va_list arguments;
    va_start(arguments, format);
    int result = print(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int vwprintf(const wchar_t *restrict format, va_list arguments)
{
    const struct call call = {"vwprintf", format, true, -1};
    return print(&call, stdout, arguments, SNARL_SITE);
}

SNARL_EXPORT int vfwprintf(FILE *restrict stream, const wchar_t *restrict format, va_list arguments)
{
    const struct call call = {"vfwprintf", format, true, -1};
    return print(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int __vwprintf_chk(int flag, const wchar_t *format, va_list arguments);
SNARL_EXPORT int __vwprintf_chk(int flag, const wchar_t *format, va_list arguments)
{
    const struct call call = {"vwprintf", format, true, flag};
    return print(&call, stdout, arguments, SNARL_SITE);
}

SNARL_EXPORT int __vfwprintf_chk(FILE *stream, int flag, const wchar_t *format, va_list arguments);
SNARL_EXPORT int __vfwprintf_chk(FILE *stream, int flag, const wchar_t *format, va_list arguments)
{
    const struct call call = {"vfwprintf", format, true, flag};
    return print(&call, stream, arguments, SNARL_SITE);
}

/* --- strings --- */

static int print_unbounded(const char *name, char *buffer, const char *format, va_list arguments,
                           struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted())
        tell(name, format, false, arguments, site);
    return stored(name, buffer, SIZE_MAX, real_vsprintf(buffer, format, arguments), 1, site);
}

static int print_bounded(const char *name, char *buffer, size_t size, const char *format, va_list arguments,
                         struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted())
        tell(name, format, false, arguments, site);
    return stored(name, buffer, size, real_vsnprintf(buffer, size, format, arguments), 1, site);
}

static int print_unbounded_checked(const char *name, char *buffer, int flag, size_t room, const char *format,
                                   va_list arguments, struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted())
        tell(name, format, false, arguments, site);
    return stored(name, buffer, SIZE_MAX, real___vsprintf_chk(buffer, flag, room, format, arguments), 1,
                  site);
}

static int print_bounded_checked(const char *name, char *buffer, size_t size, int flag, size_t room,
                                 const char *format, va_list arguments, struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted())
        tell(name, format, false, arguments, site);
    return stored(name, buffer, size, real___vsnprintf_chk(buffer, size, flag, room, format, arguments), 1,
                  site);
}

SNARL_EXPORT int sprintf(char *restrict buffer, const char *restrict format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_unbounded("sprintf", buffer, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int vsprintf(char *restrict buffer, const char *restrict format, va_list arguments)
{
    return print_unbounded("vsprintf", buffer, format, arguments, SNARL_SITE);
}

SNARL_EXPORT int snprintf(char *restrict buffer, size_t size, const char *restrict format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_bounded("snprintf", buffer, size, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int vsnprintf(char *restrict buffer, size_t size, const char *restrict format, va_list arguments)
{
    return print_bounded("vsnprintf", buffer, size, format, arguments, SNARL_SITE);
}

SNARL_EXPORT int __sprintf_chk(char *buffer, int flag, size_t room, const char *format, ...);
SNARL_EXPORT int __sprintf_chk(char *buffer, int flag, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_unbounded_checked("sprintf", buffer, flag, room, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __vsprintf_chk(char *buffer, int flag, size_t room, const char *format, va_list arguments);
SNARL_EXPORT int __vsprintf_chk(char *buffer, int flag, size_t room, const char *format, va_list arguments)
{
    return print_unbounded_checked("vsprintf", buffer, flag, room, format, arguments, SNARL_SITE);
}

SNARL_EXPORT int __snprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format, ...);
SNARL_EXPORT int __snprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_bounded_checked("snprintf", buffer, size, flag, room, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __vsnprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format,
                                 va_list arguments);
SNARL_EXPORT int __vsnprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format,
                                 va_list arguments)
{
    return print_bounded_checked("vsnprintf", buffer, size, flag, room, format, arguments, SNARL_SITE);
}

/* --- wide strings --- */

/* A string that does not fit is an error, and may be half written: what there is of it is not told. */
static int print_wide(const char *name, wchar_t *buffer, size_t size, const wchar_t *format,
                      va_list arguments, struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted())
        tell(name, format, true, arguments, site);
    return stored(name, buffer, size, real_vswprintf(buffer, size, format, arguments), sizeof(*buffer), site);
}

static int print_wide_checked(const char *name, wchar_t *buffer, size_t size, int flag, size_t room,
                              const wchar_t *format, va_list arguments, struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted())
        tell(name, format, true, arguments, site);
    return stored(name, buffer, size, real___vswprintf_chk(buffer, size, flag, room, format, arguments),
                  sizeof(*buffer), site);
}

SNARL_EXPORT int swprintf(wchar_t *restrict buffer, size_t size, const wchar_t *restrict format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_wide("swprintf", buffer, size, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int vswprintf(wchar_t *restrict buffer, size_t size, const wchar_t *restrict format,
                           va_list arguments)
{
    return print_wide("vswprintf", buffer, size, format, arguments, SNARL_SITE);
}

SNARL_EXPORT int __swprintf_chk(wchar_t *buffer, size_t size, int flag, size_t room, const wchar_t *format,
                                ...);
SNARL_EXPORT int __swprintf_chk(wchar_t *buffer, size_t size, int flag, size_t room, const wchar_t *format,
                                ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_wide_checked("swprintf", buffer, size, flag, room, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __vswprintf_chk(wchar_t *buffer, size_t size, int flag, size_t room, const wchar_t *format,
                                 va_list arguments);
SNARL_EXPORT int __vswprintf_chk(wchar_t *buffer, size_t size, int flag, size_t room, const wchar_t *format,
                                 va_list arguments)
{
    return print_wide_checked("vswprintf", buffer, size, flag, room, format, arguments, SNARL_SITE);
}

/* --- allocated strings --- */

static int print_allocated(const char *name, char **text, int flag, const char *format, va_list arguments,
                           struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted())
        tell(name, format, false, arguments, site);
    int length = flag < 0 ? real_vasprintf(text, format, arguments)
                          : real___vasprintf_chk(text, flag, format, arguments);
    if (snarl_calls_wanted() && length >= 0)
        snarl_call_writes(name, text, sizeof(*text), site);
    return length;
}

SNARL_EXPORT int asprintf(char **restrict text, const char *restrict format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_allocated("asprintf", text, -1, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int vasprintf(char **restrict text, const char *restrict format, va_list arguments)
{
    return print_allocated("vasprintf", text, -1, format, arguments, SNARL_SITE);
}

SNARL_EXPORT int __asprintf_chk(char **text, int flag, const char *format, ...);
SNARL_EXPORT int __asprintf_chk(char **text, int flag, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_allocated("asprintf", text, flag, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __vasprintf_chk(char **text, int flag, const char *format, va_list arguments);
SNARL_EXPORT int __vasprintf_chk(char **text, int flag, const char *format, va_list arguments)
{
    return print_allocated("vasprintf", text, flag, format, arguments, SNARL_SITE);
}

/* --- descriptors, the system's log --- */

static int print_descriptor(const char *name, int fd, int flag, const char *format, va_list arguments,
                            struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted()) {
        tell(name, format, false, arguments, site);
        snarl_traffic_writing(name, fd, NULL, 0, site);
    }
    int result =
        flag < 0 ? real_vdprintf(fd, format, arguments) : real___vdprintf_chk(fd, flag, format, arguments);
    if (snarl_calls_wanted())
        snarl_traffic_written(name, fd, result, site);
    return result;
}

static void print_log(const char *name, int priority, int flag, const char *format, va_list arguments,
                      struct snarl_site site)
{
    prepare();
    if (snarl_calls_wanted())
        tell(name, format, false, arguments, site);
    if (flag < 0)
        real_vsyslog(priority, format, arguments);
    else
        real___vsyslog_chk(priority, flag, format, arguments);
}

SNARL_EXPORT int dprintf(int fd, const char *restrict format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_descriptor("dprintf", fd, -1, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int vdprintf(int fd, const char *restrict format, va_list arguments)
{
    return print_descriptor("vdprintf", fd, -1, format, arguments, SNARL_SITE);
}

SNARL_EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...);
SNARL_EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = print_descriptor("dprintf", fd, flag, format, arguments, SNARL_SITE);
    va_end(arguments);
    return result;
}

SNARL_EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments);
SNARL_EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments)
{
    return print_descriptor("vdprintf", fd, flag, format, arguments, SNARL_SITE);
}

SNARL_EXPORT void syslog(int priority, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_log("syslog", priority, -1, format, arguments, SNARL_SITE);
    va_end(arguments);
}

SNARL_EXPORT void vsyslog(int priority, const char *format, va_list arguments)
{
    print_log("vsyslog", priority, -1, format, arguments, SNARL_SITE);
}

SNARL_EXPORT void __syslog_chk(int priority, int flag, const char *format, ...);
SNARL_EXPORT void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_log("syslog", priority, flag, format, arguments, SNARL_SITE);
    va_end(arguments);
}

SNARL_EXPORT void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments);
SNARL_EXPORT void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments)
{
    print_log("vsyslog", priority, flag, format, arguments, SNARL_SITE);
}

/* --- the program's own conversions --- */

SNARL_EXPORT int register_printf_specifier(int letter, printf_function print_it,
                                           printf_arginfo_size_function describe)
{
    prepare();
    s_custom = true;
    return real_register_printf_specifier(letter, print_it, describe);
}

SNARL_EXPORT int register_printf_function(int letter, printf_function print_it,
                                          printf_arginfo_function describe)
{
    prepare();
    s_custom = true;
    return real_register_printf_function(letter, print_it, describe);
}

SNARL_EXPORT int register_printf_modifier(const wchar_t *modifier)
{
    prepare();
    s_custom = true;
    return real_register_printf_modifier(modifier);
}
