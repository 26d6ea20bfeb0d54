/* verdict.c - see verdict.h. */
#include "cli/verdict.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/strings.h"
#include "reports/reports.h"

static const char *const s_kinds[] = {"data-race",   "deadlock",    "stall",         "lock-order-inversion",
                                      "lock-misuse", "thread-leak", "signal-unsafe", NULL};
#define FAIL_ON_DEFAULT "data-race,deadlock,stall,lock-order-inversion,lock-misuse,signal-unsafe"

void snarl_outputs_init(struct snarl_outputs *outputs)
{
    *outputs = (struct snarl_outputs){0};
    struct snarl_option *option = outputs->options;
    const struct snarl_report_format *formats = snarl_report_formats;
    for (size_t i = 0; formats[i].name && i < SNARL_OUTPUTS_MAX; i++)
        if (strcmp(formats[i].name, "text"))
            *option++ = (struct snarl_option){
                formats[i].name, 0, SNARL_OPTION_TEXT, "FILE", formats[i].summary, &outputs->paths[i]};
}

bool snarl_outputs_wanted(const struct snarl_outputs *outputs)
{
    for (size_t i = 0; i < SNARL_OUTPUTS_MAX; i++)
        if (outputs->paths[i])
            return true;
    return false;
}

/* Reports are written after the program has run, perhaps for hours: what is sure to fail is said before. */
static int check_folder(const char *command, const char *format, const char *path)
{
    char *copy = snarl_string_copy(path);
    const char *folder = dirname(copy);
    int result = access(folder, W_OK | X_OK);
    if (result && access(path, W_OK)) /* a device or pipe may be writable where its folder is not */
        snarl_complain("%s: --%s=%s cannot be written: %s: %s", command, format, path, folder,
                       strerror(errno));
    else
        result = 0;
    free(copy);
    return result;
}

int snarl_outputs_check(const struct snarl_outputs *outputs, const char *command)
{
    int standard = 0;
    for (size_t i = 0; i < SNARL_OUTPUTS_MAX; i++) {
        if (!outputs->paths[i])
            continue;
        if (!strcmp(outputs->paths[i], "-"))
            standard++;
        else if (check_folder(command, snarl_report_formats[i].name, outputs->paths[i]))
            return -1;
    }
    if (standard <= 1)
        return 0;
    snarl_complain("%s: only one report can go to standard output", command);
    return -1;
}

int snarl_outputs_write(const struct snarl_outputs *outputs, const json_t *document)
{
    int result = 0;
    for (size_t i = 0; i < SNARL_OUTPUTS_MAX; i++) {
        char error[1024];
        if (!outputs->paths[i] || !snarl_report_write(document, snarl_report_formats[i].name, NULL,
                                                      outputs->paths[i], error, sizeof(error)))
            continue;
        snarl_complain("%s", error);
        result = -1;
    }
    return result;
}

int snarl_outputs_print(const json_t *document, FILE *to)
{
    struct snarl_render_options options = snarl_render_options_for(to);
    if (!snarl_report_format_find("text")->render(document, &options, to) && !fflush(to) && !ferror(to))
        return 0;
    snarl_complain("the report could not be written: %s", strerror(errno));
    return -1;
}

static bool is_listed(const char *list, const char *kind, size_t length)
{
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && !memcmp(at, kind, length))
            return true;
    return false;
}

int snarl_verdict_check(const struct snarl_gate_rules *rules, const char *command)
{
    for (const char *at = rules->fail_on; at && *at; at += strcspn(at, ","), at += *at == ',') {
        char *kind = snarl_string_format("%.*s", (int)strcspn(at, ","), at);
        bool known = false;
        for (size_t i = 0; s_kinds[i]; i++)
            known |= !strcmp(kind, s_kinds[i]);
        const char *near = known ? NULL : snarl_word_nearest(kind, s_kinds);
        if (!known)
            snarl_complain("%s: --fail-on: '%s' is no kind of finding%s%s%s", command, kind,
                           near ? "; did you mean '" : "; the kinds are " FAIL_ON_DEFAULT ",thread-leak",
                           near ? near : "", near ? "'?" : "");
        free(kind);
        if (!known)
            return -1;
    }
    return 0;
}

int snarl_verdict_judge(json_t *document, const struct snarl_gate_rules *rules)
{
    const char *list = rules->fail_on ? rules->fail_on : FAIL_ON_DEFAULT;
    int failing = 0;
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), index, finding)
    {
        const char *kind = json_string_value(json_object_get(finding, "kind"));
        if (kind && is_listed(list, kind, strlen(kind)) &&
            !json_is_true(json_object_get(finding, "suppressed")))
            failing++;
    }
    return failing;
}
