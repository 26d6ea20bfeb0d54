/* doctor.c - `snarl doctor`: what can be seen of a program, what cannot, and what to do about it.
 *
 * A list of rows, each a label, a mark and words. A row looks at the facts that binary.c and program.c read
 * and at the machine; adding one is adding a function to the table at the end. Nothing is executed but
 * dpkg-query, the system's loader (to list libraries) and the planner. */
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/complain.h"
#include "cli/plans.h"
#include "cli/program.h"
#include "cli/strings.h"

#define EXIT_NOT_WATCHED 1
#define ANSWER_MAX (1u << 20) /* of a program that is asked */

enum mark { GOOD, HINT, BAD };

static void row(enum mark mark, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void row(enum mark mark, const char *label, const char *format, ...)
{
    static const char *const marks[] = {"  ok  ", " note ", "  NO  "};
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        snarl_complain_no_memory();
    printf("[%s] %-13s %s\n", marks[mark], label, text);
    free(text);
}

static void show_file(const struct snarl_program *program)
{
    if (program->is_script)
        row(HINT, "file", "%s is a script; what runs, and is looked at here, is %s", program->path,
            program->image);
    else
        row(GOOD, "file", "%s", program->image);
}

static void show_kind(const struct snarl_program *program)
{
    const struct snarl_binary *binary = &program->binary;
    char machine[32], why[1024];
    if (snarl_program_obstacle(program, why, sizeof(why)))
        row(BAD, "watching", "%s %s", program->image, why);
    else if (!binary->is_elf)
        row(HINT, "watching", "the file cannot be read, so nothing is known of it; it may still be run");
    else
        row(GOOD, "watching",
            "a dynamically linked program for %s: locks and threads are seen through libsnarl.so",
            snarl_machine_name(binary->machine, machine, sizeof(machine)));
}

static void show_loader(const struct snarl_program *program)
{
    const char *loader = program->binary.interpreter;
    if (!loader)
        return;
    char *true_loader = realpath(loader, NULL);
    char *usual = realpath("/lib64/ld-linux-x86-64.so.2", NULL);
    if (!true_loader)
        row(BAD, "loader", "%s: %s; the program cannot start", loader, strerror(errno));
    else if (usual && strcmp(true_loader, usual))
        row(HINT, "loader",
            "%s, not the system's: its C library may be older than the one libsnarl.so was built with",
            loader);
    else
        row(GOOD, "C library", "glibc %s, loader %s", gnu_get_libc_version(), loader);
    free(true_loader);
    free(usual);
}

/* The path of the separate debug file for this build-id, NULL when there is none. */
static char *find_debug_file(const struct snarl_binary *binary)
{
    if (!binary->build_id || strlen(binary->build_id) < 3)
        return NULL;
    char *path =
        snarl_string_format("/usr/lib/debug/.build-id/%.2s/%s.debug", binary->build_id, binary->build_id + 2);
    if (!access(path, R_OK))
        return path;
    free(path);
    return NULL;
}

static void read_child(int fd, char *text, size_t size)
{
    size_t used = 0;
    for (ssize_t count; used + 1 < size && (count = read(fd, text + used, size - 1 - used)) > 0;)
        used += (size_t)count;
    text[used] = '\0';
}

/* What the program `argv[0]` writes on standard output, its beginning; "" when it cannot be started. */
static void ask(char *const argv[], char *answer, size_t size)
{
    int ends[2];
    answer[0] = '\0';
    if (pipe2(ends, O_CLOEXEC))
        return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    bool started = !posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (started)
        read_child(ends[0], answer, size);
    close(ends[0]);
    if (started)
        waitpid(child, NULL, 0);
}

static void ask_owner(const char *path, char *package, size_t size)
{
    char *const argv[] = {"dpkg-query", "-S", (char *)path, NULL};
    ask(argv, package, size);
    package[strcspn(package, ":,\n")] = '\0';
}

/* The Debian package that owns the file, "" when that is not known. */
static void find_package(const char *path, char *package, size_t size)
{
    package[0] = '\0';
    char *true_path = realpath(path, NULL);
    if (!true_path)
        return;
    ask_owner(true_path, package, size);
    if (!package[0] && !strncmp(true_path, "/usr/", 5)) /* packages may still know it as /bin/... */
        ask_owner(true_path + 4, package, size);
    free(true_path);
}

static void show_debug_info(const struct snarl_program *program)
{
    const struct snarl_binary *binary = &program->binary;
    char package[256];
    char *separate = find_debug_file(binary);
    if (binary->has_debug_info) {
        row(GOOD, "debug info", "in the file: reports show functions, files and lines");
    } else if (separate) {
        row(GOOD, "debug info", "in %s", separate);
    } else {
        find_package(program->image, package, sizeof(package));
        if (package[0])
            row(HINT, "debug info", "none: reports show no lines; install %s-dbgsym, or set DEBUGINFOD_URLS",
                package);
        else
            row(HINT, "debug info", "none: reports show no lines; compile with -g, or set DEBUGINFOD_URLS");
    }
    free(separate);
}

static void show_symbols(const struct snarl_program *program)
{
    const struct snarl_binary *binary = &program->binary;
    if (binary->has_symbols)
        row(GOOD, "symbols", "present: functions and variables have names");
    else
        row(HINT, "symbols", "stripped: only what is exported has a name in reports");
    if (binary->build_id)
        row(GOOD, "build-id", "%s", binary->build_id);
    else
        row(HINT, "build-id", "none: separate debug files cannot be found (link with -Wl,--build-id)");
}

static void show_sanitizers(const struct snarl_program *program)
{
    const struct snarl_binary *binary = &program->binary;
    if (snarl_binary_names(&binary->needed, "libtsan.so", false))
        row(GOOD, "sanitizer",
            "built with gcc's -fsanitize=thread; its runtime is a library, which libsnarl.so stands before");
    else if (snarl_binary_names(&binary->exports, "__tsan_init", true))
        row(BAD, "sanitizer",
            "clang's ThreadSanitizer is linked in and stays; compile with -fsanitize=thread, but link with -lsnarl instead");
    if (snarl_binary_names(&binary->needed, "libasan.so", false) ||
        snarl_binary_names(&binary->exports, "__asan_init", true))
        row(BAD, "sanitizer",
            "AddressSanitizer wants to be the first library itself; build without -fsanitize=address");
    if (snarl_binary_names(&binary->exports, "__msan_init", true))
        row(BAD, "sanitizer", "MemorySanitizer is linked in; build without -fsanitize=memory");
}

static void show_threads(const struct snarl_program *program)
{
    static const struct {
        const char *prefix;
        const char *what;
    } families[] = {
        {"pthread_", "POSIX threads"}, {"mtx_", "C11 threads"},   {"_ZNSt6thread", "C++ std::thread"},
        {"sem_", "semaphores"},        {"GOMP_", "OpenMP (gcc)"}, {"__kmpc_", "OpenMP (clang)"},
    };
    const struct snarl_texts *imports = &program->binary.imports;
    char list[256] = "";
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (snarl_binary_names(imports, families[i].prefix, false))
            snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", list[0] ? ", " : "",
                     families[i].what);
    if (list[0])
        row(GOOD, "threads", "the program itself calls: %s", list);
    else
        row(HINT, "threads", "the program itself calls no thread function; the libraries that it links may");
    if (snarl_binary_names(imports, "syscall", true))
        row(HINT, "threads",
            "it calls syscall(): locks that it builds on futex itself are not seen as locks");
}

static void show_python(const struct snarl_program *program)
{
    const struct snarl_binary *binary = &program->binary;
    if (snarl_binary_names(&binary->needed, "libpython", false))
        row(GOOD, "Python", "links libpython");
    else if (snarl_binary_names(&binary->exports, "PyEval_EvalCode", true))
        row(GOOD, "Python", "is a Python interpreter");
}

/* --- how much of the code can be checked for races: the planner counts it --- */

struct module {
    unsigned long long text, accesses, instrumented;
    const char *path;
    const char *problem; /* "": none */
};

/* A line of `snarl-plan --table`, which is cut up. */
static bool read_module(char *line, struct module *module)
{
    int at = 0;
    if (sscanf(line, "%llu\t%llu\t%llu\t%n", &module->text, &module->accesses, &module->instrumented, &at) != 3 || !at)
        return false;
    char *tab = strchr(line + at, '\t');
    if (!tab)
        return false;
    *tab = '\0';
    module->path = line + at;
    module->problem = tab + 1;
    return true;
}

static double share_of(const struct module *module)
{
    return module->accesses ? 100.0 * (double)module->instrumented / (double)module->accesses : 100;
}

static void show_own_code(const struct module *module)
{
    if (module->problem[0])
        row(HINT, "races", "its code cannot be instrumented (%s): only locks and library calls are checked",
            module->problem);
    else
        row(share_of(module) >= 90 ? GOOD : HINT, "races",
            "%.2f %% of the program's own %llu memory accesses can be checked", share_of(module), module->accesses);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void show_library(const struct module *module)
{
    const char *name = last_part(module->path);
    if (module->problem[0])
        row(HINT, "races", "%s: %s", name, module->problem);
    else
        row(share_of(module) >= 90 ? GOOD : HINT, "races", "%s: %.2f %% of its %llu memory accesses", name,
            share_of(module), module->accesses);
}

static int compare_lines(const void *a, const void *b)
{
    struct module x, y;
    char first[PATH_MAX + 256], second[PATH_MAX + 256];
    snprintf(first, sizeof(first), "%s", *(char *const *)a);
    snprintf(second, sizeof(second), "%s", *(char *const *)b);
    if (!read_module(first, &x) || !read_module(second, &y))
        return 0;
    return strcmp(x.path, y.path);
}

static void show_modules(const struct snarl_program *program, char *answer)
{
    char *lines[512], *rest = NULL;
    struct module module;
    size_t count = 0;
    for (char *line = strtok_r(answer, "\n", &rest); line && count < 512; line = strtok_r(NULL, "\n", &rest))
        lines[count++] = line;
    qsort(lines, count, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < count; i++)
        if (strstr(lines[i], program->image) && read_module(lines[i], &module)) {
            show_own_code(&module);
            lines[i][0] = '\0';
            break;
        }
    char kept[1024] = "";
    for (size_t i = 0; i < count; i++) {
        if (!read_module(lines[i], &module))
            continue;
        enum snarl_treatment treatment = snarl_store_treatment(module.path);
        if (treatment == SNARL_TREAT_CODE)
            show_library(&module);
        else if (treatment == SNARL_TREAT_TABLES)
            snprintf(kept + strlen(kept), sizeof(kept) - strlen(kept), "%s%s", kept[0] ? ", " : "", last_part(module.path));
    }
    if (kept[0])
        row(GOOD, "races", "%s: code that stays as it is; what its functions do to memory is known", kept);
}

static void show_races(const struct snarl_program *program)
{
    static struct snarl_store s_store;
    char *planner = snarl_plans_planner(), *answer = calloc(1, ANSWER_MAX);
    if (!answer)
        snarl_complain_no_memory();
    if (planner && snarl_store_find(&s_store)) {
        char *folder = snarl_string_format("--folder=%s", s_store.folder);
        char *const argv[] = {planner, "--linked", "--table", "--trusting", "--silent", "--defer", folder,
                              program->image, NULL};
        ask(argv, answer, ANSWER_MAX);
        free(folder);
    } else if (planner) {
        char *const argv[] = {planner, "--table", "--stats", "--silent", program->image, NULL};
        ask(argv, answer, ANSWER_MAX);
    }
    if (answer[0])
        show_modules(program, answer);
    else
        row(HINT, "races", "its code cannot be instrumented: only locks and library calls are checked");
    free(planner);
    free(answer);
}

static bool read_setting(const char *path, long *value)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool found = fscanf(file, "%ld", value) == 1;
    fclose(file);
    return found;
}

static void show_machine(const struct snarl_program *program)
{
    (void)program;
    long value;
    struct rlimit limit;
    bool sound = true;
    if (read_setting("/proc/sys/vm/overcommit_memory", &value) && value == 2) {
        row(HINT, "memory", "vm.overcommit_memory is 2: reserving address space may fail; 0 or 1 is better");
        sound = false;
    }
    if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur != RLIM_INFINITY) {
        row(HINT, "memory", "address space is limited (ulimit -v) to %llu MB; unlimited is better",
            (unsigned long long)limit.rlim_cur >> 20);
        sound = false;
    }
    if (sound)
        row(GOOD, "memory", "address space is not limited");
}

static void (*const s_rows[])(const struct snarl_program *) = {
    show_file,    show_kind,       show_loader, show_symbols, show_debug_info,
    show_threads, show_sanitizers, show_python, show_races,   show_machine,
};

static int examine(const char *name)
{
    struct snarl_program program;
    char why[1024];
    int status = snarl_program_find(&program, name);
    if (!status) {
        size_t count =
            program.binary.is_elf && !program.binary.damaged ? sizeof(s_rows) / sizeof(s_rows[0]) : 2;
        for (size_t i = 0; i < count; i++)
            s_rows[i](&program);
        status = snarl_program_obstacle(&program, why, sizeof(why)) ? EXIT_NOT_WATCHED : 0;
    }
    snarl_program_free(&program);
    return status;
}

int snarl_doctor_main(int argc, char **argv)
{
    const struct snarl_usage usage = {
        .command = "doctor",
        .operands = "PROGRAM",
        .purpose = "Says what can be seen of PROGRAM, what not, and what to do about it.\n"
                   "Exit status: 0 when it can be watched, 1 when not, 126 and 127 as for run.",
        .stop_at_operand = true,
    };
    struct snarl_texts operands = {0};
    enum snarl_parse parsed = snarl_arguments_parse(&usage, argc, argv, &operands);
    int status = parsed == SNARL_PARSE_HELPED ? 0 : SNARL_EXIT_USAGE;
    if (parsed == SNARL_PARSE_GO && operands.count != 1)
        snarl_complain("doctor: wants one program: snarl doctor ./program");
    else if (parsed == SNARL_PARSE_GO)
        status = examine(operands.items[0]);
    snarl_texts_free(&operands);
    return status;
}
