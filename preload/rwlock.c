/* rwlock.c - pthread read-write locks: shared and exclusive acquisition, tried first like mutexes. */
#include <errno.h>

#include "preload/real.h"
#include "preload/shim.h"

static uint32_t flags_of(const pthread_rwlock_t *lock)
{
    uint32_t flags = lock->__data.__shared ? SNARL_OBJECT_SHARED : 0;
    if (lock->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
        flags |= SNARL_OBJECT_WRITER_FIRST;
    return flags;
}

static void note_acquired(struct snarl_thread *thr, pthread_rwlock_t *lock, enum snarl_mode mode, enum snarl_how how,
                          struct snarl_site site)
{
    snarl_lock_acquired(thr, (uintptr_t)lock, SNARL_KIND_RWLOCK, flags_of(lock), mode, how, site);
}

static void note_waiting(struct snarl_thread *thr, pthread_rwlock_t *lock, enum snarl_mode mode, bool timed,
                         struct snarl_site site)
{
    snarl_lock_waiting(thr, (uintptr_t)lock, SNARL_KIND_RWLOCK, flags_of(lock), mode, timed, site);
}

/* The true owner asks again: the true function answers EDEADLK, which is no wait. */
static bool refuses_owner(const struct snarl_thread *thr, const pthread_rwlock_t *lock)
{
    return __atomic_load_n(&lock->__data.__cur_writer, __ATOMIC_RELAXED) == thr->tid;
}

static int try_in(pthread_rwlock_t *lock, enum snarl_mode mode)
{
    return mode == SNARL_MODE_READ ? real_pthread_rwlock_tryrdlock(lock) : real_pthread_rwlock_trywrlock(lock);
}

static int wait_in(pthread_rwlock_t *lock, enum snarl_mode mode)
{
    return mode == SNARL_MODE_READ ? real_pthread_rwlock_rdlock(lock) : real_pthread_rwlock_wrlock(lock);
}

static int lock_at(struct snarl_thread *thr, pthread_rwlock_t *lock, enum snarl_mode mode, struct snarl_site site)
{
    int result = try_in(lock, mode);
    if (result == EBUSY && refuses_owner(thr, lock)) {
        result = wait_in(lock, mode);
    } else if (result == EBUSY) {
        note_waiting(thr, lock, mode, false, site);
        snarl_leave(thr);
        result = wait_in(lock, mode);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        note_acquired(thr, lock, mode, SNARL_HOW_BLOCK, site);
    return result;
}

static int try_at(struct snarl_thread *thr, pthread_rwlock_t *lock, enum snarl_mode mode, struct snarl_site site)
{
    int result = try_in(lock, mode);
    if (result == 0)
        note_acquired(thr, lock, mode, SNARL_HOW_TRY, site);
    return result;
}

SNARL_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_rdlock(lock);
    snarl_check_signal(thr, "pthread_rwlock_rdlock", SNARL_SITE);
    int result = lock_at(thr, lock, SNARL_MODE_READ, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_tryrdlock(lock);
    snarl_check_signal(thr, "pthread_rwlock_tryrdlock", SNARL_SITE);
    int result = try_at(thr, lock, SNARL_MODE_READ, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_timedrdlock(lock, deadline);
    struct snarl_site site = SNARL_SITE;
    int result = try_in(lock, SNARL_MODE_READ);
    if (result == EBUSY) {
        note_waiting(thr, lock, SNARL_MODE_READ, true, site);
        snarl_leave(thr);
        result = real_pthread_rwlock_timedrdlock(lock, deadline);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        note_acquired(thr, lock, SNARL_MODE_READ, SNARL_HOW_TIMED, site);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_clockrdlock(lock, clock, deadline);
    struct snarl_site site = SNARL_SITE;
    int result = try_in(lock, SNARL_MODE_READ);
    if (result == EBUSY) {
        note_waiting(thr, lock, SNARL_MODE_READ, true, site);
        snarl_leave(thr);
        result = real_pthread_rwlock_clockrdlock(lock, clock, deadline);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        note_acquired(thr, lock, SNARL_MODE_READ, SNARL_HOW_TIMED, site);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_wrlock(lock);
    snarl_check_signal(thr, "pthread_rwlock_wrlock", SNARL_SITE);
    int result = lock_at(thr, lock, SNARL_MODE_WRITE, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_trywrlock(lock);
    snarl_check_signal(thr, "pthread_rwlock_trywrlock", SNARL_SITE);
    int result = try_at(thr, lock, SNARL_MODE_WRITE, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_timedwrlock(lock, deadline);
    struct snarl_site site = SNARL_SITE;
    int result = try_in(lock, SNARL_MODE_WRITE);
    if (result == EBUSY) {
        note_waiting(thr, lock, SNARL_MODE_WRITE, true, site);
        snarl_leave(thr);
        result = real_pthread_rwlock_timedwrlock(lock, deadline);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        note_acquired(thr, lock, SNARL_MODE_WRITE, SNARL_HOW_TIMED, site);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_clockwrlock(lock, clock, deadline);
    struct snarl_site site = SNARL_SITE;
    int result = try_in(lock, SNARL_MODE_WRITE);
    if (result == EBUSY) {
        note_waiting(thr, lock, SNARL_MODE_WRITE, true, site);
        snarl_leave(thr);
        result = real_pthread_rwlock_clockwrlock(lock, clock, deadline);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        note_acquired(thr, lock, SNARL_MODE_WRITE, SNARL_HOW_TIMED, site);
    snarl_leave(thr);
    return result;
}

/* Whether nobody holds it in truth: no reader, no writer (glibc's layout of __readers: bit 0 is the phase,
 * bit 1 a writer, the count of readers from bit 3). */
static bool free_in_truth(const pthread_rwlock_t *lock)
{
    unsigned readers = __atomic_load_n(&lock->__data.__readers, __ATOMIC_RELAXED);
    return (readers >> 3) == 0 && lock->__data.__cur_writer == 0;
}

SNARL_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_unlock(lock);
    struct snarl_site site = SNARL_SITE;
    if (!snarl_lock_releasing(thr, (uintptr_t)lock, site) && !refuses_owner(thr, lock))
        snarl_lock_bad_release(thr, (uintptr_t)lock, SNARL_KIND_RWLOCK, !free_in_truth(lock), site);
    int result = real_pthread_rwlock_unlock(lock);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attributes)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_init(lock, attributes);
    int result = real_pthread_rwlock_init(lock, attributes);
    if (result == 0)
        snarl_lock_init(thr, (uintptr_t)lock, SNARL_KIND_RWLOCK, flags_of(lock), SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_rwlock_destroy(lock);
    snarl_lock_destroy(thr, (uintptr_t)lock, SNARL_KIND_RWLOCK, SNARL_SITE);
    int result = real_pthread_rwlock_destroy(lock);
    snarl_leave(thr);
    return result;
}
