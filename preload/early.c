/* early.c - before anything of the process runs: are the libraries there that go with this one?
 *
 * Two libraries stand beside libsnarl.so, which `snarl run` preloads with it: libsnarl-calls.so, needed when
 * races are looked for (access/bridge.h), and an empty one in the place of gcc's sanitizer runtime
 * (tsan/inert.c), which would else start itself at the first call of any of its interceptors, find ours in
 * the way, and end the process. In the plain form `LD_PRELOAD=libsnarl.so PROGRAM`, in a child that needs
 * more than its parent did, or where a program was linked with libsnarl.so, they may be missing. Then the
 * program is executed once more, with the same arguments and process number, and with a longer LD_PRELOAD.
 *
 * That has to be settled before the first constructor of any library: one of the C++ library's already calls
 * the sanitizer's interceptors. The loader resolves our indirect function (ifunc) while it relocates us, when
 * all libraries are mapped and none has started. Nothing of libc may be used here, and no loop become a call
 * of it. */
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>

#include "base/os.h"
#include "preload/early.h"
#include "preload/own.h"

#define PATH_SIZE 4096
#define PRELOAD "LD_PRELOAD="
#define OPTIONS "SNARL_OPTIONS="

extern void *__libc_stack_end; /* the loader's: the argument count, where the process began */

struct process {
    long argc;
    char **argv, **environment;
    const char *preload, *options; /* values, or NULL */
};

/* What the list of loaded libraries tells. */
struct loaded {
    const char *own; /* our path */
    bool calls, runtime, inert;
};

static size_t size_of(const char *text)
{
    size_t size = 0;
    while (text[size])
        size++;
    return size;
}

/* Whether `text` continues with `word`. */
static bool begins(const char *text, const char *word)
{
    while (*word && *text == *word)
        text++, word++;
    return !*word;
}

static bool contains(const char *text, const char *word)
{
    for (; *text; text++)
        if (begins(text, word))
            return true;
    return false;
}

static char *append(char *at, const char *text)
{
    while (*text)
        *at++ = *text++;
    *at = '\0';
    return at;
}

/* Field 28 of /proc/self/stat, where the kernel says that the stack begins; NULL: it is not there. */
static long *stack_start_by_kernel(void)
{
    char text[1024];
    int fd = snarl_os_open("/proc/self/stat", O_RDONLY | O_CLOEXEC, 0);
    ssize_t length = fd < 0 ? 0 : snarl_os_read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        snarl_os_close(fd);
    if (length <= 0)
        return NULL;
    text[length] = '\0';
    char *at = text + length;
    while (at > text && *at != ')') /* the name of the program, field 2, may hold anything */
        at--;
    for (int spaces = 0; *at && spaces < 26; at++)
        spaces += *at == ' ';
    uintptr_t address = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        address = address * 10 + (uintptr_t)(*at - '0');
    return address % sizeof(long) || address < (uintptr_t)__builtin_frame_address(0) ? NULL : (long *)address;
}

/* A program that names __libc_stack_end has a copy of it (a copy relocation), which the loader fills after this. */
static long *stack_start(void)
{
    return __libc_stack_end ? __libc_stack_end : stack_start_by_kernel();
}

static struct process look_at_process(void)
{
    long *start = stack_start();
    if (!start)
        return (struct process){0};
    struct process process = {.argc = *start, .argv = (char **)(start + 1)};
    process.environment = process.argv + process.argc + 1;
    for (char **entry = process.environment; *entry; entry++) {
        if (begins(*entry, PRELOAD))
            process.preload = *entry + sizeof(PRELOAD) - 1;
        else if (begins(*entry, OPTIONS))
            process.options = *entry + sizeof(OPTIONS) - 1;
    }
    return process;
}

static struct loaded look_at_libraries(void)
{
    struct loaded loaded = {0};
    for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
        if (map->l_addr == (uintptr_t)__ehdr_start)
            loaded.own = map->l_name;
        else if (contains(map->l_name, "/libsnarl-calls.so"))
            loaded.calls = true;
        else if (contains(map->l_name, "/inert/libtsan.so"))
            loaded.inert = true;
        else if (contains(map->l_name, "/libtsan.so"))
            loaded.runtime = true;
    }
    return loaded;
}

/* Unless it is told otherwise. The last value of the option counts, as in base/options.c. */
static bool looks_for_races(const char *options)
{
    bool wanted = true;
    for (const char *at = options ? options : ""; *at; at++) {
        bool start = at == options || at[-1] == ':';
        if (start && begins(at, "races="))
            wanted = begins(at + 6, "full") || begins(at + 6, "calls");
        if (start && begins(at, "enabled=0"))
            return false;
    }
    return wanted;
}

/* ":<our folder>/<name>" behind the list at `list`, when it is not there yet and the file is; the new end. */
static char *add_library(char *list, char *end, const char *own, const char *name)
{
    size_t folder = size_of(own);
    while (folder && own[folder - 1] != '/')
        folder--;
    if (size_of(list) + folder + size_of(name) + 2 > PATH_SIZE)
        return end;
    char *start = end;
    if (end != list)
        end = append(end, ":");
    char *path = end;
    for (size_t i = 0; i < folder; i++)
        *end++ = own[i];
    end = append(end, name);
    int fd = snarl_os_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0)
        snarl_os_close(fd);
    if (fd >= 0 && !contains(path, " "))
        return end;
    *start = '\0';
    return start;
}

/* Runs the same program again with that list. Returns when that cannot be done. */
static void execute_again(const struct process *process, char *preload)
{
    static char s_program[PATH_SIZE];
    size_t count = 0, used = 0;
    while (process->environment[count])
        count++;
    char **environment = snarl_os_map((count + 2) * sizeof(*environment));
    ssize_t length = snarl_os_readlink("/proc/self/exe", s_program, sizeof(s_program) - 1);
    if (!environment || length <= 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (!begins(process->environment[i], PRELOAD))
            environment[used++] = process->environment[i];
    environment[used] = preload;
    snarl_os_execute(s_program, process->argv, environment);
    snarl_os_unmap(environment, (count + 2) * sizeof(*environment));
}

static void check(void)
{
    static char s_preload[sizeof(PRELOAD) + PATH_SIZE];
    struct loaded loaded = look_at_libraries();
    struct process process = look_at_process();
    const char *given = process.preload ? process.preload : "";
    bool calls = !loaded.calls && looks_for_races(process.options) && !contains(given, "/libsnarl-calls.so");
    bool inert = loaded.runtime && !loaded.inert && !contains(given, "/inert/libtsan.so");
    if (!loaded.own || !process.argv || !(calls || inert) || size_of(given) >= PATH_SIZE)
        return;
    char *list = append(s_preload, PRELOAD), *end = append(list, given);
    if (calls)
        end = add_library(list, end, loaded.own, "libsnarl-calls.so");
    if (inert)
        end = add_library(list, end, loaded.own, "inert/libtsan.so.2");
    if (end != list + size_of(given))
        execute_again(&process, s_preload);
}

static void nothing(void)
{
}

static void (*resolve(void))(void)
{
    check();
    return nothing;
}

void snarl_early(void) __attribute__((ifunc("resolve")));
