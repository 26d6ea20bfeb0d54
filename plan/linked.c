/* linked.c - see linked.h.
 *
 * The search for libraries has many rules (DT_RUNPATH, the loader's cache, hardware capabilities); the loader knows them
 * and prints what it finds when it is called with --list, as ldd does. A line of it:
 *
 *     <tab>libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f...)    or    <tab>/lib64/ld-linux-x86-64.so.2 (0x...) */
#include "plan/linked.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static bool start(const char *program, int answer, pid_t *child)
{
    char *const arguments[] = {LOADER, "--list", (char *)program, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, answer, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    bool started = !posix_spawn(child, LOADER, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return started;
}

/* The path in a line, ended in place; NULL: there is none. */
static char *path_of(char *line)
{
    char *path = strstr(line, "=> "), *end = strrchr(line, '(');
    path = path ? path + 3 : line + strspn(line, "\t ");
    if (*path != '/' || !end || end - 1 <= path)
        return NULL;
    end[-1] = '\0';
    return path;
}

void snarl_linked_list(const char *program, void (*take)(void *context, const char *path), void *context)
{
    int ends[2];
    pid_t child;
    char line[8192];
    if (pipe2(ends, O_CLOEXEC))
        return;
    bool started = start(program, ends[1], &child);
    close(ends[1]);
    FILE *answer = fdopen(ends[0], "r");
    while (answer && fgets(line, sizeof(line), answer)) {
        const char *path = path_of(line);
        if (path)
            take(context, path);
    }
    if (answer)
        fclose(answer);
    else
        close(ends[0]);
    if (started)
        waitpid(child, NULL, 0);
}
