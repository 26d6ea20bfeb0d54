/* statics.c - functions that answer from a buffer of their own, which the next call of any thread overwrites.
 *
 * The buffer's content belongs to the caller until then, so a call writes it. Where several functions share one, that is what
 * they write. */
#include <netdb.h>
#include <pwd.h>
#include <string.h>
#include <time.h>

#include "preload/access/bridge.h"

#define DATE_SIZE 26 /* "Thu Nov 24 18:22:48 1986\n" */

static struct tm *(*real_localtime)(const time_t *);
static struct tm *(*real_gmtime)(const time_t *);
static char *(*real_ctime)(const time_t *);
static char *(*real_asctime)(const struct tm *);
static char *(*real_strtok)(char *, const char *);
static struct passwd *(*real_getpwnam)(const char *);
static struct passwd *(*real_getpwuid)(uid_t);
static struct hostent *(*real_gethostbyname)(const char *);

static const struct snarl_true s_true[] = {
    {"localtime", &real_localtime}, {"gmtime", &real_gmtime},     {"ctime", &real_ctime},
    {"asctime", &real_asctime},     {"strtok", &real_strtok},     {"getpwnam", &real_getpwnam},
    {"getpwuid", &real_getpwuid},   {"gethostbyname", &real_gethostbyname},
};
static bool s_ready;

/* Only their addresses are used; strtok's state has none that is known outside. */
static char s_strtok[8], s_passwd[8], s_host[8];

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* The call has written `size` bytes at `buffer`. */
static void tell(const char *name, void *buffer, size_t size, struct snarl_site site)
{
    if (snarl_calls_wanted() && buffer)
        snarl_call_writes(name, buffer, size, site);
}

SNARL_EXPORT struct tm *localtime(const time_t *when)
{
    prepare();
    struct tm *answer = real_localtime(when);
    tell("localtime", answer, sizeof(*answer), SNARL_SITE);
    return answer;
}

SNARL_EXPORT struct tm *gmtime(const time_t *when)
{
    prepare();
    struct tm *answer = real_gmtime(when);
    tell("gmtime", answer, sizeof(*answer), SNARL_SITE);
    return answer;
}

SNARL_EXPORT char *ctime(const time_t *when)
{
    prepare();
    char *answer = real_ctime(when);
    tell("ctime", answer, DATE_SIZE, SNARL_SITE);
    return answer;
}

SNARL_EXPORT char *asctime(const struct tm *when)
{
    prepare();
    char *answer = real_asctime(when);
    tell("asctime", answer, DATE_SIZE, SNARL_SITE);
    return answer;
}

SNARL_EXPORT char *strtok(char *restrict string, const char *restrict separators)
{
    prepare();
    tell("strtok", s_strtok, sizeof(s_strtok), SNARL_SITE);
    return real_strtok(string, separators);
}

SNARL_EXPORT struct passwd *getpwnam(const char *name)
{
    prepare();
    tell("getpwnam", s_passwd, sizeof(s_passwd), SNARL_SITE);
    return real_getpwnam(name);
}

SNARL_EXPORT struct passwd *getpwuid(uid_t id)
{
    prepare();
    tell("getpwuid", s_passwd, sizeof(s_passwd), SNARL_SITE);
    return real_getpwuid(id);
}

SNARL_EXPORT struct hostent *gethostbyname(const char *name)
{
    prepare();
    tell("gethostbyname", s_host, sizeof(s_host), SNARL_SITE);
    return real_gethostbyname(name);
}
