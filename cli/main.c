/* main.c - the snarl command: finds the sub-command and hands over to it. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/complain.h"

struct command {
    const char *name;
    const char *summary; /* one line for `snarl help` */
    int (*main)(int argc, char **argv);
};

static int help_main(int argc, char **argv);
static int version_main(int argc, char **argv);

static const struct command s_commands[] = {
    {"run", "run a program under the detector", snarl_run_main},
    {"report", "render a run again, or several merged", snarl_report_main},
    {"gate", "judge runs: exit status for CI, baselines", snarl_gate_main},
    {"merge", "make one run out of many", snarl_merge_main},
    {"doctor", "what can be seen of a program, and what not", snarl_doctor_main},
    {"demo", "watch snarl end a deadlock", snarl_demo_main},
    {"version", "print the version", version_main},
    {"help", "explain a command: snarl help run", help_main},
};
#define COMMAND_COUNT (sizeof(s_commands) / sizeof(s_commands[0]))

static void print_usage(FILE *to)
{
    fputs("usage: snarl COMMAND [ARGUMENT...]\n\n"
          "Finds data races and deadlocks in Linux programs, as they are: no recompiling.\n\n",
          to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-9s %s\n", s_commands[i].name, s_commands[i].summary);
    fputs("\n`snarl COMMAND --help` says more. The usual start: snarl run -- ./program argument...\n", to);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(name, s_commands[i].name))
            return &s_commands[i];
    return NULL;
}

static int refuse(const char *name)
{
    const char *names[COMMAND_COUNT + 1] = {0};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = s_commands[i].name;
    const char *near = snarl_word_nearest(name, names);
    if (near)
        snarl_complain("'%s' is no command; did you mean '%s'?", name, near);
    else
        snarl_complain("'%s' is no command (`snarl help` lists them); to run a program: snarl run -- %s",
                       name, name);
    return SNARL_EXIT_USAGE;
}

static int version_main(int argc, char **argv)
{
    const struct snarl_usage usage = {.command = "version", .operands = "", .purpose = "Prints the version."};
    struct snarl_texts operands = {0};
    enum snarl_parse parsed = snarl_arguments_parse(&usage, argc, argv, &operands);
    snarl_texts_free(&operands);
    if (parsed == SNARL_PARSE_GO)
        puts("snarl " SNARL_VERSION);
    return parsed == SNARL_PARSE_WRONG ? SNARL_EXIT_USAGE : 0;
}

static int help_main(int argc, char **argv)
{
    static char s_help[] = "--help";
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;
    if (command && command->main != help_main) {
        char *arguments[] = {argv[1], s_help, NULL};
        return command->main(2, arguments);
    }
    if (argc > 1 && !command && argv[1][0] != '-')
        return refuse(argv[1]);
    print_usage(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return SNARL_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--version") || !strcmp(name, "-V"))
        name = "version";
    else if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        name = "help";
    const struct command *command = find(name);
    return command ? command->main(argc - 1, argv + 1) : refuse(argv[1]);
}
