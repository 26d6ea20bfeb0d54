/* thread.c - the life of pthreads.
 *
 * A new thread starts in our trampoline, which gives it its record. Its end is seen by a thread-specific key whose
 * destructor puts itself back until the last round, so that it runs after the program's own destructors, which may
 * still release locks; this also covers pthread_exit, cancellation and the main thread's pthread_exit. */
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/memory.h"
#include "preload/access/start.h"
#include "preload/fatal.h"
#include "preload/instrument.h"
#include "preload/python/python.h"
#include "preload/real.h"
#include "preload/shim.h"
#include "preload/thread.h"
#include "preload/tsan/tsan.h"

struct start {
    struct snarl_thread *thr;
    void *(*function)(void *);
    int (*c11_function)(void *);
    void *argument;
    uintptr_t stack_size;
};

static pthread_key_t s_end_key;
static bool s_has_key;

static struct snarl_thread *detached_record(void)
{
    static struct snarl_thread s_ended = {.guard = 1};
    return &s_ended;
}

bool snarl_thread_is_over(void)
{
    return snarl_current == detached_record();
}

/* The key's destructor; the value counts the rounds. */
static void end_of_thread(void *value)
{
    uintptr_t round = (uintptr_t)value;
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(s_end_key, (void *)(round + 1));
        return;
    }
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_tsan_attach(NULL);
    snarl_instrument_attach(NULL);
    snarl_engine_thread_end(thr);
    snarl_current = detached_record();
    __atomic_store_n(&thr->guard, 0, __ATOMIC_RELEASE); /* our last touch: from here on the record may be another's */
    snarl_leave(thr); /* last: from here on the record may become another thread's */
}

/* The first thread is about to be created, by the only one there is. */
static void prepare_first(struct snarl_thread *thr)
{
    if (s_has_key)
        return;
    snarl_instrument_wake(thr);
    s_has_key = pthread_key_create(&s_end_key, end_of_thread) == 0;
    if (s_has_key)
        pthread_setspecific(s_end_key, (void *)1);
    snarl_fatal_prepare();
}

static uintptr_t stack_size_of(const pthread_attr_t *attributes)
{
    pthread_attr_t fallback;
    size_t size = 0;
    if (attributes) {
        pthread_attr_getstacksize(attributes, &size);
    } else if (pthread_getattr_default_np(&fallback) == 0) {
        pthread_attr_getstacksize(&fallback, &size);
        pthread_attr_destroy(&fallback);
    }
    return size;
}

/* The new thread's first steps. */
static void begin(const struct start *start)
{
    struct snarl_thread *thr = start->thr;
    thr->guard = 1;
    thr->stack_high = snarl_self_handle(); /* the frames of libc that called us lie above ours */
    thr->stack_low = start->stack_size < thr->stack_high ? thr->stack_high - start->stack_size : 0;
    snarl_engine_thread_start(thr, snarl_self_handle());
    snarl_current = thr;
    snarl_tsan_attach(thr);
    snarl_instrument_attach(thr);
    if (s_has_key)
        pthread_setspecific(s_end_key, (void *)1);
    snarl_leave(thr);
}

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;
    snarl_memory_free(argument, sizeof(start));
    begin(&start);
    return start.function(start.argument);
}

static int run_c11(void *argument)
{
    struct start start = *(struct start *)argument;
    snarl_memory_free(argument, sizeof(start));
    begin(&start);
    return start.c11_function(start.argument);
}

static struct start *make_start(struct snarl_thread *thr, const pthread_attr_t *attributes, void *argument,
                                struct snarl_site site)
{
    prepare_first(thr);
    snarl_calls_begin(thr);
    int detached = PTHREAD_CREATE_JOINABLE;
    if (attributes)
        pthread_attr_getdetachstate(attributes, &detached);
    struct start *start = snarl_memory_alloc(sizeof(*start));
    if (!start)
        return NULL;
    start->thr = snarl_engine_thread_create(thr, site, detached == PTHREAD_CREATE_DETACHED);
    snarl_calls_wake();
    start->argument = argument;
    start->stack_size = stack_size_of(attributes);
    if (start->thr)
        return start;
    snarl_memory_free(start, sizeof(*start));
    return NULL;
}

/* After the true creation, which stores the handle before the child runs (programs rely on that, so it is given the
 * program's own place). `child` may have run and ended by now, and the place with it: it is only read while the
 * child has not come as far as telling its handle itself. */
static void created(struct snarl_thread *thr, struct start *start, struct snarl_thread *child, uint32_t id,
                    const pthread_t *handle, bool success)
{
    if (success) {
        if (child->id == id && !child->handle)
            snarl_engine_thread_created(child, id, (uint64_t)*handle);
        return;
    }
    snarl_engine_thread_not_created(thr, child);
    snarl_memory_free(start, sizeof(*start));
}

SNARL_EXPORT int pthread_create(pthread_t *handle, const pthread_attr_t *attributes, void *(*function)(void *),
                                void *argument)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_create(handle, attributes, function, argument);
    struct start *start = make_start(thr, attributes, argument, snarl_python_creation(SNARL_SITE));
    if (!start) {
        snarl_leave(thr);
        return real_pthread_create(handle, attributes, function, argument);
    }
    start->function = function;
    struct snarl_thread *child = start->thr;
    uint32_t id = child->id;
    int result = real_pthread_create(handle, attributes, run, start);
    created(thr, start, child, id, handle, result == 0);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int thrd_create(thrd_t *handle, thrd_start_t function, void *argument)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_thrd_create(handle, function, argument);
    struct start *start = make_start(thr, NULL, argument, SNARL_SITE);
    if (!start) {
        snarl_leave(thr);
        return real_thrd_create(handle, function, argument);
    }
    start->c11_function = function;
    struct snarl_thread *child = start->thr;
    uint32_t id = child->id;
    int result = real_thrd_create(handle, run_c11, start);
    created(thr, start, child, id, handle, result == thrd_success);
    snarl_leave(thr);
    return result;
}

/* --- joining: a cancellation point --- */

struct joining {
    struct snarl_thread *thr;
    struct snarl_thread *target;
};

static struct joining join_begin(struct snarl_thread *thr, pthread_t handle, bool timed, struct snarl_site site)
{
    struct joining joining = {thr, snarl_thread_by_handle((uint64_t)handle)};
    snarl_join_waiting(thr, joining.target, timed, site);
    snarl_leave(thr);
    return joining;
}

static void join_finish(struct joining *joining, bool joined)
{
    snarl_enter_again(joining->thr);
    snarl_join_over(joining->thr, joining->target, joined);
    snarl_leave(joining->thr);
}

static void join_cancelled(void *argument)
{
    join_finish(argument, false);
}

SNARL_EXPORT int pthread_join(pthread_t handle, void **value)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_join(handle, value);
    struct joining joining = join_begin(thr, handle, false, SNARL_SITE);
    int result;
    pthread_cleanup_push(join_cancelled, &joining);
    result = real_pthread_join(handle, value);
    pthread_cleanup_pop(0);
    join_finish(&joining, result == 0);
    return result;
}

SNARL_EXPORT int pthread_tryjoin_np(pthread_t handle, void **value)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_tryjoin_np(handle, value);
    struct snarl_thread *target = snarl_thread_by_handle((uint64_t)handle);
    int result = real_pthread_tryjoin_np(handle, value);
    snarl_join_over(thr, target, result == 0);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_timedjoin_np(pthread_t handle, void **value, const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_timedjoin_np(handle, value, deadline);
    struct joining joining = join_begin(thr, handle, true, SNARL_SITE);
    int result;
    pthread_cleanup_push(join_cancelled, &joining);
    result = real_pthread_timedjoin_np(handle, value, deadline);
    pthread_cleanup_pop(0);
    join_finish(&joining, result == 0);
    return result;
}

SNARL_EXPORT int pthread_clockjoin_np(pthread_t handle, void **value, clockid_t clock,
                                      const struct timespec *deadline)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_clockjoin_np(handle, value, clock, deadline);
    struct joining joining = join_begin(thr, handle, true, SNARL_SITE);
    int result;
    pthread_cleanup_push(join_cancelled, &joining);
    result = real_pthread_clockjoin_np(handle, value, clock, deadline);
    pthread_cleanup_pop(0);
    join_finish(&joining, result == 0);
    return result;
}

SNARL_EXPORT int thrd_join(thrd_t handle, int *value)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_thrd_join(handle, value);
    struct joining joining = join_begin(thr, (pthread_t)handle, false, SNARL_SITE);
    int result;
    pthread_cleanup_push(join_cancelled, &joining);
    result = real_thrd_join(handle, value);
    pthread_cleanup_pop(0);
    join_finish(&joining, result == thrd_success);
    return result;
}

/* --- detaching, names --- */

static void note_detach(struct snarl_thread *thr, pthread_t handle)
{
    snarl_engine_detach(thr, (uint64_t)handle);
}

SNARL_EXPORT int pthread_detach(pthread_t handle)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_detach(handle);
    note_detach(thr, handle); /* before: afterwards the handle may be another thread's */
    int result = real_pthread_detach(handle);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int thrd_detach(thrd_t handle)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_thrd_detach(handle);
    note_detach(thr, (pthread_t)handle);
    int result = real_thrd_detach(handle);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int pthread_setname_np(pthread_t handle, const char *name)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_pthread_setname_np(handle, name);
    int result = real_pthread_setname_np(handle, name);
    struct snarl_thread *target = result == 0 ? snarl_thread_by_handle((uint64_t)handle) : NULL;
    if (target)
        snarl_thread_set_name(target, name);
    snarl_leave(thr);
    return result;
}

SNARL_EXPORT int prctl(int operation, ...)
{
    va_list arguments;
    va_start(arguments, operation);
    unsigned long a = va_arg(arguments, unsigned long), b = va_arg(arguments, unsigned long);
    unsigned long c = va_arg(arguments, unsigned long), d = va_arg(arguments, unsigned long);
    va_end(arguments);
    if (operation == PR_SET_SECCOMP && (a == SECCOMP_MODE_STRICT || b)) /* else it is a question */
        snarl_instrument_before_filter();
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return real_prctl(operation, a, b, c, d);
    int result = real_prctl(operation, a, b, c, d);
    if (operation == PR_SET_NAME && result == 0)
        snarl_thread_set_name(thr, (const char *)a);
    snarl_leave(thr);
    return result;
}
