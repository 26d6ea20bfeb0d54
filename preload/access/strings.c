/* strings.c - what the str* functions read and write, to the byte and with the terminator. */
#include <stdlib.h>
#include <sys/types.h>

#include "preload/access/bridge.h"

/* Our own search for the true functions compares strings. */
static int compare_slowly(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return (unsigned char)*a - (unsigned char)*b;
}

static size_t (*real_strlen)(const char *);
static size_t (*real_strnlen)(const char *, size_t);
static int (*real_strcmp)(const char *, const char *) = compare_slowly;
static int (*real_strncmp)(const char *, const char *, size_t);
static int (*real_strcasecmp)(const char *, const char *);
static int (*real_strncasecmp)(const char *, const char *, size_t);
static int (*real_strcoll)(const char *, const char *);
static char *(*real_strchr)(const char *, int);
static char *(*real_strrchr)(const char *, int);
static char *(*real_strchrnul)(const char *, int);
static char *(*real_strstr)(const char *, const char *);
static char *(*real_strcasestr)(const char *, const char *);
static size_t (*real_strspn)(const char *, const char *);
static size_t (*real_strcspn)(const char *, const char *);
static char *(*real_strpbrk)(const char *, const char *);
static char *(*real_strcpy)(char *, const char *);
static char *(*real_stpcpy)(char *, const char *);
static char *(*real_strncpy)(char *, const char *, size_t);
static char *(*real_stpncpy)(char *, const char *, size_t);
static char *(*real_strcat)(char *, const char *);
static char *(*real_strncat)(char *, const char *, size_t);
static char *(*real_strdup)(const char *);
static char *(*real_strndup)(const char *, size_t);
static char *(*real_strcpy_chk)(char *, const char *, size_t);
static char *(*real_stpcpy_chk)(char *, const char *, size_t);
static char *(*real_strncpy_chk)(char *, const char *, size_t, size_t);
static char *(*real_stpncpy_chk)(char *, const char *, size_t, size_t);
static char *(*real_strcat_chk)(char *, const char *, size_t);
static char *(*real_strncat_chk)(char *, const char *, size_t, size_t);

static const struct snarl_true s_true[] = {
    {"strlen", &real_strlen},
    {"strnlen", &real_strnlen},
    {"strcmp", &real_strcmp},
    {"strncmp", &real_strncmp},
    {"strcasecmp", &real_strcasecmp},
    {"strncasecmp", &real_strncasecmp},
    {"strcoll", &real_strcoll},
    {"strchr", &real_strchr},
    {"strrchr", &real_strrchr},
    {"strchrnul", &real_strchrnul},
    {"strstr", &real_strstr},
    {"strcasestr", &real_strcasestr},
    {"strspn", &real_strspn},
    {"strcspn", &real_strcspn},
    {"strpbrk", &real_strpbrk},
    {"strcpy", &real_strcpy},
    {"stpcpy", &real_stpcpy},
    {"strncpy", &real_strncpy},
    {"stpncpy", &real_stpncpy},
    {"strcat", &real_strcat},
    {"strncat", &real_strncat},
    {"strdup", &real_strdup},
    {"strndup", &real_strndup},
    {"__strcpy_chk", &real_strcpy_chk},
    {"__stpcpy_chk", &real_stpcpy_chk},
    {"__strncpy_chk", &real_strncpy_chk},
    {"__stpncpy_chk", &real_stpncpy_chk},
    {"__strcat_chk", &real_strcat_chk},
    {"__strncat_chk", &real_strncat_chk},
};
static bool s_ready, s_finding;

static inline void prepare(void)
{
    if (__builtin_expect(s_ready || s_finding, 1))
        return;
    s_finding = true;
    snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bytes that a read of at most `limit` characters of a string touches. */
static size_t extent(const char *string, size_t limit)
{
    size_t length = real_strnlen(string, limit);
    return length < limit ? length + 1 : limit;
}

static size_t whole(const char *string)
{
    return real_strlen(string) + 1;
}

static void tell_copy(const char *name, char *to, size_t to_size, const char *from, size_t from_size,
                      struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_read(thr, name, from, from_size, site);
    snarl_call_write(thr, name, to, to_size, site);
    snarl_call_leave(thr);
}

/* Reads the end of what is there, writes over it. `copied` counts without the terminator, which is written too. */
static void tell_append(const char *name, char *to, const char *from, size_t copied, size_t read,
                        struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    size_t length = real_strlen(to);
    snarl_call_read(thr, name, from, read, site);
    snarl_call_read(thr, name, to, length, site);
    snarl_call_write(thr, name, to + length, copied + 1, site);
    snarl_call_leave(thr);
}

static void tell_two_reads(const char *name, const char *a, size_t a_size, const char *b, size_t b_size,
                           struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_read(thr, name, a, a_size, site);
    snarl_call_read(thr, name, b, b_size, site);
    snarl_call_leave(thr);
}

/* How far a comparison of at most `limit` characters has to look. */
static size_t compared(const char *a, const char *b, size_t limit)
{
    size_t i = 0;
    while (i < limit && a[i] && a[i] == b[i])
        i++;
    return i < limit ? i + 1 : limit;
}

static size_t compared_folded(const char *a, const char *b, size_t limit)
{
    size_t i = 0;
    while (i < limit && a[i] && real_strncasecmp(a + i, b + i, 1) == 0)
        i++;
    return i < limit ? i + 1 : limit;
}

/* --- length and search --- */

SNARL_EXPORT size_t strlen(const char *string);
SNARL_EXPORT size_t strlen(const char *string)
{
    prepare();
    size_t length = real_strlen(string);
    if (snarl_calls_wanted())
        snarl_call_reads("strlen", string, length + 1, SNARL_SITE);
    return length;
}

SNARL_EXPORT size_t strnlen(const char *string, size_t limit);
SNARL_EXPORT size_t strnlen(const char *string, size_t limit)
{
    prepare();
    size_t length = real_strnlen(string, limit);
    if (snarl_calls_wanted())
        snarl_call_reads("strnlen", string, smaller(length + 1, limit), SNARL_SITE);
    return length;
}

SNARL_EXPORT char *strchr(const char *string, int byte);
SNARL_EXPORT char *strchr(const char *string, int byte)
{
    prepare();
    char *found = real_strchr(string, byte);
    if (snarl_calls_wanted())
        snarl_call_reads("strchr", string, found ? (size_t)(found - string) + 1 : whole(string), SNARL_SITE);
    return found;
}

SNARL_EXPORT char *index(const char *string, int byte);
SNARL_EXPORT char *index(const char *string, int byte)
{
    prepare();
    char *found = real_strchr(string, byte);
    if (snarl_calls_wanted())
        snarl_call_reads("index", string, found ? (size_t)(found - string) + 1 : whole(string), SNARL_SITE);
    return found;
}

SNARL_EXPORT char *strchrnul(const char *string, int byte);
SNARL_EXPORT char *strchrnul(const char *string, int byte)
{
    prepare();
    char *found = real_strchrnul(string, byte);
    if (snarl_calls_wanted())
        snarl_call_reads("strchrnul", string, (size_t)(found - string) + 1, SNARL_SITE);
    return found;
}

SNARL_EXPORT char *strrchr(const char *string, int byte);
SNARL_EXPORT char *strrchr(const char *string, int byte)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("strrchr", string, whole(string), SNARL_SITE);
    return real_strrchr(string, byte);
}

SNARL_EXPORT char *rindex(const char *string, int byte);
SNARL_EXPORT char *rindex(const char *string, int byte)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("rindex", string, whole(string), SNARL_SITE);
    return real_strrchr(string, byte);
}

static size_t searched(const char *string, const char *found, const char *what)
{
    return found ? (size_t)(found - string) + real_strlen(what) : whole(string);
}

SNARL_EXPORT char *strstr(const char *string, const char *what);
SNARL_EXPORT char *strstr(const char *string, const char *what)
{
    prepare();
    char *found = real_strstr(string, what);
    if (snarl_calls_wanted())
        tell_two_reads("strstr", string, searched(string, found, what), what, whole(what), SNARL_SITE);
    return found;
}

SNARL_EXPORT char *strcasestr(const char *string, const char *what);
SNARL_EXPORT char *strcasestr(const char *string, const char *what)
{
    prepare();
    char *found = real_strcasestr(string, what);
    if (snarl_calls_wanted())
        tell_two_reads("strcasestr", string, searched(string, found, what), what, whole(what), SNARL_SITE);
    return found;
}

SNARL_EXPORT size_t strspn(const char *string, const char *set);
SNARL_EXPORT size_t strspn(const char *string, const char *set)
{
    prepare();
    size_t length = real_strspn(string, set);
    if (snarl_calls_wanted())
        tell_two_reads("strspn", string, length + 1, set, whole(set), SNARL_SITE);
    return length;
}

SNARL_EXPORT size_t strcspn(const char *string, const char *set);
SNARL_EXPORT size_t strcspn(const char *string, const char *set)
{
    prepare();
    size_t length = real_strcspn(string, set);
    if (snarl_calls_wanted())
        tell_two_reads("strcspn", string, length + 1, set, whole(set), SNARL_SITE);
    return length;
}

SNARL_EXPORT char *strpbrk(const char *string, const char *set);
SNARL_EXPORT char *strpbrk(const char *string, const char *set)
{
    prepare();
    char *found = real_strpbrk(string, set);
    size_t looked = found ? (size_t)(found - string) + 1 : 0;
    if (snarl_calls_wanted())
        tell_two_reads("strpbrk", string, found ? looked : whole(string), set, whole(set), SNARL_SITE);
    return found;
}

/* --- comparison --- */

SNARL_EXPORT int strcmp(const char *a, const char *b);
SNARL_EXPORT int strcmp(const char *a, const char *b)
{
    prepare();
    if (snarl_calls_wanted()) {
        size_t size = compared(a, b, SIZE_MAX);
        tell_two_reads("strcmp", a, size, b, size, SNARL_SITE);
    }
    return real_strcmp(a, b);
}

SNARL_EXPORT int strncmp(const char *a, const char *b, size_t limit);
SNARL_EXPORT int strncmp(const char *a, const char *b, size_t limit)
{
    prepare();
    if (snarl_calls_wanted()) {
        size_t size = compared(a, b, limit);
        tell_two_reads("strncmp", a, size, b, size, SNARL_SITE);
    }
    return real_strncmp(a, b, limit);
}

SNARL_EXPORT int strcasecmp(const char *a, const char *b);
SNARL_EXPORT int strcasecmp(const char *a, const char *b)
{
    prepare();
    if (snarl_calls_wanted()) {
        size_t size = compared_folded(a, b, SIZE_MAX);
        tell_two_reads("strcasecmp", a, size, b, size, SNARL_SITE);
    }
    return real_strcasecmp(a, b);
}

SNARL_EXPORT int strncasecmp(const char *a, const char *b, size_t limit);
SNARL_EXPORT int strncasecmp(const char *a, const char *b, size_t limit)
{
    prepare();
    if (snarl_calls_wanted()) {
        size_t size = compared_folded(a, b, limit);
        tell_two_reads("strncasecmp", a, size, b, size, SNARL_SITE);
    }
    return real_strncasecmp(a, b, limit);
}

SNARL_EXPORT int strcoll(const char *a, const char *b);
SNARL_EXPORT int strcoll(const char *a, const char *b)
{
    prepare();
    if (snarl_calls_wanted())
        tell_two_reads("strcoll", a, whole(a), b, whole(b), SNARL_SITE);
    return real_strcoll(a, b);
}

/* --- copies --- */

SNARL_EXPORT char *strcpy(char *to, const char *from);
SNARL_EXPORT char *strcpy(char *to, const char *from)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("strcpy", to, whole(from), from, whole(from), SNARL_SITE);
    return real_strcpy(to, from);
}

SNARL_EXPORT char *__strcpy_chk(char *to, const char *from, size_t room);
SNARL_EXPORT char *__strcpy_chk(char *to, const char *from, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("strcpy", to, whole(from), from, whole(from), SNARL_SITE);
    return real_strcpy_chk(to, from, room);
}

SNARL_EXPORT char *stpcpy(char *to, const char *from);
SNARL_EXPORT char *stpcpy(char *to, const char *from)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("stpcpy", to, whole(from), from, whole(from), SNARL_SITE);
    return real_stpcpy(to, from);
}

SNARL_EXPORT char *__stpcpy_chk(char *to, const char *from, size_t room);
SNARL_EXPORT char *__stpcpy_chk(char *to, const char *from, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("stpcpy", to, whole(from), from, whole(from), SNARL_SITE);
    return real_stpcpy_chk(to, from, room);
}

SNARL_EXPORT char *strncpy(char *to, const char *from, size_t size);
SNARL_EXPORT char *strncpy(char *to, const char *from, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("strncpy", to, size, from, extent(from, size), SNARL_SITE);
    return real_strncpy(to, from, size);
}

SNARL_EXPORT char *__strncpy_chk(char *to, const char *from, size_t size, size_t room);
SNARL_EXPORT char *__strncpy_chk(char *to, const char *from, size_t size, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("strncpy", to, size, from, extent(from, size), SNARL_SITE);
    return real_strncpy_chk(to, from, size, room);
}

SNARL_EXPORT char *stpncpy(char *to, const char *from, size_t size);
SNARL_EXPORT char *stpncpy(char *to, const char *from, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("stpncpy", to, size, from, extent(from, size), SNARL_SITE);
    return real_stpncpy(to, from, size);
}

SNARL_EXPORT char *__stpncpy_chk(char *to, const char *from, size_t size, size_t room);
SNARL_EXPORT char *__stpncpy_chk(char *to, const char *from, size_t size, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_copy("stpncpy", to, size, from, extent(from, size), SNARL_SITE);
    return real_stpncpy_chk(to, from, size, room);
}

SNARL_EXPORT char *strcat(char *to, const char *from);
SNARL_EXPORT char *strcat(char *to, const char *from)
{
    prepare();
    if (snarl_calls_wanted())
        tell_append("strcat", to, from, real_strlen(from), whole(from), SNARL_SITE);
    return real_strcat(to, from);
}

SNARL_EXPORT char *__strcat_chk(char *to, const char *from, size_t room);
SNARL_EXPORT char *__strcat_chk(char *to, const char *from, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_append("strcat", to, from, real_strlen(from), whole(from), SNARL_SITE);
    return real_strcat_chk(to, from, room);
}

SNARL_EXPORT char *strncat(char *to, const char *from, size_t size);
SNARL_EXPORT char *strncat(char *to, const char *from, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        tell_append("strncat", to, from, real_strnlen(from, size), extent(from, size), SNARL_SITE);
    return real_strncat(to, from, size);
}

SNARL_EXPORT char *__strncat_chk(char *to, const char *from, size_t size, size_t room);
SNARL_EXPORT char *__strncat_chk(char *to, const char *from, size_t size, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        tell_append("strncat", to, from, real_strnlen(from, size), extent(from, size), SNARL_SITE);
    return real_strncat_chk(to, from, size, room);
}

/* The new block is nobody else's yet. */
SNARL_EXPORT char *strdup(const char *string);
SNARL_EXPORT char *strdup(const char *string)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("strdup", string, whole(string), SNARL_SITE);
    return real_strdup(string);
}

SNARL_EXPORT char *__strdup(const char *string);
SNARL_EXPORT char *__strdup(const char *string)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("strdup", string, whole(string), SNARL_SITE);
    return real_strdup(string);
}

SNARL_EXPORT char *strndup(const char *string, size_t size);
SNARL_EXPORT char *strndup(const char *string, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("strndup", string, extent(string, size), SNARL_SITE);
    return real_strndup(string, size);
}
