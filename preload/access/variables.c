/* variables.c - the environment: libc protects its changes against each other, but not readers against
 * changes.
 *
 * All of it is one variable to the race detector, which getenv reads and the others write: what a change may
 * move (the array and the strings) other readers may be looking at. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload/access/bridge.h"

static char *(*real_getenv)(const char *);
static char *(*real_secure_getenv)(const char *);
static int (*real_setenv)(const char *, const char *, int);
static int (*real_unsetenv)(const char *);
static int (*real_putenv)(char *);
static int (*real_clearenv)(void);
static int (*real_system)(const char *);

static const struct snarl_true s_true[] = {
    {"getenv", &real_getenv}, {"secure_getenv", &real_secure_getenv},
    {"setenv", &real_setenv}, {"unsetenv", &real_unsetenv},
    {"putenv", &real_putenv}, {"clearenv", &real_clearenv},
    {"system", &real_system},
};
static bool s_ready;

static char s_environment[8]; /* only its address is used */

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

void snarl_environment_read(const char *name, struct snarl_site site)
{
    if (snarl_calls_wanted())
        snarl_call_reads(name, s_environment, sizeof(s_environment), site);
}

/* Two changes are ordered by libc's lock, in whatever order they come. */
static void tell_change(const char *name, const char *argument, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    if (argument)
        snarl_call_read(thr, name, argument, snarl_string_size(argument), site);
    snarl_call_acquire(thr, &real_setenv);
    snarl_call_write(thr, name, s_environment, sizeof(s_environment), site);
    snarl_call_release(thr, &real_setenv);
    snarl_call_leave(thr);
    errno = saved;
}

/* The call has given `environ` another array: code that walks it by itself may be looking. */
static void tell_moved(const char *name, char **before, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_calls_wanted() && environ != before ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    snarl_call_acquire(thr, &real_setenv);
    snarl_call_write(thr, name, &environ, sizeof(environ), site);
    snarl_call_release(thr, &real_setenv);
    snarl_call_leave(thr);
    errno = saved;
}

SNARL_EXPORT char *getenv(const char *name)
{
    prepare();
    snarl_environment_read("getenv", SNARL_SITE);
    return real_getenv(name);
}

SNARL_EXPORT char *secure_getenv(const char *name)
{
    prepare();
    snarl_environment_read("secure_getenv", SNARL_SITE);
    return real_secure_getenv(name);
}

SNARL_EXPORT int setenv(const char *name, const char *value, int replace)
{
    prepare();
    tell_change("setenv", value, SNARL_SITE);
    char **before = environ;
    int result = real_setenv(name, value, replace);
    tell_moved("setenv", before, SNARL_SITE);
    return result;
}

SNARL_EXPORT int unsetenv(const char *name)
{
    prepare();
    tell_change("unsetenv", name, SNARL_SITE);
    char **before = environ;
    int result = real_unsetenv(name);
    tell_moved("unsetenv", before, SNARL_SITE);
    return result;
}

SNARL_EXPORT int putenv(char *string)
{
    prepare();
    tell_change("putenv", string, SNARL_SITE);
    char **before = environ;
    int result = real_putenv(string);
    tell_moved("putenv", before, SNARL_SITE);
    return result;
}

SNARL_EXPORT int clearenv(void)
{
    prepare();
    tell_change("clearenv", NULL, SNARL_SITE);
    char **before = environ;
    int result = real_clearenv();
    tell_moved("clearenv", before, SNARL_SITE);
    return result;
}

SNARL_EXPORT int system(const char *command)
{
    prepare();
    snarl_environment_read("system", SNARL_SITE);
    return real_system(command);
}
