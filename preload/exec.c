/* exec.c - programs that this one becomes or starts: each gets the shim in its environment.
 *
 * The child of a vfork shares our memory and must leave it as it was: nothing here allocates, locks, or changes more
 * than its own stack frame, except for the record of the exec, which is skipped in such a child. Every member of
 * the exec family is here because libc's own call each other inside. */
#include <alloca.h>
#include <errno.h>
#include <paths.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "preload/environment.h"
#include "preload/process.h"
#include "preload/real.h"
#include "preload/shim.h"

/* Before the process image goes. A failed exec is followed by a later EXIT record, which counts. */
static void note_exec(void)
{
    if (!snarl_process_is_ours())
        return;
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_engine_exec(thr);
    snarl_leave(thr);
}

static bool active(void)
{
    return snarl_own_path()[0] && snarl_options.enabled;
}

SNARL_EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
    snarl_enter_refused();
    if (!active())
        return real_execve(path, arguments, environment);
    struct snarl_environment_size size = snarl_environment_measure(environment);
    char **changed = alloca(size.pointers * sizeof(*changed));
    snarl_environment_fill(environment, changed, alloca(size.bytes));
    note_exec();
    return real_execve(path, arguments, changed);
}

SNARL_EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    snarl_enter_refused();
    if (!active())
        return real_execvpe(file, arguments, environment);
    struct snarl_environment_size size = snarl_environment_measure(environment);
    char **changed = alloca(size.pointers * sizeof(*changed));
    snarl_environment_fill(environment, changed, alloca(size.bytes));
    note_exec();
    return real_execvpe(file, arguments, changed);
}

SNARL_EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
    snarl_enter_refused();
    if (!active())
        return real_fexecve(fd, arguments, environment);
    struct snarl_environment_size size = snarl_environment_measure(environment);
    char **changed = alloca(size.pointers * sizeof(*changed));
    snarl_environment_fill(environment, changed, alloca(size.bytes));
    note_exec();
    return real_fexecve(fd, arguments, changed);
}

SNARL_EXPORT int execveat(int fd, const char *path, char *const arguments[], char *const environment[], int flags)
{
    snarl_enter_refused();
    if (!active())
        return real_execveat(fd, path, arguments, environment, flags);
    struct snarl_environment_size size = snarl_environment_measure(environment);
    char **changed = alloca(size.pointers * sizeof(*changed));
    snarl_environment_fill(environment, changed, alloca(size.bytes));
    note_exec();
    return real_execveat(fd, path, arguments, changed, flags);
}

SNARL_EXPORT int execv(const char *path, char *const arguments[])
{
    return execve(path, arguments, environ);
}

SNARL_EXPORT int execvp(const char *file, char *const arguments[])
{
    return execvpe(file, arguments, environ);
}

/* The number of arguments up to the NULL, `first` included. */
static size_t count_arguments(const char *first, va_list arguments)
{
    size_t count = first != NULL;
    while (first && va_arg(arguments, const char *))
        count++;
    return count;
}

/* `list` has room for `count` arguments and the NULL; the va_list stands behind that NULL afterwards. */
static void take_arguments(const char **list, size_t count, const char *first, va_list arguments)
{
    list[0] = first;
    for (size_t i = 1; i <= count; i++)
        list[i] = va_arg(arguments, const char *);
}

SNARL_EXPORT int execl(const char *path, const char *first, ...)
{
    va_list arguments;
    va_start(arguments, first);
    size_t count = count_arguments(first, arguments);
    va_end(arguments);
    const char **list = alloca((count + 1) * sizeof(*list));
    va_start(arguments, first);
    take_arguments(list, count, first, arguments);
    va_end(arguments);
    return execve(path, (char *const *)list, environ);
}

SNARL_EXPORT int execlp(const char *file, const char *first, ...)
{
    va_list arguments;
    va_start(arguments, first);
    size_t count = count_arguments(first, arguments);
    va_end(arguments);
    const char **list = alloca((count + 1) * sizeof(*list));
    va_start(arguments, first);
    take_arguments(list, count, first, arguments);
    va_end(arguments);
    return execvpe(file, (char *const *)list, environ);
}

SNARL_EXPORT int execle(const char *path, const char *first, ...)
{
    va_list arguments;
    va_start(arguments, first);
    size_t count = count_arguments(first, arguments);
    va_end(arguments);
    const char **list = alloca((count + 1) * sizeof(*list));
    va_start(arguments, first);
    take_arguments(list, count, first, arguments);
    char *const *environment = va_arg(arguments, char *const *);
    va_end(arguments);
    return execve(path, (char *const *)list, environment);
}

SNARL_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                             const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
    snarl_enter_refused();
    if (!active())
        return real_posix_spawn(pid, path, actions, attributes, arguments, environment);
    struct snarl_environment_size size = snarl_environment_measure(environment);
    char **changed = alloca(size.pointers * sizeof(*changed));
    snarl_environment_fill(environment, changed, alloca(size.bytes));
    return real_posix_spawn(pid, path, actions, attributes, arguments, changed);
}

SNARL_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                              const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
    snarl_enter_refused();
    if (!active())
        return real_posix_spawnp(pid, file, actions, attributes, arguments, environment);
    struct snarl_environment_size size = snarl_environment_measure(environment);
    char **changed = alloca(size.pointers * sizeof(*changed));
    snarl_environment_fill(environment, changed, alloca(size.bytes));
    return real_posix_spawnp(pid, file, actions, attributes, arguments, changed);
}
