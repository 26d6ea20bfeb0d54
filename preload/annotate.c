/* annotate.c - what the program tells us itself: snarl.h, and the same things under the names that ThreadSanitizer's
 * tsan_interface.h and the dynamic annotations of Valgrind and Chromium use.
 *
 * A custom lock that waits (lock_waiting, __tsan_mutex_pre_lock) takes part in the wait-for graph only when somebody
 * holds it at that moment, as far as we know. */
#include "preload/shim.h"
#include "preload/snarl.h"

static void created(const volatile void *lock, uint32_t flags, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_lock_init(thr, (uintptr_t)lock, SNARL_KIND_CUSTOM, flags, site);
    snarl_leave(thr);
}

static void destroyed(const volatile void *lock, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_lock_destroy(thr, (uintptr_t)lock, SNARL_KIND_CUSTOM, site);
    snarl_leave(thr);
}

static bool taken(struct snarl_thread *thr, uintptr_t lock)
{
    struct snarl_sync *sync = snarl_object_find(thr, lock);
    struct snarl_held held;
    struct snarl_thread *cursor = snarl_thread_first();
    return sync && snarl_held_holder(sync, &cursor, &held);
}

static void waiting(const volatile void *lock, bool shared, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    if (taken(thr, (uintptr_t)lock))
        snarl_lock_waiting(thr, (uintptr_t)lock, SNARL_KIND_CUSTOM, 0, shared ? SNARL_MODE_READ : SNARL_MODE_WRITE,
                           false, site);
    snarl_leave(thr);
}

static void acquired(const volatile void *lock, bool shared, bool tried, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_lock_wait_over(thr);
    snarl_lock_acquired(thr, (uintptr_t)lock, SNARL_KIND_CUSTOM, 0, shared ? SNARL_MODE_READ : SNARL_MODE_WRITE,
                        tried ? SNARL_HOW_TRY : SNARL_HOW_BLOCK, site);
    snarl_leave(thr);
}

static void not_acquired(void)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_lock_wait_over(thr);
    snarl_leave(thr);
}

static void released(const volatile void *lock, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    if (!snarl_lock_releasing(thr, (uintptr_t)lock, site))
        snarl_lock_bad_release(thr, (uintptr_t)lock, SNARL_KIND_CUSTOM, taken(thr, (uintptr_t)lock), site);
    snarl_leave(thr);
}

static void order(const volatile void *address, bool before)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    if (before)
        snarl_order_release(thr, (uintptr_t)address);
    else
        snarl_order_acquire(thr, (uintptr_t)address);
    snarl_leave(thr);
}

/* --- snarl.h --- */

static void v1_lock_created(const volatile void *lock)
{
    created(lock, 0, SNARL_SITE);
}

static void v1_lock_destroyed(const volatile void *lock)
{
    destroyed(lock, SNARL_SITE);
}

static void v1_lock_waiting(const volatile void *lock, int shared)
{
    waiting(lock, shared, SNARL_SITE);
}

static void v1_lock_acquired(const volatile void *lock, int shared)
{
    acquired(lock, shared, false, SNARL_SITE);
}

static void v1_lock_released(const volatile void *lock, int shared)
{
    (void)shared;
    released(lock, SNARL_SITE);
}

static void v1_happens_before(const volatile void *address)
{
    order(address, true);
}

static void v1_happens_after(const volatile void *address)
{
    order(address, false);
}

static void v1_lock_name(const volatile void *lock, const char *name)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    struct snarl_sync *sync = snarl_object_get(thr, (uintptr_t)lock, SNARL_KIND_NONE, 0);
    if (sync)
        snarl_object_set_name(sync, name);
    snarl_leave(thr);
}

static void v1_thread_name(const char *name)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_thread_set_name(thr, name);
    snarl_leave(thr);
}

extern const struct snarl_annotations snarl_annotations_v1;
SNARL_EXPORT const struct snarl_annotations snarl_annotations_v1 = {
    v1_lock_created, v1_lock_destroyed, v1_lock_waiting,  v1_lock_acquired, v1_lock_released,
    v1_happens_before, v1_happens_after, v1_lock_name,    v1_thread_name,
};

/* --- tsan_interface.h --- */

/* Its flag bits that matter here. */
enum {
    TSAN_WRITE_REENTRANT = 1 << 1,
    TSAN_READ_LOCK = 1 << 3,
    TSAN_TRY_LOCK = 1 << 4,
    TSAN_TRY_LOCK_FAILED = 1 << 5,
};

void __tsan_mutex_create(void *lock, unsigned flags);
void __tsan_mutex_destroy(void *lock, unsigned flags);
void __tsan_mutex_pre_lock(void *lock, unsigned flags);
void __tsan_mutex_post_lock(void *lock, unsigned flags, int recursion);
int __tsan_mutex_pre_unlock(void *lock, unsigned flags);
void __tsan_mutex_post_unlock(void *lock, unsigned flags);
void __tsan_mutex_pre_signal(void *lock, unsigned flags);
void __tsan_mutex_post_signal(void *lock, unsigned flags);
void __tsan_mutex_pre_divert(void *lock, unsigned flags);
void __tsan_mutex_post_divert(void *lock, unsigned flags);
void __tsan_acquire(void *address);
void __tsan_release(void *address);

SNARL_EXPORT void __tsan_mutex_create(void *lock, unsigned flags)
{
    created(lock, flags & TSAN_WRITE_REENTRANT ? SNARL_OBJECT_RECURSIVE : 0, SNARL_SITE);
}

SNARL_EXPORT void __tsan_mutex_destroy(void *lock, unsigned flags)
{
    (void)flags;
    destroyed(lock, SNARL_SITE);
}

SNARL_EXPORT void __tsan_mutex_pre_lock(void *lock, unsigned flags)
{
    if (!(flags & TSAN_TRY_LOCK))
        waiting(lock, flags & TSAN_READ_LOCK, SNARL_SITE);
}

SNARL_EXPORT void __tsan_mutex_post_lock(void *lock, unsigned flags, int recursion)
{
    (void)recursion;
    if (flags & TSAN_TRY_LOCK_FAILED)
        not_acquired();
    else
        acquired(lock, flags & TSAN_READ_LOCK, flags & TSAN_TRY_LOCK, SNARL_SITE);
}

SNARL_EXPORT int __tsan_mutex_pre_unlock(void *lock, unsigned flags)
{
    (void)flags;
    released(lock, SNARL_SITE);
    return 1;
}

/* The rest of the protocol brackets code of the lock's own making, which needs no word to a lock detector. */
SNARL_EXPORT void __tsan_mutex_post_unlock(void *lock, unsigned flags)
{
    (void)lock, (void)flags;
}

SNARL_EXPORT void __tsan_mutex_pre_signal(void *lock, unsigned flags)
{
    (void)lock, (void)flags;
}

SNARL_EXPORT void __tsan_mutex_post_signal(void *lock, unsigned flags)
{
    (void)lock, (void)flags;
}

SNARL_EXPORT void __tsan_mutex_pre_divert(void *lock, unsigned flags)
{
    (void)lock, (void)flags;
}

SNARL_EXPORT void __tsan_mutex_post_divert(void *lock, unsigned flags)
{
    (void)lock, (void)flags;
}

SNARL_EXPORT void __tsan_acquire(void *address)
{
    order(address, false);
}

SNARL_EXPORT void __tsan_release(void *address)
{
    order(address, true);
}

/* --- dynamic annotations --- */

void AnnotateRWLockCreate(const char *file, int line, const volatile void *lock);
void AnnotateRWLockDestroy(const char *file, int line, const volatile void *lock);
void AnnotateRWLockAcquired(const char *file, int line, const volatile void *lock, long write);
void AnnotateRWLockReleased(const char *file, int line, const volatile void *lock, long write);
void AnnotateHappensBefore(const char *file, int line, const volatile void *address);
void AnnotateHappensAfter(const char *file, int line, const volatile void *address);
void AnnotateThreadName(const char *file, int line, const char *name);

SNARL_EXPORT void AnnotateRWLockCreate(const char *file, int line, const volatile void *lock)
{
    (void)file, (void)line;
    created(lock, 0, SNARL_SITE);
}

SNARL_EXPORT void AnnotateRWLockDestroy(const char *file, int line, const volatile void *lock)
{
    (void)file, (void)line;
    destroyed(lock, SNARL_SITE);
}

SNARL_EXPORT void AnnotateRWLockAcquired(const char *file, int line, const volatile void *lock, long write)
{
    (void)file, (void)line;
    acquired(lock, !write, false, SNARL_SITE);
}

SNARL_EXPORT void AnnotateRWLockReleased(const char *file, int line, const volatile void *lock, long write)
{
    (void)file, (void)line, (void)write;
    released(lock, SNARL_SITE);
}

SNARL_EXPORT void AnnotateHappensBefore(const char *file, int line, const volatile void *address)
{
    (void)file, (void)line;
    order(address, true);
}

SNARL_EXPORT void AnnotateHappensAfter(const char *file, int line, const volatile void *address)
{
    (void)file, (void)line;
    order(address, false);
}

SNARL_EXPORT void AnnotateThreadName(const char *file, int line, const char *name)
{
    (void)file, (void)line;
    v1_thread_name(name);
}
