/* spin.c - pthread spinlocks: a thread that has spun for a while counts as waiting. */
#include <errno.h>

#include "preload/real.h"
#include "preload/shim.h"

#define SPINS 2000 /* tries before it counts: a few microseconds, longer than a sane critical section */

static void note_acquired(struct snarl_thread *thr, pthread_spinlock_t *lock, enum snarl_how how,
                          struct snarl_site site)
{
    snarl_lock_acquired(thr, (uintptr_t)lock, SNARL_KIND_SPINLOCK, 0, SNARL_MODE_WRITE, how, site);
}

static int spin(pthread_spinlock_t *lock)
{
    int result = EBUSY;
    for (int i = 0; i < SPINS && result == EBUSY; i++) {
        result = real_pthread_spin_trylock(lock);
        __builtin_ia32_pause();
    }
    return result;
}

SNARL_EXPORT int pthread_spin_lock(pthread_spinlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_spin_lock(lock);
    struct snarl_site site = SNARL_SITE;
    snarl_check_signal(thr, "pthread_spin_lock", site);
    int result = spin(lock);
    if (result == EBUSY) {
        snarl_lock_waiting(thr, (uintptr_t)lock, SNARL_KIND_SPINLOCK, 0, SNARL_MODE_WRITE, false, site);
        snarl_leave(thr);
        result = real_pthread_spin_lock(lock);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        note_acquired(thr, lock, SNARL_HOW_BLOCK, site);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_spin_trylock(lock);
    int result = real_pthread_spin_trylock(lock);
    if (result == 0)
        note_acquired(thr, lock, SNARL_HOW_TRY, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_spin_unlock(lock);
    struct snarl_site site = SNARL_SITE;
    if (!snarl_lock_releasing(thr, (uintptr_t)lock, site))
        snarl_lock_bad_release(thr, (uintptr_t)lock, SNARL_KIND_SPINLOCK, real_pthread_spin_trylock(lock) == EBUSY, site);
    int result = real_pthread_spin_unlock(lock);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_spin_init(lock, shared);
    int result = real_pthread_spin_init(lock, shared);
    if (result == 0)
        snarl_lock_init(thr, (uintptr_t)lock, SNARL_KIND_SPINLOCK,
                        shared == PTHREAD_PROCESS_SHARED ? SNARL_OBJECT_SHARED : 0, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_spin_destroy(pthread_spinlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_spin_destroy(lock);
    snarl_lock_destroy(thr, (uintptr_t)lock, SNARL_KIND_SPINLOCK, SNARL_SITE);
    int result = real_pthread_spin_destroy(lock);
    snarl_leave(thr);
    return result;
}
