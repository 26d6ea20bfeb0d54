/* report.c - `snarl report`: renders a run again, or several runs as one. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/complain.h"
#include "cli/verdict.h"
#include "reports/reports.h"

struct report {
    bool text;
    bool rebuild;
    const char *debug_path;
    struct snarl_outputs outputs;
    struct snarl_texts runs;
};

static enum snarl_parse parse(struct report *report, int argc, char **argv)
{
    const struct snarl_option options[] = {
        {"text", 0, SNARL_OPTION_SWITCH, NULL, "the text report on standard output (the default)",
         &report->text},
        {"full", 0, SNARL_OPTION_SWITCH, NULL, "text: every frame, also those of libc and of snarl",
         &report->outputs.full},
        {"show-suppressed", 0, SNARL_OPTION_SWITCH, NULL, "text: suppressed and accepted findings too",
         &report->outputs.show_suppressed},
        {"rebuild", 0, SNARL_OPTION_SWITCH, NULL, "read the processes' own files again, not run.json",
         &report->rebuild},
        {"debug-path", 0, SNARL_OPTION_TEXT, "DIR:...", "more folders with separate debug files",
         &report->debug_path},
        {0},
    };
    const struct snarl_usage usage = {
        .command = "report",
        .operands = "[OPTION...] DIR...",
        .purpose =
            "Renders the run in DIR, or the runs in several, merged. A DIR may also be a JSON document that\n"
            "snarl wrote.",
        .tables = {options, report->outputs.options},
    };
    enum snarl_parse result = snarl_arguments_parse(&usage, argc, argv, &report->runs);
    if (result == SNARL_PARSE_GO && !report->runs.count) {
        snarl_complain("report: no run directory named; the last one is the youngest in snarl-out/");
        return SNARL_PARSE_WRONG;
    }
    return result;
}

static int render(const struct report *report)
{
    struct snarl_load_options load = {.debug_path = report->debug_path, .rebuild = report->rebuild};
    char error[1024];
    if (snarl_outputs_check(&report->outputs, "report"))
        return SNARL_EXIT_USAGE;
    json_t *document = snarl_report_load(report->runs.items, report->runs.count, &load, error, sizeof(error));
    if (!document) {
        snarl_complain("report: %s", error);
        return SNARL_EXIT_USAGE;
    }
    int failed = snarl_outputs_write(&report->outputs, document);
    if (report->text || !snarl_outputs_wanted(&report->outputs))
        failed |= snarl_outputs_print(&report->outputs, document, stdout);
    json_decref(document);
    return failed ? SNARL_EXIT_USAGE : 0;
}

int snarl_report_main(int argc, char **argv)
{
    struct report report = {0};
    snarl_outputs_init(&report.outputs);
    enum snarl_parse parsed = parse(&report, argc, argv);
    int status = parsed == SNARL_PARSE_GO      ? render(&report)
                 : parsed == SNARL_PARSE_WRONG ? SNARL_EXIT_USAGE
                                               : 0;
    snarl_texts_free(&report.runs);
    snarl_outputs_free(&report.outputs);
    return status;
}
