/* gate.c - `snarl gate`: judges runs that are already there, for CI; writes and applies baselines. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/complain.h"
#include "cli/settings.h"
#include "cli/verdict.h"
#include "reports/gate.h"
#include "reports/reports.h"

struct gate {
    const char *write_baseline;
    const char *config;
    bool quiet;
    struct snarl_rules rules;
    struct snarl_outputs outputs;
    struct snarl_texts runs;
    json_t *settings;
};

static void release(struct gate *gate)
{
    snarl_rules_free(&gate->rules);
    snarl_outputs_free(&gate->outputs);
    snarl_texts_free(&gate->runs);
    json_decref(gate->settings);
}

static void reset(struct gate *gate)
{
    *gate = (struct gate){0};
    snarl_rules_init(&gate->rules);
    snarl_outputs_init(&gate->outputs);
}

static enum snarl_parse parse(struct gate *gate, int argc, char **argv)
{
    const struct snarl_option options[] = {
        {"write-baseline", 0, SNARL_OPTION_TEXT, "FILE",
         "accept what these runs found: write it to FILE, and pass", &gate->write_baseline},
        {"config", 0, SNARL_OPTION_TEXT, "FILE", "settings (default: snarl.toml, if there is one)",
         &gate->config},
        {"quiet", 'q', SNARL_OPTION_SWITCH, NULL, "nothing but the exit status", &gate->quiet},
        {0},
    };
    const struct snarl_usage usage = {
        .command = "gate",
        .operands = "[OPTION...] DIR...",
        .purpose = "Judges the runs in the directories, merged. Exit status: 0 when nothing fails, 66 when a "
                   "finding\n"
                   "does, 2 when the runs or the rules cannot be read.",
        .tables = {options, gate->rules.options, gate->outputs.options},
    };
    enum snarl_parse result = snarl_arguments_parse(&usage, argc, argv, &gate->runs);
    if (result != SNARL_PARSE_GO)
        return result;
    const char *config = gate->config;
    release(gate);
    reset(gate);
    if (snarl_settings_apply(config, &usage, &gate->settings))
        return SNARL_PARSE_WRONG;
    /* Where `snarl run` writes its reports is no business of the gate. */
    memset(gate->outputs.paths, 0, sizeof(gate->outputs.paths));
    result = snarl_arguments_parse(&usage, argc, argv, &gate->runs);
    if (result == SNARL_PARSE_GO && !gate->runs.count) {
        snarl_complain("gate: no run directory named; like this: snarl gate snarl-out/*");
        return SNARL_PARSE_WRONG;
    }
    return result;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void print_failing(const struct gate *gate, const json_t *document)
{
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), index, finding)
    {
        if (snarl_gate_fails(finding, gate->rules.kinds))
            printf("%s %s: %s\n", text_of(finding, "fingerprint"), text_of(finding, "kind"),
                   text_of(finding, "message"));
    }
}

static void print_sum(const json_t *document, int failing)
{
    const json_t *verdict = json_object_get(document, "gate");
    printf("%zu findings: %d fail, %lld suppressed, %lld accepted\n",
           json_array_size(json_object_get(document, "findings")), failing,
           json_integer_value(json_object_get(verdict, "suppressed")),
           json_integer_value(json_object_get(verdict, "accepted")));
}

static int accept_all(const struct gate *gate, const json_t *document)
{
    char error[1024];
    if (snarl_baseline_write(document, gate->write_baseline, error, sizeof(error))) {
        snarl_complain("gate: %s", error);
        return SNARL_EXIT_USAGE;
    }
    if (!gate->quiet)
        printf("accepted what was found: %s\n", gate->write_baseline);
    return 0;
}

static int judge(struct gate *gate, json_t *document)
{
    int failing = snarl_rules_judge(&gate->rules, document);
    if (failing < 0)
        return SNARL_EXIT_USAGE;
    if (snarl_outputs_write(&gate->outputs, document))
        return SNARL_EXIT_USAGE;
    if (gate->write_baseline)
        return accept_all(gate, document);
    if (!gate->quiet) {
        print_failing(gate, document);
        print_sum(document, failing);
    }
    return failing ? gate->rules.exit_code : 0;
}

static int load_and_judge(struct gate *gate)
{
    char error[1024];
    if (snarl_rules_read(&gate->rules, "gate") || snarl_outputs_check(&gate->outputs, "gate"))
        return SNARL_EXIT_USAGE;
    json_t *document = snarl_report_load(gate->runs.items, gate->runs.count, NULL, error, sizeof(error));
    if (!document) {
        snarl_complain("gate: %s", error);
        return SNARL_EXIT_USAGE;
    }
    int status = judge(gate, document);
    json_decref(document);
    return status;
}

int snarl_gate_main(int argc, char **argv)
{
    struct gate gate;
    reset(&gate);
    enum snarl_parse parsed = parse(&gate, argc, argv);
    int status = parsed == SNARL_PARSE_GO      ? load_and_judge(&gate)
                 : parsed == SNARL_PARSE_WRONG ? SNARL_EXIT_USAGE
                                               : 0;
    release(&gate);
    return status;
}
