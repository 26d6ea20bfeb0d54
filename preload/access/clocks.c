/* clocks.c - the time: what its functions read and write.
 *
 * Those that convert to local time look at the environment for the time zone, each time they are called. */
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "preload/access/bridge.h"

static time_t (*real_time)(time_t *);
static int (*real_gettimeofday)(struct timeval *restrict, void *restrict);
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_clock_getres)(clockid_t, struct timespec *);
static int (*real_timespec_get)(struct timespec *, int);
static clock_t (*real_times)(struct tms *);
static int (*real_getrusage)(__rusage_who_t, struct rusage *);
static struct tm *(*real_localtime_r)(const time_t *restrict, struct tm *restrict);
static struct tm *(*real_gmtime_r)(const time_t *restrict, struct tm *restrict);
static time_t (*real_mktime)(struct tm *);
static time_t (*real_timelocal)(struct tm *);
static time_t (*real_timegm)(struct tm *);
static char *(*real_asctime_r)(const struct tm *restrict, char *restrict);
static char *(*real_ctime_r)(const time_t *restrict, char *restrict);
static size_t (*real_strftime)(char *restrict, size_t, const char *restrict, const struct tm *restrict);
static char *(*real_strptime)(const char *restrict, const char *restrict, struct tm *restrict);
static void (*real_tzset)(void);

static const struct snarl_true s_true[] = {
    {"time", &real_time},
    {"gettimeofday", &real_gettimeofday},
    {"clock_gettime", &real_clock_gettime},
    {"clock_getres", &real_clock_getres},
    {"timespec_get", &real_timespec_get},
    {"times", &real_times},
    {"getrusage", &real_getrusage},
    {"localtime_r", &real_localtime_r},
    {"gmtime_r", &real_gmtime_r},
    {"mktime", &real_mktime},
    {"timelocal", &real_timelocal},
    {"timegm", &real_timegm},
    {"asctime_r", &real_asctime_r},
    {"ctime_r", &real_ctime_r},
    {"strftime", &real_strftime},
    {"strptime", &real_strptime},
    {"tzset", &real_tzset},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* --- now --- */

SNARL_EXPORT time_t time(time_t *now)
{
    prepare();
    time_t result = real_time(now);
    if (snarl_calls_wanted() && now)
        snarl_call_writes("time", now, sizeof(*now), SNARL_SITE);
    return result;
}

SNARL_EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    prepare();
    int result = real_gettimeofday(now, zone);
    if (snarl_calls_wanted() && result == 0 && now)
        snarl_call_writes("gettimeofday", now, sizeof(*now), SNARL_SITE);
    return result;
}

SNARL_EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
    prepare();
    int result = real_clock_gettime(clock, now);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("clock_gettime", now, sizeof(*now), SNARL_SITE);
    return result;
}

SNARL_EXPORT int clock_getres(clockid_t clock, struct timespec *step)
{
    prepare();
    int result = real_clock_getres(clock, step);
    if (snarl_calls_wanted() && result == 0 && step)
        snarl_call_writes("clock_getres", step, sizeof(*step), SNARL_SITE);
    return result;
}

SNARL_EXPORT int timespec_get(struct timespec *now, int base)
{
    prepare();
    int result = real_timespec_get(now, base);
    if (snarl_calls_wanted() && result != 0)
        snarl_call_writes("timespec_get", now, sizeof(*now), SNARL_SITE);
    return result;
}

SNARL_EXPORT clock_t times(struct tms *now)
{
    prepare();
    clock_t result = real_times(now);
    if (snarl_calls_wanted() && now)
        snarl_call_writes("times", now, sizeof(*now), SNARL_SITE);
    return result;
}

SNARL_EXPORT int getrusage(__rusage_who_t who, struct rusage *usage)
{
    prepare();
    int result = real_getrusage(who, usage);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("getrusage", usage, sizeof(*usage), SNARL_SITE);
    return result;
}

/* --- conversions --- */

SNARL_EXPORT struct tm *localtime_r(const time_t *restrict when, struct tm *restrict parts)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("localtime_r", when, sizeof(*when), SNARL_SITE);
    struct tm *result = real_localtime_r(when, parts);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("localtime_r", parts, sizeof(*parts), SNARL_SITE);
    return result;
}

SNARL_EXPORT struct tm *gmtime_r(const time_t *restrict when, struct tm *restrict parts)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("gmtime_r", when, sizeof(*when), SNARL_SITE);
    struct tm *result = real_gmtime_r(when, parts);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("gmtime_r", parts, sizeof(*parts), SNARL_SITE);
    return result;
}

SNARL_EXPORT time_t mktime(struct tm *parts)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_environment_read("mktime", SNARL_SITE);
    time_t result = real_mktime(parts);
    if (snarl_calls_wanted())
        snarl_call_writes("mktime", parts, sizeof(*parts), SNARL_SITE);
    return result;
}

SNARL_EXPORT time_t timelocal(struct tm *parts)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_environment_read("timelocal", SNARL_SITE);
    time_t result = real_timelocal(parts);
    if (snarl_calls_wanted())
        snarl_call_writes("timelocal", parts, sizeof(*parts), SNARL_SITE);
    return result;
}

SNARL_EXPORT time_t timegm(struct tm *parts)
{
    prepare();
    time_t result = real_timegm(parts);
    if (snarl_calls_wanted())
        snarl_call_writes("timegm", parts, sizeof(*parts), SNARL_SITE);
    return result;
}

SNARL_EXPORT char *asctime_r(const struct tm *restrict parts, char *restrict buffer)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("asctime_r", parts, sizeof(*parts), SNARL_SITE);
    char *result = real_asctime_r(parts, buffer);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("asctime_r", buffer, snarl_string_size(buffer), SNARL_SITE);
    return result;
}

SNARL_EXPORT char *ctime_r(const time_t *restrict when, char *restrict buffer)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("ctime_r", when, sizeof(*when), SNARL_SITE);
    char *result = real_ctime_r(when, buffer);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("ctime_r", buffer, snarl_string_size(buffer), SNARL_SITE);
    return result;
}

SNARL_EXPORT size_t strftime(char *restrict buffer, size_t size, const char *restrict format,
                             const struct tm *restrict parts)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("strftime", format, snarl_string_size(format), SNARL_SITE);
        snarl_call_reads("strftime", parts, sizeof(*parts), SNARL_SITE);
        snarl_environment_read("strftime", SNARL_SITE);
    }
    size_t result = real_strftime(buffer, size, format, parts);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("strftime", buffer, result + 1, SNARL_SITE);
    return result;
}

SNARL_EXPORT char *strptime(const char *restrict text, const char *restrict format, struct tm *restrict parts)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("strptime", text, snarl_string_size(text), SNARL_SITE);
        snarl_call_reads("strptime", format, snarl_string_size(format), SNARL_SITE);
    }
    char *result = real_strptime(text, format, parts);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("strptime", parts, sizeof(*parts), SNARL_SITE);
    return result;
}

SNARL_EXPORT void tzset(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_environment_read("tzset", SNARL_SITE);
    real_tzset();
}
