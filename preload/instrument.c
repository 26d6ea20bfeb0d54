/* instrument.c - see instrument.h.
 *
 * When the first thread is about to be created, each module's plan is looked for in the user's cache folder; those that have
 * none are given to snarl-plan, which runs outside; then the plans are applied. A module for which that fails runs as it is,
 * and the report says why. Libraries that a program should not be blamed for (libc, libstdc++ and the like) keep their
 * code; of their plans only the unwinding tables are used, so that stacks lead through them. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <link.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/os.h"
#include "base/text.h"
#include "preload/instrument.h"
#include "preload/rewrite/pages.h"
#include "preload/rewrite/rewrite.h"
#include "preload/tsan/tsan.h"
#include "race/race.h"

#define MODULES_MAX 512
#define TEXT_MAX (20ul << 20) /* larger ones are not planned while the program waits */

__thread struct snarl_plan_thread snarl_area __attribute__((tls_model("initial-exec"))) = {
    .write = 0x8000000080000000u};

enum treatment { LEAVE_ALONE, TABLES_ONLY, INSTRUMENT };

struct found {
    struct snarl_rewrite_target target;
    const char *name; /* in the loader's memory, or s_program */
    enum treatment treatment;
    bool applied; /* by an earlier call */
    char plan[SNARL_PLAN_NAME_MAX];
};

static struct found *s_found; /* MODULES_MAX of them, only while modules are looked at */
static uint32_t s_found_count;
static struct snarl_rewrite_host s_host;
static bool s_active;
static char s_folder[SNARL_PATH_MAX], s_program[SNARL_PATH_MAX], s_planner[SNARL_PATH_MAX];

/* --- which modules --- */

static bool in_list(const char *list, const char *name)
{
    char glob[SNARL_GLOB_MAX];
    const char *base = strrchr(name, '/');
    while (*list) {
        size_t size = strcspn(list, ",");
        if (size && size < sizeof(glob)) {
            memcpy(glob, list, size);
            glob[size] = '\0';
            if (fnmatch(glob, name, 0) == 0 || fnmatch(glob, base ? base + 1 : name, 0) == 0)
                return true;
        }
        list += size + (list[size] == ',');
    }
    return false;
}

static enum treatment treatment_of(const char *name, uintptr_t base)
{
    static const char s_never[] = "linux-vdso*,libsnarl.so*,libsnarl-calls.so*,libtsan.so*,libasan.so*,libubsan.so*";
    static const char s_tables[] = "ld-linux*,libc.so*,libm.so*,libpthread.so*,libdl.so*,librt.so*,libresolv.so*,"
                                   "libnss_*,libgcc_s.so*,libstdc++.so*,libgomp.so*,libjemalloc*,libtcmalloc*,"
                                   "libmimalloc*,libunwind*";
    if (!*name || in_list(s_never, name))
        return LEAVE_ALONE;
    bool chosen = !snarl_options.modules[0] || in_list(snarl_options.modules, name);
    if (!snarl_options.modules[0] && snarl_in_runtime(base))
        return LEAVE_ALONE; /* its code runs under its own lock; see python/ */
    if (in_list(s_tables, name) || !chosen || in_list(snarl_options.skip_modules, name))
        return TABLES_ONLY;
    return INSTRUMENT;
}

/* A file without a build-id is known by its bytes. */
static void identify(struct found *found)
{
    struct snarl_rewrite_target *target = &found->target;
    uint8_t id[32];
    uint32_t size = target->build_id_size;
    memcpy(id, target->build_id, sizeof(id));
    int fd = size ? -1 : snarl_os_open(found->name, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
        off_t length = lseek(fd, 0, SEEK_END);
        void *bytes = length > 0 ? snarl_pages_map(0, (size_t)length, PROT_READ, fd, 0, 0) : NULL;
        if (bytes) {
            snarl_plan_file_id(id, bytes, (size_t)length);
            snarl_pages_unmap(bytes, (size_t)length);
            size = 16;
        }
        snarl_os_close(fd);
    }
    if (size)
        snarl_plan_name(found->plan, id, size, SNARL_CHECK_RACE);
}

static bool is_applied(uintptr_t base)
{
    for (uint32_t i = 0; i < snarl_rewrite_module_count(); i++)
        if (snarl_rewrite_module_get(i)->base == base && snarl_rewrite_module_get(i)->plan)
            return true;
    return false;
}

static int collect(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (s_found_count == MODULES_MAX)
        return 1;
    struct found *found = &s_found[s_found_count++];
    found->name = *info->dlpi_name || s_found_count > 1 ? info->dlpi_name : s_program;
    snarl_rewrite_describe(&found->target, info);
    found->treatment = treatment_of(found->name, found->target.base);
    found->applied = is_applied(found->target.base);
    if (found->treatment != LEAVE_ALONE && !found->applied)
        identify(found);
    return 0;
}

/* --- having plans made --- */

static bool plan_path(char *path, size_t size, const struct found *found)
{
    struct snarl_text text = snarl_text_in(path, size);
    snarl_text_add(snarl_text_add(snarl_text_add(&text, s_folder), "/"), found->plan);
    return strlen(path) + 1 < size;
}

static bool wants_plan(const struct found *found)
{
    char path[SNARL_PATH_MAX];
    if (found->treatment == LEAVE_ALONE || found->applied || !found->plan[0] || !plan_path(path, sizeof(path), found))
        return false;
    int fd = snarl_os_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd >= 0)
        snarl_os_close(fd);
    return fd < 0;
}

static bool is_too_large(const struct found *found)
{
    size_t text = 0;
    for (uint32_t i = 0; i < found->target.text_count; i++)
        text += found->target.text[i].end - found->target.text[i].start;
    return text > TEXT_MAX;
}

/* --- running the planner ---
 *
 * It must not be seen by the program: neither as a SIGCHLD nor in its wait. A child whose exit raises no signal starts it as
 * its own child and ends; that it is done shows when the pipe that it holds is closed. */

struct child {
    char *const *arguments;
    char *const *environment;
    int done; /* the pipe's end to be held */
};

static int become_planner(void *argument)
{
    const struct child *child = argument;
    long pid = syscall(SYS_fork);
    if (pid != 0)
        syscall(SYS_exit, 0);
    long null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
    long held = syscall(SYS_fcntl, child->done, F_DUPFD, 3); /* without close-on-exec */
    for (int fd = 0; fd < 3 && null >= 0; fd++)
        syscall(SYS_dup2, null, fd);
    if (held >= 0)
        syscall(SYS_execve, s_planner, child->arguments, child->environment);
    syscall(SYS_exit_group, 127);
    return 0;
}

static void start_planner(struct child *child)
{
    const size_t size = 64 << 10;
    uint64_t mask;
    int status;
    char *stack = snarl_os_map(size);
    if (!stack)
        return;
    snarl_os_block_signals(&mask);
    pid_t pid = clone(become_planner, stack + size, CLONE_VM | CLONE_VFORK, child);
    while (pid > 0 && syscall(SYS_wait4, pid, &status, __WCLONE, NULL) < 0 && errno == EINTR)
        ;
    snarl_os_restore_signals(&mask);
    snarl_os_unmap(stack, size);
}

static void run_planner(char *const *arguments)
{
    char home[SNARL_PATH_MAX + 8], cache[SNARL_PATH_MAX + 16], byte;
    struct snarl_text text = snarl_text_in(home, sizeof(home));
    snarl_text_add(snarl_text_add(&text, "HOME="), getenv("HOME"));
    text = snarl_text_in(cache, sizeof(cache));
    snarl_text_add(snarl_text_add(&text, "XDG_CACHE_HOME="), getenv("XDG_CACHE_HOME"));
    char *const environment[] = {home, cache, NULL};
    int ends[2];
    if (syscall(SYS_pipe2, ends, O_CLOEXEC) != 0)
        return;
    struct child child = {arguments, environment, ends[1]};
    start_planner(&child);
    snarl_os_close(ends[1]);
    while (snarl_os_read(ends[0], &byte, 1) > 0)
        ;
    snarl_os_close(ends[0]);
}

static void make_plans(void)
{
    char *arguments[MODULES_MAX + 2];
    uint32_t count = 0;
    arguments[count++] = s_planner;
    for (uint32_t i = 0; i < s_found_count; i++)
        if (wants_plan(&s_found[i]) && !is_too_large(&s_found[i]))
            arguments[count++] = (char *)s_found[i].name;
    arguments[count] = NULL;
    if (count > 1 && s_planner[0])
        run_planner(arguments);
}

/* --- applying them --- */

static void tell(const char *name, const char *problem)
{
    char line[SNARL_PATH_MAX + 256];
    struct snarl_text text = snarl_text_in(line, sizeof(line));
    snarl_text_add(snarl_text_add(&text, name), " is not instrumented for races: ");
    snarl_text_add(&text, problem);
    snarl_engine_note(line);
}

static const char *reason_of(const struct snarl_plan_head *head)
{
    return head->instrumented == head->accesses ? "" : "some code could not be moved (snarl doctor tells)";
}

static void apply_one(const struct found *found)
{
    char path[SNARL_PATH_MAX];
    const char *problem = "it has no plan (snarl-plan could not make one)";
    if (is_too_large(found) && wants_plan(found))
        problem = "it has more than 20 MB of code and no plan yet (make one with snarl-plan)";
    else if (found->plan[0] && plan_path(path, sizeof(path), found))
        problem = snarl_rewrite_apply(&s_host, &found->target, path, SNARL_CHECK_RACE,
                                      found->treatment == TABLES_ONLY);
    if (found->treatment == TABLES_ONLY)
        return;
    const struct snarl_rewrite_module *module = problem ? NULL : snarl_rewrite_module_at(found->target.base);
    if (module)
        snarl_engine_coverage(found->target.text[0].start, module->head->accesses, module->head->instrumented,
                              reason_of(module->head));
    else
        tell(found->name, problem);
}

static void forget_gone(void)
{
    for (uint32_t i = 0; i < snarl_rewrite_module_count(); i++) {
        const struct snarl_rewrite_module *module = snarl_rewrite_module_get(i);
        bool there = !module->plan;
        for (uint32_t k = 0; k < s_found_count && !there; k++)
            there = s_found[k].target.base == module->base;
        if (!there) {
            snarl_rewrite_forget(module->base);
            snarl_checks_forget_stacks();
        }
    }
}

static void instrument_all(void)
{
    s_found = snarl_os_map(MODULES_MAX * sizeof(*s_found));
    s_found_count = 0;
    if (!s_found)
        return;
    dl_iterate_phdr(collect, NULL);
    forget_gone();
    make_plans();
    for (uint32_t i = 0; i < s_found_count; i++)
        if (s_found[i].treatment != LEAVE_ALONE && !s_found[i].applied)
            apply_one(&s_found[i]);
    snarl_os_unmap(s_found, MODULES_MAX * sizeof(*s_found));
    s_found = NULL;
}

/* --- beginning --- */

static bool find_folder(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct snarl_text text = snarl_text_in(s_folder, sizeof(s_folder));
    if (cache && *cache == '/')
        snarl_text_add(snarl_text_add(&text, cache), "/snarl");
    else if (home && *home == '/')
        snarl_text_add(snarl_text_add(&text, home), "/.cache/snarl");
    return s_folder[0] != '\0';
}

/* Beside the library as it is installed, or in the build folder. */
static void find_planner(void)
{
    static const char *const s_places[] = {"/../../libexec/snarl/snarl-plan", "/../../../libexec/snarl/snarl-plan",
                                           "/../libexec/snarl/snarl-plan", "/../plan/snarl-plan"};
    char folder[SNARL_PATH_MAX];
    struct snarl_text text = snarl_text_in(folder, sizeof(folder));
    snarl_text_add(&text, snarl_own_path());
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    for (unsigned i = 0; i < sizeof(s_places) / sizeof(*s_places); i++) {
        text = snarl_text_in(s_planner, sizeof(s_planner));
        snarl_text_add(snarl_text_add(&text, folder), s_places[i]);
        if (access(s_planner, X_OK) == 0)
            return;
    }
    s_planner[0] = '\0';
}

void snarl_instrument_attach(struct snarl_thread *thr)
{
    struct snarl_race_thread *races = thr && s_active ? thr->races : NULL;
    if (!races) {
        snarl_area.first = snarl_area.outside = 0; /* everything passes */
        return;
    }
    races->window = (struct snarl_race_window *)&snarl_area.first;
    snarl_race_window_update(races);
}

void snarl_instrument_wake(struct snarl_thread *thr)
{
    int saved = errno;
    _Static_assert(offsetof(struct snarl_plan_thread, outside) - offsetof(struct snarl_plan_thread, first) ==
                       offsetof(struct snarl_race_window, outside),
                   "the thread's area holds the engine's window");
    if (snarl_options.races != SNARL_RACES_FULL || snarl_tsan_present() || s_active)
        return;
    uintptr_t self;
    __asm__("mov %%fs:0, %0" : "=r"(self));
    ssize_t length = snarl_os_readlink("/proc/self/exe", s_program, sizeof(s_program) - 1);
    s_program[length > 0 ? length : 0] = '\0';
    find_planner();
    snarl_races_where = snarl_checks_where;
    snarl_races_place = snarl_checks_place;
    if (!find_folder()) {
        snarl_engine_note("races are not looked for: no HOME or XDG_CACHE_HOME to keep plans in");
        return;
    }
    if (!snarl_races_begin(thr))
        return;
    s_host.thread = (int32_t)((intptr_t)&snarl_area - (intptr_t)self);
    snarl_checks_links(s_host.link);
    snarl_race_stock_begin();
    s_active = true;
    instrument_all();
    snarl_instrument_attach(thr);
    errno = saved;
}

void snarl_instrument_modules_changed(struct snarl_thread *thr)
{
    (void)thr;
    if (s_active)
        instrument_all();
}
