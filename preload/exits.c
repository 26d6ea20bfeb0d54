/* exits.c - handlers that run at the process's end, or at a library's: what was done before one was
 * registered is done for it.
 *
 * atexit, and C++'s statics with destructors, all come down to __cxa_atexit. While races are looked for and
 * there is a second thread, a handler is registered inside one of ours, which takes over the clock of who
 * registered it. Those registered before are ordered by the creation of threads. The one of ours lies in
 * libsnarl.so, which is never unloaded; the library that libc is told is the caller's. */
#include <stdlib.h>

#include "base/memory.h"
#include "preload/real.h"
#include "preload/shim.h"

struct handler {
    void (*function)(void *);
    void *argument;
};

SNARL_EXPORT int __cxa_atexit(void (*function)(void *), void *argument, void *library);

static void order(struct handler *handler, void (*how)(struct snarl_thread *, uintptr_t))
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    how(thr, (uintptr_t)handler);
    snarl_leave(thr);
}

static void run(void *registered)
{
    struct handler *handler = registered;
    order(handler, snarl_order_memory_acquire);
    handler->function(handler->argument);
}

static struct handler *keep(void (*function)(void *), void *argument)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return NULL;
    struct handler *handler = snarl_memory_alloc(sizeof(*handler));
    if (handler)
        *handler = (struct handler){function, argument};
    snarl_leave(thr);
    return handler;
}

SNARL_EXPORT int __cxa_atexit(void (*function)(void *), void *argument, void *library)
{
    snarl_enter_refused();
    struct handler *handler = snarl_races_on && snarl_awake ? keep(function, argument) : NULL;
    if (!handler)
        return real___cxa_atexit(function, argument, library);
    order(handler, snarl_order_memory_release);
    return real___cxa_atexit(run, handler, library);
}

/* libc has it in the part of it that is linked into each program. What gcc links with its sanitizer runtime
 * takes that one's instead, which is not there; as with it, such a handler belongs to no library. */
SNARL_EXPORT int atexit(void (*function)(void))
{
    return __cxa_atexit((void (*)(void *))function, NULL, NULL);
}
