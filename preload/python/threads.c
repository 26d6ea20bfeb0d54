/* threads.c - how Python's threads end, and who waits for it.
 *
 * Up to 3.12 a thread makes a lock (`_set_sentinel`) that the interpreter releases when the thread is over: join() and
 * the end of the program acquire it. A wait for it is a wait for that thread. From 3.13 on a handle has a join method,
 * and the end of the program is one function that waits for all threads that are not daemons. */
#include <string.h>

#include "preload/python/agent.h"

#include "base/map.h"
#include "base/memory.h"
#include "preload/python/frames.h"
#include "preload/python/order.h"
#include "preload/python/python.h"
#include "preload/python/races.h"
#include "stack/depot.h"

/* The thread behind a lock object; thread records are reused, so its number is kept too. */
struct sentinel {
    struct snarl_thread *thr;
    uint32_t id;
};

static struct snarl_map s_sentinels; /* lock's address -> struct sentinel; guarded by the global lock */
static bool s_interrupt_changed;     /* signal.signal(SIGINT, ...) was called with something else than Python's own */

static __thread uint32_t s_creating __attribute__((tls_model("initial-exec"))); /* the stack that makes a thread */

enum { SENTINEL, HANDLE_JOIN, SHUTDOWN, SIGNAL, START_NEW, START, START_JOINABLE, PATCHES };

static struct snarl_py_patch s_patches[PATCHES];

void snarl_python_block(struct snarl_thread *thr)
{
    if (!snarl_wait_suspicious(thr)) {
        snarl_leave(thr);
        return;
    }
    if (snarl_races_on && snarl_awake) /* what the interceptor of the global lock's mutex would say, were we not inside */
        snarl_order_memory_release(thr, (uintptr_t)&snarl_runtime);
    void *state = snarl_py.save_thread();
    snarl_wait_check(thr);
    snarl_leave(thr);
    snarl_py.restore_thread(state);
}

/* The thread's last acts may go on beside us, but none of them is Python's. */
void snarl_python_thread_over(struct snarl_thread *thr, struct snarl_thread *target)
{
    snarl_thread_weak_acquire(thr, &target->weak);
    if (snarl_python_orders)
        snarl_python_order_joined(thr, target);
}

/* --- creation --- */

struct snarl_site snarl_python_creation(struct snarl_site site)
{
    return s_creating ? snarl_site_of_stack(s_creating) : site;
}

static struct snarl_py_object *create(int which, struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    struct snarl_thread *thr = snarl_python_enter();
    if (thr) {
        s_creating = snarl_python_stack();
        snarl_python_races_wake();
        snarl_leave(thr);
    }
    struct snarl_py_object *result = s_patches[which].original(self, a, b, c, d);
    s_creating = 0;
    if (thr && result && snarl_python_orders)
        snarl_python_order_created(thr);
    return result;
}

static struct snarl_py_object *start_new(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return create(START_NEW, self, a, b, c, d);
}

static struct snarl_py_object *start(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return create(START, self, a, b, c, d);
}

static struct snarl_py_object *start_joinable(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return create(START_JOINABLE, self, a, b, c, d);
}

/* --- up to 3.12 --- */

struct snarl_thread *snarl_python_sentinel_thread(uintptr_t lock)
{
    const struct sentinel *sentinel = snarl_map_get(&s_sentinels, lock);
    return sentinel && sentinel->thr->id == sentinel->id ? sentinel->thr : NULL;
}

void snarl_python_sentinel_gone(uintptr_t lock)
{
    struct sentinel *sentinel = snarl_map_remove(&s_sentinels, lock);
    snarl_memory_free(sentinel, sizeof(*sentinel));
}

/* Whether the innermost of threading's functions on this stack is the beginning of a thread. Python's main thread has a
 * sentinel too, made when the module is imported or after a fork. It releases that one itself and goes on, to wait
 * for the others: nobody who waits for it waits for the thread. */
static bool is_beginning(uint32_t stack)
{
    const struct snarl_stack *frames = snarl_stack_get(stack);
    for (uint16_t i = 0; frames && i < frames->count && frames->frame[i] & SNARL_FRAME_WORDS; i++) {
        const char *function = snarl_stack_words(frames->frame[i])->function;
        if (strstr(function, "_after_fork") || strstr(function, "_bootstrap_inner"))
            return strstr(function, "_bootstrap_inner") != NULL;
    }
    return false;
}

static struct snarl_py_object *set_sentinel(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    struct snarl_py_object *lock = s_patches[SENTINEL].original(self, a, b, c, d);
    struct snarl_thread *thr = lock ? snarl_python_enter() : NULL;
    if (!thr)
        return lock;
    snarl_lock_gone(thr, (uintptr_t)lock);
    snarl_python_sentinel_gone((uintptr_t)lock);
    uint32_t stack = snarl_python_stack();
    snarl_object_create(thr, (uintptr_t)lock, SNARL_KIND_PYTHON_LOCK, SNARL_OBJECT_SIGNAL, stack);
    struct sentinel *sentinel = is_beginning(stack) ? snarl_memory_alloc(sizeof(*sentinel)) : NULL;
    if (sentinel) {
        *sentinel = (struct sentinel){thr, thr->id};
        snarl_map_put(&s_sentinels, (uintptr_t)lock, sentinel);
    }
    snarl_leave(thr);
    return lock;
}

/* --- 3.13 --- */

static unsigned long number_of(struct snarl_py_object *ident)
{
    unsigned long number = ident ? snarl_py.unsigned_value(ident) : 0;
    if (!ident || snarl_py.error())
        snarl_py.clear_error();
    if (ident)
        snarl_py.release(ident);
    return number;
}

/* NULL for the main thread, too, whose handle tells its end before it waits for the others. */
static struct snarl_thread *thread_of(struct snarl_py_object *handle)
{
    unsigned long number = number_of(snarl_python_attribute(handle, "ident"));
    struct snarl_py_object *module = snarl_python_module("_thread");
    if (module && number_of(snarl_py.call_method(module, "_get_main_thread_ident", NULL)) == number)
        return NULL;
    struct snarl_thread *thr = number ? snarl_thread_by_handle(number) : NULL;
    return thr && thr->state != SNARL_THREAD_GONE ? thr : NULL; /* after a fork, Python knows that it is over */
}

static bool is_timed(int flags, void *a, void *b)
{
    struct snarl_py_object *timeout = NULL;
    if (flags & SNARL_PY_FASTCALL)
        timeout = (intptr_t)b > 0 ? ((struct snarl_py_object **)a)[0] : NULL;
    else if (flags & SNARL_PY_VARARGS)
        timeout = a && snarl_py.tuple_size(a) > 0 ? snarl_py.tuple_item(a, 0) : NULL;
    if (!timeout || timeout == snarl_py.none_object)
        return false;
    double seconds = snarl_py.float_value(timeout);
    if (snarl_py.error())
        snarl_py.clear_error();
    return seconds >= 0;
}

static struct snarl_py_object *handle_join(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    const struct snarl_py_patch *patch = &s_patches[HANDLE_JOIN];
    struct snarl_thread *thr = snarl_python_enter();
    struct snarl_thread *target = thr ? thread_of(self) : NULL;
    if (!thr)
        return patch->original(self, a, b, c, d);
    uint32_t id = target ? target->id : 0;
    snarl_join_wait_begin(thr, target, is_timed(patch->flags, a, b), snarl_site_of_stack(snarl_python_stack_shown()));
    snarl_python_block(thr);
    struct snarl_py_object *result = patch->original(self, a, b, c, d);
    snarl_enter_again(thr);
    snarl_join_over(thr, NULL, false);
    if (result && target && target->id == id)
        snarl_python_thread_over(thr, target);
    snarl_leave(thr);
    return result;
}

/* A thread other than this one that the end of the program waits for. */
static struct snarl_thread *undone_thread(const struct snarl_thread *thr)
{
    for (struct snarl_thread *other = snarl_thread_first(); other; other = other->next)
        if (other != thr && other->managed && !other->daemon && other->state == SNARL_THREAD_RUNNING)
            return other;
    return NULL;
}

static struct snarl_py_object *shut_down(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    struct snarl_thread *thr = snarl_python_enter();
    if (!thr)
        return s_patches[SHUTDOWN].original(self, a, b, c, d);
    snarl_join_wait_begin(thr, undone_thread(thr), false, snarl_site_of_stack(snarl_python_stack_shown()));
    snarl_python_block(thr);
    struct snarl_py_object *result = s_patches[SHUTDOWN].original(self, a, b, c, d);
    snarl_enter_again(thr);
    snarl_join_over(thr, NULL, false);
    snarl_leave(thr);
    return result;
}

/* --- signals --- */

bool snarl_python_interrupt_is_default(void)
{
    return !s_interrupt_changed;
}

/* signal.signal(number, handler). */
static struct snarl_py_object *set_signal(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    const struct snarl_py_patch *patch = &s_patches[SIGNAL];
    struct snarl_py_object *number = NULL, *handler = NULL;
    if (patch->flags & SNARL_PY_FASTCALL && (intptr_t)b == 2) {
        number = ((struct snarl_py_object **)a)[0];
        handler = ((struct snarl_py_object **)a)[1];
    }
    struct snarl_py_object *result = patch->original(self, a, b, c, d);
    if (!result || !number || snarl_py.long_value(number) != 2) {
        if (result && snarl_py.error())
            snarl_py.clear_error();
        return result;
    }
    struct snarl_py_object *own = snarl_python_attribute(self, "default_int_handler");
    s_interrupt_changed = handler != own;
    if (own)
        snarl_py.release(own);
    return result;
}

static struct snarl_py_patch s_patches[PATCHES] = {
    [SENTINEL] = {NULL, "_set_sentinel", set_sentinel, NULL, 0},
    [HANDLE_JOIN] = {"_ThreadHandle", "join", handle_join, NULL, 0},
    [SHUTDOWN] = {NULL, "_shutdown", shut_down, NULL, 0},
    [START_NEW] = {NULL, "start_new_thread", start_new, NULL, 0},
    [START] = {NULL, "start_new", start, NULL, 0},
    [START_JOINABLE] = {NULL, "start_joinable_thread", start_joinable, NULL, 0},
    [SIGNAL] = {"_signal", "signal", set_signal, NULL, 0},
};

void snarl_python_threads_install(struct snarl_py_object *module)
{
    snarl_python_patch(module, &s_patches[SENTINEL]);
    for (int i = SHUTDOWN; i < PATCHES; i++)
        if (!s_patches[i].owner)
            snarl_python_patch(module, &s_patches[i]);
    struct snarl_py_object *handle = snarl_python_attribute(module, "_ThreadHandle");
    if (handle)
        snarl_python_patch(handle, &s_patches[HANDLE_JOIN]);
    struct snarl_py_object *signals = snarl_py.import("_signal");
    if (signals)
        snarl_python_patch(signals, &s_patches[SIGNAL]);
    else
        snarl_py.clear_error();
}
