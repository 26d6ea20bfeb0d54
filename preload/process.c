/* process.c - fork, the ways to end at once, and children seen to end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mutex.h"
#include "preload/process.h"
#include "preload/real.h"
#include "preload/shim.h"

SNARL_EXPORT pid_t _Fork(void);

static struct snarl_thread *s_forking; /* the thread between the handlers below; guarded by all our locks */

/* The program's own handlers have run by now (ours was registered first, so its prepare comes last) and are seen
 * as what they are. All our locks are taken: the child gets whole data structures. */
static void before_fork(void)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_mutex_lock_all();
    s_forking = thr;
}

static void after_fork(bool child)
{
    struct snarl_thread *thr = s_forking;
    if (!thr)
        return;
    s_forking = NULL;
    snarl_mutex_unlock_all();
    if (child)
        snarl_process_forked(thr);
    snarl_leave(thr);
}

static void after_fork_in_parent(void)
{
    after_fork(false);
}

static void after_fork_in_child(void)
{
    after_fork(true);
}

void snarl_process_prepare(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* Runs no handlers. */
SNARL_EXPORT pid_t _Fork(void)
{
    snarl_enter_refused();
    before_fork();
    pid_t pid = real__Fork();
    int saved = errno;
    after_fork(pid == 0);
    errno = saved;
    return pid;
}

/* libc's own leaves the parent by an _exit that we do not see. */
SNARL_EXPORT int daemon(int keep_directory, int keep_descriptors)
{
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid > 0)
        _exit(0);
    if (setsid() < 0)
        return -1;
    if (!keep_directory && chdir("/") < 0)
        return -1;
    int null = keep_descriptors ? -1 : open("/dev/null", O_RDWR);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    return keep_descriptors || null >= 0 ? 0 : -1;
}

static void end_at_once(int status)
{
    struct snarl_thread *thr = snarl_process_is_ours() ? snarl_enter() : NULL;
    if (!thr)
        return;
    snarl_process_ends(thr, 0, status & 0xff);
    snarl_leave(thr);
}

SNARL_EXPORT void _exit(int status)
{
    snarl_enter_refused();
    end_at_once(status);
    real__exit(status);
}

SNARL_EXPORT void _Exit(int status)
{
    _exit(status);
}

SNARL_EXPORT void quick_exit(int status)
{
    snarl_enter_refused();
    real_quick_exit(status); /* runs handlers, then libc's own _exit: see init.c */
}

/* --- children --- */

static void note_child(pid_t pid, int status)
{
    if (pid <= 0 || (!WIFEXITED(status) && !WIFSIGNALED(status)))
        return;
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_engine_child(pid, status);
    snarl_leave(thr);
}

SNARL_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    snarl_enter_refused();
    int own;
    int *into = status ? status : &own;
    pid_t result = real_wait4(pid, into, options, usage);
    if (result > 0)
        note_child(result, *into);
    return result;
}

SNARL_EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

SNARL_EXPORT pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

SNARL_EXPORT pid_t wait3(int *status, int options, struct rusage *usage)
{
    return wait4(-1, status, options, usage);
}

static int status_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? (info->si_status & 0xff) << 8 : info->si_status & 0x7f;
}

SNARL_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    snarl_enter_refused();
    int result = real_waitid(type, id, info, options);
    if (result == 0 && info && info->si_pid > 0 && !(options & WNOWAIT) &&
        (info->si_code == CLD_EXITED || info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED))
        note_child(info->si_pid, status_of(info));
    return result;
}
