/* snarl.h - telling the snarl detector what it cannot see by itself.
 *
 * Include it anywhere, C or C++; there is nothing to link. Without the detector every call is a test of a
 * pointer. Define SNARL_DISABLE before including it, and they are nothing at all.
 *
 *     SNARL_LOCK_CREATED(&spin);              a lock of your own making (optional: gives it a creation site)
 *     SNARL_LOCK_WAITING(&spin);              before you spin or sleep for it: deadlocks become visible
 *     SNARL_LOCK_ACQUIRED(&spin);             after you have got it
 *     SNARL_LOCK_RELEASED(&spin);             before you give it back
 *     SNARL_READ_LOCK_ACQUIRED(&rw);          the same, shared; SNARL_READ_LOCK_WAITING, _RELEASED
 *     SNARL_LOCK_DESTROYED(&spin);
 *     SNARL_HAPPENS_BEFORE(address);          what this thread did so far ...
 *     SNARL_HAPPENS_AFTER(address);           ... is seen by the thread that comes here later
 *     SNARL_LOCK_NAME(&lock, "queue lock");   how reports call a lock of any kind (mutexes too)
 *     SNARL_THREAD_NAME("writer");            how they call the calling thread
 *
 * ThreadSanitizer's __tsan_mutex_..., __tsan_acquire and __tsan_release and the Annotate... functions of Valgrind's and
 * Chromium's headers are understood as well. */
#ifndef SNARL_H
#define SNARL_H

/* What the detector offers under the name snarl_annotations_v1. Fields are only ever added at the end. */
struct snarl_annotations {
    void (*lock_created)(const volatile void *lock);
    void (*lock_destroyed)(const volatile void *lock);
    void (*lock_waiting)(const volatile void *lock, int shared);
    void (*lock_acquired)(const volatile void *lock, int shared);
    void (*lock_released)(const volatile void *lock, int shared);
    void (*happens_before)(const volatile void *address);
    void (*happens_after)(const volatile void *address);
    void (*lock_name)(const volatile void *lock, const char *name);
    void (*thread_name)(const char *name);
};

#if defined(SNARL_DISABLE) || !defined(__x86_64__) || !defined(__linux__)

/* Never evaluated, but the arguments count as used. */
#define SNARL_TELL_(what, arguments) (0 ? ((const struct snarl_annotations *)0)->what arguments : (void)0)

#else

#include <dlfcn.h>

/* NULL without the detector. */
static inline const struct snarl_annotations *snarl_annotations_(void)
{
    static const struct snarl_annotations *found;
    static int asked;
    if (!__atomic_load_n(&asked, __ATOMIC_ACQUIRE)) {
        const struct snarl_annotations *table =
            (const struct snarl_annotations *)dlsym((void *)0, "snarl_annotations_v1");
        __atomic_store_n(&found, table, __ATOMIC_RELAXED);
        __atomic_store_n(&asked, 1, __ATOMIC_RELEASE);
    }
    return __atomic_load_n(&found, __ATOMIC_RELAXED);
}

#define SNARL_TELL_(what, arguments) (snarl_annotations_() ? snarl_annotations_()->what arguments : (void)0)

#endif

#define SNARL_LOCK_CREATED(lock) SNARL_TELL_(lock_created, (lock))
#define SNARL_LOCK_DESTROYED(lock) SNARL_TELL_(lock_destroyed, (lock))
#define SNARL_LOCK_WAITING(lock) SNARL_TELL_(lock_waiting, ((lock), 0))
#define SNARL_LOCK_ACQUIRED(lock) SNARL_TELL_(lock_acquired, ((lock), 0))
#define SNARL_LOCK_RELEASED(lock) SNARL_TELL_(lock_released, ((lock), 0))
#define SNARL_READ_LOCK_WAITING(lock) SNARL_TELL_(lock_waiting, ((lock), 1))
#define SNARL_READ_LOCK_ACQUIRED(lock) SNARL_TELL_(lock_acquired, ((lock), 1))
#define SNARL_READ_LOCK_RELEASED(lock) SNARL_TELL_(lock_released, ((lock), 1))
#define SNARL_HAPPENS_BEFORE(address) SNARL_TELL_(happens_before, (address))
#define SNARL_HAPPENS_AFTER(address) SNARL_TELL_(happens_after, (address))
#define SNARL_LOCK_NAME(lock, name) SNARL_TELL_(lock_name, ((lock), (name)))
#define SNARL_THREAD_NAME(name) SNARL_TELL_(thread_name, (name))

#endif
