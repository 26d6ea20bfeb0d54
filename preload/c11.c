/* c11.c - C11 mutexes and conditions. In glibc they are pthread ones under other names (mtx_t begins with a
 * pthread_mutex_t, cnd_t with a pthread_cond_t) whose functions call libc's internal ones, so each is intercepted.
 * Threads are in thread.c, call_once in once.c. */
#include <errno.h>

#include "preload/mutex.h"
#include "preload/real.h"
#include "preload/shim.h"

static int c11_result(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case ENOMEM:
        return thrd_nomem;
    case ETIMEDOUT:
        return thrd_timedout;
    case EBUSY:
        return thrd_busy;
    default:
        return thrd_error;
    }
}

SNARL_EXPORT int mtx_init(mtx_t *mutex, int type)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_mtx_init(mutex, type);
    int result = real_mtx_init(mutex, type);
    const pthread_mutex_t *true_mutex = (const pthread_mutex_t *)mutex;
    if (result == thrd_success)
        snarl_lock_init(thr, (uintptr_t)mutex, snarl_mutex_kind(true_mutex), snarl_mutex_flags(true_mutex), SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT void mtx_destroy(mtx_t *mutex)
{
    struct snarl_thread *thr = snarl_enter();
    if (thr) {
        snarl_lock_destroy(thr, (uintptr_t)mutex, SNARL_KIND_MUTEX, SNARL_SITE);
        snarl_leave(thr);
    }
    real_mtx_destroy(mutex);
}

SNARL_EXPORT int mtx_lock(mtx_t *mutex)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_mtx_lock(mutex);
    int result = snarl_mutex_lock_at(thr, (pthread_mutex_t *)mutex, SNARL_SITE);
    snarl_leave(thr);
    return c11_result(result);
}

SNARL_EXPORT int mtx_trylock(mtx_t *mutex)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_mtx_trylock(mutex);
    int result = snarl_mutex_trylock_at(thr, (pthread_mutex_t *)mutex, SNARL_SITE);
    snarl_leave(thr);
    return c11_result(result);
}

SNARL_EXPORT int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict deadline)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_mtx_timedlock(mutex, deadline);
    int result = snarl_mutex_timedlock_at(thr, (pthread_mutex_t *)mutex, deadline, SNARL_SITE);
    snarl_leave(thr);
    return c11_result(result);
}

SNARL_EXPORT int mtx_unlock(mtx_t *mutex)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_mtx_unlock(mutex);
    int result = snarl_mutex_unlock_at(thr, (pthread_mutex_t *)mutex, SNARL_SITE);
    snarl_leave(thr);
    return c11_result(result);
}

SNARL_EXPORT int cnd_init(cnd_t *condition)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_cnd_init(condition);
    int result = real_cnd_init(condition);
    if (result == thrd_success)
        snarl_condition_init(thr, (uintptr_t)condition, 0, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT void cnd_destroy(cnd_t *condition)
{
    struct snarl_thread *thr = snarl_enter();
    if (thr) {
        snarl_condition_destroy(thr, (uintptr_t)condition, SNARL_SITE);
        snarl_leave(thr);
    }
    real_cnd_destroy(condition);
}

SNARL_EXPORT int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_cnd_wait(condition, mutex);
    return c11_result(snarl_condition_wait_at(thr, (pthread_cond_t *)condition, (pthread_mutex_t *)mutex, NULL, SNARL_SITE));
}

SNARL_EXPORT int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict deadline)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_cnd_timedwait(condition, mutex, deadline);
    return c11_result(snarl_condition_wait_at(thr, (pthread_cond_t *)condition, (pthread_mutex_t *)mutex, deadline, SNARL_SITE));
}

SNARL_EXPORT int cnd_signal(cnd_t *condition)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_cnd_signal(condition);
    snarl_condition_signal(thr, (uintptr_t)condition, false, SNARL_SITE);
    int result = real_cnd_signal(condition);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int cnd_broadcast(cnd_t *condition)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_cnd_broadcast(condition);
    snarl_condition_signal(thr, (uintptr_t)condition, true, SNARL_SITE);
    int result = real_cnd_broadcast(condition);
    snarl_leave(thr);
    return result;
}
