/* planner.c - see planner.h.
 *
 * The planner must not be seen by the program: neither as a SIGCHLD nor in its wait. A child whose exit raises no signal
 * starts it as its own child and ends; that it is done shows when the pipe that it holds is closed. Runs in a process with one
 * thread, or under the loader's lock: one caller at a time. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/options.h"
#include "base/os.h"
#include "base/text.h"
#include "preload/planner.h"
#include "preload/shim.h"

#define FILES_MAX 512
#define STACK_SIZE (64ul << 10)

static char s_path[SNARL_PATH_MAX];

struct child {
    char *const *arguments;
    char *const *environment;
    int done; /* the pipe's end to be held */
};

bool snarl_planner_find(void)
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
        text = snarl_text_in(s_path, sizeof(s_path));
        snarl_text_add(snarl_text_add(&text, folder), s_places[i]);
        if (access(s_path, X_OK) == 0)
            return true;
    }
    s_path[0] = '\0';
    return false;
}

static int become(void *argument)
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
        syscall(SYS_execve, s_path, child->arguments, child->environment);
    syscall(SYS_exit_group, 127);
    return 0;
}

/* The stack is the child's alone, the memory is ours: it is suspended until the child has ended. */
static void start(struct child *child)
{
    uint64_t mask;
    int status;
    char *stack = snarl_os_map(STACK_SIZE);
    if (!stack)
        return;
    snarl_os_block_signals(&mask);
    pid_t pid = clone(become, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, child);
    while (pid > 0 && syscall(SYS_wait4, pid, &status, __WCLONE, NULL) < 0 && errno == EINTR)
        ;
    snarl_os_restore_signals(&mask);
    snarl_os_unmap(stack, STACK_SIZE);
}

static void run(char *const *arguments)
{
    char *const environment[] = {NULL};
    char byte;
    int ends[2];
    if (syscall(SYS_pipe2, ends, O_CLOEXEC) != 0)
        return;
    struct child child = {arguments, environment, ends[1]};
    start(&child);
    snarl_os_close(ends[1]);
    while (snarl_os_read(ends[0], &byte, 1) > 0)
        ;
    snarl_os_close(ends[0]);
}

void snarl_planner_plan(const char *folder, const char *const *paths, uint32_t count)
{
    char where[SNARL_PATH_MAX + 16];
    const char *arguments[FILES_MAX + 8];
    uint32_t used = 0;
    struct snarl_text text = snarl_text_in(where, sizeof(where));
    snarl_text_add(snarl_text_add(&text, "--folder="), folder);
    arguments[used++] = s_path;
    arguments[used++] = where;
    arguments[used++] = "--silent";
    arguments[used++] = "--defer";
    for (uint32_t i = 0; i < count && i < FILES_MAX; i++)
        arguments[used++] = paths[i];
    arguments[used] = NULL;
    if (s_path[0] && count)
        run((char *const *)arguments);
}
