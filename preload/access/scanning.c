/* scanning.c - scanf and its relatives: what the format says that they store, as far as they came.
 *
 * There are three generations: the names of the header's time before C99, in which `a` allocates; C99's;
 * C23's, which differ in nothing that matters here and which older libraries do not have. */
#include <errno.h>
#include <stdarg.h>
#include <wchar.h>

#include "preload/access/format.h"
#include "preload/access/streams.h"

enum generation { GNU, C99, C23, GENERATIONS };

static int (*s_stream[GENERATIONS])(FILE *, const char *, va_list);
static int (*s_string[GENERATIONS])(const char *, const char *, va_list);
static int (*s_wide_stream[GENERATIONS])(FILE *, const wchar_t *, va_list);
static int (*s_wide_string[GENERATIONS])(const wchar_t *, const wchar_t *, va_list);

static const struct snarl_true s_true[] = {
    {"vfscanf", &s_stream[GNU]},
    {"__isoc99_vfscanf", &s_stream[C99]},
    {"__isoc23_vfscanf", &s_stream[C23]},
    {"vsscanf", &s_string[GNU]},
    {"__isoc99_vsscanf", &s_string[C99]},
    {"__isoc23_vsscanf", &s_string[C23]},
    {"vfwscanf", &s_wide_stream[GNU]},
    {"__isoc99_vfwscanf", &s_wide_stream[C99]},
    {"__isoc23_vfwscanf", &s_wide_stream[C23]},
    {"vswscanf", &s_wide_string[GNU]},
    {"__isoc99_vswscanf", &s_wide_string[C99]},
    {"__isoc23_vswscanf", &s_wide_string[C23]},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* What one of the functions below was called with. */
struct call {
    const char *name;
    const void *format;
    bool wide;
    enum generation generation;
};

static void tell_use(struct snarl_thread *thr, const char *name, const struct snarl_format_use *use,
                     void *start, struct snarl_site site)
{
    if (use->what == SNARL_FORMAT_STRING)
        snarl_call_write(thr, name, start, snarl_string_size(start), site);
    else if (use->what == SNARL_FORMAT_WIDE_STRING)
        snarl_call_write(thr, name, start, snarl_wide_extent(start, SIZE_MAX), site);
    else
        snarl_call_write(thr, name, start, use->limit, site);
}

/* Of %n it is only certain that it was reached when a later conversion was, or nothing that could fail lies
 * before it. */
static bool was_done(const struct snarl_format_use *use, int stored)
{
    if (use->what != SNARL_FORMAT_COUNT)
        return use->order <= stored;
    return use->order < stored || (use->order == stored && use->certain);
}

/* `stored` conversions have been. */
static void tell(const struct call *call, int stored, va_list arguments, struct snarl_site site)
{
    int saved = errno;
    struct snarl_format format;
    void *start[SNARL_FORMAT_ARGUMENTS];
    struct snarl_thread *thr = stored >= 0 ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    snarl_format_scan(&format, call->format, call->wide, call->generation == GNU);
    for (uint32_t i = 0; i < format.argument_count; i++)
        start[i] = va_arg(arguments, void *);
    for (uint32_t i = 0; i < format.use_count; i++)
        if (was_done(&format.use[i], stored))
            tell_use(thr, call->name, &format.use[i], start[format.use[i].argument], site);
    snarl_call_leave(thr);
    errno = saved;
}

static void tell_text(const char *name, const void *text, bool wide, struct snarl_site site)
{
    snarl_call_reads(name, text, wide ? snarl_wide_extent(text, SIZE_MAX) : snarl_string_size(text), site);
}

/* --- the two kinds --- */

static int truly_scan_stream(const struct call *call, FILE *stream, va_list arguments)
{
    if (call->wide)
        return s_wide_stream[call->generation](stream, call->format, arguments);
    return s_stream[call->generation](stream, call->format, arguments);
}

static int scan_stream(const struct call *call, FILE *stream, va_list arguments, struct snarl_site site)
{
    prepare();
    if (!snarl_calls_wanted())
        return truly_scan_stream(call, stream, arguments);
    va_list copy;
    va_copy(copy, arguments);
    snarl_stream_using(call->name, stream, site);
    tell_text(call->name, call->format, call->wide, site);
    int stored = truly_scan_stream(call, stream, arguments);
    snarl_stream_read(call->name, stream, NULL, 0, site);
    tell(call, stored, copy, site);
    va_end(copy);
    return stored;
}

static int truly_scan_string(const struct call *call, const void *string, va_list arguments)
{
    if (call->wide)
        return s_wide_string[call->generation](string, call->format, arguments);
    return s_string[call->generation](string, call->format, arguments);
}

static int scan_string(const struct call *call, const void *string, va_list arguments, struct snarl_site site)
{
    prepare();
    if (!snarl_calls_wanted())
        return truly_scan_string(call, string, arguments);
    va_list copy;
    va_copy(copy, arguments);
    tell_text(call->name, string, call->wide, site);
    tell_text(call->name, call->format, call->wide, site);
    int stored = truly_scan_string(call, string, arguments);
    tell(call, stored, copy, site);
    va_end(copy);
    return stored;
}

/* --- before C99 --- */

SNARL_EXPORT int gnu_scanf(const char *format, ...) __asm__("scanf");
int gnu_scanf(const char *format, ...)
{
    const struct call call = {"scanf", format, false, GNU};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stdin, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int gnu_fscanf(FILE *stream, const char *format, ...) __asm__("fscanf");
int gnu_fscanf(FILE *stream, const char *format, ...)
{
    const struct call call = {"fscanf", format, false, GNU};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int gnu_sscanf(const char *string, const char *format, ...) __asm__("sscanf");
int gnu_sscanf(const char *string, const char *format, ...)
{
    const struct call call = {"sscanf", format, false, GNU};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_string(&call, string, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int gnu_vscanf(const char *format, va_list arguments) __asm__("vscanf");
int gnu_vscanf(const char *format, va_list arguments)
{
    const struct call call = {"vscanf", format, false, GNU};
    return scan_stream(&call, stdin, arguments, SNARL_SITE);
}

SNARL_EXPORT int gnu_vfscanf(FILE *stream, const char *format, va_list arguments) __asm__("vfscanf");
int gnu_vfscanf(FILE *stream, const char *format, va_list arguments)
{
    const struct call call = {"vfscanf", format, false, GNU};
    return scan_stream(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int gnu_vsscanf(const char *string, const char *format, va_list arguments) __asm__("vsscanf");
int gnu_vsscanf(const char *string, const char *format, va_list arguments)
{
    const struct call call = {"vsscanf", format, false, GNU};
    return scan_string(&call, string, arguments, SNARL_SITE);
}

SNARL_EXPORT int gnu_wscanf(const wchar_t *format, ...) __asm__("wscanf");
int gnu_wscanf(const wchar_t *format, ...)
{
    const struct call call = {"wscanf", format, true, GNU};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stdin, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int gnu_fwscanf(FILE *stream, const wchar_t *format, ...) __asm__("fwscanf");
int gnu_fwscanf(FILE *stream, const wchar_t *format, ...)
{
    const struct call call = {"fwscanf", format, true, GNU};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int gnu_swscanf(const wchar_t *string, const wchar_t *format, ...) __asm__("swscanf");
int gnu_swscanf(const wchar_t *string, const wchar_t *format, ...)
{
    const struct call call = {"swscanf", format, true, GNU};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_string(&call, string, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int gnu_vwscanf(const wchar_t *format, va_list arguments) __asm__("vwscanf");
int gnu_vwscanf(const wchar_t *format, va_list arguments)
{
    const struct call call = {"vwscanf", format, true, GNU};
    return scan_stream(&call, stdin, arguments, SNARL_SITE);
}

SNARL_EXPORT int gnu_vfwscanf(FILE *stream, const wchar_t *format, va_list arguments) __asm__("vfwscanf");
int gnu_vfwscanf(FILE *stream, const wchar_t *format, va_list arguments)
{
    const struct call call = {"vfwscanf", format, true, GNU};
    return scan_stream(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int gnu_vswscanf(const wchar_t *string, const wchar_t *format,
                              va_list arguments) __asm__("vswscanf");
int gnu_vswscanf(const wchar_t *string, const wchar_t *format, va_list arguments)
{
    const struct call call = {"vswscanf", format, true, GNU};
    return scan_string(&call, string, arguments, SNARL_SITE);
}

/* --- C99 --- */

SNARL_EXPORT int c99_scanf(const char *format, ...) __asm__("__isoc99_scanf");
int c99_scanf(const char *format, ...)
{
    const struct call call = {"scanf", format, false, C99};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stdin, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c99_fscanf(FILE *stream, const char *format, ...) __asm__("__isoc99_fscanf");
int c99_fscanf(FILE *stream, const char *format, ...)
{
    const struct call call = {"fscanf", format, false, C99};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c99_sscanf(const char *string, const char *format, ...) __asm__("__isoc99_sscanf");
int c99_sscanf(const char *string, const char *format, ...)
{
    const struct call call = {"sscanf", format, false, C99};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_string(&call, string, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c99_vscanf(const char *format, va_list arguments) __asm__("__isoc99_vscanf");
int c99_vscanf(const char *format, va_list arguments)
{
    const struct call call = {"vscanf", format, false, C99};
    return scan_stream(&call, stdin, arguments, SNARL_SITE);
}

SNARL_EXPORT int c99_vfscanf(FILE *stream, const char *format, va_list arguments) __asm__("__isoc99_vfscanf");
int c99_vfscanf(FILE *stream, const char *format, va_list arguments)
{
    const struct call call = {"vfscanf", format, false, C99};
    return scan_stream(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int c99_vsscanf(const char *string, const char *format,
                             va_list arguments) __asm__("__isoc99_vsscanf");
int c99_vsscanf(const char *string, const char *format, va_list arguments)
{
    const struct call call = {"vsscanf", format, false, C99};
    return scan_string(&call, string, arguments, SNARL_SITE);
}

SNARL_EXPORT int c99_wscanf(const wchar_t *format, ...) __asm__("__isoc99_wscanf");
int c99_wscanf(const wchar_t *format, ...)
{
    const struct call call = {"wscanf", format, true, C99};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stdin, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c99_fwscanf(FILE *stream, const wchar_t *format, ...) __asm__("__isoc99_fwscanf");
int c99_fwscanf(FILE *stream, const wchar_t *format, ...)
{
    const struct call call = {"fwscanf", format, true, C99};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c99_swscanf(const wchar_t *string, const wchar_t *format, ...) __asm__("__isoc99_swscanf");
int c99_swscanf(const wchar_t *string, const wchar_t *format, ...)
{
    const struct call call = {"swscanf", format, true, C99};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_string(&call, string, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c99_vwscanf(const wchar_t *format, va_list arguments) __asm__("__isoc99_vwscanf");
int c99_vwscanf(const wchar_t *format, va_list arguments)
{
    const struct call call = {"vwscanf", format, true, C99};
    return scan_stream(&call, stdin, arguments, SNARL_SITE);
}

SNARL_EXPORT int c99_vfwscanf(FILE *stream, const wchar_t *format,
                              va_list arguments) __asm__("__isoc99_vfwscanf");
int c99_vfwscanf(FILE *stream, const wchar_t *format, va_list arguments)
{
    const struct call call = {"vfwscanf", format, true, C99};
    return scan_stream(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int c99_vswscanf(const wchar_t *string, const wchar_t *format,
                              va_list arguments) __asm__("__isoc99_vswscanf");
int c99_vswscanf(const wchar_t *string, const wchar_t *format, va_list arguments)
{
    const struct call call = {"vswscanf", format, true, C99};
    return scan_string(&call, string, arguments, SNARL_SITE);
}

/* --- C23 --- */

SNARL_EXPORT int c23_scanf(const char *format, ...) __asm__("__isoc23_scanf");
int c23_scanf(const char *format, ...)
{
    const struct call call = {"scanf", format, false, C23};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stdin, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c23_fscanf(FILE *stream, const char *format, ...) __asm__("__isoc23_fscanf");
int c23_fscanf(FILE *stream, const char *format, ...)
{
    const struct call call = {"fscanf", format, false, C23};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c23_sscanf(const char *string, const char *format, ...) __asm__("__isoc23_sscanf");
int c23_sscanf(const char *string, const char *format, ...)
{
    const struct call call = {"sscanf", format, false, C23};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_string(&call, string, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c23_vscanf(const char *format, va_list arguments) __asm__("__isoc23_vscanf");
int c23_vscanf(const char *format, va_list arguments)
{
    const struct call call = {"vscanf", format, false, C23};
    return scan_stream(&call, stdin, arguments, SNARL_SITE);
}

SNARL_EXPORT int c23_vfscanf(FILE *stream, const char *format, va_list arguments) __asm__("__isoc23_vfscanf");
int c23_vfscanf(FILE *stream, const char *format, va_list arguments)
{
    const struct call call = {"vfscanf", format, false, C23};
    return scan_stream(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int c23_vsscanf(const char *string, const char *format,
                             va_list arguments) __asm__("__isoc23_vsscanf");
int c23_vsscanf(const char *string, const char *format, va_list arguments)
{
    const struct call call = {"vsscanf", format, false, C23};
    return scan_string(&call, string, arguments, SNARL_SITE);
}

SNARL_EXPORT int c23_wscanf(const wchar_t *format, ...) __asm__("__isoc23_wscanf");
int c23_wscanf(const wchar_t *format, ...)
{
    const struct call call = {"wscanf", format, true, C23};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stdin, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c23_fwscanf(FILE *stream, const wchar_t *format, ...) __asm__("__isoc23_fwscanf");
int c23_fwscanf(FILE *stream, const wchar_t *format, ...)
{
    const struct call call = {"fwscanf", format, true, C23};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_stream(&call, stream, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c23_swscanf(const wchar_t *string, const wchar_t *format, ...) __asm__("__isoc23_swscanf");
int c23_swscanf(const wchar_t *string, const wchar_t *format, ...)
{
    const struct call call = {"swscanf", format, true, C23};
    va_list arguments;
    va_start(arguments, format);
    int stored = scan_string(&call, string, arguments, SNARL_SITE);
    va_end(arguments);
    return stored;
}

SNARL_EXPORT int c23_vwscanf(const wchar_t *format, va_list arguments) __asm__("__isoc23_vwscanf");
int c23_vwscanf(const wchar_t *format, va_list arguments)
{
    const struct call call = {"vwscanf", format, true, C23};
    return scan_stream(&call, stdin, arguments, SNARL_SITE);
}

SNARL_EXPORT int c23_vfwscanf(FILE *stream, const wchar_t *format,
                              va_list arguments) __asm__("__isoc23_vfwscanf");
int c23_vfwscanf(FILE *stream, const wchar_t *format, va_list arguments)
{
    const struct call call = {"vfwscanf", format, true, C23};
    return scan_stream(&call, stream, arguments, SNARL_SITE);
}

SNARL_EXPORT int c23_vswscanf(const wchar_t *string, const wchar_t *format,
                              va_list arguments) __asm__("__isoc23_vswscanf");
int c23_vswscanf(const wchar_t *string, const wchar_t *format, va_list arguments)
{
    const struct call call = {"vswscanf", format, true, C23};
    return scan_string(&call, string, arguments, SNARL_SITE);
}
