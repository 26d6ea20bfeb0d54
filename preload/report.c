/* report.c - see report.h.
 *
 * The report is made by the `snarl` command, which stands beside the library (../bin from lib, ../cli in the build
 * tree) or is named by SNARL_COMMAND: symbolisation never happens in the program. The first process of a tree that
 * runs without a command prints; it marks the environment, so that its children do not. */
#include "preload/report.h"

#include <errno.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "base/text.h"
#include "preload/real.h"
#include "preload/shim.h"

static bool s_prints;
static char s_command[SNARL_PATH_MAX];

/* The first of the usual places that can be run. */
static void find_command(void)
{
    static const char *const places[] = {"/../cli/snarl", "/../bin/snarl", "/../../bin/snarl", "/../../../bin/snarl"};
    const char *named = getenv("SNARL_COMMAND");
    if (named && strlen(named) < sizeof(s_command)) {
        strcpy(s_command, named);
        return;
    }
    const char *slash = strrchr(snarl_own_path(), '/');
    for (size_t i = 0; slash && i < sizeof(places) / sizeof(*places); i++) {
        struct snarl_text text = snarl_text_in(s_command, sizeof(s_command));
        snarl_text_add(&text, snarl_own_path());
        text.length = (size_t)(slash - snarl_own_path());
        snarl_text_add(&text, places[i]);
        if (access(s_command, X_OK) == 0)
            return;
    }
    s_command[0] = '\0';
}

void snarl_report_prepare(void)
{
    s_prints = snarl_options.report && !snarl_options.quiet && !getenv("SNARL_REPORTED_BY");
    if (!s_prints)
        return;
    find_command();
    char pid[24];
    struct snarl_text text = snarl_text_in(pid, sizeof(pid));
    snarl_text_add_uint(&text, (uint64_t)snarl_os_pid());
    setenv("SNARL_REPORTED_BY", pid, 1);
}

void snarl_report_forked(void)
{
    s_prints = false;
}

/* The environment without us: the command is not a program under test. */
static char **clean_environment(void)
{
    static char *s_clean[4096];
    size_t count = 0;
    for (char **at = environ; at && *at && count + 1 < sizeof(s_clean) / sizeof(*s_clean); at++)
        if (strncmp(*at, "LD_PRELOAD=", 11) != 0 && strncmp(*at, "SNARL_", 6) != 0)
            s_clean[count++] = *at;
    s_clean[count] = NULL;
    return s_clean;
}

void snarl_report_print(void)
{
    if (!s_prints)
        return;
    s_prints = false;
    if (snarl_finding_count() == 0)
        return;
    if (!s_command[0]) {
        snarl_text_warn("findings are in ", snarl_runfile_directory(), "; read them with: snarl report DIR");
        return;
    }
    char *arguments[] = {s_command, "report", (char *)snarl_runfile_directory(), "--text", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    pid_t pid;
    int status;
    if (real_posix_spawn(&pid, s_command, &actions, NULL, arguments, clean_environment()) == 0)
        while (real_waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    else
        snarl_text_warn("cannot run ", s_command, " to print the report; run: snarl report DIR");
    posix_spawn_file_actions_destroy(&actions);
}
