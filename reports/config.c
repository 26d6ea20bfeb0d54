/* config.c - a project's settings: which names snarl.toml may have, and what their values must be. */
#include "reports/gate.h"
#include "reports/toml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (1u << 20)

enum type { TEXT, PATH, PATHS, TEXTS, KINDS, FLAG, STATUS, SECONDS, CHOICE };

static const struct setting {
    const char *name;
    enum type type;
    const char *choices; /* of a CHOICE: "a|b|c" */
} s_settings[] = {
    {"out", TEXT, NULL},
    {"json", TEXT, NULL},
    {"html", TEXT, NULL},
    {"sarif", TEXT, NULL},
    {"junit", TEXT, NULL},
    {"dot", TEXT, NULL},
    {"markdown", TEXT, NULL},
    {"races", CHOICE, "full|calls|off"},
    {"on-deadlock", CHOICE, "exit|continue|abort"},
    {"baseline", PATH, NULL},
    {"store", PATH, NULL},
    {"modules", TEXTS, NULL},
    {"skip-modules", TEXTS, NULL},
    {"suppressions", PATHS, NULL},
    {"source-roots", PATHS, NULL},
    {"fail-on", KINDS, NULL},
    {"follow", FLAG, NULL},
    {"python-races", FLAG, NULL},
    {"python-c-frames", FLAG, NULL},
    {"live", FLAG, NULL},
    {"quiet", FLAG, NULL},
    {"github", FLAG, NULL},
    {"exit-code", STATUS, NULL},
    {"timeout", SECONDS, NULL},
};
#define SETTINGS (sizeof(s_settings) / sizeof(s_settings[0]))

struct config {
    json_t *settings;
    const char *path;
    char wrong[1024]; /* the last complaint */
};

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (!strcmp(s_settings[i].name, name))
            return &s_settings[i];
    return NULL;
}

/* How many letters must be changed, added or dropped to make `b` of `a`. Long words count as far apart. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[64];
    size_t length = strlen(b);
    if (length + 1 > sizeof(row) / sizeof(row[0]) || strlen(a) > 63)
        return 99;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[length];
}

static const char *unknown(struct config *config, const char *key)
{
    const char *nearest = NULL;
    unsigned least = 3;
    for (size_t i = 0; i < SETTINGS; i++) {
        unsigned apart = distance(key, s_settings[i].name);
        if (apart < least) {
            least = apart;
            nearest = s_settings[i].name;
        }
    }
    if (nearest)
        snprintf(config->wrong, sizeof(config->wrong), "no such setting: '%s'; did you mean '%s'?", key,
                 nearest);
    else
        snprintf(config->wrong, sizeof(config->wrong),
                 "no such setting: '%s'; expected an option of `snarl run` without its dashes, outside of "
                 "any table",
                 key);
    return config->wrong;
}

/* The path relative to the folder of the settings. */
static json_t *resolve(const struct config *config, const char *path)
{
    const char *slash = strrchr(config->path, '/');
    if (*path == '/' || !slash)
        return json_string(path);
    return json_sprintf("%.*s/%s", (int)(slash - config->path), config->path, path);
}

static bool all_texts(const json_t *array)
{
    size_t i;
    json_t *item;
    if (!json_is_array(array))
        return false;
    json_array_foreach(array, i, item) if (!json_is_string(item)) return false;
    return true;
}

static json_t *resolve_all(const struct config *config, const json_t *array)
{
    json_t *resolved = json_array(), *item;
    size_t i;
    json_array_foreach(array, i, item)
        json_array_append_new(resolved, resolve(config, json_string_value(item)));
    return resolved;
}

static bool chosen(const char *choices, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    if (text && strchr(text, '|'))
        return false;
    for (const char *at = choices; length && (at = strstr(at, text)); at++)
        if ((at == choices || at[-1] == '|') && (at[length] == '|' || !at[length]))
            return true;
    return false;
}

/* NULL when all the words are kinds, else what is wrong. */
static const char *check_kinds(struct config *config, const json_t *array)
{
    size_t i;
    json_t *item;
    uint32_t kinds;
    if (!all_texts(array))
        return "expected an array of kinds of finding, for example [\"data-race\", \"deadlock\"]";
    json_array_foreach(array, i, item) if (snarl_gate_kinds(json_string_value(item), &kinds, config->wrong,
                                                            sizeof(config->wrong))) return config->wrong;
    return NULL;
}

/* What is wrong with the value, or NULL; *kept is what goes into the settings. */
static const char *check(struct config *config, const struct setting *setting, json_t *value, json_t **kept)
{
    *kept = json_incref(value);
    switch (setting->type) {
    case TEXT:
        return json_is_string(value) ? NULL : "expected a string in quotes";
    case PATH:
        if (!json_is_string(value))
            return "expected a path in quotes";
        json_decref(value);
        *kept = resolve(config, json_string_value(value));
        return NULL;
    case TEXTS:
        return all_texts(value) ? NULL : "expected an array of strings, for example [\"libfoo*\"]";
    case PATHS:
        if (!all_texts(value))
            return "expected an array of paths, for example [\"snarl.supp\"]";
        json_decref(value);
        *kept = resolve_all(config, value);
        return NULL;
    case KINDS:
        return check_kinds(config, value);
    case FLAG:
        return json_is_boolean(value) ? NULL : "expected true or false";
    case STATUS:
        return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= 255
                   ? NULL
                   : "expected an exit status: a whole number from 0 to 255";
    case SECONDS:
        return json_number_value(value) > 0 ? NULL : "expected a number of seconds greater than 0";
    case CHOICE:
        if (chosen(setting->choices, json_string_value(value)))
            return NULL;
        snprintf(config->wrong, sizeof(config->wrong), "expected one of %s, in quotes", setting->choices);
        return config->wrong;
    }
    return NULL;
}

static const char *take(const struct snarl_toml_entry *entry, int *at_value, void *context)
{
    struct config *config = context;
    const struct setting *setting = find(entry->key);
    json_t *kept;
    if (!setting)
        return unknown(config, entry->key);
    *at_value = 1;
    const char *wrong = check(config, setting, entry->value, &kept);
    if (wrong)
        json_decref(kept);
    else
        json_object_set_new(config->settings, entry->key, kept);
    return wrong;
}

static char *read_file(const char *path, size_t *length, char *error, size_t error_size)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(FILE_MAX_BYTES + 1) : NULL;
    *length = text ? fread(text, 1, FILE_MAX_BYTES + 1, file) : 0;
    if (!text || ferror(file)) {
        snprintf(error, error_size, "cannot read the settings %s: %s", path, strerror(errno));
        free(text);
        text = NULL;
    } else if (*length > FILE_MAX_BYTES) {
        snprintf(error, error_size, "cannot read the settings %s: expected a file of at most 1 MB", path);
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

int snarl_config_read(const char *path, json_t **settings, char *error, size_t error_size)
{
    struct config config = {.settings = json_object(), .path = path};
    size_t length;
    char *text = read_file(path, &length, error, error_size);
    int result = text ? snarl_toml_read(path, text, length, take, &config, error, error_size) : -1;
    free(text);
    if (result)
        json_decref(config.settings);
    else
        *settings = config.settings;
    return result;
}
