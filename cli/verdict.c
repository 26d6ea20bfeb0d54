/* verdict.c - see verdict.h. */
#include "cli/verdict.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/strings.h"
#include "reports/gate.h"
#include "reports/reports.h"

void snarl_outputs_init(struct snarl_outputs *outputs)
{
    *outputs = (struct snarl_outputs){0};
    struct snarl_option *option = outputs->options;
    const struct snarl_report_format *formats = snarl_report_formats;
    for (size_t i = 0; formats[i].name && i < SNARL_OUTPUTS_MAX; i++)
        if (strcmp(formats[i].name, "text"))
            *option++ = (struct snarl_option){
                formats[i].name, 0, SNARL_OPTION_TEXT, "FILE", formats[i].summary, &outputs->paths[i]};
    *option = (struct snarl_option){"source-root",
                                    0,
                                    SNARL_OPTION_REPEAT,
                                    "DIR",
                                    "a folder in which source files are looked for too",
                                    &outputs->source_roots};
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
    const struct snarl_render_options options = {.width = 100, .source_roots = outputs->source_roots.items};
    int result = 0;
    for (size_t i = 0; i < SNARL_OUTPUTS_MAX; i++) {
        char error[1024];
        if (!outputs->paths[i] || !snarl_report_write(document, snarl_report_formats[i].name, &options,
                                                      outputs->paths[i], error, sizeof(error)))
            continue;
        snarl_complain("%s", error);
        result = -1;
    }
    return result;
}

int snarl_outputs_print(const struct snarl_outputs *outputs, const json_t *document, FILE *to)
{
    struct snarl_render_options options = snarl_render_options_for(to);
    options.source_roots = outputs->source_roots.items;
    options.full = outputs->full;
    options.show_suppressed = outputs->show_suppressed;
    if (!snarl_report_format_find("text")->render(document, &options, to) && !fflush(to) && !ferror(to))
        return 0;
    snarl_complain("the report could not be written: %s", strerror(errno));
    return -1;
}

void snarl_outputs_free(struct snarl_outputs *outputs)
{
    snarl_texts_free(&outputs->source_roots);
}

void snarl_rules_init(struct snarl_rules *rules)
{
    *rules = (struct snarl_rules){.exit_code = SNARL_EXIT_FINDING};
    const struct snarl_option options[] = {
        {"fail-on", 0, SNARL_OPTION_TEXT, "KIND,...",
         "findings that fail the run (default: all but thread-leak)", &rules->fail_on},
        {"exit-code", 0, SNARL_OPTION_NUMBER, "N", "exit status when a finding fails the run (default: 66)",
         &rules->exit_code},
        {"suppressions", 0, SNARL_OPTION_REPEAT, "FILE",
         "findings to be silent about; may be given several times", &rules->suppressions},
        {"unused", 0, SNARL_OPTION_SWITCH, NULL, "name the suppressions that matched nothing",
         &rules->unused},
        {"baseline", 0, SNARL_OPTION_TEXT, "FILE",
         "findings that are accepted, as gate --write-baseline wrote them", &rules->baseline},
        {"store", 0, SNARL_OPTION_TEXT, "FILE", "keep the history of findings in this SQLite file",
         &rules->store},
        {0},
    };
    memcpy(rules->options, options, sizeof(options));
}

int snarl_rules_read(struct snarl_rules *rules, const char *command)
{
    char error[1024];
    rules->kinds = SNARL_GATE_DEFAULT;
    rules->suppressing = snarl_suppressions_new();
    if (!rules->suppressing)
        snarl_complain_no_memory();
    if (rules->fail_on && snarl_gate_kinds(rules->fail_on, &rules->kinds, error, sizeof(error))) {
        snarl_complain("%s: --fail-on: %s", command, error);
        return -1;
    }
    for (size_t i = 0; i < rules->suppressions.count; i++) {
        if (snarl_suppressions_read(rules->suppressing, rules->suppressions.items[i], error, sizeof(error))) {
            snarl_complain("%s: %s", command, error);
            return -1;
        }
    }
    if (rules->baseline && access(rules->baseline, R_OK)) {
        snarl_complain("%s: --baseline=%s: %s", command, rules->baseline, strerror(errno));
        return -1;
    }
    return 0;
}

static void tell_unused(const char *rule, void *context)
{
    (void)context;
    snarl_complain("this suppression matched nothing: %s", rule);
}

int snarl_rules_judge(struct snarl_rules *rules, json_t *document)
{
    char error[1024];
    snarl_suppressions_apply(rules->suppressing, document);
    if ((rules->baseline && snarl_baseline_apply(document, rules->baseline, error, sizeof(error))) ||
        (rules->store && snarl_store_record(rules->store, document, error, sizeof(error)))) {
        snarl_complain("%s", error);
        return -1;
    }
    if (rules->unused)
        snarl_suppressions_unused(rules->suppressing, tell_unused, NULL);
    return (int)snarl_gate_judge(document, rules->kinds).failing;
}

void snarl_rules_free(struct snarl_rules *rules)
{
    snarl_texts_free(&rules->suppressions);
    snarl_suppressions_free(rules->suppressing);
    rules->suppressing = NULL;
}
