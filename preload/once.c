/* once.c - pthread_once, call_once and the guards of C++ function-local statics.
 *
 * The thread whose call runs the initialiser holds the once like a lock meanwhile: who waits for it, waits for that
 * thread, and a call from inside waits for itself. That thread is known because the initialiser is called through
 * a function of ours, which finds the true one on a thread-local stack of calls in progress. */
#include <dlfcn.h>
#include <stddef.h>

#include "preload/real.h"
#include "preload/shim.h"

/* glibc's once word: the two low bits are 1 while somebody initialises, 2 when it is done. */
#define ONCE_RUNNING 1

struct call {
    struct call *outer;
    void (*function)(void);
    uintptr_t once;
    struct snarl_site site;
    bool ran;
};

static __thread struct call *s_call __attribute__((tls_model("initial-exec")));

static void finished(void *argument)
{
    struct call *call = argument;
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_once_end(thr, call->once);
    snarl_leave(thr);
}

/* Called by libc as the initialiser. */
static void run_initialiser(void)
{
    struct call *call = s_call;
    call->ran = true;
    struct snarl_thread *thr = snarl_enter();
    if (thr) {
        snarl_once_begin(thr, call->once, SNARL_KIND_ONCE, call->site);
        snarl_leave(thr);
    }
    pthread_cleanup_push(finished, call); /* cancelled or thrown through: another thread will run it again */
    call->function();
    pthread_cleanup_pop(1);
}

static int word_of(uintptr_t once)
{
    return __atomic_load_n((const int *)once, __ATOMIC_ACQUIRE);
}

static void wait_for(struct snarl_thread *thr, struct call *call)
{
    if ((word_of(call->once) & 3) == ONCE_RUNNING)
        snarl_lock_waiting(thr, call->once, SNARL_KIND_ONCE, 0, SNARL_MODE_WRITE, false, call->site);
}

static void passed(struct snarl_thread *thr, struct call *call)
{
    snarl_lock_wait_over(thr);
    if (!call->ran)
        snarl_once_passed(thr, call->once, call->site);
}

SNARL_EXPORT int pthread_once(pthread_once_t *once, void (*function)(void))
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_once(once, function);
    struct call call = {s_call, function, (uintptr_t)once, SNARL_SITE, false};
    wait_for(thr, &call);
    s_call = &call;
    snarl_leave(thr);
    int result = real_pthread_once(once, run_initialiser);
    snarl_enter_again(thr);
    s_call = call.outer;
    passed(thr, &call);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT void call_once(once_flag *once, void (*function)(void))
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr) {
        real_call_once(once, function);
        return;
    }
    struct call call = {s_call, function, (uintptr_t)once, SNARL_SITE, false};
    wait_for(thr, &call);
    s_call = &call;
    snarl_leave(thr);
    real_call_once(once, run_initialiser);
    snarl_enter_again(thr);
    s_call = call.outer;
    passed(thr, &call);
    snarl_leave(thr);
}

/* --- C++ guards: the Itanium C++ ABI's calls, provided by the C++ library behind us in load order --- */

static int (*s_guard_acquire)(int64_t *);
static void (*s_guard_release)(int64_t *);
static void (*s_guard_abort)(int64_t *);

SNARL_EXPORT int __cxa_guard_acquire(int64_t *guard);
SNARL_EXPORT void __cxa_guard_release(int64_t *guard);
SNARL_EXPORT void __cxa_guard_abort(int64_t *guard);

static void find_guards(void)
{
    if (s_guard_abort)
        return;
    s_guard_acquire = (int (*)(int64_t *))dlsym(RTLD_NEXT, "__cxa_guard_acquire");
    s_guard_release = (void (*)(int64_t *))dlsym(RTLD_NEXT, "__cxa_guard_release");
    s_guard_abort = (void (*)(int64_t *))dlsym(RTLD_NEXT, "__cxa_guard_abort");
}

/* libstdc++: the second byte of the guard says that somebody initialises. */
static bool guard_running(const int64_t *guard)
{
    return ((const volatile char *)guard)[1] & 1;
}

SNARL_EXPORT int __cxa_guard_acquire(int64_t *guard)
{
    find_guards();
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return s_guard_acquire(guard);
    struct snarl_site site = SNARL_SITE;
    if (guard_running(guard))
        snarl_lock_waiting(thr, (uintptr_t)guard, SNARL_KIND_STATIC_GUARD, 0, SNARL_MODE_WRITE, false, site);
    snarl_leave(thr);
    int mine = s_guard_acquire(guard);
    snarl_enter_again(thr);
    snarl_lock_wait_over(thr);
    if (mine)
        snarl_once_begin(thr, (uintptr_t)guard, SNARL_KIND_STATIC_GUARD, site);
    else
        snarl_once_passed(thr, (uintptr_t)guard, site);
    snarl_leave(thr);
    return mine;
}

SNARL_EXPORT void __cxa_guard_release(int64_t *guard)
{
    find_guards();
    struct snarl_thread *thr = snarl_enter();
    if (thr)
        snarl_once_end(thr, (uintptr_t)guard);
    s_guard_release(guard);
    if (thr)
        snarl_leave(thr);
}

SNARL_EXPORT void __cxa_guard_abort(int64_t *guard)
{
    find_guards();
    struct snarl_thread *thr = snarl_enter();
    if (thr)
        snarl_once_end(thr, (uintptr_t)guard);
    s_guard_abort(guard);
    if (thr)
        snarl_leave(thr);
}
