/* signal_order.c - see signal_order.h; and the calls that send signals or wait for them.
 *
 * All signals of one number are one variable to the race detector: which of several senders a handler runs
 * for cannot always be told. This may hide a race, and reports none that is not there. raise and pthread_kill
 * are in signal.c. */
#include "preload/signal_order.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "preload/real.h"
#include "preload/shim.h"

static char s_signal[NSIG]; /* only their addresses are used */

static struct snarl_thread *enter(int signal)
{
    return snarl_races_on && snarl_awake && signal > 0 && signal < NSIG ? snarl_enter() : NULL;
}

void snarl_signal_sending(int signal)
{
    int saved = errno;
    struct snarl_thread *thr = enter(signal);
    if (!thr)
        return;
    snarl_order_memory_release(thr, (uintptr_t)&s_signal[signal]);
    snarl_leave(thr);
    errno = saved;
}

void snarl_signal_received(int signal)
{
    int saved = errno;
    struct snarl_thread *thr = enter(signal);
    if (!thr)
        return;
    snarl_order_memory_acquire(thr, (uintptr_t)&s_signal[signal]);
    snarl_leave(thr);
    errno = saved;
}

/* --- sending --- */

SNARL_EXPORT int kill(pid_t pid, int signal)
{
    snarl_enter_refused();
    snarl_signal_sending(signal);
    return real_kill(pid, signal);
}

SNARL_EXPORT int killpg(pid_t group, int signal)
{
    snarl_enter_refused();
    snarl_signal_sending(signal);
    return real_killpg(group, signal);
}

SNARL_EXPORT int tgkill(pid_t pid, pid_t thread, int signal)
{
    snarl_enter_refused();
    snarl_signal_sending(signal);
    return real_tgkill(pid, thread, signal);
}

SNARL_EXPORT int sigqueue(pid_t pid, int signal, const union sigval value)
{
    snarl_enter_refused();
    snarl_signal_sending(signal);
    return real_sigqueue(pid, signal, value);
}

SNARL_EXPORT int pthread_sigqueue(pthread_t handle, int signal, const union sigval value)
{
    snarl_enter_refused();
    snarl_signal_sending(signal);
    return real_pthread_sigqueue(handle, signal, value);
}

SNARL_EXPORT unsigned alarm(unsigned seconds)
{
    snarl_enter_refused();
    snarl_signal_sending(SIGALRM);
    return real_alarm(seconds);
}

static int signal_of(int timer)
{
    if (timer == ITIMER_REAL)
        return SIGALRM;
    return timer == ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF;
}

SNARL_EXPORT int setitimer(__itimer_which_t which, const struct itimerval *restrict when,
                           struct itimerval *restrict before)
{
    snarl_enter_refused();
    snarl_signal_sending(signal_of((int)which));
    return real_setitimer((int)which, when, before);
}

/* --- waiting: outside of the guard, as it may be cancelled --- */

SNARL_EXPORT int sigwait(const sigset_t *restrict set, int *restrict signal)
{
    snarl_enter_refused();
    int result = real_sigwait(set, signal);
    if (result == 0)
        snarl_signal_received(*signal);
    return result;
}

SNARL_EXPORT int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    snarl_enter_refused();
    int signal = real_sigwaitinfo(set, info);
    snarl_signal_received(signal);
    return signal;
}

SNARL_EXPORT int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                              const struct timespec *restrict timeout)
{
    snarl_enter_refused();
    int signal = real_sigtimedwait(set, info, timeout);
    snarl_signal_received(signal);
    return signal;
}
