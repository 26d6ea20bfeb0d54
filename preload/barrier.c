/* barrier.c - pthread barriers. */
#include <errno.h>

#include "preload/real.h"
#include "preload/shim.h"

SNARL_EXPORT int pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *attributes,
                                      unsigned count)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_barrier_init(barrier, attributes, count);
    int shared = PTHREAD_PROCESS_PRIVATE;
    int result = real_pthread_barrier_init(barrier, attributes, count);
    if (attributes)
        pthread_barrierattr_getpshared(attributes, &shared);
    if (result == 0)
        snarl_barrier_init(thr, (uintptr_t)barrier, count, shared ? SNARL_OBJECT_SHARED : 0, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_barrier_wait(barrier);
    struct snarl_site site = SNARL_SITE;
    snarl_check_signal(thr, "pthread_barrier_wait", site);
    snarl_barrier_waiting(thr, (uintptr_t)barrier, site);
    snarl_leave(thr);
    int result = real_pthread_barrier_wait(barrier);
    snarl_enter_again(thr);
    snarl_barrier_over(thr, (uintptr_t)barrier);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_barrier_destroy(barrier);
    snarl_barrier_destroy(thr, (uintptr_t)barrier, SNARL_SITE);
    snarl_leave(thr);
    return real_pthread_barrier_destroy(barrier); /* waits for those who are still leaving */
}
