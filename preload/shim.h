/* shim.h - what every interceptor uses: the way into the detector and out of it.
 *
 * Each interceptor has the same steps: enter; when that says NULL, call the true function and return (we are inside
 * the detector already, or it is off, or not yet there); what comes before; the true call; what comes after; leave.
 * A true call that may block, or may not return, is made outside: leave before it, enter again after it.
 *
 * The thread's record hangs on an initial-exec thread-local pointer, which is never NULL: threads that we do not
 * know point to one static detached record whose guard is always set. A signal that arrives while the guard is
 * set is put off until leave (signal.c), so that its handler never meets the detector half-way, nor leaves it by
 * longjmp. */
#ifndef SNARL_PRELOAD_SHIM_H
#define SNARL_PRELOAD_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"

#define SNARL_EXPORT __attribute__((visibility("default")))

extern __thread struct snarl_thread *snarl_current __attribute__((tls_model("initial-exec")));
/* Signals that were put off for this thread; see signal.c. */
extern __thread volatile int snarl_signals_put_off __attribute__((tls_model("initial-exec")));

/* Where the program called this interceptor. To be used in the exported function itself. */
#define SNARL_SITE                                                                                          \
    ((struct snarl_site){(uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_dwarf_cfa()})

/* Whether `thr` is a thread that we know: not the detached record. */
static inline bool snarl_enter_possible(const struct snarl_thread *thr)
{
    return thr->id != 0;
}

/* The slow half of snarl_enter: makes sure that the true functions are known; always NULL. */
struct snarl_thread *snarl_enter_refused(void);
void snarl_signals_deliver(void);

/* The calling thread's record with its guard set, or NULL. */
static inline struct snarl_thread *snarl_enter(void)
{
    struct snarl_thread *thr = snarl_current;
    if (__builtin_expect(thr->guard, 0))
        return snarl_enter_refused();
    thr->guard = 1;
    __asm__ volatile("" ::: "memory");
    return thr;
}

/* Code whose own mutexes, conditions and semaphores are not the program's; size 0: there is none. */
struct snarl_region {
    uintptr_t start, size;
};

/* A language runtime in this process: what it does with them is told in the program's terms by its agent (python/), or means
 * nothing to it (its global lock). Set once, by the thread that finds it. */
extern struct snarl_region snarl_runtime;

static inline bool snarl_in_runtime(uintptr_t address)
{
    return address - snarl_runtime.start < snarl_runtime.size;
}

/* The allocator, where it is a library of its own whose code is not checked: its locks mean as little to the program as those in libc's,
 * and what passes from thread to thread through it begins anew. Set before there is a second thread (memory.c). */
extern struct snarl_region snarl_allocator;
void snarl_memory_find_allocator(void);

static inline bool snarl_in_allocator(uintptr_t address)
{
    return address - snarl_allocator.start < snarl_allocator.size;
}

/* What runs under a runtime's own mutexes is in order as far as memory goes: the C code of extensions runs under
 * its global lock. To be called after the runtime has locked one, or before it unlocks one. */
void snarl_runtime_locked(void);
void snarl_runtime_unlocking(void);
/* The same for one of its semaphores. */
void snarl_runtime_acquired(uintptr_t semaphore);
void snarl_runtime_releasing(uintptr_t semaphore);

/* The semaphore whose release by this thread has been told already in the program's terms, by the runtime's agent; NULL: none. */
extern __thread const void *snarl_runtime_told __attribute__((tls_model("initial-exec")));

/* snarl_enter for the calls that a runtime or an allocator makes for itself too: NULL when `caller`, the return address, is in it. */
static inline struct snarl_thread *snarl_enter_from(const void *caller)
{
    if (__builtin_expect(snarl_in_runtime((uintptr_t)caller) || snarl_in_allocator((uintptr_t)caller), 0))
        return NULL;
    return snarl_enter();
}

static inline void snarl_leave(struct snarl_thread *thr)
{
    __asm__ volatile("" ::: "memory");
    thr->guard = 0;
    if (__builtin_expect(snarl_signals_put_off, 0))
        snarl_signals_deliver();
}

/* Back in after a true call made outside. */
static inline void snarl_enter_again(struct snarl_thread *thr)
{
    thr->guard = 1;
    __asm__ volatile("" ::: "memory");
}

/* signal.c: whether the call is still made from the handler that `thr` was last known to be in. */
bool snarl_signal_still_inside(struct snarl_thread *thr, struct snarl_site site);

/* Reports `function` when the thread is inside an asynchronous signal handler. */
static inline void snarl_check_signal(struct snarl_thread *thr, const char *function, struct snarl_site site)
{
    if (__builtin_expect(thr->in_signal, 0) && snarl_signal_still_inside(thr, site))
        snarl_signal_unsafe(thr, function, site);
}

/* init.c */

/* The pthread_t of the calling thread as a number. */
uint64_t snarl_self_handle(void);
/* Whether the calling thread's record is closed: it runs the last destructors, or ends the process. */
bool snarl_thread_is_over(void);
/* "off", "calls" or "full": the mode in the run file. */
const char *snarl_mode_word(void);
/* The end of the process: what is only known then is written, and in the form without a command the report is
 * printed. May be called more than once; safe in a vfork child (does nothing there). */
void snarl_process_ends(struct snarl_thread *thr, int how, int value);
/* Ends the process at once, as after a deadlock. */
_Noreturn void snarl_process_end_now(int status);
/* The path of libsnarl.so. */
const char *snarl_own_path(void);

/* signal.c */
bool snarl_signals_may_wake(void);

#endif
