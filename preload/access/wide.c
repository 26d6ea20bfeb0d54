/* wide.c - what the wcs* and wmem* functions read and write. */
#include <wchar.h>

#include "preload/access/bridge.h"

static size_t (*real_wcslen)(const wchar_t *);
static size_t (*real_wcsnlen)(const wchar_t *, size_t);
static wchar_t *(*real_wmemmove)(wchar_t *, const wchar_t *, size_t);
static wchar_t *(*real_wmemset)(wchar_t *, wchar_t, size_t);
static int (*real_wmemcmp)(const wchar_t *, const wchar_t *, size_t);
static wchar_t *(*real_wcscpy)(wchar_t *, const wchar_t *);
static wchar_t *(*real_wcsncpy)(wchar_t *, const wchar_t *, size_t);
static wchar_t *(*real_wcscat)(wchar_t *, const wchar_t *);
static int (*real_wcscmp)(const wchar_t *, const wchar_t *);
static int (*real_wcsncmp)(const wchar_t *, const wchar_t *, size_t);
static wchar_t *(*real_wcschr)(const wchar_t *, wchar_t);
static wchar_t *(*real_wcsrchr)(const wchar_t *, wchar_t);
static wchar_t *(*real_wcsstr)(const wchar_t *, const wchar_t *);
static wchar_t *(*real_wcsdup)(const wchar_t *);

static const struct snarl_true s_true[] = {
    {"wcslen", &real_wcslen},     {"wcsnlen", &real_wcsnlen}, {"wmemmove", &real_wmemmove},
    {"wmemset", &real_wmemset},   {"wmemcmp", &real_wmemcmp}, {"wcscpy", &real_wcscpy},
    {"wcsncpy", &real_wcsncpy},   {"wcscat", &real_wcscat},   {"wcscmp", &real_wcscmp},
    {"wcsncmp", &real_wcsncmp},   {"wcschr", &real_wcschr},   {"wcsrchr", &real_wcsrchr},
    {"wcsstr", &real_wcsstr},     {"wcsdup", &real_wcsdup},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

static size_t whole(const wchar_t *string)
{
    return (real_wcslen(string) + 1) * sizeof(*string);
}

static size_t extent(const wchar_t *string, size_t limit)
{
    size_t length = real_wcsnlen(string, limit);
    return (length < limit ? length + 1 : limit) * sizeof(*string);
}

static size_t compared(const wchar_t *a, const wchar_t *b, size_t limit)
{
    size_t i = 0;
    while (i < limit && a[i] && a[i] == b[i])
        i++;
    return (i < limit ? i + 1 : limit) * sizeof(*a);
}

static void tell_copy(const char *name, wchar_t *to, size_t to_size, const wchar_t *from, size_t from_size,
                      struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_read(thr, name, from, from_size, site);
    snarl_call_write(thr, name, to, to_size, site);
    snarl_call_leave(thr);
}

static void tell_two_reads(const char *name, const wchar_t *a, size_t a_size, const wchar_t *b, size_t b_size,
                           struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_read(thr, name, a, a_size, site);
    snarl_call_read(thr, name, b, b_size, site);
    snarl_call_leave(thr);
}

SNARL_EXPORT size_t wcslen(const wchar_t *string)
{
    prepare();
    size_t length = real_wcslen(string);
    if (snarl_calls_wanted())
        snarl_call_reads("wcslen", string, (length + 1) * sizeof(*string), SNARL_SITE);
    return length;
}

SNARL_EXPORT wchar_t *wmemcpy(wchar_t *restrict to, const wchar_t *restrict from, size_t count)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("wmemcpy", to, count * sizeof(*to), from, count * sizeof(*to), SNARL_SITE);
    return real_wmemmove(to, from, count);
}

SNARL_EXPORT wchar_t *wmemmove(wchar_t *to, const wchar_t *from, size_t count)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("wmemmove", to, count * sizeof(*to), from, count * sizeof(*to), SNARL_SITE);
    return real_wmemmove(to, from, count);
}

SNARL_EXPORT wchar_t *wmemset(wchar_t *to, wchar_t value, size_t count)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("wmemset", to, count * sizeof(*to), SNARL_SITE);
    return real_wmemset(to, value, count);
}

SNARL_EXPORT int wmemcmp(const wchar_t *a, const wchar_t *b, size_t count)
{
    prepare();
    if (snarl_calls_wanted())
        tell_two_reads("wmemcmp", a, count * sizeof(*a), b, count * sizeof(*b), SNARL_SITE);
    return real_wmemcmp(a, b, count);
}

SNARL_EXPORT wchar_t *wcscpy(wchar_t *restrict to, const wchar_t *restrict from)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("wcscpy", to, whole(from), from, whole(from), SNARL_SITE);
    return real_wcscpy(to, from);
}

SNARL_EXPORT wchar_t *wcsncpy(wchar_t *restrict to, const wchar_t *restrict from, size_t count)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("wcsncpy", to, count * sizeof(*to), from, extent(from, count), SNARL_SITE);
    return real_wcsncpy(to, from, count);
}

SNARL_EXPORT wchar_t *wcscat(wchar_t *restrict to, const wchar_t *restrict from)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("wcscat", to + real_wcslen(to), whole(from), from, whole(from), SNARL_SITE);
    return real_wcscat(to, from);
}

SNARL_EXPORT int wcscmp(const wchar_t *a, const wchar_t *b)
{
    prepare();
    if (snarl_calls_wanted()) {
        size_t size = compared(a, b, SIZE_MAX);
        tell_two_reads("wcscmp", a, size, b, size, SNARL_SITE);
    }
    return real_wcscmp(a, b);
}

SNARL_EXPORT int wcsncmp(const wchar_t *a, const wchar_t *b, size_t limit)
{
    prepare();
    if (snarl_calls_wanted()) {
        size_t size = compared(a, b, limit);
        tell_two_reads("wcsncmp", a, size, b, size, SNARL_SITE);
    }
    return real_wcsncmp(a, b, limit);
}

SNARL_EXPORT wchar_t *wcschr(const wchar_t *string, wchar_t what)
{
    prepare();
    wchar_t *found = real_wcschr(string, what);
    if (snarl_calls_wanted()) {
        size_t looked = found ? (size_t)(found - string + 1) * sizeof(*string) : whole(string);
        snarl_call_reads("wcschr", string, looked, SNARL_SITE);
    }
    return found;
}

SNARL_EXPORT wchar_t *wcsrchr(const wchar_t *string, wchar_t what)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("wcsrchr", string, whole(string), SNARL_SITE);
    return real_wcsrchr(string, what);
}

SNARL_EXPORT wchar_t *wcsstr(const wchar_t *string, const wchar_t *what)
{
    prepare();
    wchar_t *found = real_wcsstr(string, what);
    if (snarl_calls_wanted()) {
        size_t looked = found ? (size_t)(found - string) * sizeof(*string) + whole(what) - sizeof(*what) : whole(string);
        tell_two_reads("wcsstr", string, looked, what, whole(what), SNARL_SITE);
    }
    return found;
}

SNARL_EXPORT wchar_t *wcsdup(const wchar_t *string)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("wcsdup", string, whole(string), SNARL_SITE);
    return real_wcsdup(string);
}
