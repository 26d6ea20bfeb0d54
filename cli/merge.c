/* merge.c - `snarl merge`: one run out of many, as a directory that the other commands read like any run. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/complain.h"
#include "cli/strings.h"
#include "reports/reports.h"

/* A directory with processes' own files stays what it is: what is merged stands beside them nowhere. */
static int check_target(const char *directory)
{
    char *pattern = snarl_string_format("%s/*.snarl", directory);
    glob_t found;
    int result = glob(pattern, GLOB_NOSORT, NULL, &found);
    globfree(&found);
    free(pattern);
    if (result == GLOB_NOMATCH)
        return 0;
    snarl_complain("merge: %s holds a run of its own; choose another folder with --out", directory);
    return -1;
}

static int merge(const struct snarl_texts *runs, const char *out)
{
    char error[1024];
    if (mkdir(out, 0777) && errno != EEXIST) {
        snarl_complain("merge: cannot make the folder %s: %s", out, strerror(errno));
        return SNARL_EXIT_USAGE;
    }
    if (check_target(out))
        return SNARL_EXIT_USAGE;
    json_t *document = snarl_report_load(runs->items, runs->count, NULL, error, sizeof(error));
    if (!document || snarl_report_keep(document, out, error, sizeof(error))) {
        snarl_complain("merge: %s", error);
        json_decref(document);
        return SNARL_EXIT_USAGE;
    }
    json_decref(document);
    return 0;
}

int snarl_merge_main(int argc, char **argv)
{
    const char *out = NULL;
    const struct snarl_option options[] = {
        {"out", 'o', SNARL_OPTION_TEXT, "DIR", "where the merged run goes", &out},
        {0},
    };
    const struct snarl_usage usage = {
        .command = "merge",
        .operands = "DIR... -o DIR",
        .purpose =
            "Makes one run out of those in the directories, for example of the shards of a test suite.\n"
            "The order does not matter, and merging a run twice is the same as once.",
        .tables = {options},
    };
    struct snarl_texts runs = {0};
    enum snarl_parse parsed = snarl_arguments_parse(&usage, argc, argv, &runs);
    int status = parsed == SNARL_PARSE_HELPED ? 0 : SNARL_EXIT_USAGE;
    if (parsed == SNARL_PARSE_GO && (!runs.count || !out))
        snarl_complain("merge: wants runs and a folder: snarl merge snarl-out/* -o merged");
    else if (parsed == SNARL_PARSE_GO)
        status = merge(&runs, out);
    snarl_texts_free(&runs);
    return status;
}
