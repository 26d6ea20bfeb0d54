/* statics.c - functions that answer from a buffer of their own, which the next call of any thread overwrites.
 *
 * The buffer's content belongs to the caller until then, so a call writes it. Where it lies is known from the
 * answer, or it is a variable of ours that stands for it: one for all functions that share a buffer. Not here
 * are those whose buffer is each thread's own in today's libc: strerror, strsignal, inet_ntoa, dlerror. */
#include <getopt.h>
#include <grp.h>
#include <langinfo.h>
#include <locale.h>
#include <netdb.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "preload/access/bridge.h"

static struct tm *(*real_localtime)(const time_t *);
static struct tm *(*real_gmtime)(const time_t *);
static char *(*real_ctime)(const time_t *);
static char *(*real_asctime)(const struct tm *);
static struct passwd *(*real_getpwnam)(const char *);
static struct passwd *(*real_getpwuid)(uid_t);
static struct group *(*real_getgrnam)(const char *);
static struct group *(*real_getgrgid)(gid_t);
static struct spwd *(*real_getspnam)(const char *);
static struct passwd *(*real_getpwent)(void);
static void (*real_setpwent)(void);
static void (*real_endpwent)(void);
static struct group *(*real_getgrent)(void);
static void (*real_setgrent)(void);
static void (*real_endgrent)(void);
static struct hostent *(*real_gethostbyname)(const char *);
static struct hostent *(*real_gethostbyname2)(const char *, int);
static struct hostent *(*real_gethostbyaddr)(const void *, socklen_t, int);
static struct hostent *(*real_gethostent)(void);
static struct servent *(*real_getservbyname)(const char *, const char *);
static struct servent *(*real_getservbyport)(int, const char *);
static struct protoent *(*real_getprotobyname)(const char *);
static struct protoent *(*real_getprotobynumber)(int);
static char *(*real_ttyname)(int);
static char *(*real_ptsname)(int);
static char *(*real_getlogin)(void);
static char *(*real_tmpnam)(char *);
static char *(*real_ecvt)(double, int, int *restrict, int *restrict);
static char *(*real_fcvt)(double, int, int *restrict, int *restrict);
static char *(*real_l64a)(long);
static char *(*real_strtok_r)(char *restrict, const char *restrict, char **restrict);
static char *(*real_strsep)(char **restrict, const char *restrict);
static char *(*real_strtok)(char *restrict, const char *restrict);
static int (*real_getopt)(int, char *const *, const char *);
static int (*real_getopt_long)(int, char *const *, const char *, const struct option *, int *);
static char *(*real_setlocale)(int, const char *);
static struct lconv *(*real_localeconv)(void);
static char *(*real_nl_langinfo)(nl_item);

static const struct snarl_true s_true[] = {
    {"localtime", &real_localtime},
    {"gmtime", &real_gmtime},
    {"ctime", &real_ctime},
    {"asctime", &real_asctime},
    {"getpwnam", &real_getpwnam},
    {"getpwuid", &real_getpwuid},
    {"getgrnam", &real_getgrnam},
    {"getgrgid", &real_getgrgid},
    {"getspnam", &real_getspnam},
    {"getpwent", &real_getpwent},
    {"setpwent", &real_setpwent},
    {"endpwent", &real_endpwent},
    {"getgrent", &real_getgrent},
    {"setgrent", &real_setgrent},
    {"endgrent", &real_endgrent},
    {"gethostbyname", &real_gethostbyname},
    {"gethostbyname2", &real_gethostbyname2},
    {"gethostbyaddr", &real_gethostbyaddr},
    {"gethostent", &real_gethostent},
    {"getservbyname", &real_getservbyname},
    {"getservbyport", &real_getservbyport},
    {"getprotobyname", &real_getprotobyname},
    {"getprotobynumber", &real_getprotobynumber},
    {"ttyname", &real_ttyname},
    {"ptsname", &real_ptsname},
    {"getlogin", &real_getlogin},
    {"tmpnam", &real_tmpnam},
    {"ecvt", &real_ecvt},
    {"fcvt", &real_fcvt},
    {"l64a", &real_l64a},
    {"strtok_r", &real_strtok_r},
    {"strsep", &real_strsep},
    {"strtok", &real_strtok},
    {"getopt", &real_getopt},
    {"getopt_long", &real_getopt_long},
    {"setlocale", &real_setlocale},
    {"localeconv", &real_localeconv},
    {"nl_langinfo", &real_nl_langinfo},
};
static bool s_ready;

#define DATE_SIZE 26 /* "Thu Nov 24 18:22:48 1986\n" */

/* Only their addresses are used. */
static char s_strtok[8], s_passwd[8], s_group[8], s_shadow[8], s_host[8], s_service[8], s_protocol[8],
    s_terminal[8], s_login[8], s_getopt[8], s_locale[8], s_digits[8], s_temporary[8], s_password_list[8],
    s_group_list[8];

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* --- dates --- */

SNARL_EXPORT struct tm *localtime(const time_t *when)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("localtime", when, sizeof(*when), SNARL_SITE);
        snarl_environment_read("localtime", SNARL_SITE);
    }
    struct tm *result = real_localtime(when);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("localtime", result, sizeof(*result), SNARL_SITE);
    return result;
}

SNARL_EXPORT struct tm *gmtime(const time_t *when)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("gmtime", when, sizeof(*when), SNARL_SITE);
    struct tm *result = real_gmtime(when);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("gmtime", result, sizeof(*result), SNARL_SITE);
    return result;
}

SNARL_EXPORT char *ctime(const time_t *when)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("ctime", when, sizeof(*when), SNARL_SITE);
        snarl_environment_read("ctime", SNARL_SITE);
    }
    char *result = real_ctime(when);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("ctime", result, DATE_SIZE, SNARL_SITE);
    return result;
}

SNARL_EXPORT char *asctime(const struct tm *parts)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("asctime", parts, sizeof(*parts), SNARL_SITE);
    char *result = real_asctime(parts);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("asctime", result, DATE_SIZE, SNARL_SITE);
    return result;
}

/* --- users and groups --- */

SNARL_EXPORT struct passwd *getpwnam(const char *name)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("getpwnam", name, snarl_string_size(name), SNARL_SITE);
        snarl_call_writes("getpwnam", s_passwd, sizeof(s_passwd), SNARL_SITE);
    }
    return real_getpwnam(name);
}

SNARL_EXPORT struct passwd *getpwuid(uid_t id)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getpwuid", s_passwd, sizeof(s_passwd), SNARL_SITE);
    return real_getpwuid(id);
}

SNARL_EXPORT struct group *getgrnam(const char *name)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("getgrnam", name, snarl_string_size(name), SNARL_SITE);
        snarl_call_writes("getgrnam", s_group, sizeof(s_group), SNARL_SITE);
    }
    return real_getgrnam(name);
}

SNARL_EXPORT struct group *getgrgid(gid_t id)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getgrgid", s_group, sizeof(s_group), SNARL_SITE);
    return real_getgrgid(id);
}

SNARL_EXPORT struct spwd *getspnam(const char *name)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("getspnam", name, snarl_string_size(name), SNARL_SITE);
        snarl_call_writes("getspnam", s_shadow, sizeof(s_shadow), SNARL_SITE);
    }
    return real_getspnam(name);
}

SNARL_EXPORT struct passwd *getpwent(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getpwent", s_password_list, sizeof(s_password_list), SNARL_SITE);
    return real_getpwent();
}

SNARL_EXPORT void setpwent(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("setpwent", s_password_list, sizeof(s_password_list), SNARL_SITE);
    real_setpwent();
}

SNARL_EXPORT void endpwent(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("endpwent", s_password_list, sizeof(s_password_list), SNARL_SITE);
    real_endpwent();
}

SNARL_EXPORT struct group *getgrent(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getgrent", s_group_list, sizeof(s_group_list), SNARL_SITE);
    return real_getgrent();
}

SNARL_EXPORT void setgrent(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("setgrent", s_group_list, sizeof(s_group_list), SNARL_SITE);
    real_setgrent();
}

SNARL_EXPORT void endgrent(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("endgrent", s_group_list, sizeof(s_group_list), SNARL_SITE);
    real_endgrent();
}

/* --- the network's names --- */

SNARL_EXPORT struct hostent *gethostbyname(const char *name)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("gethostbyname", name, snarl_string_size(name), SNARL_SITE);
        snarl_call_writes("gethostbyname", s_host, sizeof(s_host), SNARL_SITE);
    }
    return real_gethostbyname(name);
}

SNARL_EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("gethostbyname2", name, snarl_string_size(name), SNARL_SITE);
        snarl_call_writes("gethostbyname2", s_host, sizeof(s_host), SNARL_SITE);
    }
    return real_gethostbyname2(name, family);
}

SNARL_EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t size, int family)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("gethostbyaddr", address, size, SNARL_SITE);
        snarl_call_writes("gethostbyaddr", s_host, sizeof(s_host), SNARL_SITE);
    }
    return real_gethostbyaddr(address, size, family);
}

SNARL_EXPORT struct hostent *gethostent(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("gethostent", s_host, sizeof(s_host), SNARL_SITE);
    return real_gethostent();
}

SNARL_EXPORT struct servent *getservbyname(const char *name, const char *protocol)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("getservbyname", name, snarl_string_size(name), SNARL_SITE);
        snarl_call_writes("getservbyname", s_service, sizeof(s_service), SNARL_SITE);
    }
    return real_getservbyname(name, protocol);
}

SNARL_EXPORT struct servent *getservbyport(int port, const char *protocol)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getservbyport", s_service, sizeof(s_service), SNARL_SITE);
    return real_getservbyport(port, protocol);
}

SNARL_EXPORT struct protoent *getprotobyname(const char *name)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("getprotobyname", name, snarl_string_size(name), SNARL_SITE);
        snarl_call_writes("getprotobyname", s_protocol, sizeof(s_protocol), SNARL_SITE);
    }
    return real_getprotobyname(name);
}

SNARL_EXPORT struct protoent *getprotobynumber(int number)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getprotobynumber", s_protocol, sizeof(s_protocol), SNARL_SITE);
    return real_getprotobynumber(number);
}

/* --- other answers --- */

SNARL_EXPORT char *ttyname(int fd)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("ttyname", s_terminal, sizeof(s_terminal), SNARL_SITE);
    return real_ttyname(fd);
}

SNARL_EXPORT char *ptsname(int fd)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("ptsname", s_terminal, sizeof(s_terminal), SNARL_SITE);
    return real_ptsname(fd);
}

SNARL_EXPORT char *getlogin(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getlogin", s_login, sizeof(s_login), SNARL_SITE);
    return real_getlogin();
}

/* Only who brings no buffer gets the shared one. */
static void tell_unless(const void *own, const char *name, void *shared, size_t size, struct snarl_site site)
{
    if (!own)
        snarl_call_writes(name, shared, size, site);
}

SNARL_EXPORT char *tmpnam(char buffer[L_tmpnam])
{
    prepare();
    if (snarl_calls_wanted())
        tell_unless(buffer, "tmpnam", s_temporary, sizeof(s_temporary), SNARL_SITE);
    return real_tmpnam(buffer);
}

SNARL_EXPORT char *ecvt(double value, int digits, int *restrict point, int *restrict sign)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("ecvt", s_digits, sizeof(s_digits), SNARL_SITE);
    return real_ecvt(value, digits, point, sign);
}

SNARL_EXPORT char *fcvt(double value, int digits, int *restrict point, int *restrict sign)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("fcvt", s_digits, sizeof(s_digits), SNARL_SITE);
    return real_fcvt(value, digits, point, sign);
}

SNARL_EXPORT char *l64a(long value)
{
    prepare();
    char *result = real_l64a(value);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("l64a", result, 7, SNARL_SITE);
    return result;
}

/* --- state between calls --- */

/* The token ends where the next search begins; what was there has become a terminator. */
static void tell_token(const char *name, const char *start, const char *next, struct snarl_site site)
{
    if (!start || !next)
        return;
    snarl_call_reads(name, start, (size_t)(next - start), site);
    if (next > start)
        snarl_call_writes(name, (char *)next - 1, 1, site);
}

SNARL_EXPORT char *strtok_r(char *restrict string, const char *restrict separators, char **restrict kept)
{
    prepare();
    const char *start = string ? string : *kept;
    char *result = real_strtok_r(string, separators, kept);
    if (snarl_calls_wanted()) {
        snarl_call_writes("strtok_r", kept, sizeof(*kept), SNARL_SITE);
        tell_token("strtok_r", start, *kept, SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT char *__strtok_r(char *restrict string, const char *restrict separators, char **restrict kept);
SNARL_EXPORT char *__strtok_r(char *restrict string, const char *restrict separators, char **restrict kept)
{
    prepare();
    const char *start = string ? string : *kept;
    char *result = real_strtok_r(string, separators, kept);
    if (snarl_calls_wanted()) {
        snarl_call_writes("strtok_r", kept, sizeof(*kept), SNARL_SITE);
        tell_token("strtok_r", start, *kept, SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT char *strsep(char **restrict string, const char *restrict separators)
{
    prepare();
    const char *start = *string;
    char *result = real_strsep(string, separators);
    if (snarl_calls_wanted()) {
        snarl_call_writes("strsep", string, sizeof(*string), SNARL_SITE);
        tell_token("strsep", start, *string, SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT char *strtok(char *restrict string, const char *restrict separators)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("strtok", s_strtok, sizeof(s_strtok), SNARL_SITE);
    return real_strtok(string, separators);
}

SNARL_EXPORT int getopt(int count, char *const *arguments, const char *options)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getopt", s_getopt, sizeof(s_getopt), SNARL_SITE);
    return real_getopt(count, arguments, options);
}

SNARL_EXPORT int getopt_long(int count, char *const *arguments, const char *options,
                             const struct option *names, int *index)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("getopt_long", s_getopt, sizeof(s_getopt), SNARL_SITE);
    return real_getopt_long(count, arguments, options, names, index);
}

/* --- the locale: asking for it is no change --- */

SNARL_EXPORT char *setlocale(int category, const char *name)
{
    prepare();
    if (snarl_calls_wanted() && name)
        snarl_call_writes("setlocale", s_locale, sizeof(s_locale), SNARL_SITE);
    else if (snarl_calls_wanted())
        snarl_call_reads("setlocale", s_locale, sizeof(s_locale), SNARL_SITE);
    return real_setlocale(category, name);
}

SNARL_EXPORT struct lconv *localeconv(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("localeconv", s_locale, sizeof(s_locale), SNARL_SITE);
    struct lconv *result = real_localeconv();
    if (snarl_calls_wanted())
        snarl_call_writes("localeconv", result, sizeof(*result), SNARL_SITE);
    return result;
}

SNARL_EXPORT char *nl_langinfo(nl_item item)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("nl_langinfo", s_locale, sizeof(s_locale), SNARL_SITE);
    return real_nl_langinfo(item);
}
