/* options.c - see options.h. */
#include "base/options.h"

#include <stddef.h>
#include <string.h>

struct snarl_options snarl_options;

enum option_type { OPTION_BOOL, OPTION_TEXT, OPTION_NUMBER, OPTION_RACES, OPTION_DEADLOCK };

struct option {
    const char *key;
    enum option_type type;
    size_t offset;
    size_t size; /* of a text */
};

#define TEXT_OPTION(name, field) {name, OPTION_TEXT, offsetof(struct snarl_options, field), \
                                  sizeof(((struct snarl_options *)0)->field)}
#define BOOL_OPTION(name, field) {name, OPTION_BOOL, offsetof(struct snarl_options, field), 0}

static const struct option s_options[] = {
    TEXT_OPTION("out", out),
    TEXT_OPTION("run-id", run_id),
    TEXT_OPTION("plans", plans),
    TEXT_OPTION("modules", modules),
    TEXT_OPTION("skip-modules", skip_modules),
    {"races", OPTION_RACES, offsetof(struct snarl_options, races), 0},
    {"on-deadlock", OPTION_DEADLOCK, offsetof(struct snarl_options, on_deadlock), 0},
    {"exit-code", OPTION_NUMBER, offsetof(struct snarl_options, exit_code), 0},
    BOOL_OPTION("follow", follow),
    BOOL_OPTION("report", report),
    BOOL_OPTION("live", live),
    BOOL_OPTION("quiet", quiet),
    BOOL_OPTION("python", python),
    BOOL_OPTION("python-races", python_races),
    BOOL_OPTION("python-c-frames", python_c_frames),
    BOOL_OPTION("enabled", enabled),
};

/* The index of `value` among `words`, -1 when it is none of them. */
static int word_index(const char *value, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(value, words[i]) == 0)
            return i;
    return -1;
}

static bool parse_number(const char *value, uint32_t *number)
{
    uint32_t result = 0;
    if (!*value)
        return false;
    for (; *value; value++) {
        if (*value < '0' || *value > '9' || result > 100000000)
            return false;
        result = result * 10 + (uint32_t)(*value - '0');
    }
    *number = result;
    return true;
}

static bool assign_bool(bool *field, const char *value)
{
    static const char *const words[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};
    int index = word_index(value, words, 8);
    if (index >= 0)
        *field = index & 1;
    return index >= 0;
}

static bool assign_word(void *field, const char *value, const char *const *words, int count)
{
    int index = word_index(value, words, count);
    if (index >= 0)
        *(unsigned *)field = (unsigned)index;
    return index >= 0;
}

static bool assign(struct snarl_options *options, const struct option *option, const char *value)
{
    static const char *const races[] = {"off", "calls", "full"};
    static const char *const deadlock[] = {"exit", "continue", "abort"};
    char *field = (char *)options + option->offset;
    switch (option->type) {
    case OPTION_BOOL:
        return assign_bool((bool *)field, value);
    case OPTION_NUMBER:
        return parse_number(value, (uint32_t *)field);
    case OPTION_RACES:
        return assign_word(field, value, races, 3);
    case OPTION_DEADLOCK:
        return assign_word(field, value, deadlock, 3);
    case OPTION_TEXT:
        break;
    }
    if (strlen(value) >= option->size)
        return false;
    strcpy(field, value);
    return true;
}

/* Copies one pair to `pair`, unescaped, and returns where the next begins. */
static const char *next_pair(const char *text, char *pair, size_t size)
{
    size_t length = 0;
    while (*text && *text != ':') {
        if (*text == '\\' && text[1])
            text++;
        if (length + 1 < size)
            pair[length++] = *text;
        text++;
    }
    pair[length] = '\0';
    return *text ? text + 1 : text;
}

void snarl_options_parse(struct snarl_options *options, const char *text,
                         void (*complain)(const char *key, const char *value))
{
    *options = (struct snarl_options){
        .races = SNARL_RACES_FULL, .exit_code = 66, .follow = true, .report = true, .python = true, .enabled = true};
    char pair[SNARL_PATH_MAX + 64];
    while (text && *text) {
        text = next_pair(text, pair, sizeof(pair));
        char *value = strchr(pair, '=');
        if (value)
            *value++ = '\0';
        for (size_t i = 0; i < sizeof(s_options) / sizeof(*s_options); i++) {
            if (strcmp(pair, s_options[i].key) != 0)
                continue;
            if (!assign(options, &s_options[i], value ? value : "1"))
                complain(pair, value ? value : "");
        }
    }
}
