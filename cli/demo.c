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

/* `snarl run` on the program, untouched by the settings of the folder that we are in. */
static int run_program(const char *program, const char *folder)
{
    char *own = snarl_library_own_folder();
    char *out = snarl_string_format("--out=%s", folder);
    char *sources = snarl_string_format("--source-root=%s/../" SNARL_INSTALL_DOCDIR "/demo", own);
    char *html = snarl_string_format("--html=%s/report.html", folder);
    char *argv[] = {"run",
                    "--config=/dev/null",
                    "--timeout=" TIMEOUT,
                    "--races=off",
                    out,
                    html,
                    sources,
                    "--",
                    (char *)program,
                    NULL};
    int status = snarl_run_main(9, argv);
    free(own);
    free(out);
    free(sources);
    free(html);
    return status;
}

static int demonstrate(const char *program, const char *folder)
{
    printf("snarl run -- %s\n\n"
           "Two threads of this program take lock_a and lock_b in opposite order, and then wait for each "
           "other for\n"
           "ever. Without snarl it would hang here:\n\n",
           program);
    fflush(stdout);
    int status = run_program(program, folder);
    if (status != SNARL_EXIT_FINDING) {
        snarl_complain("demo: exit status %d instead of %d: the deadlock was not reported", status,
                       SNARL_EXIT_FINDING);
        return 1;
    }
    printf("\nsnarl ended it and exited with status %d, as it would have in a test run.\n\n"
           "  the run    %s\n"
           "  as a page  %s/report.html\n"
           "  once more  snarl report %s\n"
           "  your turn  snarl run -- ./program argument...\n",
           SNARL_EXIT_FINDING, folder, folder, folder);
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
