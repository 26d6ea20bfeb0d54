/* The options of a sub-command: spellings, values, order, tables, slips of the pen. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

#include "cli/arguments.h"

static bool s_loud, s_follow = true;
static const char *s_out, *s_races;
static int s_status;
static double s_seconds;
static struct snarl_texts s_files, s_operands;

static const struct snarl_option s_first[] = {
    {"loud", 'l', SNARL_OPTION_SWITCH, NULL, "", &s_loud},
    {"no-follow", 0, SNARL_OPTION_CLEAR, NULL, "", &s_follow},
    {"out", 'o', SNARL_OPTION_TEXT, "DIR", "", &s_out},
    {0},
};
static const struct snarl_option s_empty[] = {{0}};
static const struct snarl_option s_second[] = {
    {"races", 0, SNARL_OPTION_CHOICE, "full|calls|off", "", &s_races},
    {"status", 0, SNARL_OPTION_NUMBER, "N", "", &s_status},
    {"time", 't', SNARL_OPTION_SECONDS, "S", "", &s_seconds},
    {"file", 'f', SNARL_OPTION_REPEAT, "F", "", &s_files},
    {0},
};
static struct snarl_usage s_usage = {"test", "", "", {s_first, s_empty, s_second}, false};

/* The words of one line, split at spaces; "_" stands for an empty word. */
static enum snarl_parse parse(const char *line)
{
    static char s_words[256];
    char *argv[32] = {"test"};
    int argc = 1;
    snprintf(s_words, sizeof(s_words), "%s", line);
    char *rest = s_words;
    for (char *word; (word = strsep(&rest, " "));)
        if (*word)
            argv[argc++] = strcmp(word, "_") ? word : word + 1;
    return snarl_arguments_parse(&s_usage, argc, argv, &s_operands);
}

Test(arguments, every_spelling_of_a_value)
{
    static const char *const s_lines[] = {"--out=x", "--out x", "-o x", "-ox", "-lox", "-lo x"};
    for (size_t i = 0; i < sizeof(s_lines) / sizeof(s_lines[0]); i++) {
        s_out = NULL;
        cr_expect_eq(parse(s_lines[i]), SNARL_PARSE_GO);
        cr_expect_str_eq(s_out, "x", "%s", s_lines[i]);
    }
    cr_expect(s_loud);
    cr_expect_eq(s_operands.count, 0);
}

Test(arguments, operands_and_options_mix_until_two_dashes)
{
    cr_expect_eq(parse("a --loud b - -- --out -l"), SNARL_PARSE_GO);
    cr_assert_eq(s_operands.count, 5);
    cr_expect_str_eq(s_operands.items[2], "-");
    cr_expect_str_eq(s_operands.items[3], "--out");
    cr_expect_str_eq(s_operands.items[4], "-l");
    cr_expect_null(s_operands.items[5], "the list ends with NULL");
    cr_expect(s_loud);
}

Test(arguments, the_first_operand_can_end_the_options)
{
    s_usage.stop_at_operand = true;
    cr_expect_eq(parse("--out=x program --loud --out y"), SNARL_PARSE_GO);
    cr_assert_eq(s_operands.count, 4);
    cr_expect_str_eq(s_out, "x");
    cr_expect_not(s_loud);
}

Test(arguments, options_of_every_table_are_known)
{
    cr_expect_eq(parse("--no-follow --races=off --status 255 -t 0.25 -fa --file=b"), SNARL_PARSE_GO);
    cr_expect_not(s_follow);
    cr_expect_str_eq(s_races, "off");
    cr_expect_eq(s_status, 255);
    cr_expect_eq(s_seconds, 0.25);
    cr_assert_eq(s_files.count, 2);
    cr_expect_str_eq(s_files.items[1], "b");
}

Test(arguments, the_help_lists_every_option_once, .init = cr_redirect_stdout)
{
    snarl_usage_print(&s_usage);
    fflush(stdout);
    FILE *shown = cr_get_redirected_stdout();
    char text[4096] = "";
    cr_assert_gt(fread(text, 1, sizeof(text) - 1, shown), 0);
    static const char *const s_names[] = {"-l, --loud\n", "--no-follow", "--out=DIR", "--races=full|calls|off",
                                          "--status=N", "-t, --time=S", "-f, --file=F", "-h, --help"};
    for (size_t i = 0; i < sizeof(s_names) / sizeof(s_names[0]); i++) {
        const char *found = strstr(text, i ? s_names[i] : "-l, --loud");
        cr_assert(found, "%s", s_names[i]);
        cr_expect_null(strstr(found + 1, s_names[i]), "%s twice", s_names[i]);
    }
}

Test(arguments, wrong_calls_are_refused, .init = cr_redirect_stderr)
{
    static const char *const s_lines[] = {"--nothing", "-x",           "--out",        "-o",          "--out=",
                                          "--out _",   "--loud=1",     "--races=ful",  "--races=full|calls",
                                          "--races=",  "--status=256", "--status=-1",  "--status=1x", "--status=_",
                                          "--time=0",  "--time=-1",    "--time=nan",   "--time=inf",  "--time=1s"};
    for (size_t i = 0; i < sizeof(s_lines) / sizeof(s_lines[0]); i++)
        cr_expect_eq(parse(s_lines[i]), SNARL_PARSE_WRONG, "%s", s_lines[i]);
}

Test(arguments, settings_reach_the_same_options, .init = cr_redirect_stderr)
{
    cr_expect(snarl_argument_set(&s_usage, "file", "out", "there"));
    cr_expect_str_eq(s_out, "there");
    cr_expect(snarl_argument_set(&s_usage, "file", "loud", NULL));
    cr_expect(s_loud);
    cr_expect_not(snarl_argument_set(&s_usage, "file", "status", "many"));
    cr_expect(snarl_argument_set(&s_usage, "file", "of-another-command", "x"));
}

Test(arguments, the_nearest_word)
{
    static const char *const s_words[] = {"run", "report", "timeout", "races", NULL};
    cr_expect_str_eq(snarl_word_nearest("rnu", s_words), "run");
    cr_expect_str_eq(snarl_word_nearest("repotr", s_words), "report");
    cr_expect_str_eq(snarl_word_nearest("tiemout", s_words), "timeout");
    cr_expect_str_eq(snarl_word_nearest("races", s_words), "races");
    cr_expect_null(snarl_word_nearest("elephant", s_words));
    cr_expect_null(snarl_word_nearest("", (const char *const[]){NULL}));
}
