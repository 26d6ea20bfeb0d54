/* suppress_read.c - reads suppression files: ThreadSanitizer's lines, and Valgrind's blocks among them.
 *
 *     # a comment
 *     race:^parse_header$
 *     {
 *        any name
 *        Helgrind:Race
 *        fun:worker_*
 *        ...
 *        obj:*libfoo.so*
 *     }
 *
 * A block for a tool that does not find what snarl finds (Memcheck:Leak) is read and never used, so that a
 * file shared with Valgrind works as it is. The frames of Valgrind's own interceptors at a block's head are
 * left out: snarl's stacks begin at their caller. */
#include "reports/pick.h"
#include "reports/suppress_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES ((off_t)16 << 20)
#define WORD_MAX 64u

struct reader {
    struct snarl_suppressions *rules;
    const char *name;
    const char *at, *end; /* what is left of the text */
    unsigned line;
    char *error;
    size_t error_size;
    /* the current line without surrounding blanks */
    const char *text;
    size_t length;
    unsigned column;
};

static int fail(const struct reader *reader, size_t offset, const char *what)
{
    snprintf(reader->error, reader->error_size, "%s:%u:%zu: %s", reader->name, reader->line,
             reader->column + offset, what);
    return -1;
}

static bool next_line(struct reader *reader)
{
    if (reader->at >= reader->end)
        return false;
    const char *start = reader->at, *stop = memchr(start, '\n', reader->end - start);
    reader->at = stop ? stop + 1 : reader->end;
    if (!stop)
        stop = reader->end;
    reader->line++;
    reader->text = start;
    while (reader->text < stop && isspace((unsigned char)*reader->text))
        reader->text++;
    reader->length = stop - reader->text;
    while (reader->length && isspace((unsigned char)reader->text[reader->length - 1]))
        reader->length--;
    reader->column = reader->text - start + 1;
    return true;
}

static bool skippable(const struct reader *reader)
{
    return !reader->length || *reader->text == '#';
}

static struct snarl_rule *add_rule(struct snarl_suppressions *rules)
{
    if (rules->count == rules->room) {
        size_t room = rules->room ? 2 * rules->room : 32;
        struct snarl_rule *bigger = realloc(rules->rules, room * sizeof(*bigger));
        if (!bigger)
            return NULL;
        rules->rules = bigger;
        rules->room = room;
    }
    struct snarl_rule *rule = &rules->rules[rules->count++];
    *rule = (struct snarl_rule){.type = SNARL_RULE_ANYWHERE};
    return rule;
}

static uint32_t kind_bit(const char *name)
{
    const struct snarl_kind *kind = snarl_kind_find(name);
    return kind ? 1u << (kind - snarl_kinds) : 0;
}

uint32_t snarl_rule_word(const char *word, enum snarl_rule_type *type)
{
    *type = SNARL_RULE_ANYWHERE;
    if (!strcmp(word, "race"))
        return kind_bit("data-race");
    if (!strcmp(word, "race_top")) {
        *type = SNARL_RULE_TOP;
        return kind_bit("data-race");
    }
    if (!strcmp(word, "deadlock")) /* in ThreadSanitizer's files it means lock orders */
        return kind_bit("deadlock") | kind_bit("lock-order-inversion");
    if (!strcmp(word, "mutex"))
        return kind_bit("lock-misuse");
    if (!strcmp(word, "signal"))
        return kind_bit("signal-unsafe");
    if (!strcmp(word, "thread"))
        return kind_bit("thread-leak");
    if (!strcmp(word, "called_from_lib")) {
        *type = SNARL_RULE_LIBRARY;
        return UINT32_MAX;
    }
    return kind_bit(word);
}

static int read_simple(struct reader *reader)
{
    const char *colon = memchr(reader->text, ':', reader->length);
    char word[WORD_MAX];
    enum snarl_rule_type type;
    if (!colon)
        return fail(reader, 0, "expected TYPE:PATTERN, for example race:function, or a block in braces");
    size_t length = colon - reader->text;
    snprintf(word, sizeof(word), "%.*s", (int)length, reader->text);
    uint32_t kinds = snarl_rule_word(word, &type);
    if (!kinds)
        return fail(reader, 0,
                    "no such type: expected race, race_top, deadlock, mutex, signal, thread, called_from_lib "
                    "or a kind of finding such as lock-order-inversion");
    if (length + 1 == reader->length)
        return fail(reader, length + 1, "expected a pattern after the colon");
    struct snarl_rule *rule = add_rule(reader->rules);
    if (!rule)
        return fail(reader, 0, "out of memory");
    rule->type = type;
    rule->kinds = kinds;
    rule->pattern = strndup(colon + 1, reader->length - length - 1);
    if (asprintf(&rule->name, "%s:%u: %.*s", reader->name, reader->line, (int)reader->length, reader->text) <
        0)
        rule->name = NULL;
    return rule->pattern && rule->name ? 0 : fail(reader, 0, "out of memory");
}

/* What a kind of Helgrind or DRD is called here. Unknown ones stand for nothing. */
static uint32_t valgrind_kind(const char *tool, const char *kind)
{
    static const struct {
        const char *kind, *ours;
    } table[] = {
        {"Race", "race"},           {"ConflictingAccess", "race"},
        {"LockOrder", "deadlock"},  {"UnlockUnlocked", "mutex"},
        {"UnlockForeign", "mutex"}, {"UnlockBogus", "mutex"},
        {"PthAPIerror", "mutex"},   {"Misc", "mutex"},
        {"MutexErr", "mutex"},      {"CondErr", "mutex"},
        {"CondDestrErr", "mutex"},  {"SemaphoreErr", "mutex"},
        {"BarrierErr", "mutex"},    {"RwlockErr", "mutex"},
        {"GenericErr", "mutex"},
    };
    enum snarl_rule_type type;
    if (!strcasecmp(tool, "snarl"))
        return snarl_rule_word(kind, &type);
    if (strcasecmp(tool, "helgrind") && strcasecmp(tool, "drd"))
        return 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (!strcasecmp(table[i].kind, kind))
            return snarl_rule_word(table[i].ours, &type);
    return 0;
}

/* "Helgrind,DRD:Race" */
static int read_tools(struct reader *reader, struct snarl_rule *rule)
{
    char text[4 * WORD_MAX], *save = NULL;
    snprintf(text, sizeof(text), "%.*s", (int)reader->length, reader->text);
    char *colon = strchr(text, ':');
    if (!colon)
        return fail(reader, 0, "expected TOOL:KIND, for example Helgrind:Race or snarl:deadlock");
    *colon = '\0';
    for (char *tool = strtok_r(text, ", ", &save); tool; tool = strtok_r(NULL, ", ", &save)) {
        uint32_t kinds = valgrind_kind(tool, colon + 1);
        if (!kinds && !strcasecmp(tool, "snarl"))
            return fail(reader, colon + 1 - text, "no such kind of finding");
        rule->kinds |= kinds;
    }
    return 0;
}

static bool interceptor(const struct snarl_rule_line *line)
{
    static const char *const starts[] = {"pthread_", "sem_", "mutex_"};
    if (line->kind == 'o')
        return strstr(line->pattern, "vgpreload_");
    if (line->kind != 'f')
        return false;
    size_t length = strlen(line->pattern);
    if (length > 4 && !strcmp(line->pattern + length - 4, "_WRK"))
        return true;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (!strncmp(line->pattern, starts[i], strlen(starts[i])))
            return true;
    return false;
}

static int read_frame(struct reader *reader, struct snarl_rule *rule)
{
    static const char *const heads[] = {"fun:", "obj:", "src:"};
    struct snarl_rule_line line = {0};
    for (size_t i = 0; i < 3; i++)
        if (reader->length > 4 && !strncmp(reader->text, heads[i], 4))
            line.kind = heads[i][0];
    if (reader->length == 3 && !strncmp(reader->text, "...", 3))
        line.kind = '.';
    if (!line.kind)
        return fail(reader, 0, "expected fun:NAME, obj:FILE, src:FILE, ... or the closing brace");
    if (line.kind != '.') {
        line.pattern = strndup(reader->text + 4, reader->length - 4);
        if (!line.pattern)
            return fail(reader, 0, "out of memory");
        if (!rule->line_count && interceptor(&line)) {
            free(line.pattern);
            return 0;
        }
    }
    struct snarl_rule_line *lines = realloc(rule->lines, (rule->line_count + 1) * sizeof(line));
    if (!lines) {
        free(line.pattern);
        return fail(reader, 0, "out of memory");
    }
    rule->lines = lines;
    rule->lines[rule->line_count++] = line;
    return 0;
}

static int read_block(struct reader *reader)
{
    unsigned opened = reader->line;
    int step = 0; /* 0: the name, 1: the tools, 2: frames */
    struct snarl_rule *rule = add_rule(reader->rules);
    if (!rule)
        return fail(reader, 0, "out of memory");
    rule->type = SNARL_RULE_STACK;
    while (next_line(reader)) {
        if (skippable(reader))
            continue;
        if (reader->length == 1 && *reader->text == '}') {
            if (step < 2)
                return fail(reader, 0,
                            step ? "expected TOOL:KIND before the closing brace"
                                 : "expected the suppression's name before the closing brace");
            return rule->line_count
                       ? 0
                       : fail(reader, 0, "expected a frame (fun:, obj:, src: or ...) in the block");
        }
        if (step == 0 &&
            asprintf(&rule->name, "%s:%u: %.*s", reader->name, opened, (int)reader->length, reader->text) < 0)
            return fail(reader, 0, "out of memory");
        if ((step == 1 && read_tools(reader, rule)) || (step >= 2 && read_frame(reader, rule)))
            return -1;
        step++;
    }
    reader->line = opened;
    reader->column = 1;
    return fail(reader, 0, "this block has no closing brace");
}

static void drop_from(struct snarl_suppressions *rules, size_t count)
{
    while (rules->count > count)
        snarl_rule_clear(&rules->rules[--rules->count]);
}

int snarl_suppressions_parse(struct snarl_suppressions *rules, const char *name, const char *text,
                             size_t length, char *error, size_t error_size)
{
    struct reader reader = {.rules = rules,
                            .name = name,
                            .at = text,
                            .end = text + length,
                            .error = error,
                            .error_size = error_size};
    size_t before = rules->count;
    while (next_line(&reader)) {
        if (skippable(&reader))
            continue;
        bool block = reader.length == 1 && *reader.text == '{';
        if (memchr(reader.text, '\0', reader.length) ? fail(&reader, 0, "expected text, found a zero byte")
            : block                                  ? read_block(&reader)
                                                     : read_simple(&reader)) {
            drop_from(rules, before);
            return -1;
        }
    }
    return 0;
}

int snarl_suppressions_read(struct snarl_suppressions *rules, const char *path, char *error,
                            size_t error_size)
{
    FILE *file = fopen(path, "re");
    struct stat status;
    char *text = NULL;
    int result = -1;
    if (!file || fstat(fileno(file), &status)) {
        snprintf(error, error_size, "cannot read the suppressions %s: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode) || status.st_size > FILE_MAX_BYTES) {
        snprintf(error, error_size, "cannot read the suppressions %s: expected a file of at most 16 MB",
                 path);
    } else if (!(text = malloc(status.st_size + 1))) {
        snprintf(error, error_size, "cannot read the suppressions %s: out of memory", path);
    } else {
        size_t length = fread(text, 1, status.st_size, file);
        result = snarl_suppressions_parse(rules, path, text, length, error, error_size);
    }
    free(text);
    if (file)
        fclose(file);
    return result;
}
