/* main.c - snarl-plan, which the shim and the snarl command run to have modules planned.
 *
 *     snarl-plan [-j N] [--check=race|count|none] [--again] [--stats] [--functions=A:B] FILE...
 *     snarl-plan [--check=…] --dump FUNCTION FILE
 *
 * Plans go to the user's cache (store.h). For its callers among our own programs:
 *     --folder=DIR    the cache
 *     --linked        the libraries that the files are linked with, too
 *     --trusting      plans that are there need no look at every byte: whoever applies them does that
 *     --progress      a line on standard error, erased at the end
 *     --silent        not a word about modules that cannot be planned
 *     --defer         modules with very much code are planned behind everybody's back, after this process; with --linked, the
 *                     files that are named are planned now all the same
 *     --table         a line for each module on standard output: code bytes, accesses, instrumented, path, problem; tabs between
 *
 * Exit status: 0 all planned; 1 some not (each with a line on standard error); 2 wrong usage. */
#include "plan/batch.h"
#include "plan/linked.h"
#include "plan/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
    struct snarl_batch batch;
    const char *dump;
    bool stats, linked;
};

static int usage(void)
{
    fprintf(stderr, "usage: snarl-plan [-j N] [--check=race|count|none] [--again] [--stats] [--linked] "
                    "[--functions=FIRST:LAST] [--dump FUNCTION] FILE...\n");
    return 2;
}

static bool parse_check(const char *word, enum snarl_plan_check *check)
{
    static const char *const s_words[] = {"none", "count", "race"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(word, s_words[i])) {
            *check = (enum snarl_plan_check)i;
            return true;
        }
    return false;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_stats(const char *path, const struct snarl_planner_result *r, double used)
{
    if (r->problem)
        return;
    double megabytes = (double)r->text_bytes / 1048576;
    double share = r->accesses ? 100.0 * (double)r->instrumented / (double)r->accesses : 100;
    printf("%-24s %7.2f MB text %8llu accesses %6.2f %% instrumented, copy %6.2f MB, %4.0f ms (%.0f ms/MB)%s\n",
           last_part(path), megabytes, (unsigned long long)r->accesses, share, (double)r->copy_bytes / 1048576,
           used * 1e3, megabytes > 0 ? used * 1e3 / megabytes : 0, r->cached ? ", from the cache" : "");
    for (int i = 1; i < SNARL_REASON_COUNT; i++)
        if (r->missed[i])
            printf("%24s %8llu %s%s\n", "", (unsigned long long)r->missed[i], snarl_planner_reason(i),
                   i == SNARL_REASON_ODD_ACCESS || i == SNARL_REASON_OUTSIDE ? " (not in the share)" : "");
    printf("%24s %8u atomic loads and stores, %u atomic objects\n", "", r->atomic_sites, r->atomic_objects);
}

static void print_row(const char *path, const struct snarl_planner_result *r, double used)
{
    (void)used;
    printf("%llu\t%llu\t%llu\t%s\t%s\n", (unsigned long long)r->text_bytes, (unsigned long long)r->accesses,
           (unsigned long long)r->instrumented, path, r->problem ? r->problem : "");
}

/* A word without a value. */
static bool parse_switch(const char *word, struct settings *settings)
{
    struct snarl_batch *batch = &settings->batch;
    const struct {
        const char *word;
        bool *target;
    } switches[] = {
        {"--again", &batch->options.again}, {"--stats", &settings->stats},       {"--linked", &settings->linked},
        {"--trusting", &batch->trusting},   {"--progress", &batch->progress},    {"--silent", &batch->silent},
        {"--defer", &batch->defer},
    };
    for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
        if (!strcmp(word, switches[i].word)) {
            *switches[i].target = true;
            return true;
        }
    return false;
}

/* Returns how many arguments were options, -1: wrong ones. */
static int parse_options(int argc, char **argv, struct settings *settings)
{
    struct snarl_batch *batch = &settings->batch;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *word = argv[i];
        if (parse_switch(word, settings))
            continue;
        if (!strcmp(word, "--table"))
            batch->tell = print_row;
        else if (!strcmp(word, "--dump") && i + 1 < argc)
            settings->dump = argv[++i];
        else if (!strncmp(word, "--folder=", 9))
            batch->options.folder = word + 9;
        else if (!strncmp(word, "-j", 2) && (word[2] || i + 1 < argc))
            batch->jobs = strtol(word[2] ? word + 2 : argv[++i], NULL, 10);
        else if (!strncmp(word, "--check=", 8) && parse_check(word + 8, &batch->options.check))
            continue;
        else if (sscanf(word, "--functions=%u:%u", &batch->options.first, &batch->options.last) == 2)
            batch->options.again = true;
        else
            return -1;
    }
    return i;
}

static void take_linked(void *batch, const char *path)
{
    snarl_batch_add(batch, path, false);
}

/* False after a line, when there is nowhere to put plans to. */
static bool find_folder(struct settings *settings)
{
    static struct snarl_store s_store;
    const char *told = settings->batch.options.folder, *problem = NULL;
    if (told) {
        problem = snarl_store_check(told);
    } else if (!settings->stats) {
        snarl_store_find(&s_store);
        told = s_store.refused[0] ? s_store.refused : s_store.folder;
        problem = s_store.problem;
        settings->batch.options.folder = s_store.folder;
    }
    if (problem)
        fprintf(stderr, "snarl-plan: the cache folder %s cannot be used: %s%s%s\n", told, problem,
                s_store.folder[0] ? "; plans are kept in " : "", s_store.folder);
    return !problem || s_store.folder[0];
}

int main(int argc, char **argv)
{
    struct settings settings = {.batch = {.options.check = SNARL_CHECK_RACE, .jobs = sysconf(_SC_NPROCESSORS_ONLN)}};
    struct snarl_batch *batch = &settings.batch;
    int first = parse_options(argc, argv, &settings);
    if (first < 0 || first >= argc || batch->jobs < 1)
        return usage();
    signal(SIGCHLD, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN); /* a limit on files is met as a full disk */
    if (settings.dump)
        return snarl_planner_dump(argv[first], settings.dump, batch->options.check) ? 0 : 1;
    if (!find_folder(&settings))
        return 1;
    if (settings.stats && !batch->tell)
        batch->tell = print_stats;
    for (int i = first; i < argc; i++)
        snarl_batch_add(batch, argv[i], settings.linked);
    for (int i = first; i < argc && settings.linked; i++)
        snarl_linked_list(argv[i], take_linked, batch);
    uint32_t failed = snarl_batch_run(batch);
    if (batch->options.folder && batch->begun)
        snarl_planfile_tidy(batch->options.folder);
    snarl_batch_run_behind(batch);
    snarl_batch_free(batch);
    return failed ? 1 : 0;
}
