/* semaphore.c - POSIX semaphores, unnamed and named. Named ones are shared with other processes. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "preload/real.h"
#include "preload/shim.h"

SNARL_EXPORT int sem_init(sem_t *semaphore, int shared, unsigned value)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_sem_init(semaphore, shared, value);
    int result = real_sem_init(semaphore, shared, value);
    if (result == 0)
        snarl_semaphore_init(thr, (uintptr_t)semaphore, value, shared ? SNARL_OBJECT_SHARED : 0, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int sem_destroy(sem_t *semaphore)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_sem_destroy(semaphore);
    snarl_lock_destroy(thr, (uintptr_t)semaphore, SNARL_KIND_SEMAPHORE, SNARL_SITE);
    int result = real_sem_destroy(semaphore);
    snarl_leave(thr);
    return result;
}

/* Opening the same name again gives the same address: its record stays. */
static void note_open(struct snarl_thread *thr, sem_t *semaphore, struct snarl_site site)
{
    if (semaphore == SEM_FAILED || snarl_object_find(thr, (uintptr_t)semaphore))
        return;
    int value = 0;
    real_sem_getvalue(semaphore, &value);
    snarl_semaphore_init(thr, (uintptr_t)semaphore, (unsigned)value, SNARL_OBJECT_SHARED, site);
}

SNARL_EXPORT sem_t *sem_open(const char *name, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    unsigned value = flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_sem_open(name, flags, mode, value);
    sem_t *semaphore = real_sem_open(name, flags, mode, value);
    int saved = errno;
    note_open(thr, semaphore, SNARL_SITE);
    errno = saved;
    snarl_leave(thr);
    return semaphore;
}

/* The object leaves this process only with its last open handle, which we do not count: memory tells (munmap). */
SNARL_EXPORT int sem_close(sem_t *semaphore)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return real_sem_close(semaphore);
    int result = real_sem_close(semaphore);
    snarl_leave(thr);
    return result;
}

/* sem_trywait fails with EAGAIN when the true wait would block. errno stays as the program left it on success. */
static int try_first(sem_t *semaphore)
{
    int saved = errno;
    int result = real_sem_trywait(semaphore);
    if (result != 0 && errno == EAGAIN)
        result = EAGAIN;
    errno = saved;
    return result;
}

/* A runtime's own semaphore: its agent tells what it means to the program, but memory is in order by it (code that
 * runs without the global lock guards its objects so). */
static int waited_plainly(int result, sem_t *semaphore, const void *caller)
{
    if (result == 0 && snarl_in_runtime((uintptr_t)caller))
        snarl_runtime_acquired((uintptr_t)semaphore);
    return result;
}

static int post_plainly(sem_t *semaphore, const void *caller)
{
    if (snarl_in_runtime((uintptr_t)caller) && semaphore != snarl_runtime_told)
        snarl_runtime_releasing((uintptr_t)semaphore);
    return real_sem_post(semaphore);
}

static void note_waiting(struct snarl_thread *thr, sem_t *semaphore, bool timed, struct snarl_site site)
{
    snarl_lock_waiting(thr, (uintptr_t)semaphore, SNARL_KIND_SEMAPHORE, SNARL_OBJECT_SIGNAL, SNARL_MODE_WRITE, timed,
                       site);
}

/* The wait is a cancellation point. */
static void wait_cancelled(void *argument)
{
    struct snarl_thread *thr = argument;
    snarl_enter_again(thr);
    snarl_lock_wait_over(thr);
    snarl_leave(thr);
}

SNARL_EXPORT int sem_trywait(sem_t *semaphore)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return waited_plainly(real_sem_trywait(semaphore), semaphore, __builtin_return_address(0));
    int result = real_sem_trywait(semaphore);
    if (result == 0)
        snarl_semaphore_acquired(thr, (uintptr_t)semaphore, SNARL_HOW_TRY, SNARL_SITE);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int sem_wait(sem_t *semaphore)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return waited_plainly(real_sem_wait(semaphore), semaphore, __builtin_return_address(0));
    struct snarl_site site = SNARL_SITE;
    snarl_check_signal(thr, "sem_wait", site);
    int result = try_first(semaphore);
    if (result != 0) {
        note_waiting(thr, semaphore, false, site);
        snarl_leave(thr);
        pthread_cleanup_push(wait_cancelled, thr);
        result = real_sem_wait(semaphore);
        pthread_cleanup_pop(0);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        snarl_semaphore_acquired(thr, (uintptr_t)semaphore, SNARL_HOW_BLOCK, site);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int sem_timedwait(sem_t *semaphore, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return waited_plainly(real_sem_timedwait(semaphore, deadline), semaphore, __builtin_return_address(0));
    struct snarl_site site = SNARL_SITE;
    snarl_check_signal(thr, "sem_timedwait", site);
    int result = try_first(semaphore);
    if (result != 0) {
        note_waiting(thr, semaphore, true, site);
        snarl_leave(thr);
        pthread_cleanup_push(wait_cancelled, thr);
        result = real_sem_timedwait(semaphore, deadline);
        pthread_cleanup_pop(0);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        snarl_semaphore_acquired(thr, (uintptr_t)semaphore, SNARL_HOW_TIMED, site);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return waited_plainly(real_sem_clockwait(semaphore, clock, deadline), semaphore, __builtin_return_address(0));
    struct snarl_site site = SNARL_SITE;
    snarl_check_signal(thr, "sem_clockwait", site);
    int result = try_first(semaphore);
    if (result != 0) {
        note_waiting(thr, semaphore, true, site);
        snarl_leave(thr);
        pthread_cleanup_push(wait_cancelled, thr);
        result = real_sem_clockwait(semaphore, clock, deadline);
        pthread_cleanup_pop(0);
        snarl_enter_again(thr);
        snarl_lock_wait_over(thr);
    }
    if (result == 0)
        snarl_semaphore_acquired(thr, (uintptr_t)semaphore, SNARL_HOW_TIMED, site);
    snarl_leave(thr);
    return result;
}

/* Allowed in a signal handler, so there is nothing to say about one. */
SNARL_EXPORT int sem_post(sem_t *semaphore)
{
    struct snarl_thread *thr = snarl_enter_from(__builtin_return_address(0));
    if (!thr)
        return post_plainly(semaphore, __builtin_return_address(0));
    snarl_semaphore_post(thr, (uintptr_t)semaphore, SNARL_SITE);
    int result = real_sem_post(semaphore);
    snarl_leave(thr);
    return result;
}
