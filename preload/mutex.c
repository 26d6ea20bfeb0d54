/* mutex.c - pthread mutexes of every kind.
 *
 * A lock is first tried: that tells whether it will block, which is the only moment at which a deadlock can come
 * about, and costs an uncontended lock nothing. Kinds that answer a wrong use with an error (error-checking, robust,
 * and recursive ones at unlock) do not break a rule by it: such calls go straight to the true function. */
#include <errno.h>

#include "preload/mutex.h"
#include "preload/real.h"
#include "preload/shim.h"

/* glibc's bits of pthread_mutex_t.__data.__kind (nptl's ABI). */
enum {
    KIND_TYPE = 3,
    KIND_ROBUST = 16,
    KIND_SHARED = 128,
    KIND_DESTROYED = -1,
};

static int raw_kind(const pthread_mutex_t *mutex)
{
    return __atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED);
}

bool snarl_mutex_destroyed(const pthread_mutex_t *mutex)
{
    return raw_kind(mutex) == KIND_DESTROYED;
}

enum snarl_kind snarl_mutex_kind(const pthread_mutex_t *mutex)
{
    int kind = raw_kind(mutex);
    if (kind == KIND_DESTROYED)
        return SNARL_KIND_MUTEX;
    if (kind & KIND_ROBUST)
        return SNARL_KIND_ROBUST_MUTEX;
    if ((kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE)
        return SNARL_KIND_RECURSIVE_MUTEX;
    if ((kind & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK)
        return SNARL_KIND_ERRORCHECK_MUTEX;
    return SNARL_KIND_MUTEX;
}

uint32_t snarl_mutex_flags(const pthread_mutex_t *mutex)
{
    int kind = raw_kind(mutex);
    uint32_t flags = 0;
    if ((kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE)
        flags |= SNARL_OBJECT_RECURSIVE;
    if (kind & KIND_ROBUST)
        flags |= SNARL_OBJECT_ROBUST;
    if (kind & KIND_SHARED)
        flags |= SNARL_OBJECT_SHARED;
    return flags;
}

/* Whether the true owner is this thread: it then acquired it where we did not see it. */
static bool owned_in_truth(const struct snarl_thread *thr, const pthread_mutex_t *mutex)
{
    return __atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED) == thr->tid;
}

/* A second lock by the owner that the mutex answers with an error. */
static bool refuses_owner(const struct snarl_thread *thr, const pthread_mutex_t *mutex)
{
    return (raw_kind(mutex) & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK && owned_in_truth(thr, mutex);
}

static bool acquired(int result)
{
    return result == 0 || result == EOWNERDEAD;
}

static void check_destroyed(struct snarl_thread *thr, const pthread_mutex_t *mutex, struct snarl_site site)
{
    if (__builtin_expect(raw_kind(mutex) == KIND_DESTROYED, 0))
        snarl_lock_use_destroyed(thr, (uintptr_t)mutex, SNARL_KIND_MUTEX, site);
}

static void check_use(struct snarl_thread *thr, const char *function, const pthread_mutex_t *mutex,
                      struct snarl_site site)
{
    snarl_check_signal(thr, function, site);
    check_destroyed(thr, mutex, site);
}

static void note_acquired(struct snarl_thread *thr, pthread_mutex_t *mutex, enum snarl_how how,
                          struct snarl_site site)
{
    snarl_lock_acquired(thr, (uintptr_t)mutex, snarl_mutex_kind(mutex), snarl_mutex_flags(mutex), SNARL_MODE_WRITE,
                        how, site);
}

static void note_waiting(struct snarl_thread *thr, pthread_mutex_t *mutex, bool timed, struct snarl_site site)
{
    snarl_lock_waiting(thr, (uintptr_t)mutex, snarl_mutex_kind(mutex), snarl_mutex_flags(mutex), SNARL_MODE_WRITE,
                       timed, site);
}

static int lock_contended(struct snarl_thread *thr, pthread_mutex_t *mutex, struct snarl_site site)
{
    if (refuses_owner(thr, mutex))
        return real_pthread_mutex_lock(mutex);
    note_waiting(thr, mutex, false, site);
    snarl_leave(thr);
    int result = real_pthread_mutex_lock(mutex);
    snarl_enter_again(thr);
    snarl_lock_wait_over(thr);
    return result;
}

int snarl_mutex_lock_at(struct snarl_thread *thr, pthread_mutex_t *mutex, struct snarl_site site)
{
    check_use(thr, "pthread_mutex_lock", mutex, site);
    int result = real_pthread_mutex_trylock(mutex);
    if (result == EBUSY)
        result = lock_contended(thr, mutex, site);
    if (acquired(result))
        note_acquired(thr, mutex, SNARL_HOW_BLOCK, site);
    return result;
}

int snarl_mutex_trylock_at(struct snarl_thread *thr, pthread_mutex_t *mutex, struct snarl_site site)
{
    check_use(thr, "pthread_mutex_trylock", mutex, site);
    int result = real_pthread_mutex_trylock(mutex);
    if (acquired(result))
        note_acquired(thr, mutex, SNARL_HOW_TRY, site);
    return result;
}

int snarl_mutex_unlock_at(struct snarl_thread *thr, pthread_mutex_t *mutex, struct snarl_site site)
{
    check_destroyed(thr, mutex, site); /* in a signal handler, the lock before it has been reported */
    if (!snarl_lock_releasing(thr, (uintptr_t)mutex, site) && snarl_mutex_kind(mutex) == SNARL_KIND_MUTEX &&
        raw_kind(mutex) != KIND_DESTROYED && !owned_in_truth(thr, mutex))
        snarl_lock_bad_release(thr, (uintptr_t)mutex, SNARL_KIND_MUTEX,
                               __atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) != 0, site);
    return real_pthread_mutex_unlock(mutex);
}

/* Not looked at: called by a runtime for itself, or by ourselves. */
static int lock_plainly(pthread_mutex_t *mutex, const void *caller)
{
    int result = real_pthread_mutex_lock(mutex);
    if (snarl_in_runtime((uintptr_t)caller))
        snarl_runtime_locked();
    return result;
}

static int unlock_plainly(pthread_mutex_t *mutex, const void *caller)
{
    if (snarl_in_runtime((uintptr_t)caller))
        snarl_runtime_unlocking();
    return real_pthread_mutex_unlock(mutex);
}

SNARL_EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return lock_plainly(mutex, __builtin_return_address(0));
    int result = snarl_mutex_lock_at(thr, mutex, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_mutex_trylock(mutex);
    int result = snarl_mutex_trylock_at(thr, mutex, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return unlock_plainly(mutex, __builtin_return_address(0));
    int result = snarl_mutex_unlock_at(thr, mutex, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

/* With a deadline on `clock`. */
static int timedlock(struct snarl_thread *thr, pthread_mutex_t *mutex, clockid_t clock,
                     const struct timespec *deadline, struct snarl_site site)
{
    check_use(thr, "pthread_mutex_timedlock", mutex, site);
    int result = real_pthread_mutex_trylock(mutex);
    if (result == EBUSY) {
        note_waiting(thr, mutex, true, site);
        snarl_leave(thr);
        result = clock == CLOCK_REALTIME ? real_pthread_mutex_timedlock(mutex, deadline)
                                         : real_pthread_mutex_clocklock(mutex, clock, deadline);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (acquired(result))
        note_acquired(thr, mutex, SNARL_HOW_TIMED, site);
    return result;
}

int snarl_mutex_timedlock_at(struct snarl_thread *thr, pthread_mutex_t *mutex, const struct timespec *deadline,
                             struct snarl_site site)
{
    return timedlock(thr, mutex, CLOCK_REALTIME, deadline, site);
}

SNARL_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_mutex_timedlock(mutex, deadline);
    int result = timedlock(thr, mutex, CLOCK_REALTIME, deadline, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_mutex_clocklock(mutex, clock, deadline);
    int result = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC ? timedlock(thr, mutex, clock, deadline, SNARL_SITE)
                                                                     : real_pthread_mutex_clocklock(mutex, clock, deadline);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_mutex_init(mutex, attributes);
    struct snarl_site site = SNARL_SITE;
    int result = real_pthread_mutex_init(mutex, attributes);
    if (result == 0)
        snarl_lock_init(thr, (uintptr_t)mutex, snarl_mutex_kind(mutex), snarl_mutex_flags(mutex), site);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_pthread_mutex_destroy(mutex);
    check_use(thr, "pthread_mutex_destroy", mutex, SNARL_SITE);
    snarl_lock_destroy(thr, (uintptr_t)mutex, snarl_mutex_kind(mutex), SNARL_SITE);
    int result = real_pthread_mutex_destroy(mutex);
    snarl_leave(thr);
    return result;
}
