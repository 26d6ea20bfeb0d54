/* demo.c - `snarl demo`: the classic deadlock, for real, and what snarl says about it.
 *
 * The program is the sample `deadlock/classic`: two threads take lock_a and lock_b in opposite order and wait
 * for each other for ever. It goes through `snarl run` like any other program. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/complain.h"
#include "cli/library.h"
#include "cli/strings.h"
#include "reports/reports.h"

#define TIMEOUT "60" /* seconds; were the deadlock not seen, the demonstration would hang for ever */

/* Relative to the command's folder: the build tree, then an installation. */
static const char *const s_places[] = {"../samples/deadlock/classic",
                                       "../" SNARL_INSTALL_LIBDIR "/snarl/classic", "../lib/snarl/classic"};

static char *find_program(void)
{
    char *folder = snarl_library_own_folder();
    char *path = NULL;
    for (size_t i = 0; !path && i < sizeof(s_places) / sizeof(s_places[0]); i++) {
        char *candidate = snarl_string_format("%s/%s", folder, s_places[i]);
        path = realpath(candidate, NULL);
        free(candidate);
    }
    if (!path)
        snarl_complain("demo: the sample program is not installed beside %s", folder);
    free(folder);
    return path;
}

/* Where the run goes: the usual folder, or a temporary one where nothing can be written. */
static char *choose_folder(void)
{
    char *folder = access(".", W_OK) ? snarl_string_copy("/tmp/snarl-demo-XXXXXX")
                                     : snarl_string_format("snarl-out/demo-%d", getpid());
    if (folder[0] == '/' && !mkdtemp(folder)) {
        snarl_complain("demo: cannot make a folder in /tmp: %s", strerror(errno));
        free(folder);
        return NULL;
    }
    return folder;
}

static int demonstrate(char *program, char *folder)
{
    bool has_html = snarl_report_format_find("html");
    char *out = snarl_string_format("--out=%s", folder);
    char *html = snarl_string_format("--html=%s/report.html", folder);
    char *with[] = {"run", "--timeout=" TIMEOUT, "--races=off", out, html, "--", program, NULL};
    char *without[] = {"run", "--timeout=" TIMEOUT, "--races=off", out, "--", program, NULL};
    printf("snarl run -- %s\n\n"
           "Two threads of this program take lock_a and lock_b in opposite order, and then wait for each "
           "other for\n"
           "ever. Without snarl it would hang here:\n\n",
           program);
    fflush(stdout);
    int status = has_html ? snarl_run_main(7, with) : snarl_run_main(6, without);
    free(out);
    free(html);
    if (status != SNARL_EXIT_FINDING) {
        snarl_complain("demo: exit status %d instead of %d: the deadlock was not reported", status,
                       SNARL_EXIT_FINDING);
        return 1;
    }
    printf("\nsnarl ended it and exited with status %d, as it would have in a test run.\n\n"
           "  the run    %s\n",
           SNARL_EXIT_FINDING, folder);
    if (has_html)
        printf("  as a page  %s/report.html\n", folder);
    printf("  once more  snarl report %s\n  your turn  snarl run -- ./program argument...\n", folder);
    return 0;
}

int snarl_demo_main(int argc, char **argv)
{
    const struct snarl_usage usage = {
        .command = "demo",
        .operands = "",
        .purpose = "Runs a program that deadlocks, and shows the report. Exit status 0 when that worked.",
    };
    struct snarl_texts operands = {0};
    enum snarl_parse parsed = snarl_arguments_parse(&usage, argc, argv, &operands);
    size_t count = operands.count;
    snarl_texts_free(&operands);
    if (parsed != SNARL_PARSE_GO)
        return parsed == SNARL_PARSE_HELPED ? 0 : SNARL_EXIT_USAGE;
    if (count) {
        snarl_complain("demo: takes no arguments; to run your program: snarl run -- ./program");
        return SNARL_EXIT_USAGE;
    }
    char *program = find_program();
    char *folder = program ? choose_folder() : NULL;
    int status = folder ? demonstrate(program, folder) : 1;
    free(program);
    free(folder);
    return status;
}
