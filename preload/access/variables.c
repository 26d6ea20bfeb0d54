/* variables.c - the environment: libc protects its changes against each other, but not readers against changes.
 *
 * All of it is one variable to the race detector, which getenv reads and the others write: what a change may move (the array
 * and the strings) other readers may be looking at. */
#include <stdlib.h>

#include "preload/access/bridge.h"

static char *(*real_getenv)(const char *);
static char *(*real_secure_getenv)(const char *);
static int (*real_setenv)(const char *, const char *, int);
static int (*real_unsetenv)(const char *);
static int (*real_putenv)(char *);
static int (*real_clearenv)(void);

static const struct snarl_true s_true[] = {
    {"getenv", &real_getenv},     {"secure_getenv", &real_secure_getenv}, {"setenv", &real_setenv},
    {"unsetenv", &real_unsetenv}, {"putenv", &real_putenv},               {"clearenv", &real_clearenv},
};
static bool s_ready;

static char s_environment[8]; /* only its address is used */

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

static void tell_read(const char *name, struct snarl_site site)
{
    if (snarl_calls_wanted())
        snarl_call_reads(name, s_environment, sizeof(s_environment), site);
}

/* Two changes are ordered by libc's lock, in whatever order they come. */
static void tell_change(const char *name, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    snarl_call_acquire(thr, &real_setenv);
    snarl_call_write(thr, name, s_environment, sizeof(s_environment), site);
    snarl_call_release(thr, &real_setenv);
    snarl_call_leave(thr);
}

SNARL_EXPORT char *getenv(const char *name)
{
    prepare();
    tell_read("getenv", SNARL_SITE);
    return real_getenv(name);
}

SNARL_EXPORT char *secure_getenv(const char *name)
{
    prepare();
    tell_read("secure_getenv", SNARL_SITE);
    return real_secure_getenv(name);
}

SNARL_EXPORT int setenv(const char *name, const char *value, int replace)
{
    prepare();
    tell_change("setenv", SNARL_SITE);
    return real_setenv(name, value, replace);
}

SNARL_EXPORT int unsetenv(const char *name)
{
    prepare();
    tell_change("unsetenv", SNARL_SITE);
    return real_unsetenv(name);
}

SNARL_EXPORT int putenv(char *string)
{
    prepare();
    tell_change("putenv", SNARL_SITE);
    return real_putenv(string);
}

SNARL_EXPORT int clearenv(void)
{
    prepare();
    tell_change("clearenv", SNARL_SITE);
    return real_clearenv();
}
