/* batch.c - see batch.h. */
#include "plan/batch.h"

#include "plan/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIME_LIMIT 600 /* seconds of processor time for one module */
#define LINE_MAX_WIDTH 78

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void snarl_batch_add(struct snarl_batch *batch, const char *path, bool eager)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (!strcmp(batch->modules[i].path, path))
            return;
    if (batch->count == batch->room) {
        batch->room = batch->room ? 2 * batch->room : 32;
        batch->modules = snarl_plan_grow(batch->modules, batch->room, sizeof(*batch->modules));
    }
    struct snarl_batch_module *module = &batch->modules[batch->count++];
    *module = (struct snarl_batch_module){.path = snarl_plan_zeroed(strlen(path) + 1, 1), .eager = eager};
    strcpy(module->path, path);
}

void snarl_batch_free(struct snarl_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        free(batch->modules[i].path);
    free(batch->modules);
    *batch = (struct snarl_batch){0};
}

/* --- one module, in its own process --- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int plan_one(const struct snarl_batch *batch, const char *path)
{
    struct snarl_planner_result result;
    double before = seconds();
    snarl_planner_run(path, &batch->options, &result);
    if (result.problem && !batch->silent)
        fprintf(stderr, "snarl-plan: %s cannot be instrumented: %s\n", path, result.problem);
    if (batch->tell)
        batch->tell(path, &result, seconds() - before);
    return result.problem ? 1 : 0;
}

static _Noreturn void become_worker(const struct snarl_batch *batch, const char *path)
{
    const struct rlimit limit = {TIME_LIMIT, TIME_LIMIT + 5}, none = {0, 0};
    setrlimit(RLIMIT_CPU, &limit);
    setrlimit(RLIMIT_CORE, &none);
    exit(plan_one(batch, path));
}

/* --- all of them --- */

static int compare_sizes(const void *a, const void *b)
{
    const struct snarl_batch_module *x = a, *y = b;
    return x->text_bytes > y->text_bytes ? -1 : x->text_bytes < y->text_bytes;
}

/* What is there, what is to be done; returns how many modules that is. */
static uint32_t look_round(struct snarl_batch *batch)
{
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct snarl_batch_module *module = &batch->modules[i];
        struct snarl_planner_result result;
        module->ready = snarl_planner_glance(module->path, &batch->options, &result) && batch->trusting;
        module->ignored = batch->trusting && snarl_store_treatment(module->path) == SNARL_TREAT_NOT;
        module->text_bytes = result.text_bytes;
        module->large = batch->defer && !module->eager && result.text_bytes > SNARL_STORE_LARGE;
        if (module->large && !module->ready)
            result.problem = "it has very much code, which is made ready in the background, for the next run";
        if ((module->ready || module->large) && batch->tell)
            batch->tell(module->path, &result, 0);
        wanted += !module->ready && !module->ignored && !module->large;
    }
    qsort(batch->modules, batch->count, sizeof(*batch->modules), compare_sizes);
    return wanted;
}

static void show_progress(const struct snarl_batch *batch, uint32_t number, uint32_t of, const char *path)
{
    char line[LINE_MAX_WIDTH + 1];
    if (!batch->progress)
        return;
    snprintf(line, sizeof(line), "snarl: preparing module %u of %u: %s", number, of, last_part(path));
    fprintf(stderr, "\r%-*s", LINE_MAX_WIDTH, line);
}

static void end_progress(const struct snarl_batch *batch)
{
    if (batch->progress)
        fprintf(stderr, "\r%*s\r", LINE_MAX_WIDTH, "");
}

static uint32_t wait_one(const struct snarl_batch *batch)
{
    int status;
    while (wait(&status) < 0)
        if (errno != EINTR)
            return 1;
    if (WIFSIGNALED(status) && !batch->silent)
        fprintf(stderr, "snarl-plan: a module upset the planner (signal %d)\n", WTERMSIG(status));
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

uint32_t snarl_batch_run(struct snarl_batch *batch)
{
    uint32_t failed = 0, wanted = look_round(batch);
    long running = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct snarl_batch_module *module = &batch->modules[i];
        if (module->ready || module->ignored || module->large)
            continue;
        if (running == batch->jobs) {
            failed += wait_one(batch);
            running--;
        }
        show_progress(batch, ++batch->begun, wanted, module->path);
        fflush(NULL);
        pid_t child = fork();
        if (child == 0)
            become_worker(batch, module->path);
        if (child < 0)
            failed += plan_one(batch, module->path) != 0;
        else
            running++;
    }
    for (; running > 0; running--)
        failed += wait_one(batch);
    if (batch->begun)
        end_progress(batch);
    return failed;
}

/* --- without anybody waiting --- */

static bool is_deferred(const struct snarl_batch_module *module)
{
    return module->large && !module->ready && !module->ignored;
}

static bool has_deferred(const struct snarl_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (is_deferred(&batch->modules[i]))
            return true;
    return false;
}

/* Out of the caller's session, its files and its way. */
static void step_behind(void)
{
    const struct sched_param zero = {0};
    setsid();
    signal(SIGHUP, SIG_IGN);
    setpriority(PRIO_PROCESS, 0, 19);
    sched_setscheduler(0, SCHED_IDLE, &zero);
    close_range(0, ~0u, 0);
    for (int fd = open("/dev/null", O_RDWR); fd >= 0 && fd < 2; fd = dup(fd))
        ;
    (void)!chdir("/");
}

void snarl_batch_run_behind(struct snarl_batch *batch)
{
    if (!has_deferred(batch))
        return;
    fflush(NULL);
    if (fork() != 0)
        return;
    step_behind();
    struct snarl_batch rest = *batch;
    rest.progress = rest.defer = false;
    rest.silent = rest.options.idle = true;
    rest.tell = NULL;
    rest.jobs = 1;
    rest.count = rest.begun = 0;
    for (uint32_t i = 0; i < batch->count; i++)
        if (is_deferred(&batch->modules[i]))
            rest.modules[rest.count++] = batch->modules[i];
    _exit(snarl_batch_run(&rest) ? 1 : 0);
}
