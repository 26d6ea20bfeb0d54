/* fatal.c - what is only known at the end is written also when a signal is the end.
 *
 * Findings are in the run file at once, whatever happens. Lock statistics and the lock-order graph are written at
 * the end; a server is mostly ended by SIGTERM, a test by a crash. So the fatal signals whose disposition is the
 * default get a handler once there are threads: it writes, puts the default back, and lets the signal act again
 * (the faulting instruction is executed again, or the signal is sent again with the same siginfo). The program sees
 * SIG_DFL, its parent the same wait status, a debugger the same core. A crash inside the detector itself writes
 * nothing. */
#include "preload/fatal.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os.h"
#include "base/text.h"
#include "preload/process.h"
#include "preload/real.h"
#include "preload/shim.h"

static const int s_signals[] = {SIGHUP, SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                                SIGFPE, SIGSEGV, SIGTERM, SIGXCPU, SIGXFSZ, SIGSYS,  SIGALRM};

static bool is_fault(int signal, const siginfo_t *info)
{
    return info->si_code > 0 && (signal == SIGILL || signal == SIGTRAP || signal == SIGBUS || signal == SIGFPE ||
                                 signal == SIGSEGV || signal == SIGSYS);
}

static void die(int signal, siginfo_t *info, void *context)
{
    (void)context;
    struct snarl_thread *thr = snarl_current;
    bool fault = is_fault(signal, info);
    bool inside = snarl_enter_possible(thr) && thr->guard;
    if (inside && !fault && snarl_signal_put_off(info))
        return;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    real_sigaction(signal, &standard, NULL);
    if (inside && fault)
        snarl_text_warn("internal error: a fault inside the detector; please report it", NULL, NULL);
    else if (snarl_enter_possible(thr) && snarl_process_is_ours()) {
        snarl_enter_again(thr);
        snarl_process_ends(thr, 1, signal);
    }
    if (!fault) /* delivered when this handler returns: until then it is blocked */
        syscall(SYS_rt_tgsigqueueinfo, snarl_os_pid(), snarl_os_thread_id(), signal, info);
}

void snarl_fatal_prepare(void)
{
    for (size_t i = 0; i < sizeof(s_signals) / sizeof(*s_signals); i++) {
        struct sigaction action;
        if (real_sigaction(s_signals[i], NULL, &action) != 0 || action.sa_handler != SIG_DFL)
            continue;
        memset(&action, 0, sizeof(action));
        action.sa_sigaction = die;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
        real_sigaction(s_signals[i], &action, NULL);
    }
}

bool snarl_fatal_is_handler(const void *function)
{
    return function == (const void *)die;
}
