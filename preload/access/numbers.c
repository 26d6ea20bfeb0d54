/* numbers.c - numbers out of strings, and random ones from a state that the program keeps or that all threads
 * share.
 *
 * rand and random lock theirs; drand48 and its relatives do not. */
#include <inttypes.h>
#include <stdlib.h>
#include <wchar.h>

#include "preload/access/bridge.h"

static long (*real_strtol)(const char *restrict, char **restrict, int);
static unsigned long (*real_strtoul)(const char *restrict, char **restrict, int);
static double (*real_strtod)(const char *restrict, char **restrict);
static long (*real___isoc23_strtol)(const char *restrict, char **restrict, int);
static unsigned long (*real___isoc23_strtoul)(const char *restrict, char **restrict, int);
static long long (*real___isoc23_strtoll)(const char *restrict, char **restrict, int);
static unsigned long long (*real___isoc23_strtoull)(const char *restrict, char **restrict, int);
static intmax_t (*real___isoc23_strtoimax)(const char *restrict, char **restrict, int);
static uintmax_t (*real___isoc23_strtoumax)(const char *restrict, char **restrict, int);
static long long (*real_strtoll)(const char *restrict, char **restrict, int);
static unsigned long long (*real_strtoull)(const char *restrict, char **restrict, int);
static intmax_t (*real_strtoimax)(const char *restrict, char **restrict, int);
static uintmax_t (*real_strtoumax)(const char *restrict, char **restrict, int);
static float (*real_strtof)(const char *restrict, char **restrict);
static long double (*real_strtold)(const char *restrict, char **restrict);
static int (*real_rand_r)(unsigned *);
static int (*real_random_r)(struct random_data *restrict, int32_t *restrict);
static int (*real_srandom_r)(unsigned, struct random_data *);
static int (*real_drand48_r)(struct drand48_data *restrict, double *restrict);
static int (*real_lrand48_r)(struct drand48_data *restrict, long *restrict);
static double (*real_erand48)(unsigned short *);
static long (*real_nrand48)(unsigned short *);
static long (*real_jrand48)(unsigned short *);
static double (*real_drand48)(void);
static long (*real_lrand48)(void);
static long (*real_mrand48)(void);
static void (*real_srand48)(long);
static unsigned short *(*real_seed48)(unsigned short *);
static void (*real_lcong48)(unsigned short *);

static const struct snarl_true s_true[] = {
    {"strtol", &real_strtol},
    {"strtoul", &real_strtoul},
    {"strtod", &real_strtod},
    {"__isoc23_strtol", &real___isoc23_strtol},
    {"__isoc23_strtoul", &real___isoc23_strtoul},
    {"__isoc23_strtoll", &real___isoc23_strtoll},
    {"__isoc23_strtoull", &real___isoc23_strtoull},
    {"__isoc23_strtoimax", &real___isoc23_strtoimax},
    {"__isoc23_strtoumax", &real___isoc23_strtoumax},
    {"strtoll", &real_strtoll},
    {"strtoull", &real_strtoull},
    {"strtoimax", &real_strtoimax},
    {"strtoumax", &real_strtoumax},
    {"strtof", &real_strtof},
    {"strtold", &real_strtold},
    {"rand_r", &real_rand_r},
    {"random_r", &real_random_r},
    {"srandom_r", &real_srandom_r},
    {"drand48_r", &real_drand48_r},
    {"lrand48_r", &real_lrand48_r},
    {"erand48", &real_erand48},
    {"nrand48", &real_nrand48},
    {"jrand48", &real_jrand48},
    {"drand48", &real_drand48},
    {"lrand48", &real_lrand48},
    {"mrand48", &real_mrand48},
    {"srand48", &real_srand48},
    {"seed48", &real_seed48},
    {"lcong48", &real_lcong48},
};
static bool s_ready;

static char s_seed[8]; /* of drand48 and its relatives: only its address is used */

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* --- out of strings: what is read goes one past the number --- */

/* Tells what a conversion has read of `text`, and where it wrote the end. */
static void tell(const char *name, const char *text, char *end, char **kept, struct snarl_site site)
{
    snarl_call_reads(name, text, (size_t)(end - text) + 1, site);
    if (kept)
        snarl_call_writes(name, kept, sizeof(*kept), site);
}

/* With any other nothing is read and no end is stored. */
static bool is_base(int base)
{
    return base == 0 || (base >= 2 && base <= 36);
}

SNARL_EXPORT long strtol(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    long number = real_strtol(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtol", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT unsigned long strtoul(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    unsigned long number = real_strtoul(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoul", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT double strtod(const char *restrict text, char **restrict kept)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    double number = real_strtod(text, end);
    if (snarl_calls_wanted())
        tell("strtod", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT long __isoc23_strtol(const char *restrict text, char **restrict kept, int base);
SNARL_EXPORT long __isoc23_strtol(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    long number = real___isoc23_strtol(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtol", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT unsigned long __isoc23_strtoul(const char *restrict text, char **restrict kept, int base);
SNARL_EXPORT unsigned long __isoc23_strtoul(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    unsigned long number = real___isoc23_strtoul(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoul", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT long long __isoc23_strtoll(const char *restrict text, char **restrict kept, int base);
SNARL_EXPORT long long __isoc23_strtoll(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    long long number = real___isoc23_strtoll(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoll", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT unsigned long long __isoc23_strtoull(const char *restrict text, char **restrict kept, int base);
SNARL_EXPORT unsigned long long __isoc23_strtoull(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    unsigned long long number = real___isoc23_strtoull(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoull", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT intmax_t __isoc23_strtoimax(const char *restrict text, char **restrict kept, int base);
SNARL_EXPORT intmax_t __isoc23_strtoimax(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    intmax_t number = real___isoc23_strtoimax(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoimax", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT uintmax_t __isoc23_strtoumax(const char *restrict text, char **restrict kept, int base);
SNARL_EXPORT uintmax_t __isoc23_strtoumax(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    uintmax_t number = real___isoc23_strtoumax(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoumax", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT long long strtoll(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    long long number = real_strtoll(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoll", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT unsigned long long strtoull(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    unsigned long long number = real_strtoull(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoull", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT intmax_t strtoimax(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    intmax_t number = real_strtoimax(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoimax", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT uintmax_t strtoumax(const char *restrict text, char **restrict kept, int base)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    uintmax_t number = real_strtoumax(text, end, base);
    if (snarl_calls_wanted() && is_base(base))
        tell("strtoumax", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT float strtof(const char *restrict text, char **restrict kept)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    float number = real_strtof(text, end);
    if (snarl_calls_wanted())
        tell("strtof", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT long double strtold(const char *restrict text, char **restrict kept)
{
    prepare();
    char *own, **end = kept ? kept : &own;
    long double number = real_strtold(text, end);
    if (snarl_calls_wanted())
        tell("strtold", text, *end, kept, SNARL_SITE);
    return number;
}

SNARL_EXPORT int atoi(const char *text)
{
    prepare();
    char *end;
    int number = (int)real_strtol(text, &end, 10);
    if (snarl_calls_wanted())
        tell("atoi", text, end, NULL, SNARL_SITE);
    return number;
}

SNARL_EXPORT long atol(const char *text)
{
    prepare();
    char *end;
    long number = (long)real_strtol(text, &end, 10);
    if (snarl_calls_wanted())
        tell("atol", text, end, NULL, SNARL_SITE);
    return number;
}

SNARL_EXPORT long long atoll(const char *text)
{
    prepare();
    char *end;
    long long number = (long long)real_strtoll(text, &end, 10);
    if (snarl_calls_wanted())
        tell("atoll", text, end, NULL, SNARL_SITE);
    return number;
}

SNARL_EXPORT double atof(const char *text)
{
    prepare();
    char *end;
    double number = (double)real_strtod(text, &end);
    if (snarl_calls_wanted())
        tell("atof", text, end, NULL, SNARL_SITE);
    return number;
}

/* --- random numbers of a state that is given --- */

SNARL_EXPORT int rand_r(unsigned *seed)
{
    prepare();
    int result = real_rand_r(seed);
    if (snarl_calls_wanted())
        snarl_call_writes("rand_r", seed, sizeof(*seed), SNARL_SITE);
    return result;
}

SNARL_EXPORT int random_r(struct random_data *restrict state, int32_t *restrict number)
{
    prepare();
    int result = real_random_r(state, number);
    if (snarl_calls_wanted()) {
        snarl_call_writes("random_r", state, sizeof(*state), SNARL_SITE);
        snarl_call_writes("random_r", number, sizeof(*number), SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT int srandom_r(unsigned seed, struct random_data *state)
{
    prepare();
    int result = real_srandom_r(seed, state);
    if (snarl_calls_wanted())
        snarl_call_writes("srandom_r", state, sizeof(*state), SNARL_SITE);
    return result;
}

SNARL_EXPORT int drand48_r(struct drand48_data *restrict state, double *restrict number)
{
    prepare();
    int result = real_drand48_r(state, number);
    if (snarl_calls_wanted()) {
        snarl_call_writes("drand48_r", state, sizeof(*state), SNARL_SITE);
        snarl_call_writes("drand48_r", number, sizeof(*number), SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT int lrand48_r(struct drand48_data *restrict state, long *restrict number)
{
    prepare();
    int result = real_lrand48_r(state, number);
    if (snarl_calls_wanted()) {
        snarl_call_writes("lrand48_r", state, sizeof(*state), SNARL_SITE);
        snarl_call_writes("lrand48_r", number, sizeof(*number), SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT double erand48(unsigned short state[3])
{
    prepare();
    double result = real_erand48(state);
    if (snarl_calls_wanted())
        snarl_call_writes("erand48", state, 3 * sizeof(*state), SNARL_SITE);
    return result;
}

SNARL_EXPORT long nrand48(unsigned short state[3])
{
    prepare();
    long result = real_nrand48(state);
    if (snarl_calls_wanted())
        snarl_call_writes("nrand48", state, 3 * sizeof(*state), SNARL_SITE);
    return result;
}

SNARL_EXPORT long jrand48(unsigned short state[3])
{
    prepare();
    long result = real_jrand48(state);
    if (snarl_calls_wanted())
        snarl_call_writes("jrand48", state, 3 * sizeof(*state), SNARL_SITE);
    return result;
}

/* --- random numbers of a state that all threads share, unlocked --- */

SNARL_EXPORT double drand48(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("drand48", s_seed, sizeof(s_seed), SNARL_SITE);
    return real_drand48();
}

SNARL_EXPORT long lrand48(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("lrand48", s_seed, sizeof(s_seed), SNARL_SITE);
    return real_lrand48();
}

SNARL_EXPORT long mrand48(void)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("mrand48", s_seed, sizeof(s_seed), SNARL_SITE);
    return real_mrand48();
}

SNARL_EXPORT void srand48(long seed)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("srand48", s_seed, sizeof(s_seed), SNARL_SITE);
    real_srand48(seed);
}

SNARL_EXPORT unsigned short *seed48(unsigned short seed[3])
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("seed48", seed, 3 * sizeof(*seed), SNARL_SITE);
        snarl_call_writes("seed48", s_seed, sizeof(s_seed), SNARL_SITE);
    }
    return real_seed48(seed);
}

SNARL_EXPORT void lcong48(unsigned short seed[7])
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("lcong48", seed, 7 * sizeof(*seed), SNARL_SITE);
        snarl_call_writes("lcong48", s_seed, sizeof(s_seed), SNARL_SITE);
    }
    real_lcong48(seed);
}
