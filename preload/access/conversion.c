/* conversion.c - between character sets, and regular expressions.
 *
 * The state that mbtowc and its like keep is not told: in the character sets of today (UTF-8) there is none.
 */
#include <errno.h>
#include <iconv.h>
#include <regex.h>
#include <stdlib.h>
#include <wchar.h>

#include "preload/access/bridge.h"

static size_t (*real_mbstowcs)(wchar_t *restrict, const char *restrict, size_t);
static size_t (*real_wcstombs)(char *restrict, const wchar_t *restrict, size_t);
static size_t (*real_mbsrtowcs)(wchar_t *restrict, const char **restrict, size_t, mbstate_t *restrict);
static size_t (*real_wcsrtombs)(char *restrict, const wchar_t **restrict, size_t, mbstate_t *restrict);
static size_t (*real_mbrtowc)(wchar_t *restrict, const char *restrict, size_t, mbstate_t *restrict);
static size_t (*real_wcrtomb)(char *restrict, wchar_t, mbstate_t *restrict);
static int (*real_mbtowc)(wchar_t *restrict, const char *restrict, size_t);
static int (*real_wctomb)(char *, wchar_t);
static size_t (*real_iconv)(iconv_t, char **restrict, size_t *restrict, char **restrict, size_t *restrict);
static int (*real_iconv_close)(iconv_t);
static int (*real_regcomp)(regex_t *restrict, const char *restrict, int);
static void (*real_regfree)(regex_t *);
static size_t (*real_regerror)(int, const regex_t *restrict, char *restrict, size_t);

static const struct snarl_true s_true[] = {
    {"mbstowcs", &real_mbstowcs},       {"wcstombs", &real_wcstombs}, {"mbsrtowcs", &real_mbsrtowcs},
    {"wcsrtombs", &real_wcsrtombs},     {"mbrtowc", &real_mbrtowc},   {"wcrtomb", &real_wcrtomb},
    {"mbtowc", &real_mbtowc},           {"wctomb", &real_wctomb},     {"iconv", &real_iconv},
    {"iconv_close", &real_iconv_close}, {"regcomp", &real_regcomp},   {"regfree", &real_regfree},
    {"regerror", &real_regerror},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* --- characters and strings --- */

SNARL_EXPORT size_t mbstowcs(wchar_t *restrict to, const char *restrict from, size_t limit)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("mbstowcs", from, snarl_string_size(from), SNARL_SITE);
    size_t result = real_mbstowcs(to, from, limit);
    if (snarl_calls_wanted() && to && result != (size_t)-1)
        snarl_call_writes("mbstowcs", to, (result < limit ? result + 1 : limit) * sizeof(*to), SNARL_SITE);
    return result;
}

SNARL_EXPORT size_t wcstombs(char *restrict to, const wchar_t *restrict from, size_t limit)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("wcstombs", from, snarl_wide_extent(from, SIZE_MAX), SNARL_SITE);
    size_t result = real_wcstombs(to, from, limit);
    if (snarl_calls_wanted() && to && result != (size_t)-1)
        snarl_call_writes("wcstombs", to, result < limit ? result + 1 : limit, SNARL_SITE);
    return result;
}

SNARL_EXPORT size_t mbsrtowcs(wchar_t *restrict to, const char **restrict from, size_t limit,
                              mbstate_t *restrict state)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("mbsrtowcs", *from, snarl_string_size(*from), SNARL_SITE);
    size_t result = real_mbsrtowcs(to, from, limit, state);
    if (snarl_calls_wanted() && to && result != (size_t)-1) {
        snarl_call_writes("mbsrtowcs", to, (result < limit ? result + 1 : limit) * sizeof(*to), SNARL_SITE);
        snarl_call_writes("mbsrtowcs", from, sizeof(*from), SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT size_t wcsrtombs(char *restrict to, const wchar_t **restrict from, size_t limit,
                              mbstate_t *restrict state)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("wcsrtombs", *from, snarl_wide_extent(*from, SIZE_MAX), SNARL_SITE);
    size_t result = real_wcsrtombs(to, from, limit, state);
    if (snarl_calls_wanted() && to && result != (size_t)-1) {
        snarl_call_writes("wcsrtombs", to, result < limit ? result + 1 : limit, SNARL_SITE);
        snarl_call_writes("wcsrtombs", from, sizeof(*from), SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT size_t mbrtowc(wchar_t *restrict to, const char *restrict from, size_t limit,
                            mbstate_t *restrict state)
{
    prepare();
    size_t result = real_mbrtowc(to, from, limit, state);
    if (snarl_calls_wanted() && to && result <= limit)
        snarl_call_writes("mbrtowc", to, sizeof(*to), SNARL_SITE);
    return result;
}

SNARL_EXPORT size_t wcrtomb(char *restrict to, wchar_t letter, mbstate_t *restrict state)
{
    prepare();
    size_t result = real_wcrtomb(to, letter, state);
    if (snarl_calls_wanted() && to && result != (size_t)-1)
        snarl_call_writes("wcrtomb", to, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int mbtowc(wchar_t *restrict to, const char *restrict from, size_t limit)
{
    prepare();
    int result = real_mbtowc(to, from, limit);
    if (snarl_calls_wanted() && to && from && result >= 0)
        snarl_call_writes("mbtowc", to, sizeof(*to), SNARL_SITE);
    return result;
}

SNARL_EXPORT int wctomb(char *to, wchar_t letter)
{
    prepare();
    int result = real_wctomb(to, letter);
    if (snarl_calls_wanted() && to && result > 0)
        snarl_call_writes("wctomb", to, (size_t)result, SNARL_SITE);
    return result;
}

/* --- iconv: a descriptor is for one thread at a time --- */

static void tell_converted(iconv_t set, const char *input, char *const *input_end, char *output,
                           char *const *output_end, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    snarl_call_write(thr, "iconv", set, sizeof(long), site);
    if (input_end && input)
        snarl_call_read(thr, "iconv", input, (size_t)(*input_end - input), site);
    if (output_end && output)
        snarl_call_write(thr, "iconv", output, (size_t)(*output_end - output), site);
    snarl_call_leave(thr);
    errno = saved;
}

SNARL_EXPORT size_t iconv(iconv_t set, char **restrict input, size_t *restrict input_left,
                          char **restrict output, size_t *restrict output_left)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_iconv(set, input, input_left, output, output_left);
    const char *from = input ? *input : NULL;
    char *to = output ? *output : NULL;
    size_t result = real_iconv(set, input, input_left, output, output_left);
    tell_converted(set, from, input, to, output, SNARL_SITE);
    return result;
}

SNARL_EXPORT int iconv_close(iconv_t set)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("iconv_close", set, sizeof(long), SNARL_SITE);
    return real_iconv_close(set);
}

/* --- regular expressions: one that is compiled may be used by several threads --- */

SNARL_EXPORT int regcomp(regex_t *restrict compiled, const char *restrict text, int flags)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("regcomp", text, snarl_string_size(text), SNARL_SITE);
    int result = real_regcomp(compiled, text, flags);
    if (snarl_calls_wanted())
        snarl_call_writes("regcomp", compiled, sizeof(*compiled), SNARL_SITE);
    return result;
}

SNARL_EXPORT void regfree(regex_t *compiled)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_writes("regfree", compiled, sizeof(*compiled), SNARL_SITE);
    real_regfree(compiled);
}

SNARL_EXPORT size_t regerror(int error, const regex_t *restrict compiled, char *restrict text, size_t size)
{
    prepare();
    size_t result = real_regerror(error, compiled, text, size);
    if (snarl_calls_wanted() && size)
        snarl_call_writes("regerror", text, result < size ? result : size, SNARL_SITE);
    return result;
}

/* The older version ignores what it does not know of the flags. */
static int (*real_old_regexec)(const regex_t *, const char *, size_t, regmatch_t *, int);
static int (*real_regexec)(const regex_t *, const char *, size_t, regmatch_t *, int);

static const struct snarl_true s_versions[] = {
    {"regexec@GLIBC_2.2.5", &real_old_regexec},
    {"regexec@GLIBC_2.3.4", &real_regexec},
};
static bool s_versions_ready;

struct search {
    const regex_t *compiled;
    const char *text;
    size_t count;
    regmatch_t *matches;
    int flags;
};

static size_t searched(const struct search *search)
{
    return search->flags & REG_STARTEND ? (size_t)search->matches[0].rm_eo : snarl_string_size(search->text);
}

static int execute(int (**true_one)(const regex_t *, const char *, size_t, regmatch_t *, int),
                   const struct search *search, struct snarl_site site)
{
    if (__builtin_expect(!s_versions_ready, 0))
        snarl_true_find(s_versions, sizeof(s_versions) / sizeof(*s_versions), &s_versions_ready);
    if (snarl_calls_wanted()) {
        snarl_call_reads("regexec", search->compiled, sizeof(*search->compiled), site);
        snarl_call_reads("regexec", search->text, searched(search), site);
    }
    int result = (*true_one)(search->compiled, search->text, search->count, search->matches, search->flags);
    if (snarl_calls_wanted() && result == 0 && search->count)
        snarl_call_writes("regexec", search->matches, search->count * sizeof(*search->matches), site);
    return result;
}

SNARL_EXPORT int new_regexec(const regex_t *compiled, const char *text, size_t count, regmatch_t *matches,
                             int flags);
SNARL_EXPORT int old_regexec(const regex_t *compiled, const char *text, size_t count, regmatch_t *matches,
                             int flags);
__asm__(".symver new_regexec, regexec@@GLIBC_2.3.4");
__asm__(".symver old_regexec, regexec@GLIBC_2.2.5");

SNARL_EXPORT int new_regexec(const regex_t *compiled, const char *text, size_t count, regmatch_t *matches,
                             int flags)
{
    const struct search search = {compiled, text, count, matches, flags};
    return execute(&real_regexec, &search, SNARL_SITE);
}

SNARL_EXPORT int old_regexec(const regex_t *compiled, const char *text, size_t count, regmatch_t *matches,
                             int flags)
{
    const struct search search = {compiled, text, count, matches, flags};
    return execute(&real_old_regexec, &search, SNARL_SITE);
}
