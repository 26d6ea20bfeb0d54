/* agent.h - what the files of this folder share. */
#ifndef SNARL_PRELOAD_PYTHON_AGENT_H
#define SNARL_PRELOAD_PYTHON_AGENT_H

#include "preload/python/api.h"
#include "preload/shim.h"

/* A method or function of CPython that is replaced. All of Python's calling conventions pass at most these five words, and
 * a function that takes fewer does not look at the rest. */
typedef struct snarl_py_object *(*snarl_py_call)(struct snarl_py_object *self, void *a, void *b, void *c, void *d);

struct snarl_py_patch {
    const char *owner; /* "lock", "RLock", a type of _thread; NULL: a function of the module */
    const char *name;
    snarl_py_call replacement;
    snarl_py_call original; /* NULL: this version has no such method */
    int flags;
};

/* agent.c: the calling thread within the guard, for code that Python's main interpreter runs; NULL when there is
 * nothing to do but call the original. */
struct snarl_thread *snarl_python_enter(void);
/* Replaces one. False when there is no such method. */
bool snarl_python_patch(struct snarl_py_object *owner, struct snarl_py_patch *patch);
/* Replaces a slot of a type and returns what was there, NULL when it has none. */
void *snarl_python_patch_slot(struct snarl_py_object *type, int slot, void *replacement);
/* An attribute of a module or type, or NULL. Owned by the caller. */
struct snarl_py_object *snarl_python_attribute(struct snarl_py_object *object, const char *name);

/* locks.c, threads.c: replace what they look after. `module` is _thread. */
void snarl_python_locks_install(struct snarl_py_object *module);
void snarl_python_threads_install(struct snarl_py_object *module);

/* queues.c. The module of SimpleQueue is imported by the program. Once that has begun, snarl_python_queues_meet is to be
 * called now and then, by who holds the global lock, until it is done. */
extern bool snarl_python_queues_due;
void snarl_python_queues_install(void);
void snarl_python_queues_import(const char *module);
void snarl_python_queues_meet(void);

/* threads.c. A thread of Python whose lock object tells its end (3.12 and earlier): NULL when it is not one. */
struct snarl_thread *snarl_python_sentinel_thread(uintptr_t lock);
void snarl_python_sentinel_gone(uintptr_t lock);
/* Once the wait has begun: confirms what looks suspicious, without the global lock; then out of the guard. */
void snarl_python_block(struct snarl_thread *thr);
/* All of `target` happened before what `thr` does next. */
void snarl_python_thread_over(struct snarl_thread *thr, struct snarl_thread *target);

void snarl_python_names_install(void);
/* names.c. A module that the program has imported, or NULL. Borrowed. Also while the interpreter is taken down. */
struct snarl_py_object *snarl_python_module(const char *name);
/* names.c. Gives the thread the name that Python has for it, once it has one. */
void snarl_python_name_thread(struct snarl_thread *thr);
/* What the program calls an object; "" when no variable in sight holds it. The name of its type. The name of
 * a local variable or of the closure's by its number in the frame. */
void snarl_python_find_name(const struct snarl_py_object *object, char *into, size_t size);
void snarl_python_type_name(const struct snarl_py_object *object, char *into, size_t size);
void snarl_python_local_name(struct snarl_py_object *code, int index, char *into, size_t size);
/* Gives the lock a name by the variable that holds it, when the running code or its module has one. */
void snarl_python_name_lock(struct snarl_sync *sync, struct snarl_py_object *lock);

#endif
