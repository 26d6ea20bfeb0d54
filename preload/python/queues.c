/* queues.c - queues that are made in C and have no lock to be seen: SimpleQueue and deque.
 *
 * A SimpleQueue is fed to the engine as a semaphore is that starts at 0: put() posts it, get() waits for it. Its module is
 * imported by the program, maybe late, so the table is replaced once the audit hook has heard of it. How many items are in
 * it is counted here, for the engine may ask at any time; before a wait the count is compared with the truth, since a
 * put() that came while the detector was at work is not seen.
 *
 * A deque never waits. What one thread appends and another pops is handed over, which only the order behind
 * --python-races has to know. Everything here is guarded by the global lock. */
#include <string.h>

#include "preload/python/agent.h"
#include "preload/python/arguments.h"
#include "preload/python/frames.h"
#include "preload/python/order.h"

enum {
    PUT, PUT_NOWAIT, GET, GET_NOWAIT,
    APPEND, APPEND_LEFT, EXTEND, EXTEND_LEFT, INSERT, POP, POP_LEFT, PATCHES
};

static struct snarl_py_patch s_patches[PATCHES];
static snarl_py_call s_queue_new;
static void (*s_queue_dealloc)(struct snarl_py_object *object), (*s_deque_dealloc)(struct snarl_py_object *object);

bool snarl_python_queues_due;

/* --- SimpleQueue --- */

static int32_t true_count(struct snarl_py_object *queue)
{
    struct snarl_py_object *size = snarl_py.call_method(queue, "qsize", NULL);
    long count = size ? snarl_py.long_value(size) : 0;
    if (size)
        snarl_py.release(size);
    else
        snarl_py.clear_error();
    return (int32_t)count;
}

static struct snarl_sync *make(struct snarl_thread *thr, struct snarl_py_object *queue)
{
    snarl_lock_gone(thr, (uintptr_t)queue);
    return snarl_object_create(thr, (uintptr_t)queue, SNARL_KIND_PYTHON_QUEUE, SNARL_OBJECT_SIGNAL, snarl_python_stack());
}

static struct snarl_sync *sync_of(struct snarl_thread *thr, struct snarl_py_object *queue)
{
    struct snarl_sync *sync = snarl_object_find(thr, (uintptr_t)queue);
    if (sync && sync->kind == SNARL_KIND_PYTHON_QUEUE)
        return sync;
    sync = make(thr, queue);
    if (sync)
        __atomic_store_n(&sync->state.semaphore.items, true_count(queue), __ATOMIC_SEQ_CST);
    return sync;
}

static void count(struct snarl_sync *sync, int32_t by)
{
    __atomic_fetch_add(&sync->state.semaphore.items, by, __ATOMIC_SEQ_CST);
}

static struct snarl_py_object *put(int which, struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    struct snarl_thread *thr = snarl_python_enter();
    struct snarl_sync *sync = thr ? sync_of(thr, self) : NULL;
    if (sync) {
        snarl_semaphore_post(thr, (uintptr_t)self, snarl_site_of_stack(0));
        if (snarl_python_orders)
            snarl_python_order_release(thr, (uintptr_t)self);
        count(sync, 1);
    }
    if (thr)
        snarl_leave(thr);
    struct snarl_py_object *result = s_patches[which].original(self, a, b, c, d);
    if (!result && sync && (thr = snarl_python_enter())) {
        count(sync, -1);
        snarl_leave(thr);
    }
    return result;
}

static bool must_wait(struct snarl_sync *sync, struct snarl_py_object *queue)
{
    if (__atomic_load_n(&sync->state.semaphore.items, __ATOMIC_SEQ_CST) > 0)
        return false;
    int32_t items = true_count(queue);
    __atomic_store_n(&sync->state.semaphore.items, items, __ATOMIC_SEQ_CST);
    return items == 0;
}

static void note_got(struct snarl_thread *thr, struct snarl_py_object *queue, enum snarl_how how, uint32_t stack)
{
    count(sync_of(thr, queue), -1);
    snarl_semaphore_acquired(thr, (uintptr_t)queue, how, snarl_site_of_stack(stack));
    if (snarl_python_orders)
        snarl_python_order_acquire(thr, (uintptr_t)queue);
}

static struct snarl_py_object *take(int which, enum snarl_how how, struct snarl_py_object *self, void *a, void *b, void *c,
                                    void *d)
{
    struct snarl_thread *thr = snarl_python_enter();
    struct snarl_sync *sync = thr ? sync_of(thr, self) : NULL;
    if (!thr)
        return s_patches[which].original(self, a, b, c, d);
    bool waits = sync && how != SNARL_HOW_TRY && must_wait(sync, self);
    uint32_t stack = waits ? snarl_python_stack_shown() : 0;
    if (waits) {
        if (!sync->name)
            snarl_python_name_lock(sync, self);
        snarl_lock_wait_begin(thr, (uintptr_t)self, SNARL_KIND_PYTHON_QUEUE, SNARL_OBJECT_SIGNAL, SNARL_MODE_WRITE,
                              how == SNARL_HOW_TIMED, snarl_site_of_stack(stack));
        snarl_python_block(thr);
    } else {
        snarl_leave(thr);
    }
    struct snarl_py_object *result = s_patches[which].original(self, a, b, c, d);
    snarl_enter_again(thr);
    if (waits)
        snarl_lock_wait_over(thr);
    if (result && sync)
        note_got(thr, self, how, stack);
    snarl_leave(thr);
    return result;
}

static void forget(struct snarl_py_object *object)
{
    struct snarl_thread *thr = snarl_object_near((uintptr_t)object) || snarl_python_orders ? snarl_python_enter() : NULL;
    if (!thr)
        return;
    snarl_python_order_gone((uintptr_t)object);
    snarl_lock_gone(thr, (uintptr_t)object);
    snarl_leave(thr);
}

static struct snarl_py_object *queue_new(struct snarl_py_object *type, void *a, void *b, void *c, void *d)
{
    struct snarl_py_object *queue = s_queue_new(type, a, b, c, d);
    struct snarl_thread *thr = queue ? snarl_python_enter() : NULL;
    if (thr) {
        make(thr, queue);
        snarl_leave(thr);
    }
    return queue;
}

static void queue_dealloc(struct snarl_py_object *queue)
{
    forget(queue);
    s_queue_dealloc(queue);
}

/* --- deque --- */

static struct snarl_py_object *hand_over(int which, bool in, struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    struct snarl_thread *thr = snarl_python_orders && snarl_awake ? snarl_python_enter() : NULL;
    if (!thr)
        return s_patches[which].original(self, a, b, c, d);
    if (in)
        snarl_python_order_release(thr, (uintptr_t)self);
    else
        snarl_python_order_acquire(thr, (uintptr_t)self);
    snarl_leave(thr);
    return s_patches[which].original(self, a, b, c, d);
}

static void deque_dealloc(struct snarl_py_object *deque)
{
    if (snarl_python_orders)
        forget(deque);
    s_deque_dealloc(deque);
}

/* --- the replacements: each knows which one it is --- */

static struct snarl_py_object *queue_put(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return put(PUT, self, a, b, c, d);
}

static struct snarl_py_object *queue_put_nowait(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return put(PUT_NOWAIT, self, a, b, c, d);
}

static struct snarl_py_object *queue_get(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    enum snarl_how how = snarl_python_how(snarl_python_arguments(s_patches[GET].flags, a, b, c, d));
    return take(GET, how, self, a, b, c, d);
}

static struct snarl_py_object *queue_get_nowait(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return take(GET_NOWAIT, SNARL_HOW_TRY, self, a, b, c, d);
}

static struct snarl_py_object *deque_append(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return hand_over(APPEND, true, self, a, b, c, d);
}

static struct snarl_py_object *deque_append_left(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return hand_over(APPEND_LEFT, true, self, a, b, c, d);
}

static struct snarl_py_object *deque_extend(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return hand_over(EXTEND, true, self, a, b, c, d);
}

static struct snarl_py_object *deque_extend_left(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return hand_over(EXTEND_LEFT, true, self, a, b, c, d);
}

static struct snarl_py_object *deque_insert(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return hand_over(INSERT, true, self, a, b, c, d);
}

static struct snarl_py_object *deque_pop(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return hand_over(POP, false, self, a, b, c, d);
}

static struct snarl_py_object *deque_pop_left(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return hand_over(POP_LEFT, false, self, a, b, c, d);
}

static struct snarl_py_patch s_patches[PATCHES] = {
    [PUT] = {"SimpleQueue", "put", queue_put, NULL, 0},
    [PUT_NOWAIT] = {"SimpleQueue", "put_nowait", queue_put_nowait, NULL, 0},
    [GET] = {"SimpleQueue", "get", queue_get, NULL, 0},
    [GET_NOWAIT] = {"SimpleQueue", "get_nowait", queue_get_nowait, NULL, 0},
    [APPEND] = {"deque", "append", deque_append, NULL, 0},
    [APPEND_LEFT] = {"deque", "appendleft", deque_append_left, NULL, 0},
    [EXTEND] = {"deque", "extend", deque_extend, NULL, 0},
    [EXTEND_LEFT] = {"deque", "extendleft", deque_extend_left, NULL, 0},
    [INSERT] = {"deque", "insert", deque_insert, NULL, 0},
    [POP] = {"deque", "pop", deque_pop, NULL, 0},
    [POP_LEFT] = {"deque", "popleft", deque_pop_left, NULL, 0},
};

static void *replace(struct snarl_py_object *type, int first, int last, void (*dealloc)(struct snarl_py_object *object))
{
    void *before = snarl_py.type_slot(type, SNARL_PY_TP_DEALLOC);
    for (int i = first; i <= last; i++)
        snarl_python_patch(type, &s_patches[i]);
    snarl_python_patch_slot(type, SNARL_PY_TP_DEALLOC, (void *)dealloc);
    return before;
}

void snarl_python_queues_meet(void)
{
    struct snarl_py_object *module = snarl_python_module("_queue");
    struct snarl_py_object *type = module ? snarl_python_attribute(module, "SimpleQueue") : NULL;
    if (!type)
        return;
    snarl_python_queues_due = false;
    s_queue_dealloc = (void (*)(struct snarl_py_object *))replace(type, PUT, GET_NOWAIT, queue_dealloc);
    s_queue_new = (snarl_py_call)snarl_py.type_slot(type, SNARL_PY_TP_NEW);
    snarl_python_patch_slot(type, SNARL_PY_TP_NEW, (void *)queue_new);
}

void snarl_python_queues_import(const char *module)
{
    if (module && strcmp(module, "_queue") == 0 && !s_queue_dealloc)
        snarl_python_queues_due = true;
}

void snarl_python_queues_install(void)
{
    snarl_python_queues_meet();
    if (!snarl_options.python_races)
        return;
    struct snarl_py_object *deque = snarl_python_attribute(snarl_py.import("_collections"), "deque");
    if (deque)
        s_deque_dealloc = (void (*)(struct snarl_py_object *))replace(deque, APPEND, POP_LEFT, deque_dealloc);
}
