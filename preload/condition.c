/* condition.c - pthread condition variables, in both symbol versions.
 *
 * The wait is a cancellation point: when the thread is cancelled in it, the mutex is held again and the clean-up
 * handler here does what the return would have done. The older version's object holds a pointer to the true one; its address
 * is as good an identity. */
#include <errno.h>

#include "preload/mutex.h"
#include "preload/python/python.h"
#include "preload/real.h"
#include "preload/shim.h"

struct waiting {
    struct snarl_thread *thr;
    pthread_cond_t *condition;
    pthread_mutex_t *mutex;
    struct snarl_site site;
    bool woken;
};

static void begin(struct waiting *waiting, bool timed)
{
    pthread_mutex_t *mutex = waiting->mutex;
    snarl_check_signal(waiting->thr, "pthread_cond_wait", waiting->site);
    snarl_condition_waiting(waiting->thr, (uintptr_t)waiting->condition, (uintptr_t)mutex, snarl_mutex_kind(mutex), timed,
                            snarl_mutex_flags(mutex) & SNARL_OBJECT_SHARED, waiting->site);
    snarl_leave(waiting->thr);
}

static void finish(struct waiting *waiting)
{
    snarl_enter_again(waiting->thr);
    snarl_condition_wait_over(waiting->thr, (uintptr_t)waiting->condition, (uintptr_t)waiting->mutex,
                              snarl_mutex_flags(waiting->mutex), waiting->woken, waiting->site);
    snarl_leave(waiting->thr);
}

/* Cancelled: unwinding passes here. */
static void cancelled(void *argument)
{
    struct waiting *waiting = argument;
    waiting->woken = false;
    finish(waiting);
}

/* A wait that is not looked at is over: the mutex is held again. */
static int waited_plainly(int result, const void *caller)
{
    if (snarl_in_runtime((uintptr_t)caller))
        snarl_runtime_locked();
    return result;
}

/* --- the version of today, GLIBC_2.3.2 --- */

SNARL_EXPORT int new_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
SNARL_EXPORT int new_destroy(pthread_cond_t *condition);
SNARL_EXPORT int new_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
SNARL_EXPORT int new_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline);
SNARL_EXPORT int new_signal(pthread_cond_t *condition);
SNARL_EXPORT int new_broadcast(pthread_cond_t *condition);

__asm__(".symver new_init, pthread_cond_init@@GLIBC_2.3.2");
__asm__(".symver new_destroy, pthread_cond_destroy@@GLIBC_2.3.2");
__asm__(".symver new_wait, pthread_cond_wait@@GLIBC_2.3.2");
__asm__(".symver new_timedwait, pthread_cond_timedwait@@GLIBC_2.3.2");
__asm__(".symver new_signal, pthread_cond_signal@@GLIBC_2.3.2");
__asm__(".symver new_broadcast, pthread_cond_broadcast@@GLIBC_2.3.2");

static int wait_wait(struct waiting *waiting)
{
    int result;
    pthread_cleanup_push(cancelled, waiting);
    result = real_pthread_cond_wait(waiting->condition, waiting->mutex);
    pthread_cleanup_pop(0);
    waiting->woken = result == 0;
    finish(waiting);
    return result;
}

SNARL_EXPORT int new_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return waited_plainly(real_pthread_cond_wait(condition, mutex), __builtin_return_address(0));
    struct waiting waiting = {thr, condition, mutex, SNARL_SITE, false};
    begin(&waiting, false);
    return wait_wait(&waiting);
}

static int wait_timedwait(struct waiting *waiting, const struct timespec *deadline)
{
    int result;
    pthread_cleanup_push(cancelled, waiting);
    result = real_pthread_cond_timedwait(waiting->condition, waiting->mutex, deadline);
    pthread_cleanup_pop(0);
    waiting->woken = result == 0;
    finish(waiting);
    return result;
}

SNARL_EXPORT int new_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return waited_plainly(real_pthread_cond_timedwait(condition, mutex, deadline), __builtin_return_address(0));
    struct waiting waiting = {thr, condition, mutex, SNARL_SITE, false};
    begin(&waiting, true);
    return wait_timedwait(&waiting, deadline);
}

static int wait_clockwait(struct waiting *waiting, clockid_t clock, const struct timespec *deadline)
{
    int result;
    pthread_cleanup_push(cancelled, waiting);
    result = real_pthread_cond_clockwait(waiting->condition, waiting->mutex, clock, deadline);
    pthread_cleanup_pop(0);
    waiting->woken = result == 0;
    finish(waiting);
    return result;
}

SNARL_EXPORT int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_clockwait(condition, mutex, clock, deadline);
    struct waiting waiting = {thr, condition, mutex, SNARL_SITE, false};
    begin(&waiting, true);
    return wait_clockwait(&waiting, clock, deadline);
}

SNARL_EXPORT int new_signal(pthread_cond_t *condition)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_signal(condition);
    snarl_condition_signal(thr, (uintptr_t)condition, false, SNARL_SITE);
    int result = real_pthread_cond_signal(condition);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int new_broadcast(pthread_cond_t *condition)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_broadcast(condition);
    snarl_condition_signal(thr, (uintptr_t)condition, true, SNARL_SITE);
    int result = real_pthread_cond_broadcast(condition);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int new_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    snarl_python_meet((uintptr_t)__builtin_return_address(0));
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_init(condition, attributes);
    int result = real_pthread_cond_init(condition, attributes);
    int shared = PTHREAD_PROCESS_PRIVATE;
    if (attributes)
        pthread_condattr_getpshared(attributes, &shared);
    if (result == 0)
        snarl_condition_init(thr, (uintptr_t)condition, shared ? SNARL_OBJECT_SHARED : 0, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int new_destroy(pthread_cond_t *condition)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_destroy(condition);
    snarl_condition_destroy(thr, (uintptr_t)condition, SNARL_SITE);
    snarl_leave(thr);
    return real_pthread_cond_destroy(condition); /* waits for those who are still leaving */
}

int snarl_condition_wait_at(struct snarl_thread *thr, pthread_cond_t *condition, pthread_mutex_t *mutex,
                            const struct timespec *deadline, struct snarl_site site)
{
    struct waiting waiting = {thr, condition, mutex, site, false};
    begin(&waiting, deadline != NULL);
    return deadline ? wait_timedwait(&waiting, deadline) : wait_wait(&waiting);
}

/* --- GLIBC_2.2.5 --- */
SNARL_EXPORT int old_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
SNARL_EXPORT int old_destroy(pthread_cond_t *condition);
SNARL_EXPORT int old_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
SNARL_EXPORT int old_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline);
SNARL_EXPORT int old_signal(pthread_cond_t *condition);
SNARL_EXPORT int old_broadcast(pthread_cond_t *condition);
__asm__(".symver old_init, pthread_cond_init@GLIBC_2.2.5");
__asm__(".symver old_destroy, pthread_cond_destroy@GLIBC_2.2.5");
__asm__(".symver old_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver old_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver old_signal, pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver old_broadcast, pthread_cond_broadcast@GLIBC_2.2.5");

static int old_wait_wait(struct waiting *waiting)
{
    int result;
    pthread_cleanup_push(cancelled, waiting);
    result = real_pthread_cond_wait_2_2_5(waiting->condition, waiting->mutex);
    pthread_cleanup_pop(0);
    waiting->woken = result == 0;
    finish(waiting);
    return result;
}

SNARL_EXPORT int old_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_wait_2_2_5(condition, mutex);
    struct waiting waiting = {thr, condition, mutex, SNARL_SITE, false};
    begin(&waiting, false);
    return old_wait_wait(&waiting);
}

static int old_wait_timedwait(struct waiting *waiting, const struct timespec *deadline)
{
    int result;
    pthread_cleanup_push(cancelled, waiting);
    result = real_pthread_cond_timedwait_2_2_5(waiting->condition, waiting->mutex, deadline);
    pthread_cleanup_pop(0);
    waiting->woken = result == 0;
    finish(waiting);
    return result;
}

SNARL_EXPORT int old_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_timedwait_2_2_5(condition, mutex, deadline);
    struct waiting waiting = {thr, condition, mutex, SNARL_SITE, false};
    begin(&waiting, true);
    return old_wait_timedwait(&waiting, deadline);
}

SNARL_EXPORT int old_signal(pthread_cond_t *condition)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_signal_2_2_5(condition);
    snarl_condition_signal(thr, (uintptr_t)condition, false, SNARL_SITE);
    int result = real_pthread_cond_signal_2_2_5(condition);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int old_broadcast(pthread_cond_t *condition)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_broadcast_2_2_5(condition);
    snarl_condition_signal(thr, (uintptr_t)condition, true, SNARL_SITE);
    int result = real_pthread_cond_broadcast_2_2_5(condition);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int old_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_init_2_2_5(condition, attributes);
    int result = real_pthread_cond_init_2_2_5(condition, attributes);
    int shared = PTHREAD_PROCESS_PRIVATE;
    if (attributes)
        pthread_condattr_getpshared(attributes, &shared);
    if (result == 0)
        snarl_condition_init(thr, (uintptr_t)condition, shared ? SNARL_OBJECT_SHARED : 0, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int old_destroy(pthread_cond_t *condition)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_cond_destroy_2_2_5(condition);
    snarl_condition_destroy(thr, (uintptr_t)condition, SNARL_SITE);
    snarl_leave(thr);
    return real_pthread_cond_destroy_2_2_5(condition); /* waits for those who are still leaving */
}
