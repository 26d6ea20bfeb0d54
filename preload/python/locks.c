/* locks.c - Python's Lock and RLock objects as locks of the engine.
 *
 * An object is known by its address until it is deallocated. The replaced methods see each acquisition with its arguments
 * and its result; the stack is Python's. A plain lock may be released by any thread, so it is fed as the
 * engine's semaphores are: taken for a lock until somebody else releases it, then a signal. Locks that
 * threading.Condition makes for its waiters are signals from the start.
 *
 * Whether a lock is taken is read from the POSIX semaphore inside it, whose place is checked on a lock of our own. */
#include "preload/python/agent.h"

#include <semaphore.h>
#include <string.h>

#include "preload/python/arguments.h"
#include "preload/python/frames.h"
#include "preload/python/order.h"
#include "preload/python/python.h"
#include "preload/real.h"
#include "stack/depot.h"

#define SEMAPHORE_WORD 2 /* of lockobject and rlockobject, 3.10 to 3.13: the word behind the object's head */

/* How a call of acquire() waits. */
struct request {
    enum snarl_how how;
    bool with; /* a with statement: it is released by the same thread */
};

static bool s_values_known;
static void (*s_lock_dealloc)(struct snarl_py_object *object);
static void (*s_rlock_dealloc)(struct snarl_py_object *object);
static snarl_py_call s_rlock_new, s_lock_new;

/* --- what a lock is --- */

static sem_t *semaphore_of(const struct snarl_py_object *lock)
{
    return ((sem_t *const *)lock)[SEMAPHORE_WORD];
}

static bool is_taken(const struct snarl_py_object *lock)
{
    int value = 0;
    sem_t *semaphore = semaphore_of(lock);
    return semaphore && real_sem_getvalue(semaphore, &value) == 0 && value == 0;
}

int snarl_python_lock_value(uintptr_t address)
{
    return s_values_known ? !is_taken((const struct snarl_py_object *)address) : 1;
}

static bool is_threading(const struct snarl_word_frame *words)
{
    size_t length = strlen(words->file);
    return length >= 13 && strcmp(words->file + length - 13, "/threading.py") == 0;
}

/* Whether the innermost frame is where threading makes locks to wake waiters with. */
static bool is_made_as_signal(uint32_t stack)
{
    const struct snarl_stack *frames = snarl_stack_get(stack);
    if (!frames || !(frames->frame[0] & SNARL_FRAME_WORDS))
        return false;
    const struct snarl_word_frame *words = snarl_stack_words(frames->frame[0]);
    return is_threading(words) &&
           (strcmp(words->function, "Condition.wait") == 0 || strcmp(words->function, "wait") == 0);
}

/* threading's own, with which it keeps its list of threads: each thread takes it at its start and its end, which
 * would put threads in order that are not. */
static bool is_bookkeeping(const struct snarl_sync *sync)
{
    const struct snarl_stack *frames = snarl_stack_get(sync->create_stack);
    for (uint16_t i = 0; frames && i < frames->count && frames->frame[i] & SNARL_FRAME_WORDS; i++) {
        const struct snarl_word_frame *words = snarl_stack_words(frames->frame[i]);
        if (!is_threading(words))
            return false;
        if (strcmp(words->function, "<module>") == 0)
            return true;
    }
    return false;
}

static enum snarl_kind kind_of(bool recursive)
{
    return recursive ? SNARL_KIND_PYTHON_RLOCK : SNARL_KIND_PYTHON_LOCK;
}

static struct snarl_sync *sync_of(struct snarl_thread *thr, struct snarl_py_object *lock, bool recursive)
{
    struct snarl_sync *sync = snarl_object_find(thr, (uintptr_t)lock);
    if (sync && sync->kind == kind_of(recursive))
        return sync;
    snarl_lock_gone(thr, (uintptr_t)lock);
    return snarl_object_get(thr, (uintptr_t)lock, kind_of(recursive), recursive ? SNARL_OBJECT_RECURSIVE : 0);
}

static void note_made(struct snarl_py_object *lock, bool recursive)
{
    struct snarl_thread *thr = lock ? snarl_python_enter() : NULL;
    if (!thr)
        return;
    uint32_t stack = snarl_python_stack();
    uint32_t flags = recursive ? SNARL_OBJECT_RECURSIVE : is_made_as_signal(stack) ? SNARL_OBJECT_SIGNAL : 0;
    snarl_lock_gone(thr, (uintptr_t)lock);
    snarl_object_create(thr, (uintptr_t)lock, kind_of(recursive), flags, stack);
    snarl_leave(thr);
}

static void note_gone(struct snarl_py_object *lock)
{
    struct snarl_thread *thr = snarl_object_near((uintptr_t)lock) ? snarl_python_enter() : NULL;
    if (!thr)
        return;
    snarl_python_sentinel_gone((uintptr_t)lock);
    snarl_python_order_gone((uintptr_t)lock);
    snarl_lock_gone(thr, (uintptr_t)lock);
    snarl_leave(thr);
}

/* In the child of a fork: a new lock, and free. What was a signal stays one. */
static void note_reset(struct snarl_py_object *lock, bool recursive)
{
    struct snarl_thread *thr = snarl_python_enter();
    if (!thr)
        return;
    const struct snarl_sync *old = snarl_object_find(thr, (uintptr_t)lock);
    if (old) {
        uint32_t flags = old->flags & (SNARL_OBJECT_SIGNAL | SNARL_OBJECT_RECURSIVE), stack = old->create_stack;
        snarl_lock_gone(thr, (uintptr_t)lock);
        snarl_object_create(thr, (uintptr_t)lock, kind_of(recursive), flags, stack);
    }
    snarl_leave(thr);
}

/* --- acquisition --- */

/* The wait for a lock that is taken, or for the end of the thread that it stands for. */
static void begin_wait(struct snarl_thread *thr, struct snarl_py_object *lock, bool recursive, bool timed,
                       uint32_t stack)
{
    struct snarl_sync *sync = sync_of(thr, lock, recursive);
    struct snarl_thread *target = recursive ? NULL : snarl_python_sentinel_thread((uintptr_t)lock);
    struct snarl_site site = snarl_site_of_stack(stack);
    if (target && target != thr) {
        snarl_join_wait_begin(thr, target, timed, site);
        return;
    }
    if (sync && !sync->name && !timed)
        snarl_python_name_lock(sync, lock);
    snarl_lock_wait_begin(thr, (uintptr_t)lock, kind_of(recursive), recursive ? SNARL_OBJECT_RECURSIVE : 0,
                          SNARL_MODE_WRITE, timed, site);
}

static void note_paired(struct snarl_sync *sync)
{
    if (!(sync->flags & SNARL_OBJECT_PAIRED))
        __atomic_fetch_or(&sync->flags, SNARL_OBJECT_PAIRED, __ATOMIC_RELAXED);
}

static void note_acquired(struct snarl_thread *thr, struct snarl_py_object *lock, bool recursive,
                          struct request request, uint32_t stack)
{
    struct snarl_sync *sync = sync_of(thr, lock, recursive);
    struct snarl_site site = snarl_site_of_stack(stack);
    if (!sync)
        return;
    if (recursive) {
        snarl_lock_acquired(thr, (uintptr_t)lock, SNARL_KIND_PYTHON_RLOCK, SNARL_OBJECT_RECURSIVE, SNARL_MODE_WRITE,
                            request.how, site);
    } else if (!(sync->flags & SNARL_OBJECT_SIGNAL)) {
        if (request.with)
            note_paired(sync);
        snarl_lock_acquired(thr, (uintptr_t)lock, SNARL_KIND_PYTHON_LOCK, 0, SNARL_MODE_WRITE, request.how, site);
    } else {
        snarl_semaphore_acquired(thr, (uintptr_t)lock, request.how, site);
        struct snarl_thread *target = snarl_python_sentinel_thread((uintptr_t)lock);
        if (target && target != thr)
            snarl_python_thread_over(thr, target);
    }
    if (snarl_python_orders && !is_bookkeeping(sync))
        snarl_python_order_acquire(thr, (uintptr_t)lock);
    if (!sync->name && !(sync->flags & SNARL_OBJECT_SIGNAL))
        snarl_python_name_lock(sync, lock);
}

static bool must_wait(struct snarl_thread *thr, struct snarl_py_object *lock, bool recursive)
{
    if (s_values_known && !is_taken(lock))
        return false;
    const struct snarl_sync *sync = snarl_object_find(thr, (uintptr_t)lock);
    if (!s_values_known)
        return sync && sync->owner && sync->owner != thr;
    return !(recursive && sync && snarl_held_find(thr, sync));
}

static struct snarl_py_object *acquire(const struct snarl_py_patch *patch, struct snarl_py_object *self, void *a,
                                       void *b, void *c, void *d, bool recursive, bool with)
{
    struct snarl_thread *thr = snarl_python_enter();
    if (!thr)
        return patch->original(self, a, b, c, d);
    struct request request = {with ? SNARL_HOW_BLOCK : snarl_python_how(snarl_python_arguments(patch->flags, a, b, c, d)), with};
    uint32_t stack = snarl_python_stack_shown();
    bool waits = request.how != SNARL_HOW_TRY && must_wait(thr, self, recursive);
    if (waits) {
        begin_wait(thr, self, recursive, request.how == SNARL_HOW_TIMED, stack);
        snarl_python_block(thr);
    } else {
        snarl_leave(thr);
    }
    struct snarl_py_object *result = patch->original(self, a, b, c, d);
    snarl_enter_again(thr);
    if (waits)
        snarl_lock_wait_over(thr);
    if (result == snarl_py.true_object)
        note_acquired(thr, self, recursive, request, stack);
    snarl_leave(thr);
    return result;
}

/* --- release --- */

/* As snarl_semaphore_post does it, but that who holds it is asked first: mostly it is this thread. Whether it was told. */
static bool release_lock(struct snarl_thread *thr, struct snarl_sync *sync, const struct snarl_py_object *lock)
{
    struct snarl_site nowhere = snarl_site_of_stack(0);
    bool held = snarl_held_find(thr, sync) != NULL;
    if (held && !(sync->flags & SNARL_OBJECT_SIGNAL) && snarl_lock_releasing(thr, (uintptr_t)lock, nowhere))
        note_paired(sync);
    else if (held || (s_values_known && is_taken(lock)))
        snarl_semaphore_post(thr, (uintptr_t)lock, nowhere);
    else
        return false;
    return true;
}

/* Before the true release. One that Python refuses (not locked, another's) is none. Whether it was told. */
static bool note_release(struct snarl_py_object *lock, bool recursive)
{
    struct snarl_thread *thr = snarl_python_enter();
    if (!thr)
        return false;
    bool told = false;
    if (__builtin_expect(snarl_python_queues_due, 0)) /* an import lets go of its lock when it is done */
        snarl_python_queues_meet();
    struct snarl_sync *sync = sync_of(thr, lock, recursive);
    if (snarl_python_orders && sync && !is_bookkeeping(sync))
        snarl_python_order_release(thr, (uintptr_t)lock);
    if (sync && recursive)
        told = snarl_lock_releasing(thr, (uintptr_t)lock, snarl_site_of_stack(0));
    else if (sync)
        told = release_lock(thr, sync, lock);
    snarl_leave(thr);
    return told;
}

/* What the lock's semaphore would tell of its release has been told of the lock then: one clock is enough. Whoever acquires the lock is told of
 * both, since not every release of the semaphore is one of the lock. */
static struct snarl_py_object *release(const struct snarl_py_patch *patch, struct snarl_py_object *self, void *a, void *b, void *c,
                                       void *d, bool recursive)
{
    bool told = note_release(self, recursive);
    snarl_runtime_told = told && s_values_known ? semaphore_of(self) : NULL;
    struct snarl_py_object *result = patch->original(self, a, b, c, d);
    snarl_runtime_told = NULL;
    return result;
}

/* A condition lets go of its RLock however often it is held, and takes it back as often. */
static void note_saved(struct snarl_py_object *lock)
{
    struct snarl_thread *thr = snarl_python_enter();
    if (!thr)
        return;
    struct snarl_sync *sync = sync_of(thr, lock, true);
    struct snarl_held *held = sync ? snarl_held_find(thr, sync) : NULL;
    if (snarl_python_orders)
        snarl_python_order_release(thr, (uintptr_t)lock);
    if (held) {
        held->depth = 1;
        snarl_lock_releasing(thr, (uintptr_t)lock, snarl_site_of_stack(0));
    }
    snarl_leave(thr);
}

/* The argument is (count, owner). */
static long saved_count(int flags, void *argument)
{
    struct snarl_py_object *state = flags & SNARL_PY_ONE ? argument : snarl_py.tuple_item(argument, 0);
    struct snarl_py_object *count = state ? snarl_py.tuple_item(state, 0) : NULL;
    long depth = count ? snarl_py.long_value(count) : 1;
    if (snarl_py.error())
        snarl_py.clear_error();
    return depth > 0 ? depth : 1;
}

static struct snarl_py_object *restore(const struct snarl_py_patch *patch, struct snarl_py_object *self, void *a,
                                       void *b, void *c, void *d)
{
    struct snarl_thread *thr = snarl_python_enter();
    if (!thr)
        return patch->original(self, a, b, c, d);
    long depth = saved_count(patch->flags, a);
    uint32_t stack = snarl_python_stack_shown();
    bool waits = must_wait(thr, self, true);
    if (waits) {
        begin_wait(thr, self, true, false, stack);
        snarl_python_block(thr);
    } else {
        snarl_leave(thr);
    }
    struct snarl_py_object *result = patch->original(self, a, b, c, d);
    snarl_enter_again(thr);
    if (waits)
        snarl_lock_wait_over(thr);
    if (result) {
        note_acquired(thr, self, true, (struct request){SNARL_HOW_BLOCK, true}, stack);
        struct snarl_held *held = snarl_held_find(thr, sync_of(thr, self, true));
        if (held)
            held->depth = (uint16_t)depth;
    }
    snarl_leave(thr);
    return result;
}

/* --- the replacements: each knows which one it is --- */

enum {
    LOCK_ACQUIRE, LOCK_ENTER, LOCK_ACQUIRE_LOCK, LOCK_RELEASE, LOCK_EXIT, LOCK_RELEASE_LOCK, LOCK_REINIT,
    RLOCK_ACQUIRE, RLOCK_ENTER, RLOCK_RELEASE, RLOCK_EXIT, RLOCK_SAVE, RLOCK_RESTORE, RLOCK_REINIT,
    ALLOCATE_LOCK, ALLOCATE, PATCHES
};

static struct snarl_py_patch s_patches[PATCHES];

static struct snarl_py_object *lock_acquire(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return acquire(&s_patches[LOCK_ACQUIRE], self, a, b, c, d, false, false);
}

static struct snarl_py_object *lock_enter(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return acquire(&s_patches[LOCK_ENTER], self, a, b, c, d, false, true);
}

static struct snarl_py_object *lock_acquire_lock(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return acquire(&s_patches[LOCK_ACQUIRE_LOCK], self, a, b, c, d, false, false);
}

static struct snarl_py_object *lock_release(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return release(&s_patches[LOCK_RELEASE], self, a, b, c, d, false);
}

static struct snarl_py_object *lock_exit(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return release(&s_patches[LOCK_EXIT], self, a, b, c, d, false);
}

static struct snarl_py_object *lock_release_lock(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return release(&s_patches[LOCK_RELEASE_LOCK], self, a, b, c, d, false);
}

static struct snarl_py_object *lock_reinit(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    note_reset(self, false);
    return s_patches[LOCK_REINIT].original(self, a, b, c, d);
}

static struct snarl_py_object *rlock_acquire(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return acquire(&s_patches[RLOCK_ACQUIRE], self, a, b, c, d, true, false);
}

static struct snarl_py_object *rlock_enter(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return acquire(&s_patches[RLOCK_ENTER], self, a, b, c, d, true, true);
}

static struct snarl_py_object *rlock_release(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return release(&s_patches[RLOCK_RELEASE], self, a, b, c, d, true);
}

static struct snarl_py_object *rlock_exit(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return release(&s_patches[RLOCK_EXIT], self, a, b, c, d, true);
}

static struct snarl_py_object *rlock_save(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    note_saved(self);
    return s_patches[RLOCK_SAVE].original(self, a, b, c, d);
}

static struct snarl_py_object *rlock_restore(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    return restore(&s_patches[RLOCK_RESTORE], self, a, b, c, d);
}

static struct snarl_py_object *rlock_reinit(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    note_reset(self, true);
    return s_patches[RLOCK_REINIT].original(self, a, b, c, d);
}

static struct snarl_py_object *allocate_lock(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    struct snarl_py_object *lock = s_patches[ALLOCATE_LOCK].original(self, a, b, c, d);
    note_made(lock, false);
    return lock;
}

static struct snarl_py_object *allocate(struct snarl_py_object *self, void *a, void *b, void *c, void *d)
{
    struct snarl_py_object *lock = s_patches[ALLOCATE].original(self, a, b, c, d);
    note_made(lock, false);
    return lock;
}

static struct snarl_py_object *lock_new(struct snarl_py_object *type, void *a, void *b, void *c, void *d)
{
    struct snarl_py_object *lock = s_lock_new(type, a, b, c, d);
    note_made(lock, false);
    return lock;
}

static struct snarl_py_object *rlock_new(struct snarl_py_object *type, void *a, void *b, void *c, void *d)
{
    struct snarl_py_object *lock = s_rlock_new(type, a, b, c, d);
    note_made(lock, true);
    return lock;
}

static void lock_dealloc(struct snarl_py_object *lock)
{
    note_gone(lock);
    s_lock_dealloc(lock);
}

static void rlock_dealloc(struct snarl_py_object *lock)
{
    note_gone(lock);
    s_rlock_dealloc(lock);
}

static struct snarl_py_patch s_patches[PATCHES] = {
    [LOCK_ACQUIRE] = {"LockType", "acquire", lock_acquire, NULL, 0},
    [LOCK_ENTER] = {"LockType", "__enter__", lock_enter, NULL, 0},
    [LOCK_ACQUIRE_LOCK] = {"LockType", "acquire_lock", lock_acquire_lock, NULL, 0},
    [LOCK_RELEASE] = {"LockType", "release", lock_release, NULL, 0},
    [LOCK_EXIT] = {"LockType", "__exit__", lock_exit, NULL, 0},
    [LOCK_RELEASE_LOCK] = {"LockType", "release_lock", lock_release_lock, NULL, 0},
    [LOCK_REINIT] = {"LockType", "_at_fork_reinit", lock_reinit, NULL, 0},
    [RLOCK_ACQUIRE] = {"RLock", "acquire", rlock_acquire, NULL, 0},
    [RLOCK_ENTER] = {"RLock", "__enter__", rlock_enter, NULL, 0},
    [RLOCK_RELEASE] = {"RLock", "release", rlock_release, NULL, 0},
    [RLOCK_EXIT] = {"RLock", "__exit__", rlock_exit, NULL, 0},
    [RLOCK_SAVE] = {"RLock", "_release_save", rlock_save, NULL, 0},
    [RLOCK_RESTORE] = {"RLock", "_acquire_restore", rlock_restore, NULL, 0},
    [RLOCK_REINIT] = {"RLock", "_at_fork_reinit", rlock_reinit, NULL, 0},
    [ALLOCATE_LOCK] = {NULL, "allocate_lock", allocate_lock, NULL, 0},
    [ALLOCATE] = {NULL, "allocate", allocate, NULL, 0},
};

/* Whether the semaphore of a lock is where we think: one of our own is free, taken, and free again. */
static bool values_are_right(struct snarl_py_object *module)
{
    struct snarl_py_object *lock = snarl_py.call_method(module, "allocate_lock", NULL);
    if (!lock) {
        snarl_py.clear_error();
        return false;
    }
    s_values_known = true;
    bool right = !is_taken(lock);
    struct snarl_py_object *answer = snarl_py.call_method(lock, "acquire", NULL);
    right = right && answer && is_taken(lock);
    if (answer)
        snarl_py.release(answer);
    answer = snarl_py.call_method(lock, "release", NULL);
    right = right && answer && !is_taken(lock);
    if (answer)
        snarl_py.release(answer);
    snarl_py.clear_error();
    snarl_py.release(lock);
    return right;
}

void snarl_python_locks_install(struct snarl_py_object *module)
{
    s_values_known = values_are_right(module);
    struct snarl_py_object *lock = snarl_python_attribute(module, "LockType");
    struct snarl_py_object *rlock = snarl_python_attribute(module, "RLock");
    for (int i = 0; i < PATCHES; i++) {
        struct snarl_py_patch *patch = &s_patches[i];
        snarl_python_patch(!patch->owner ? module : patch->owner[0] == 'L' ? lock : rlock, patch);
    }
    if (lock) {
        s_lock_dealloc = (void (*)(struct snarl_py_object *))snarl_py.type_slot(lock, SNARL_PY_TP_DEALLOC);
        snarl_python_patch_slot(lock, SNARL_PY_TP_DEALLOC, (void *)lock_dealloc);
    }
    if (rlock) {
        s_rlock_dealloc = (void (*)(struct snarl_py_object *))snarl_py.type_slot(rlock, SNARL_PY_TP_DEALLOC);
        snarl_python_patch_slot(rlock, SNARL_PY_TP_DEALLOC, (void *)rlock_dealloc);
        s_rlock_new = (snarl_py_call)snarl_py.type_slot(rlock, SNARL_PY_TP_NEW);
        snarl_python_patch_slot(rlock, SNARL_PY_TP_NEW, (void *)rlock_new);
    }
    if (lock && snarl_py_version >= 313) { /* threading.Lock is the type itself */
        s_lock_new = (snarl_py_call)snarl_py.type_slot(lock, SNARL_PY_TP_NEW);
        snarl_python_patch_slot(lock, SNARL_PY_TP_NEW, (void *)lock_new);
    }
}
