/* launch.c - see launch.h.
 *
 * The program is to behave as if it had been started directly. It is a child in our process group, with our
 * files and terminal, and with the signal mask and dispositions that we were given. Meanwhile we block every
 * signal and fetch them one by one:
 *
 *   from the kernel (terminal: ^C, ^Z, window size)    the whole group has it already: nothing to do
 *   sent to us by a process (kill, a service manager)  passed on to the program
 *   SIGCHLD, program stopped                           we stop with the same signal, so that the shell sees a
 *                                                      stopped job; once continued, the program is too
 *   SIGCHLD, program ended                             done
 *
 * A signal that a process sends to the whole group reaches the program twice; the two cannot be told apart.
 * Should we be killed outright, the kernel kills the program (parent-death signal).
 * When the time is up, the program and all its descendants get SIGTERM, and later SIGKILL. */
#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/family.h"

#define GRACE_S 5.0 /* between SIGTERM and SIGKILL when the time is up */

struct watch {
    struct snarl_launch *launch;
    pid_t child;
    sigset_t old_mask;            /* as it was given to us */
    struct sigaction old_sigchld; /* an ignored SIGCHLD would lose the child's status */
    double deadline;              /* on the monotonic clock; 0: none */
    bool ended;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* In the child; tells `report` the error if the program cannot be executed. */
static _Noreturn void become_program(const struct watch *watch, pid_t parent, int report)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    sigaction(SIGCHLD, &watch->old_sigchld, NULL);
    sigprocmask(SIG_SETMASK, &watch->old_mask, NULL);
    execvpe(watch->launch->argv[0], watch->launch->argv, watch->launch->environment);
    int error = errno;
    (void)!write(report, &error, sizeof(error));
    _exit(127);
}

/* 0, or the errno value of the failure. */
static int start(struct watch *watch)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    pid_t parent = getpid();
    watch->child = fork();
    int error = watch->child < 0 ? errno : 0;
    if (watch->child == 0)
        become_program(watch, parent, ends[1]);
    close(ends[1]);
    ssize_t count = 0;
    while (!error && (count = read(ends[0], &error, sizeof(error))) < 0 && errno == EINTR)
        ;
    close(ends[0]);
    if (watch->child > 0 && error)
        waitpid(watch->child, NULL, 0);
    return error;
}

/* Stops this process as the child was stopped. Returns when it was continued. */
static void stop_too(int signal_number)
{
    struct sigaction standard = {.sa_handler = SIG_DFL}, old;
    sigset_t one, mask;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    sigaction(signal_number, &standard, &old);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &one, &mask); /* here it stops */
    sigprocmask(SIG_SETMASK, &mask, NULL);
    sigaction(signal_number, &old, NULL);
}

static void look_at_child(struct watch *watch)
{
    int status;
    while (waitpid(watch->child, &status, WNOHANG | WUNTRACED) == watch->child) {
        if (!WIFSTOPPED(status)) {
            watch->launch->status = status;
            watch->ended = true;
            return;
        }
        stop_too(WSTOPSIG(status));
        kill(watch->child, SIGCONT);
    }
}

static void pass_on(struct watch *watch, const siginfo_t *info)
{
    if (info->si_code > 0) { /* from the kernel */
        bool timer = info->si_signo == SIGALRM || info->si_signo == SIGVTALRM || info->si_signo == SIGPROF;
        watch->launch->interrupted |= info->si_signo == SIGINT;
        if (timer) /* set before we were executed: the program's, had it been started directly */
            kill(watch->child, info->si_signo);
    } else if (info->si_code == SI_QUEUE) {
        sigqueue(watch->child, info->si_signo, info->si_value);
    } else {
        kill(watch->child, info->si_signo);
    }
}

/* The first time a polite end, then the other kind. */
static void enforce_deadline(struct watch *watch)
{
    snarl_family_signal(watch->child, watch->launch->timed_out ? SIGKILL : SIGTERM);
    watch->launch->timed_out = true;
    watch->deadline = now_s() + GRACE_S;
}

/* Fetches one signal, waiting for it until the deadline; false when that has come. */
static bool fetch(const struct watch *watch, const sigset_t *all, siginfo_t *info)
{
    double rest = watch->deadline ? watch->deadline - now_s() : 3600;
    if (rest < 0)
        return false;
    if (rest > 3600)
        rest = 3600;
    struct timespec timeout = {.tv_sec = (time_t)rest,
                               .tv_nsec = (long)((rest - (double)(time_t)rest) * 1e9)};
    info->si_signo = 0;
    return sigtimedwait(all, info, &timeout) >= 0 || errno == EINTR || !watch->deadline ||
           now_s() < watch->deadline;
}

static void wait_for_end(struct watch *watch, const sigset_t *all)
{
    look_at_child(watch);
    while (!watch->ended) {
        siginfo_t info;
        if (!fetch(watch, all, &info))
            enforce_deadline(watch);
        else if (info.si_signo == SIGCHLD)
            look_at_child(watch);
        else if (info.si_signo)
            pass_on(watch, &info);
    }
}

void snarl_launch(struct snarl_launch *launch)
{
    struct watch watch = {.launch = launch};
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &watch.old_mask);
    sigaction(SIGCHLD, &standard, &watch.old_sigchld);
    double began = now_s();
    watch.deadline = launch->timeout_s > 0 ? began + launch->timeout_s : 0;
    launch->error = start(&watch);
    if (!launch->error)
        wait_for_end(&watch, &all);
    launch->duration_s = now_s() - began;
    launch->pid = watch.child;
    sigprocmask(SIG_SETMASK, &watch.old_mask, NULL);
}

int snarl_launch_exit_status(const struct snarl_launch *launch)
{
    return WIFSIGNALED(launch->status) ? 128 + WTERMSIG(launch->status) : WEXITSTATUS(launch->status);
}
