/* bytes.c - memcpy, memmove, memset, memcmp, memchr and their relatives.
 *
 * memcpy is memmove, as it was in libc's older version of the symbol, which programs may still refer to. These are called
 * from the first moment of a process on, by our own search for the true functions too: until that is over a plain
 * loop serves. */
#include <sys/types.h>

#include "preload/access/bridge.h"

static void *move_slowly(void *to, const void *from, size_t size)
{
    volatile char *at = to;
    const volatile char *source = from;
    bool down = (uintptr_t)to > (uintptr_t)from;
    for (size_t i = 0; i < size; i++)
        at[down ? size - 1 - i : i] = source[down ? size - 1 - i : i];
    return to;
}

static void *set_slowly(void *to, int value, size_t size)
{
    for (volatile char *at = to; size--; at++)
        *at = (char)value;
    return to;
}

static void *(*real_memmove)(void *, const void *, size_t) = move_slowly;
static void *(*real_memset)(void *, int, size_t) = set_slowly;
static void *(*real_memccpy)(void *, const void *, int, size_t);
static int (*real_memcmp)(const void *, const void *, size_t);
static void *(*real_memchr)(const void *, int, size_t);
static void *(*real_memrchr)(const void *, int, size_t);
static void *(*real_rawmemchr)(const void *, int);
static void *(*real_memmem)(const void *, size_t, const void *, size_t);
static void *(*real_memmove_chk)(void *, const void *, size_t, size_t);
static void *(*real_memset_chk)(void *, int, size_t, size_t);
static void (*real_explicit_bzero)(void *, size_t);
static void (*real_swab)(const void *, void *, ssize_t);

static const struct snarl_true s_true[] = {
    {"memmove", &real_memmove},
    {"memset", &real_memset},
    {"memccpy", &real_memccpy},
    {"memcmp", &real_memcmp},
    {"memchr", &real_memchr},
    {"memrchr", &real_memrchr},
    {"rawmemchr", &real_rawmemchr},
    {"memmem", &real_memmem},
    {"__memmove_chk", &real_memmove_chk},
    {"__memset_chk", &real_memset_chk},
    {"explicit_bzero", &real_explicit_bzero},
    {"swab", &real_swab},
};
static bool s_ready, s_finding;

static inline void prepare(void)
{
    if (__builtin_expect(s_ready || s_finding, 1))
        return;
    s_finding = true;
    snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

static void tell_copy(const char *name, void *to, const void *from, size_t size, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_read(thr, name, from, size, site);
    snarl_call_write(thr, name, to, size, site);
    snarl_call_leave(thr);
}

static void tell_two_reads(const char *name, const void *a, size_t a_size, const void *b, size_t b_size,
                           struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_read(thr, name, a, a_size, site);
    snarl_call_read(thr, name, b, b_size, site);
    snarl_call_leave(thr);
}

/* How much of [start, start + size) a search looks at that found `found`. */
static size_t searched(const void *start, const void *found, size_t size)
{
    return found ? (size_t)((const char *)found - (const char *)start) + 1 : size;
}

SNARL_EXPORT void *memcpy(void *to, const void *from, size_t size);
SNARL_EXPORT void *memcpy(void *to, const void *from, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("memcpy", to, from, size, SNARL_SITE);
    return real_memmove(to, from, size);
}

SNARL_EXPORT void *memmove(void *to, const void *from, size_t size);
SNARL_EXPORT void *memmove(void *to, const void *from, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("memmove", to, from, size, SNARL_SITE);
    return real_memmove(to, from, size);
}

SNARL_EXPORT void *mempcpy(void *to, const void *from, size_t size);
SNARL_EXPORT void *mempcpy(void *to, const void *from, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("mempcpy", to, from, size, SNARL_SITE);
    return (char *)real_memmove(to, from, size) + size;
}

SNARL_EXPORT void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
SNARL_EXPORT void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("memcpy", to, from, size, SNARL_SITE);
    return real_memmove_chk(to, from, size, room);
}

SNARL_EXPORT void *__memmove_chk(void *to, const void *from, size_t size, size_t room);
SNARL_EXPORT void *__memmove_chk(void *to, const void *from, size_t size, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("memmove", to, from, size, SNARL_SITE);
    return real_memmove_chk(to, from, size, room);
}

SNARL_EXPORT void *__mempcpy_chk(void *to, const void *from, size_t size, size_t room);
SNARL_EXPORT void *__mempcpy_chk(void *to, const void *from, size_t size, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("mempcpy", to, from, size, SNARL_SITE);
    return (char *)real_memmove_chk(to, from, size, room) + size;
}

SNARL_EXPORT void bcopy(const void *from, void *to, size_t size);
SNARL_EXPORT void bcopy(const void *from, void *to, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("bcopy", to, from, size, SNARL_SITE);
    real_memmove(to, from, size);
}

SNARL_EXPORT void *memccpy(void *to, const void *from, int last, size_t size);
SNARL_EXPORT void *memccpy(void *to, const void *from, int last, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("memccpy", to, from, searched(from, real_memchr(from, last, size), size), SNARL_SITE);
    return real_memccpy(to, from, last, size);
}

SNARL_EXPORT void swab(const void *from, void *to, ssize_t size);
SNARL_EXPORT void swab(const void *from, void *to, ssize_t size)
{
    prepare();
    if (snarl_calls_wanted() && size > 1)
        tell_copy("swab", to, from, (size_t)size & ~(size_t)1, SNARL_SITE);
    real_swab(from, to, size);
}

SNARL_EXPORT void *memset(void *to, int value, size_t size);
SNARL_EXPORT void *memset(void *to, int value, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("memset", to, size, SNARL_SITE);
    return real_memset(to, value, size);
}

SNARL_EXPORT void *__memset_chk(void *to, int value, size_t size, size_t room);
SNARL_EXPORT void *__memset_chk(void *to, int value, size_t size, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("memset", to, size, SNARL_SITE);
    return real_memset_chk(to, value, size, room);
}

SNARL_EXPORT void bzero(void *to, size_t size);
SNARL_EXPORT void bzero(void *to, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("bzero", to, size, SNARL_SITE);
    real_memset(to, 0, size);
}

SNARL_EXPORT void explicit_bzero(void *to, size_t size);
SNARL_EXPORT void explicit_bzero(void *to, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("explicit_bzero", to, size, SNARL_SITE);
    real_explicit_bzero(to, size);
}

SNARL_EXPORT int memcmp(const void *a, const void *b, size_t size);
SNARL_EXPORT int memcmp(const void *a, const void *b, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_two_reads("memcmp", a, size, b, size, SNARL_SITE);
    return real_memcmp(a, b, size);
}

SNARL_EXPORT int bcmp(const void *a, const void *b, size_t size);
SNARL_EXPORT int bcmp(const void *a, const void *b, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_two_reads("bcmp", a, size, b, size, SNARL_SITE);
    return real_memcmp(a, b, size);
}

SNARL_EXPORT void *memchr(const void *start, int byte, size_t size);
SNARL_EXPORT void *memchr(const void *start, int byte, size_t size)
{
    prepare();
    void *found = real_memchr(start, byte, size);
    if (snarl_calls_wanted())
        snarl_call_reads("memchr", start, searched(start, found, size), SNARL_SITE);
    return found;
}

SNARL_EXPORT void *memrchr(const void *start, int byte, size_t size);
SNARL_EXPORT void *memrchr(const void *start, int byte, size_t size)
{
    prepare();
    const char *found = real_memrchr(start, byte, size);
    const char *low = found ? found : start;
    if (snarl_calls_wanted())
        snarl_call_reads("memrchr", low, (size_t)((const char *)start + size - low), SNARL_SITE);
    return (void *)found;
}

SNARL_EXPORT void *rawmemchr(const void *start, int byte);
SNARL_EXPORT void *rawmemchr(const void *start, int byte)
{
    prepare();
    void *found = real_rawmemchr(start, byte);
    if (snarl_calls_wanted())
        snarl_call_reads("rawmemchr", start, searched(start, found, 0), SNARL_SITE);
    return found;
}

SNARL_EXPORT void *memmem(const void *start, size_t size, const void *what, size_t what_size);
SNARL_EXPORT void *memmem(const void *start, size_t size, const void *what, size_t what_size)
{
    prepare();
    const char *found = real_memmem(start, size, what, what_size);
    size_t looked = found ? (size_t)(found - (const char *)start) + what_size : size;
    if (snarl_calls_wanted())
        tell_two_reads("memmem", start, looked, what, what_size, SNARL_SITE);
    return (void *)found;
}
