/* syscall.c - syscall(2): calls that a program makes past libc.
 *
 * All go on to libc's function as they came, but for three. A signal handler installed so must be called through ours like any
 * other (signal.c): it may find a thread in copied code, whose borrowed registers it would spoil. And a seccomp filter may
 * forbid what the copying of code needs, so code is copied before it stands. Who wakes the waiters of a futex orders what it did before what those do next. */
#include <errno.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/instrument.h"
#include "preload/real.h"
#include "preload/shim.h"

#define FLAG_RESTORER 0x04000000ul

struct kernel_action { /* as the system call has it */
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

long (*snarl_true_syscall)(long, ...) __attribute__((visibility("hidden")));
void snarl_syscall_prepare(void) __attribute__((visibility("hidden")));
long snarl_syscall_action(long number, long signal, const struct kernel_action *wanted, struct kernel_action *old,
                          size_t size) __attribute__((visibility("hidden")));
void snarl_syscall_filter(long number, long operation, long flags, uintptr_t filter) __attribute__((visibility("hidden")));
long snarl_syscall_futex(long number, uintptr_t address, long operation, long value, long timeout, long second,
                         long third) __attribute__((visibility("hidden")));

void snarl_syscall_prepare(void)
{
    snarl_enter_refused();
    snarl_true_syscall = (long (*)(long, ...))snarl_real_find("syscall");
}

static bool is_ordinary(long signal)
{
    return signal > 0 && signal < NSIG && signal != 32 && signal != 33; /* those two are libc's own */
}

long snarl_syscall_action(long number, long signal, const struct kernel_action *wanted, struct kernel_action *old,
                          size_t size)
{
    if (size != sizeof(old->mask) || !is_ordinary(signal) || (!wanted && !old))
        return snarl_true_syscall(number, signal, wanted, old, size);
    struct sigaction action = {0}, before = {0};
    if (wanted) {
        action.sa_handler = (void (*)(int))wanted->handler;
        action.sa_flags = (int)(wanted->flags & ~FLAG_RESTORER);
        memcpy(&action.sa_mask, &wanted->mask, sizeof(wanted->mask));
    }
    int result = sigaction((int)signal, wanted ? &action : NULL, &before);
    if (result == 0 && old) {
        *old = (struct kernel_action){(void *)before.sa_handler, (unsigned)before.sa_flags, (void *)before.sa_restorer, 0};
        memcpy(&old->mask, &before.sa_mask, sizeof(old->mask));
    }
    return result;
}

/* Without a filter it is a question: which flags the kernel knows (libseccomp asks so). */
void snarl_syscall_filter(long number, long operation, long flags, uintptr_t filter)
{
    (void)number;
    (void)flags;
    if (operation == SECCOMP_SET_MODE_STRICT || (operation == SECCOMP_SET_MODE_FILTER && filter))
        snarl_instrument_before_filter();
}

/* --- futexes --- */

static void order(uintptr_t address, void (*how)(struct snarl_thread *, uintptr_t))
{
    int saved = errno;
    struct snarl_thread *thr = snarl_races_on && snarl_awake ? snarl_enter() : NULL;
    if (!thr)
        return;
    how(thr, address);
    snarl_leave(thr);
    errno = saved;
}

static bool wakes(long operation)
{
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
    case FUTEX_WAKE_OP:
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_UNLOCK_PI:
        return true;
    default:
        return false;
    }
}

static bool waits(long operation)
{
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
        return true;
    default:
        return false;
    }
}

/* A wait that ends for another reason (the value has changed) may follow a wake as well. */
long snarl_syscall_futex(long number, uintptr_t address, long operation, long value, long timeout, long second,
                         long third)
{
    if (wakes(operation))
        order(address, snarl_order_memory_release);
    long result = snarl_true_syscall(number, address, operation, value, timeout, second, third);
    if (waits(operation))
        order(address, snarl_order_memory_acquire);
    return result;
}

/* Arguments beyond the sixth are on the stack where libc's function looks for them: nothing may move. */
__asm__(".text\n.globl syscall\n.type syscall, @function\nsyscall:\n"
        "    endbr64\n"
        "    cmpq $0, snarl_true_syscall(%rip)\n    jne 1f\n"
        "    push %rdi\n    push %rsi\n    push %rdx\n    push %rcx\n    push %r8\n    push %r9\n    sub $8, %rsp\n"
        "    call snarl_syscall_prepare\n"
        "    add $8, %rsp\n    pop %r9\n    pop %r8\n    pop %rcx\n    pop %rdx\n    pop %rsi\n    pop %rdi\n"
        "1:  cmp $13, %rdi\n    je snarl_syscall_action\n" /* rt_sigaction */
        "    cmp $202, %rdi\n    je snarl_syscall_futex\n"  /* futex */
        "    cmp $317, %rdi\n    jne 2f\n"                 /* seccomp */
        "    push %rdi\n    push %rsi\n    push %rdx\n    push %rcx\n    push %r8\n    push %r9\n    sub $8, %rsp\n"
        "    call snarl_syscall_filter\n"
        "    add $8, %rsp\n    pop %r9\n    pop %r8\n    pop %rcx\n    pop %rdx\n    pop %rsi\n    pop %rdi\n"
        "2:  jmp *snarl_true_syscall(%rip)\n"
        ".size syscall, .-syscall\n");
