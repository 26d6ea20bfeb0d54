/* test_format.c - what formats say of their arguments (preload/access/format.c).
 *
 * A format's summary: one letter for each argument's type (i l d L), then for each use its kind and argument: s string, w wide
 * string, b bytes, n count; `<` and a limit, or `<@` and the argument that gives it; `#` and the order of a stored conversion of
 * scanf; `!` where %n is certain. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "preload/access/format.h"

static char *add_use(char *at, const struct snarl_format_use *use, bool scan)
{
    at += sprintf(at, " %c%u", "swbn"[use->what], use->argument);
    if (use->limit_argument)
        at += sprintf(at, "<@%u", use->limit_argument - 1);
    else if (use->limit != SNARL_FORMAT_NO_LIMIT)
        at += sprintf(at, "<%u", use->limit);
    if (scan)
        at += sprintf(at, "#%u", use->order);
    if (scan && use->what == SNARL_FORMAT_COUNT && use->certain)
        at += sprintf(at, "!");
    return at;
}

static const char *summary(const struct snarl_format *format, bool scan)
{
    static char s_text[2048];
    char *at = s_text;
    for (uint32_t i = 0; i < format->argument_count; i++)
        *at++ = "ildL"[format->type[i]];
    *at = '\0';
    for (uint32_t i = 0; i < format->use_count; i++)
        at = add_use(at, &format->use[i], scan);
    return s_text;
}

static const char *printed(const char *text)
{
    static struct snarl_format s_format;
    snarl_format_print(&s_format, text, false);
    return summary(&s_format, false);
}

static const char *scanned(const char *text, bool gnu)
{
    static struct snarl_format s_format;
    snarl_format_scan(&s_format, text, false, gnu);
    return summary(&s_format, true);
}

struct pair {
    const char *text, *summary;
};

static void check_prints(const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_str_eq(printed(pairs[i].text), pairs[i].summary, "%s: %s instead of %s", pairs[i].text,
                         printed(pairs[i].text), pairs[i].summary);
}

Test(format, print_types)
{
    static const struct pair s_pairs[] = {
        {"", ""},
        {"100%", ""},
        {"%%%d", "i"},
        {"%d %ld %lld %hd %hhd", "illii"},
        {"%qd %Ld %jd %zd %td %Zd", "llllll"},
        {"%f %lf %Lf %llf %a", "ddLLd"},
        {"%c %lc %C %p", "iiil"},
        {"%b %lB", "il"},
        {"%m %d", "i"},
        {"%-+ #0'I12.3d|%5c", "ii"},
        {"%*d", "ii"},
        {"%-*.*Lf", "iiL"},
        {"%y %d", ""}, /* not known: what comes after has no known place */
        {"%d %k %d", "i"},
    };
    check_prints(s_pairs, sizeof(s_pairs) / sizeof(*s_pairs));
}

Test(format, print_strings_and_counts)
{
    static const struct pair s_pairs[] = {
        {"%s", "l s0"},
        {"%d: %s", "il s1"},
        {"%.5s|%.s|%.0s", "lll s0<5 s1<0 s2<0"},
        {"%.*s", "il s1<@0"},
        {"%*.*s", "iil s2<@1"},
        {"%20s", "l s0"},
        {"%.-3s", "l s0<3"},
        {"%ls %S", "ll w0 w1"},
        {"%.3ls", "l w0<3"},
        {"%n %hhn %hn %ln %lln %zn", "llllll n0<4 n1<1 n2<2 n3<8 n4<8 n5<8"},
    };
    check_prints(s_pairs, sizeof(s_pairs) / sizeof(*s_pairs));
}

Test(format, print_positions)
{
    static const struct pair s_pairs[] = {
        {"%2$s %1$d", "il s1"},
        {"%1$s %1$s", "l s0 s0"},
        {"%3$s", "iil s2"},
        {"%1$*2$d", "ii"},
        {"%3$.*1$s %2$f", "idl s2<@0"},
        {"%70$s", ""},
    };
    check_prints(s_pairs, sizeof(s_pairs) / sizeof(*s_pairs));
}

Test(format, more_arguments_than_are_kept)
{
    char text[3 * 100 + 1] = "";
    static struct snarl_format s_format;
    for (int i = 0; i < 100; i++)
        strcat(text, "%s ");
    snarl_format_print(&s_format, text, false);
    cr_expect_eq(s_format.argument_count, SNARL_FORMAT_ARGUMENTS);
    cr_expect_eq(s_format.use_count, SNARL_FORMAT_USES);
}

Test(format, wide_formats)
{
    static struct snarl_format s_format;
    snarl_format_print(&s_format, L"ä%d %ls %s", true);
    cr_expect_str_eq(summary(&s_format, false), "ill w1 s2");
    snarl_format_scan(&s_format, L"%l[a-z]%s", true, false);
    cr_expect_str_eq(summary(&s_format, true), "ll w0#1 s1#2");
}

static void check_scans(const struct pair *pairs, size_t count, bool gnu)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_str_eq(scanned(pairs[i].text, gnu), pairs[i].summary, "%s: %s instead of %s", pairs[i].text,
                         scanned(pairs[i].text, gnu), pairs[i].summary);
}

Test(format, scan_sizes)
{
    static const struct pair s_pairs[] = {
        {"%d%hd%hhd%ld%lld", "lllll b0<4#1 b1<2#2 b2<1#3 b3<8#4 b4<8#5"},
        {"%zu%jx%ti%qd%Li", "lllll b0<8#1 b1<8#2 b2<8#3 b3<8#4 b4<8#5"},
        {"%f%lf%Lf%lle", "llll b0<4#1 b1<8#2 b2<16#3 b3<16#4"},
        {"%p", "l b0<8#1"},
        {"%c%5c%lc%3C", "llll b0<1#1 b1<5#2 b2<4#3 b3<12#4"},
        {"%s%20s%ls%S", "llll s0#1 s1#2 w2#3 w3#4"},
        {"%[a-z]%[^]x]%[]x]%d", "llll s0#1 s1#2 s2#3 b3<4#4"},
        {"%ms%m[a]%5mc%mS", "llll b0<8#1 b1<8#2 b2<8#3 b3<8#4"},
        {"%*d%d%*s%s", "ll b0<4#1 s1#2"},
        {"%2$d %1$s", "ll b1<4#1 s0#2"},
        {"%d%y%d", "l b0<4#1"},
        {"%d%[abc", "ll b0<4#1 s1#2"},
    };
    check_scans(s_pairs, sizeof(s_pairs) / sizeof(*s_pairs), false);
}

Test(format, scan_a_is_two_things)
{
    static const struct pair s_gnu[] = {
        {"%as%a[x]%aS", "lll b0<8#1 b1<8#2 b2<8#3"},
        {"%a%la", "ll b0<4#1 b1<8#2"},
        {"%as", "l b0<8#1"},
    };
    static const struct pair s_c99[] = {{"%as", "l b0<4#1"}, {"%a[x]", "l b0<4#1"}};
    check_scans(s_gnu, sizeof(s_gnu) / sizeof(*s_gnu), true);
    check_scans(s_c99, sizeof(s_c99) / sizeof(*s_c99), false);
}

Test(format, scan_counts)
{
    static const struct pair s_pairs[] = {
        {"%n", "l n0<4#0!"},
        {"%d%n", "ll b0<4#1 n1<4#1!"},
        {"%d %hn", "ll b0<4#1 n1<2#1!"},
        {"%d,%n", "ll b0<4#1 n1<4#1"},
        {"%d%*d%n%d", "lll b0<4#1 n1<4#1 b2<4#2"},
        {"%d%%%n", "ll b0<4#1 n1<4#1"},
    };
    check_scans(s_pairs, sizeof(s_pairs) / sizeof(*s_pairs), false);
}
