/* main.c - the snarl command: finds the sub-command and hands over to it. */
#include "command.h"
#include "complain.h"

#include <stdio.h>
#include <string.h>

static int help_main(int argc, char **argv);

static int version_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("snarl " SNARL_VERSION);
    return 0;
}

static const struct snarl_command s_commands[] = {
    {"version", "print the version", version_main},
    {"help", "explain a command: snarl help run", help_main},
};
#define COMMAND_COUNT (sizeof(s_commands) / sizeof(s_commands[0]))

static void print_usage(FILE *to)
{
    fputs("usage: snarl COMMAND [ARGUMENT...]\n\nFinds data races and deadlocks in Linux programs.\n\n", to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-9s %s\n", s_commands[i].name, s_commands[i].summary);
}

static int help_main(int argc, char **argv)
{
    (void)argc, (void)argv;
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
    if (!strcmp(name, "--version"))
        name = "version";
    else if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        name = "help";
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(name, s_commands[i].name))
            return s_commands[i].main(argc - 1, argv + 1);
    snarl_complain("'%s' is no command of snarl; `snarl help` lists them", name);
    return SNARL_EXIT_USAGE;
}
