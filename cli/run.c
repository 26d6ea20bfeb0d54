/* run.c - `snarl run`: PROGRAM and all that it starts, under the detector.
 *
 *     find PROGRAM, refuse what cannot be watched  ->  run directory  ->  launch  ->  load, judge, write
 * reports
 *
 * What the detector found is decided here and nowhere else: the program's processes only record. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/complain.h"
#include "cli/launch.h"
#include "cli/library.h"
#include "cli/plans.h"
#include "cli/program.h"
#include "cli/rundir.h"
#include "cli/settings.h"
#include "cli/strings.h"
#include "cli/verdict.h"
#include "base/options.h"
#include "reports/reports.h"

struct run {
    /* Options. */
    const char *out;
    const char *races;
    const char *modules;
    const char *skip_modules;
    const char *on_deadlock;
    double timeout_s;
    bool follow;
    bool python_races;
    bool python_c_frames;
    bool live;
    bool quiet;
    const char *config;
    struct snarl_rules rules;
    struct snarl_outputs outputs;
    struct snarl_texts command;
    /* State. */
    json_t *settings;
    struct snarl_library library;
    struct snarl_rundir directory;
    struct snarl_launch launch;
    struct snarl_store plans;
};

static void release(struct run *run)
{
    snarl_rundir_free(&run->directory);
    snarl_library_free(&run->library);
    snarl_rules_free(&run->rules);
    snarl_outputs_free(&run->outputs);
    snarl_texts_free(&run->command);
    json_decref(run->settings);
}

static void reset(struct run *run)
{
    *run = (struct run){.follow = true, .directory = {.lock = -1}};
    snarl_outputs_init(&run->outputs);
    snarl_rules_init(&run->rules);
}

/* The command line is read twice: it says where the settings are, which must be set before it can win over
 * them. */
static enum snarl_parse parse(struct run *run, int argc, char **argv)
{
    const struct snarl_option options[] = {
        {"out", 'o', SNARL_OPTION_TEXT, "DIR",
         "run directory; %p: <program>-<time>-<pid> (default: snarl-out/%p)", &run->out},
        {"races", 0, SNARL_OPTION_CHOICE, "full|calls|off",
         "how much code is checked for data races (default: full)", &run->races},
        {"modules", 0, SNARL_OPTION_TEXT, "GLOB,...", "check only these modules for races", &run->modules},
        {"skip-modules", 0, SNARL_OPTION_TEXT, "GLOB,...", "all but these", &run->skip_modules},
        {"no-follow", 0, SNARL_OPTION_CLEAR, NULL, "not into child processes", &run->follow},
        {"on-deadlock", 0, SNARL_OPTION_CHOICE, "exit|continue|abort",
         "what happens to a program in a deadlock (default: exit)", &run->on_deadlock},
        {"timeout", 0, SNARL_OPTION_SECONDS, "SECONDS", "end the program after that time; status 124",
         &run->timeout_s},
        {"python-races", 0, SNARL_OPTION_SWITCH, NULL, "lost updates in Python code too", &run->python_races},
        {"python-c-frames", 0, SNARL_OPTION_SWITCH, NULL, "the C frames in Python's call stacks, too",
         &run->python_c_frames},
        {"live", 0, SNARL_OPTION_SWITCH, NULL, "a line on standard error when a finding is made", &run->live},
        {"config", 0, SNARL_OPTION_TEXT, "FILE", "settings (default: snarl.toml, if there is one)",
         &run->config},
        {"quiet", 'q', SNARL_OPTION_SWITCH, NULL, "no text report on standard error", &run->quiet},
        {0},
    };
    const struct snarl_usage usage = {
        .command = "run",
        .operands = "[OPTION...] [--] PROGRAM [ARG...]",
        .purpose = "Runs PROGRAM and all that it starts under the detector, and reports what was found when "
                   "it ends.\n"
                   "Exit status: the program's own; 66 when a finding fails the run; 124 on timeout; 125 "
                   "when snarl\n"
                   "itself failed; 126, 127 when PROGRAM cannot be executed or found; 128+N when killed by "
                   "signal N.",
        .tables = {options, run->rules.options, run->outputs.options},
        .stop_at_operand = true,
    };
    enum snarl_parse result = snarl_arguments_parse(&usage, argc, argv, &run->command);
    if (result == SNARL_PARSE_GO && !run->command.count) {
        snarl_complain("run: no program named; like this: snarl run -- ./program argument");
        return SNARL_PARSE_WRONG;
    }
    if (result != SNARL_PARSE_GO)
        return result;
    const char *config = run->config;
    release(run);
    reset(run);
    if (snarl_settings_apply(config, &usage, &run->settings))
        return SNARL_PARSE_WRONG;
    return snarl_arguments_parse(&usage, argc, argv, &run->command);
}

static void add_option(char **options, const char *key, const char *value)
{
    if (value)
        snarl_library_option(options, key, value);
}

/* What the library is told, in the words of the options. */
static char *describe_options(const struct run *run)
{
    char *options = NULL;
    char *exit_code = snarl_string_format("%d", run->rules.exit_code);
    add_option(&options, "out", run->directory.path);
    add_option(&options, "run-id", run->directory.id);
    add_option(&options, "report", "0");
    add_option(&options, "races", run->races);
    add_option(&options, "plans", run->plans.folder[0] ? run->plans.folder : NULL);
    add_option(&options, "modules", run->modules);
    add_option(&options, "skip-modules", run->skip_modules);
    add_option(&options, "on-deadlock", run->on_deadlock);
    add_option(&options, "exit-code", exit_code);
    add_option(&options, "follow", run->follow ? "1" : "0");
    add_option(&options, "python-races", run->python_races ? "1" : NULL);
    add_option(&options, "python-c-frames", run->python_c_frames ? "1" : NULL);
    add_option(&options, "live", run->live ? "1" : NULL);
    add_option(&options, "quiet", run->quiet ? "1" : NULL);
    free(exit_code);
    return options;
}

/* Whether code that no compiler instrumented is checked; a program with gcc's instrumentation needs no plan. */
static bool wants_plans(const struct run *run, const struct snarl_program *program)
{
    if (snarl_binary_names(&program->binary.needed, "libtsan.so", false))
        return false;
    if (run->races)
        return !strcmp(run->races, "full");
    const char *given = getenv("SNARL_OPTIONS");
    return !given || !strstr(given, "races=") || strstr(given, "races=full");
}

static int prepare_program(struct run *run)
{
    struct snarl_program program;
    int result = snarl_program_find(&program, run->command.items[0]);
    if (!result)
        result = snarl_program_refuse(&program);
    if (!result && wants_plans(run, &program))
        snarl_plans_make(&program, &run->plans, !run->quiet && isatty(STDERR_FILENO), run->quiet);
    snarl_program_free(&program);
    return result;
}

/* Everything that can be refused is refused before the program starts. 0, or the exit status. */
static int prepare(struct run *run)
{
    if (snarl_rules_read(&run->rules, "run"))
        return SNARL_EXIT_SNARL;
    int result = prepare_program(run);
    if (result)
        return result;
    if (snarl_library_find(&run->library) ||
        snarl_rundir_make(&run->directory, run->out, (char *const *)run->command.items) ||
        snarl_outputs_check(&run->outputs, "run")) /* reports may go into the run directory */
        return SNARL_EXIT_SNARL;
    return 0;
}

static int launch(struct run *run)
{
    char *options = describe_options(run);
    char **environment = snarl_library_environment(&run->library, options);
    run->launch = (struct snarl_launch){
        .argv = (char *const *)run->command.items, .environment = environment, .timeout_s = run->timeout_s};
    fflush(NULL);
    snarl_launch(&run->launch);
    free(environment);
    free(options);
    if (!run->launch.error)
        return 0;
    snarl_complain("%s: cannot be executed: %s", run->command.items[0], strerror(run->launch.error));
    return run->launch.error == ENOENT ? SNARL_EXIT_NOT_FOUND : SNARL_EXIT_NOT_EXECUTABLE;
}

/* The document of the run, judged; the number of failing findings in *failing. NULL after a line. */
static json_t *judge(struct run *run, int own_status, int *failing)
{
    char error[1024];
    const char *paths[] = {run->directory.path};
    json_t *document = snarl_report_load(paths, 1, NULL, error, sizeof(error));
    if (!document) {
        snarl_complain("nothing is known of this run: %s", error);
        return NULL;
    }
    snarl_report_set_end(document, run->launch.pid, run->launch.status);
    *failing = snarl_rules_judge(&run->rules, document);
    snarl_report_set_exit(document, *failing > 0 ? run->rules.exit_code : own_status, run->launch.duration_s);
    return document;
}

/* Loads what the processes recorded, and writes all reports. Returns the exit status of the command. */
static int conclude(struct run *run)
{
    int own = run->launch.timed_out ? SNARL_EXIT_TIMEOUT : snarl_launch_exit_status(&run->launch);
    int failing = 0;
    char error[1024];
    json_t *document = judge(run, own, &failing);
    if (!document)
        return SNARL_EXIT_SNARL;
    int status = failing > 0 ? run->rules.exit_code : own;
    int failed =
        snarl_rundir_finish(&run->directory, (char *const *)run->command.items, &run->launch, status);
    if (snarl_report_keep(document, run->directory.path, error, sizeof(error))) {
        snarl_complain("%s", error);
        failed = -1;
    }
    failed |= snarl_outputs_write(&run->outputs, document);
    if (run->launch.timed_out)
        snarl_complain("%s ran for %g seconds and was ended", run->command.items[0], run->timeout_s);
    if (!run->quiet)
        failed |= snarl_outputs_print(&run->outputs, document, stderr);
    json_decref(document);
    return failed && failing <= 0 ? SNARL_EXIT_SNARL : status;
}

/* A program that the terminal interrupted: the shell must see that its job was, or a script would go on. */
static void die_of_interrupt(const struct run *run)
{
    int status = run->launch.status;
    if (run->launch.interrupted && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
}

static int run_all(struct run *run)
{
    int status = prepare(run);
    if (!status)
        status = launch(run);
    if (!status)
        status = conclude(run);
    return status;
}

int snarl_run_main(int argc, char **argv)
{
    struct run run;
    reset(&run);
    enum snarl_parse parsed = parse(&run, argc, argv);
    int status = parsed == SNARL_PARSE_GO      ? run_all(&run)
                 : parsed == SNARL_PARSE_WRONG ? SNARL_EXIT_SNARL
                                               : 0;
    release(&run);
    if (status == 128 + SIGINT)
        die_of_interrupt(&run);
    return status;
}
