/* arguments.c - see arguments.h. */
#include "cli/arguments.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/complain.h"

#define HELP_COLUMN 28 /* where the explanations start */
#define NAMES_MAX 64   /* options of one sub-command */

void snarl_texts_add(struct snarl_texts *texts, const char *text)
{
    const char **items = realloc(texts->items, (texts->count + 2) * sizeof(*items));
    if (!items)
        snarl_complain_no_memory();
    items[texts->count++] = text;
    items[texts->count] = NULL;
    texts->items = items;
}

void snarl_texts_free(struct snarl_texts *texts)
{
    free(texts->items);
    *texts = (struct snarl_texts){0};
}

static bool takes_value(const struct snarl_option *option)
{
    return option->kind != SNARL_OPTION_SWITCH && option->kind != SNARL_OPTION_CLEAR;
}

/* Walks through the tables: NULL gives the first option, the last one NULL. */
static const struct snarl_option *next(const struct snarl_usage *usage, const struct snarl_option *option)
{
    const struct snarl_option *const *table = usage->tables;
    if (option && option[1].name)
        return option + 1;
    if (option) { /* the last of its table: on to the table behind it */
        const struct snarl_option *at = *table;
        while (at != option)
            at = at->name ? at + 1 : *++table;
        table++;
    }
    while (*table && !(*table)->name)
        table++;
    return *table;
}

static void print_option(const struct snarl_option *option)
{
    char left[128];
    int length = option->letter ? snprintf(left, sizeof(left), "  -%c, --%s", option->letter, option->name)
                                : snprintf(left, sizeof(left), "  --%s", option->name);
    if (takes_value(option))
        length += snprintf(left + length, sizeof(left) - (size_t)length, "=%s", option->value);
    if (length > HELP_COLUMN - 2)
        printf("%s\n%*s%s\n", left, HELP_COLUMN, "", option->help);
    else
        printf("%-*s%s\n", HELP_COLUMN, left, option->help);
}

void snarl_usage_print(const struct snarl_usage *usage)
{
    printf("usage: snarl %s %s\n\n%s\n\noptions:\n", usage->command, usage->operands, usage->purpose);
    for (const struct snarl_option *option = next(usage, NULL); option; option = next(usage, option))
        print_option(option);
    printf("%-*s%s\n", HELP_COLUMN, "  -h, --help", "this text");
}

static const struct snarl_option *find_long(const struct snarl_usage *usage, const char *name, size_t length)
{
    for (const struct snarl_option *option = next(usage, NULL); option; option = next(usage, option))
        if (strlen(option->name) == length && !memcmp(option->name, name, length))
            return option;
    return NULL;
}

static const struct snarl_option *find_short(const struct snarl_usage *usage, char letter)
{
    for (const struct snarl_option *option = next(usage, NULL); option; option = next(usage, option))
        if (option->letter == letter)
            return option;
    return NULL;
}

static enum snarl_parse refuse_unknown(const struct snarl_usage *usage, const char *argument)
{
    const char *names[NAMES_MAX] = {"help"};
    size_t count = 1;
    for (const struct snarl_option *option = next(usage, NULL); option; option = next(usage, option))
        if (count < NAMES_MAX - 1)
            names[count++] = option->name;
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(argument, "="), argument);
    const char *near = !strncmp(name, "--", 2) ? snarl_word_nearest(name + 2, names) : NULL;
    if (near)
        snarl_complain("%s: unknown option '%s'; did you mean '--%s'?", usage->command, name, near);
    else
        snarl_complain("%s: unknown option '%s'; `snarl %s --help` lists them", usage->command, name,
                       usage->command);
    return SNARL_PARSE_WRONG;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);
    for (const char *at = choices; length && at && !strchr(value, '|'); at = strchr(at, '|')) {
        at += *at == '|';
        if (!strncmp(at, value, length) && (at[length] == '|' || !at[length]))
            return true;
    }
    return false;
}

static const char *set_number(const struct snarl_option *option, const char *value)
{
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno || end == value || *end || number < 0 || number > 255)
        return "wants a number from 0 to 255";
    *(int *)option->target = (int)number;
    return NULL;
}

static const char *set_seconds(const struct snarl_option *option, const char *value)
{
    char *end;
    double seconds = strtod(value, &end);
    if (end == value || *end || !isfinite(seconds) || seconds <= 0)
        return "wants a number of seconds above 0";
    *(double *)option->target = seconds;
    return NULL;
}

/* NULL when the value was taken, else what is wrong with it. */
static const char *set_value(const struct snarl_option *option, const char *value)
{
    switch (option->kind) {
    case SNARL_OPTION_SWITCH:
    case SNARL_OPTION_CLEAR:
        *(bool *)option->target = option->kind == SNARL_OPTION_SWITCH;
        return NULL;
    case SNARL_OPTION_CHOICE:
        if (!is_choice(option->value, value))
            return "wants one of";
        /* fall through */
    case SNARL_OPTION_TEXT:
        *(const char **)option->target = value;
        return *value ? NULL : "wants a value that is not empty";
    case SNARL_OPTION_REPEAT:
        snarl_texts_add(option->target, value);
        return *value ? NULL : "wants a value that is not empty";
    case SNARL_OPTION_NUMBER:
        return set_number(option, value);
    case SNARL_OPTION_SECONDS:
        return set_seconds(option, value);
    }
    return NULL;
}

static bool set_or_complain(const char *origin, const struct snarl_option *option, const char *value)
{
    const char *wrong = set_value(option, value);
    bool choice = option->kind == SNARL_OPTION_CHOICE;
    if (wrong)
        snarl_complain("%s: --%s %s%s%s, not '%s'", origin, option->name, wrong, choice ? " " : "",
                       choice ? option->value : "", value);
    return !wrong;
}

static enum snarl_parse apply(const struct snarl_usage *usage, const struct snarl_option *option,
                              const char *value)
{
    return set_or_complain(usage->command, option, value) ? SNARL_PARSE_GO : SNARL_PARSE_WRONG;
}

bool snarl_argument_set(const struct snarl_usage *usage, const char *origin, const char *name,
                        const char *value)
{
    const struct snarl_option *option = find_long(usage, name, strlen(name));
    return !option || set_or_complain(origin, option, value ? value : "");
}

static enum snarl_parse refuse_value_missing(const struct snarl_usage *usage,
                                             const struct snarl_option *option)
{
    snarl_complain("%s: --%s wants a value: --%s=%s", usage->command, option->name, option->name,
                   option->value);
    return SNARL_PARSE_WRONG;
}

/* argv[*at] is "--name" or "--name=value"; *at moves on when the value is the next word. */
static enum snarl_parse parse_long(const struct snarl_usage *usage, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    const struct snarl_option *option =
        find_long(usage, name, equals ? (size_t)(equals - name) : strlen(name));
    if (!option)
        return refuse_unknown(usage, argv[*at]);
    if (!takes_value(option)) {
        if (!equals)
            return apply(usage, option, "");
        snarl_complain("%s: --%s takes no value", usage->command, option->name);
        return SNARL_PARSE_WRONG;
    }
    if (equals)
        return apply(usage, option, equals + 1);
    if (*at + 1 >= argc)
        return refuse_value_missing(usage, option);
    return apply(usage, option, argv[++*at]);
}

static enum snarl_parse parse_short(const struct snarl_usage *usage, int argc, char **argv, int *at)
{
    for (const char *letter = argv[*at] + 1; *letter; letter++) {
        const struct snarl_option *option = find_short(usage, *letter);
        if (!option)
            return refuse_unknown(usage, argv[*at]);
        if (takes_value(option)) {
            if (letter[1])
                return apply(usage, option, letter + 1);
            if (*at + 1 >= argc)
                return refuse_value_missing(usage, option);
            return apply(usage, option, argv[++*at]);
        }
        apply(usage, option, "");
    }
    return SNARL_PARSE_GO;
}

static enum snarl_parse parse_one(const struct snarl_usage *usage, int argc, char **argv, int *at)
{
    if (!strcmp(argv[*at], "-h") || !strcmp(argv[*at], "--help")) {
        snarl_usage_print(usage);
        return SNARL_PARSE_HELPED;
    }
    return argv[*at][1] == '-' ? parse_long(usage, argc, argv, at) : parse_short(usage, argc, argv, at);
}

enum snarl_parse snarl_arguments_parse(const struct snarl_usage *usage, int argc, char **argv,
                                       struct snarl_texts *operands)
{
    bool options_end = false;
    for (int at = 1; at < argc; at++) {
        if (!options_end && !strcmp(argv[at], "--")) {
            options_end = true;
        } else if (options_end || argv[at][0] != '-' || !argv[at][1]) {
            snarl_texts_add(operands, argv[at]);
            options_end |= usage->stop_at_operand;
        } else {
            enum snarl_parse result = parse_one(usage, argc, argv, &at);
            if (result != SNARL_PARSE_GO)
                return result;
        }
    }
    return SNARL_PARSE_GO;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance; words here are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    size_t width = strlen(b);
    if (width >= sizeof(row) / sizeof(row[0]))
        return width;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[width];
}

const char *snarl_word_nearest(const char *text, const char *const *words)
{
    const char *best = NULL;
    size_t limit = strlen(text) / 3 + 1; /* further than that is another word, not a slip */
    for (; *words; words++) {
        size_t far = distance(text, *words);
        if (far <= limit) {
            best = *words;
            limit = far ? far - 1 : 0;
            if (!far)
                break;
        }
    }
    return best;
}
