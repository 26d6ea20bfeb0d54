/* settings.c - see settings.h. The names and types in the file are checked by reports/config.c. */
#include "cli/settings.h"

#include <string.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/strings.h"
#include "reports/gate.h"

#define USUAL_NAME "snarl.toml"

/* Makes the text part of the settings, so that it lives as long as they do. */
static const char *keep(json_t *settings, char *text)
{
    json_t *texts = json_object_get(settings, "");
    if (!texts) {
        texts = json_array();
        json_object_set_new(settings, "", texts);
    }
    json_t *kept = json_string(text);
    json_array_append_new(texts, kept);
    free(text);
    return json_string_value(kept);
}

static const char *join(json_t *settings, const json_t *list)
{
    char *text = snarl_string_copy("");
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        char *longer = snarl_string_format("%s%s%s", text, index ? "," : "", json_string_value(item));
        free(text);
        text = longer;
    }
    return keep(settings, text);
}

/* A true switch is given; a false one is not, but for "follow", whose option says the opposite. */
static bool set_switch(const struct snarl_usage *usage, const char *path, const char *name, bool value)
{
    if (!strcmp(name, "follow"))
        return value || snarl_argument_set(usage, path, "no-follow", NULL);
    if (!value)
        return true;
    return snarl_argument_set(usage, path, name, strcmp(name, "github") ? NULL : "-");
}

static bool is_path_list(const char *name)
{
    return !strcmp(name, "suppressions") || !strcmp(name, "source-roots");
}

static bool set_paths(const struct snarl_usage *usage, const char *path, const char *name, const json_t *list)
{
    bool good = true;
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item) good =
        good && snarl_argument_set(usage, path, strcmp(name, "source-roots") ? name : "source-root",
                                   json_string_value(item));
    return good;
}

static bool set(const struct snarl_usage *usage, const char *path, json_t *settings, const char *name,
                const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return snarl_argument_set(usage, path, name, json_string_value(value));
    case JSON_INTEGER:
        return snarl_argument_set(usage, path, name,
                                  keep(settings, snarl_string_format("%lld", json_integer_value(value))));
    case JSON_REAL:
        return snarl_argument_set(usage, path, name,
                                  keep(settings, snarl_string_format("%.9g", json_real_value(value))));
    case JSON_TRUE:
    case JSON_FALSE:
        return set_switch(usage, path, name, json_is_true(value));
    case JSON_ARRAY:
        return is_path_list(name) ? set_paths(usage, path, name, value)
                                  : snarl_argument_set(usage, path, name, join(settings, value));
    default:
        return true;
    }
}

int snarl_settings_apply(const char *path, const struct snarl_usage *usage, json_t **settings)
{
    char error[1024];
    *settings = NULL;
    if (!path && access(USUAL_NAME, F_OK))
        return 0;
    path = path ? path : USUAL_NAME;
    if (snarl_config_read(path, settings, error, sizeof(error))) {
        snarl_complain("%s", error);
        return -1;
    }
    json_t *given = json_copy(*settings); /* what is kept beside them is not walked over */
    const char *name;
    json_t *value;
    bool good = true;
    json_object_foreach(given, name, value) good = good && set(usage, path, *settings, name, value);
    json_decref(given);
    return good ? 0 : -1;
}
