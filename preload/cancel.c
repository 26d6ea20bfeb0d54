/* cancel.c - cancellation: who is asked to end, and threads that are ended asynchronously while they run in copied code.
 *
 * libc ends such a thread from the handler of a signal of its own (SIGCANCEL), by unwinding from where the signal came. In a
 * copy there is nothing to unwind by. So libc's handler is called by one of ours, which shows it the original context, as
 * signal.c does for the program's handlers. libc installs its handler with the first pthread_cancel of the process: one is
 * made on a thread of ours, before any thread can be cancelled asynchronously. */
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os.h"
#include "preload/cancel.h"
#include "preload/fatal.h"
#include "preload/instrument.h"
#include "preload/real.h"
#include "preload/rewrite/translate.h"
#include "preload/shim.h"

#define SIGNAL_CANCEL 32

/* As the system call has it. */
struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

static void (*s_true_handler)(int, siginfo_t *, void *);
static bool s_wanted; /* some thread may be cancelled asynchronously */
static bool s_taken;

static void deliver(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_current;
    struct snarl_translated kept;
    if (snarl_enter_possible(thr) && thr->guard && snarl_signal_put_off(info))
        return;
    snarl_translate_in(&kept, context, &snarl_area);
    errno = saved;
    s_true_handler(signal, info, context); /* does not return when the thread is to end */
    saved = errno;
    snarl_translate_out(&kept, context, &snarl_area);
    errno = saved;
}

static void *wait_for_cancellation(void *unused)
{
    for (;;) {
        pthread_testcancel();
        sched_yield();
    }
    return unused;
}

/* Cancellation needs libgcc_s, and libc aborts without it. */
static bool have_libc_install(void)
{
    pthread_t thread;
    if (!dlopen("libgcc_s.so.1", RTLD_NOW) ||
        real_pthread_create(&thread, NULL, wait_for_cancellation, NULL) != 0)
        return false;
    pthread_cancel(thread);
    real_pthread_join(thread, NULL);
    return true;
}

static void take(void)
{
    struct kernel_action action;
    if (!have_libc_install() || syscall(SYS_rt_sigaction, SIGNAL_CANCEL, NULL, &action, sizeof(action.mask)) ||
        (uintptr_t)action.handler <= 1)
        return;
    s_true_handler = action.handler;
    action.handler = deliver;
    syscall(SYS_rt_sigaction, SIGNAL_CANCEL, &action, NULL, sizeof(action.mask));
}

static void take_when_needed(void)
{
    int saved = errno;
    if (__atomic_load_n(&s_wanted, __ATOMIC_ACQUIRE) && snarl_instrument_is_active() &&
        !__atomic_exchange_n(&s_taken, true, __ATOMIC_ACQ_REL))
        take();
    errno = saved;
}

void snarl_cancel_prepare(void)
{
    take_when_needed();
}

SNARL_EXPORT int pthread_cancel(pthread_t handle)
{
    static int (*s_true)(pthread_t);
    if (__builtin_expect(!s_true, 0)) {
        snarl_enter_refused();
        s_true = (int (*)(pthread_t))snarl_real_find("pthread_cancel");
    }
    struct snarl_thread *thr = snarl_enter();
    struct snarl_thread *target = thr ? snarl_thread_by_handle((uint64_t)handle) : NULL;
    if (target)
        __atomic_store_n(&target->cancelled, true, __ATOMIC_SEQ_CST);
    if (thr)
        snarl_leave(thr);
    return s_true(handle);
}

SNARL_EXPORT int pthread_setcanceltype(int type, int *old)
{
    static int (*s_true)(int, int *);
    if (__builtin_expect(!s_true, 0)) {
        snarl_enter_refused();
        s_true = (int (*)(int, int *))snarl_real_find("pthread_setcanceltype");
    }
    if (type == PTHREAD_CANCEL_ASYNCHRONOUS) {
        __atomic_store_n(&s_wanted, true, __ATOMIC_RELEASE);
        take_when_needed();
    }
    return s_true(type, old);
}
