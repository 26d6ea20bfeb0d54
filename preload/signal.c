/* signal.c - signal handlers.
 *
 * The kernel is given `deliver` in place of each handler of the program; what the program installed is kept in
 * s_actions, and is what it is told when it asks. Why:
 *   - a signal that arrives while the thread is inside the detector is put off until it leaves: it is noted and sent
 *     again to the thread with the same siginfo. So a handler never meets our locks, nor leaves by longjmp over us;
 *   - inside an asynchronous handler, lock and allocator calls are reported.
 * Faults (a SIGSEGV of the program's own code) are delivered at once.
 *
 * s_actions keeps the last function of each signal even when the disposition becomes SIG_DFL or SIG_IGN: the kernel
 * alone says which holds. So the child of a vfork, which resets signals in our shared memory, harms nobody. SA_RESETHAND
 * is played here, since a signal that is sent again would find it spent. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/os.h"
#include "preload/fatal.h"
#include "preload/instrument.h"
#include "preload/python/python.h"
#include "preload/real.h"
#include "preload/rewrite/translate.h"
#include "preload/shim.h"
#include "preload/signal_order.h"

#define PUT_OFF_MAX 32 /* further ones of a thread are delivered although it is inside the detector */

struct action {
    void *function; /* sa_handler or sa_sigaction */
    int flags;
    sigset_t mask;
};

/* A signal in delivery: where the kernel has put what it says of it, and our frame. */
struct delivery {
    const siginfo_t *info;
    uintptr_t frame;
};

static struct action s_actions[NSIG];
static struct action s_earlier[NSIG]; /* what these took the place of */
static __thread struct delivery s_delivery __attribute__((tls_model("initial-exec")));
static __thread siginfo_t s_put_off[PUT_OFF_MAX] __attribute__((tls_model("initial-exec")));

static __thread int s_raising __attribute__((tls_model("initial-exec"))); /* the thread is sending itself a signal */

static void deliver(int signal, siginfo_t *info, void *context);

static bool is_function(const void *function)
{
    return !snarl_fatal_is_handler(function) && function != (const void *)SIG_DFL && function != (const void *)SIG_IGN && function != (const void *)SIG_ERR;
}

/* Raised by what the thread itself did, not by an event: SI_USER and the like are <= 0, SI_KERNEL is 128. abort()
 * sends itself a signal without passing through raise() here. */
static bool is_fault(int signal, const siginfo_t *info)
{
    if (info->si_code == SI_TKILL && info->si_pid == snarl_os_pid() && (s_raising || signal == SIGABRT))
        return true;
    switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
        return info->si_code > 0;
    default:
        return false;
    }
}

/* --- delivery --- */

bool snarl_signal_put_off(const siginfo_t *info)
{
    int count = snarl_signals_put_off;
    if (count == PUT_OFF_MAX)
        return false;
    s_put_off[count] = *info;
    snarl_signals_put_off = count + 1;
    return true;
}

void snarl_signals_deliver(void)
{
    uint64_t mask;
    snarl_os_block_signals(&mask);
    int count = snarl_signals_put_off;
    snarl_signals_put_off = 0;
    int saved = errno;
    for (int i = 0; i < count; i++)
        syscall(SYS_rt_tgsigqueueinfo, snarl_os_pid(), snarl_os_thread_id(), s_put_off[i].si_signo, &s_put_off[i]);
    errno = saved;
    snarl_os_restore_signals(&mask);
}

static void call(const struct action *action, int signal, siginfo_t *info, void *context)
{
    if (action->flags & SA_SIGINFO)
        ((void (*)(int, siginfo_t *, void *))action->function)(signal, info, context);
    else
        ((void (*)(int))action->function)(signal);
}

/* Where the handler's frames will be: below this one, or anywhere on the alternate stack if that is in use. */
static void note_frames(struct snarl_thread *thr, const ucontext_t *context)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t low = (uintptr_t)context->uc_stack.ss_sp, high = low + context->uc_stack.ss_size;
    bool alternate = !(context->uc_stack.ss_flags & SS_DISABLE) && here >= low && here < high;
    thr->signal_low = alternate ? low : 0;
    thr->signal_high = alternate ? high : here;
}

static void call_asynchronous(struct snarl_thread *thr, const struct action *action, int signal, siginfo_t *info,
                              void *context)
{
    uintptr_t low = thr->signal_low, high = thr->signal_high;
    note_frames(thr, context);
    snarl_signal_received(signal);
    thr->in_signal++;
    call(action, signal, info, context);
    thr->in_signal--;
    thr->signal_low = low;
    thr->signal_high = high;
}

static void deliver_now(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    struct action action = s_actions[signal];
    struct snarl_thread *thr = snarl_current;
    bool known = snarl_enter_possible(thr);
    bool fault = is_fault(signal, info);
    if (known && thr->guard && !fault && snarl_signal_put_off(info))
        return;
    if (action.flags & SA_RESETHAND) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        real_sigaction(signal, &standard, NULL);
    }
    struct snarl_translated kept; /* what the program sees is its own code, wherever a copy of it runs */
    snarl_translate_in(&kept, context, &snarl_area);
    errno = saved;
    if (known && !thr->guard && !fault)
        call_asynchronous(thr, &action, signal, info, context);
    else
        call(&action, signal, info, context);
    saved = errno;
    snarl_translate_out(&kept, context, &snarl_area);
    errno = saved;
}

/* Who asks libc itself for the handler (by dlsym) is told of this function, and may call it from the handler that takes its place, as the
 * one before. That is no delivery: the signal is the one that is being delivered further up the stack. (A handler that was left by a
 * jump leaves its note behind; where the next signal's frame lies at the same place, so does ours.) */
static void deliver(int signal, siginfo_t *info, void *context)
{
    struct delivery outer = s_delivery;
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    if (info && info == outer.info && frame < outer.frame) {
        struct action earlier = s_earlier[signal];
        if (earlier.function)
            call(&earlier, signal, info, context);
        return;
    }
    s_delivery = (struct delivery){info, frame};
    deliver_now(signal, info, context);
    s_delivery = outer;
}

bool snarl_signal_still_inside(struct snarl_thread *thr, struct snarl_site site)
{
    if (site.cfa >= thr->signal_low && site.cfa < thr->signal_high)
        return true;
    thr->in_signal = 0; /* the handler was left by longjmp */
    return false;
}

/* --- a thread that sends itself a signal interrupts nothing --- */

SNARL_EXPORT int raise(int signal)
{
    snarl_enter_refused();
    snarl_signal_sending(signal);
    s_raising++;
    int result = real_raise(signal);
    s_raising--;
    return result;
}

SNARL_EXPORT int pthread_kill(pthread_t handle, int signal)
{
    snarl_enter_refused();
    bool self = pthread_equal(handle, pthread_self());
    snarl_signal_sending(signal);
    s_raising += self;
    int result = real_pthread_kill(handle, signal);
    s_raising -= self;
    return result;
}

/* --- installation --- */

/* What the program shall see for what the kernel has. */
static void translate(int signal, struct sigaction *action)
{
    if (snarl_fatal_is_handler((void *)action->sa_sigaction)) {
        *action = (struct sigaction){.sa_handler = SIG_DFL};
        return;
    }
    if (action->sa_sigaction != deliver)
        return;
    action->sa_sigaction = (void (*)(int, siginfo_t *, void *))s_actions[signal].function;
    action->sa_flags = (action->sa_flags & ~(SA_SIGINFO | SA_RESETHAND)) |
                       (s_actions[signal].flags & (SA_SIGINFO | SA_RESETHAND));
}

/* Keeps the program's function and puts ours into `action`. */
static void wrap(int signal, struct sigaction *action)
{
    if (!is_function((void *)action->sa_sigaction) || action->sa_sigaction == deliver)
        return;
    if (s_actions[signal].function != (void *)action->sa_sigaction)
        s_earlier[signal] = s_actions[signal];
    s_actions[signal] =
        (struct action){(void *)action->sa_sigaction, action->sa_flags, action->sa_mask};
    action->sa_sigaction = deliver;
    action->sa_flags = (action->sa_flags | SA_SIGINFO) & ~SA_RESETHAND;
}

static bool wraps(int signal)
{
    return signal > 0 && signal < NSIG && snarl_own_path()[0] && snarl_options.enabled;
}

SNARL_EXPORT int sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
    snarl_enter_refused();
    if (!wraps(signal))
        return real_sigaction(signal, action, old);
    /* A signal between the two steps finds the new function under the old disposition: block it. */
    if (action)
        snarl_signal_sending(signal);
    uint64_t mask;
    struct sigaction before, wrapped;
    struct action kept = s_actions[signal];
    snarl_os_block_signals(&mask);
    int result = real_sigaction(signal, NULL, &before);
    if (result == 0)
        translate(signal, &before);
    if (result == 0 && action) {
        wrapped = *action;
        wrap(signal, &wrapped);
        result = real_sigaction(signal, &wrapped, NULL);
        if (result != 0)
            s_actions[signal] = kept;
    }
    int saved = errno;
    snarl_os_restore_signals(&mask);
    errno = saved;
    if (result == 0 && old)
        *old = before;
    return result;
}

/* The older calls: libc works out the flags, then what it installed is wrapped. */
static sighandler_t install(int signal, sighandler_t function, sighandler_t (*real)(int, sighandler_t))
{
    if (!wraps(signal))
        return real(signal, function);
    snarl_signal_sending(signal);
    uint64_t mask;
    struct sigaction before, now;
    snarl_os_block_signals(&mask);
    bool known = real_sigaction(signal, NULL, &before) == 0;
    if (known)
        translate(signal, &before);
    sighandler_t result = real(signal, function);
    if (known && result != SIG_ERR && real_sigaction(signal, NULL, &now) == 0 &&
        is_function((void *)now.sa_sigaction)) {
        wrap(signal, &now);
        real_sigaction(signal, &now, NULL);
    }
    int saved = errno;
    snarl_os_restore_signals(&mask);
    errno = saved;
    if ((void *)result == (void *)deliver || snarl_fatal_is_handler((void *)result))
        result = before.sa_handler;
    return result;
}

SNARL_EXPORT sighandler_t signal(int number, sighandler_t function)
{
    snarl_enter_refused();
    return install(number, function, real_signal);
}

SNARL_EXPORT sighandler_t bsd_signal(int number, sighandler_t function);

SNARL_EXPORT sighandler_t bsd_signal(int number, sighandler_t function)
{
    return signal(number, function);
}

SNARL_EXPORT sighandler_t ssignal(int number, sighandler_t function)
{
    return signal(number, function);
}

SNARL_EXPORT sighandler_t __sysv_signal(int number, sighandler_t function)
{
    snarl_enter_refused();
    return install(number, function, real_sysv_signal);
}

SNARL_EXPORT sighandler_t sysv_signal(int number, sighandler_t function)
{
    return __sysv_signal(number, function);
}

SNARL_EXPORT sighandler_t sigset(int number, sighandler_t function)
{
    snarl_enter_refused();
    return install(number, function, real_sigset);
}

bool snarl_signals_may_wake(void)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP ||
            number == SIGABRT || number == SIGSYS || number == SIGPIPE || number == SIGKILL || number == SIGSTOP)
            continue; /* come from what a thread does, and none does anything */
        if (number == SIGINT && snarl_in_runtime((uintptr_t)s_actions[number].function) &&
            snarl_python_interrupt_is_default())
            continue; /* it only interrupts a program that could otherwise go on */
        if (real_sigaction(number, NULL, &action) == 0 && is_function((void *)action.sa_sigaction))
            return true;
    }
    return false;
}
