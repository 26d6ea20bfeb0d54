/* main.c - snarl-plan, which the shim and the snarl command run to have modules planned.
 *
 *     snarl-plan [-j N] [--check=race|count|none] [--again] [--stats] [--functions=A:B] FILE...
 *     snarl-plan [--check=…] --dump FUNCTION FILE
 *
 * Plans go to the user's cache. Each file is planned in a process of its own: a module that upsets the planner costs that
 * module only. Exit status: 0 all planned; 1 some not (each with a line on standard error); 2 wrong usage. */
#include "plan/planner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIME_LIMIT 600 /* seconds of processor time for one module */

struct settings {
    struct snarl_planner_options options;
    bool stats;
    const char *dump;
    long jobs;
};

static int usage(void)
{
    fprintf(stderr, "usage: snarl-plan [-j N] [--check=race|count|none] [--again] [--stats] "
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

/* Returns how many arguments were options, -1: wrong ones. */
static int parse_options(int argc, char **argv, struct settings *settings)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *word = argv[i];
        if (!strcmp(word, "--stats"))
            settings->stats = true;
        else if (!strcmp(word, "--again"))
            settings->options.again = true;
        else if (!strcmp(word, "--dump") && i + 1 < argc)
            settings->dump = argv[++i];
        else if (!strncmp(word, "-j", 2) && (word[2] || i + 1 < argc))
            settings->jobs = strtol(word[2] ? word + 2 : argv[++i], NULL, 10);
        else if (!strncmp(word, "--check=", 8) && parse_check(word + 8, &settings->options.check))
            continue;
        else if (sscanf(word, "--functions=%u:%u", &settings->options.first, &settings->options.last) == 2)
            continue;
        else
            return -1;
    }
    return i;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_stats(const char *path, const struct snarl_planner_result *r, double used)
{
    double megabytes = (double)r->text_bytes / 1048576;
    double share = r->accesses ? 100.0 * (double)r->instrumented / (double)r->accesses : 100;
    printf("%-24s %7.2f MB text %8llu accesses %6.2f %% instrumented, copy %6.2f MB, %4.0f ms (%.0f ms/MB)%s\n",
           last_part(path), megabytes, (unsigned long long)r->accesses, share, (double)r->copy_bytes / 1048576,
           used * 1e3, megabytes > 0 ? used * 1e3 / megabytes : 0, r->cached ? ", from the cache" : "");
    for (int i = 1; i < SNARL_REASON_COUNT; i++)
        if (r->missed[i])
            printf("%24s %8llu %s%s\n", "", (unsigned long long)r->missed[i], snarl_planner_reason(i),
                   i == SNARL_REASON_ODD_ACCESS || i == SNARL_REASON_OUTSIDE ? " (not in the share)" : "");
}

static int plan_one(const struct settings *settings, const char *path)
{
    struct snarl_planner_result result;
    double before = seconds();
    snarl_planner_run(path, &settings->options, &result);
    if (result.problem) {
        fprintf(stderr, "snarl-plan: %s cannot be instrumented: %s\n", path, result.problem);
        return 1;
    }
    if (settings->stats)
        print_stats(path, &result, seconds() - before);
    return 0;
}

static int wait_one(void)
{
    int status;
    if (wait(&status) < 0)
        return 1;
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "snarl-plan: a module upset the planner (signal %d)\n", WTERMSIG(status));
        return 1;
    }
    return WEXITSTATUS(status);
}

static int plan_all(const struct settings *settings, int count, char **paths)
{
    int failed = 0;
    long running = 0;
    for (int i = 0; i < count; i++) {
        if (running == settings->jobs) {
            failed |= wait_one();
            running--;
        }
        fflush(NULL);
        pid_t child = count > 1 ? fork() : -1;
        if (child == 0)
            exit(plan_one(settings, paths[i]));
        if (child < 0)
            failed |= plan_one(settings, paths[i]);
        else
            running++;
    }
    for (; running > 0; running--)
        failed |= wait_one();
    return failed;
}

int main(int argc, char **argv)
{
    static char s_folder[SNARL_PLAN_PATH_MAX];
    struct settings settings = {.options.check = SNARL_CHECK_RACE, .jobs = sysconf(_SC_NPROCESSORS_ONLN)};
    int first = parse_options(argc, argv, &settings);
    if (first < 0 || first >= argc || settings.jobs < 1)
        return usage();
    alarm(TIME_LIMIT);
    if (settings.dump)
        return snarl_planner_dump(argv[first], settings.dump, settings.options.check) ? 0 : 1;
    const char *problem = snarl_planfile_folder(s_folder, sizeof(s_folder));
    if (problem)
        fprintf(stderr, "snarl-plan: the cache folder %s cannot be used: %s\n", s_folder, problem);
    if (problem && !settings.stats)
        return 1;
    settings.options.folder = problem || settings.stats ? NULL : s_folder;
    return plan_all(&settings, argc - first, argv + first);
}
