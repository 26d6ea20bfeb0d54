/* agent.c - finding the runtime, and the way into it.
 *
 * The runtime is in the program, in a library that it links, or in one that it opens later (an embedded interpreter).
 * In all cases it makes the condition variable of its global lock early in its start, which is when its audit hook is
 * set; the first event when it is initialised, which comes from the main thread at the start of the program's own code
 * or earlier, finds the modules there, and the methods are replaced. From 3.14 on, and in free-threaded builds, the layouts and locks are others: such a runtime is told of in
 * one note, and what it does is looked at as that of any C program.
 *
 * Other interpreters of the process (sub-interpreters) share the method tables; their calls go straight through. */
#include "preload/python/agent.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "base/os.h"
#include "base/text.h"
#include "preload/python/frames.h"
#include "preload/python/python.h"
#include "preload/python/races.h"
#include "stack/modules.h"

#define TYPE_WORDS 60 /* of a type object in which its slots lie */
#define MARK "Py_GetVersion" /* what every runtime has */

static struct snarl_region s_code; /* where the runtime is, usable or not */
static bool s_found;     /* a runtime was met, usable or not */
static bool s_hookable;  /* it is usable and has no hook of ours yet */
static bool s_active;    /* methods are replaced, and the interpreter is not on its way out */
static bool s_installed;
static struct snarl_py_object *s_interpreter; /* the main one */

static void meet_thread(struct snarl_thread *thr)
{
    snarl_python_name_thread(thr);
    snarl_python_races_thread();
}

struct snarl_thread *snarl_python_enter(void)
{
    if (!s_active)
        return NULL;
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return NULL;
    if (snarl_py.thread_interpreter(snarl_py.thread_state()) != s_interpreter) {
        snarl_leave(thr);
        return NULL;
    }
    if (__builtin_expect(!thr->managed, 0))
        meet_thread(thr);
    return thr;
}

struct snarl_py_object *snarl_python_attribute(struct snarl_py_object *object, const char *name)
{
    struct snarl_py_object *value = object ? snarl_py.get_attribute(object, name) : NULL;
    if (!value)
        snarl_py.clear_error();
    return value;
}

/* --- replacing --- */

static bool read_memory(const void *from, void *to, size_t size)
{
    struct iovec local = {to, size}, remote = {(void *)from, size};
    return process_vm_readv(snarl_os_pid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* Whether a structure that begins with a pointer to `name` is at `at`. */
static bool is_method(uintptr_t at, const char *name)
{
    uintptr_t text;
    char found[40] = {0};
    return at > 4096 && at % sizeof(void *) == 0 && read_memory((void *)at, &text, sizeof(text)) &&
           read_memory((void *)text, found, strlen(name) + 1) && strcmp(found, name) == 0;
}

/* The table entry behind a method descriptor or a built-in function: found by what it is, not by where. */
static struct snarl_py_method *method_of(struct snarl_py_object *descriptor, const char *name)
{
    const uintptr_t *word = (const uintptr_t *)descriptor;
    for (int i = 2; i < 8; i++)
        if (is_method(word[i], name))
            return (struct snarl_py_method *)word[i];
    return NULL;
}

bool snarl_python_patch(struct snarl_py_object *owner, struct snarl_py_patch *patch)
{
    struct snarl_py_object *descriptor = snarl_python_attribute(owner, patch->name);
    struct snarl_py_method *method = descriptor ? method_of(descriptor, patch->name) : NULL;
    if (!method)
        return false;
    patch->original = (snarl_py_call)method->function;
    patch->flags = method->flags;
    __atomic_store_n(&method->function, (void *)patch->replacement, __ATOMIC_RELEASE);
    snarl_py.release(descriptor);
    return true;
}

void *snarl_python_patch_slot(struct snarl_py_object *type, int slot, void *replacement)
{
    void *before = snarl_py.type_slot(type, slot);
    void **word = (void **)type;
    for (int i = 2; before && i < TYPE_WORDS; i++) {
        if (word[i] == before) {
            word[i] = replacement;
            return before;
        }
    }
    snarl_py.clear_error();
    return NULL;
}

/* --- the interpreter's life --- */

static void install(void)
{
    struct snarl_py_object *module = snarl_py.import("_thread");
    if (!module) {
        snarl_py.clear_error();
        return;
    }
    s_interpreter = snarl_py.main_interpreter();
    snarl_python_frames_prepare();
    snarl_python_names_install();
    snarl_python_locks_install(module);
    snarl_python_threads_install(module);
    snarl_python_queues_install();
    s_active = true;
    snarl_python_races_install();
}

static int audit(const char *event, struct snarl_py_object *arguments, void *context)
{
    (void)context;
    if (__builtin_expect(!s_installed, 0)) {
        if (!snarl_py.is_initialized() || snarl_py.error())
            return 0;
        s_installed = true;
        install();
    } else if (event[0] == 'c' && strcmp(event, "cpython._PySys_ClearAuditHooks") == 0) {
        s_active = false; /* objects of all kinds come to their end in any order */
        snarl_python_races_stop();
    } else if (event[0] == 'i' && strcmp(event, "import") == 0 && arguments) {
        struct snarl_py_object *name = snarl_py.tuple_item(arguments, 0);
        if (name && name->type == snarl_py.text_type)
            snarl_python_queues_import(snarl_py.text(name));
    } else if (snarl_python_queues_due && s_active && !snarl_py.error()) {
        snarl_python_queues_meet();
    }
    return 0;
}

/* --- the runtime --- */

static void refuse(const char *why, const char *version)
{
    char note[200];
    snprintf(note, sizeof(note), "Python %.*s: %s; its locks are seen as those of the C library only, without Python lines",
             (int)strcspn(version, " "), version, why);
    snarl_engine_note(note);
}

static void attach(void *handle, uintptr_t inside)
{
    const char *missing = NULL;
    bool whole = snarl_python_api_find(handle, &missing);
    const struct snarl_module *module = snarl_modules_find(inside, true);
    s_found = true;
    if (module)
        s_code = (struct snarl_region){module->start, module->end - module->start};
    if (!snarl_options.python || !module || !snarl_py.version)
        return;
    const char *problem = snarl_python_problem(snarl_py.version(), snarl_py.free_threaded_mark != NULL);
    if (problem || !whole) {
        refuse(problem ? problem : "a runtime without parts that snarl needs", snarl_py.version());
        return;
    }
    snarl_runtime = s_code;
    s_hookable = true;
}

bool snarl_python_is_runtime(uintptr_t address)
{
    return address - s_code.start < s_code.size;
}

/* Not before the runtime has chosen its allocators: it frees its list of hooks with another one than it made it with, where
 * -X dev or PYTHONMALLOC asks for one. The first condition variable is that of the global lock, made soon after. */
static void set_hook(uintptr_t caller)
{
    if (snarl_in_runtime(caller)) {
        s_hookable = false;
        snarl_py.add_audit_hook(audit, NULL);
    }
}

void snarl_python_prepare(void)
{
    void *mark = dlsym(RTLD_DEFAULT, MARK);
    if (mark)
        attach(RTLD_DEFAULT, (uintptr_t)mark);
}

/* Whether MARK is among a module's names. dlopen, which would tell as well, allocates: an allocator's own start must not
 * come to that (jemalloc's makes a condition variable with its lock held). */
static bool names_mark(const struct link_map *map)
{
    const char *names = NULL;
    size_t size = 0;
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_STRTAB)
            names = (const char *)(entry->d_un.d_ptr < map->l_addr ? entry->d_un.d_ptr + map->l_addr : entry->d_un.d_ptr);
        else if (entry->d_tag == DT_STRSZ)
            size = entry->d_un.d_val;
    }
    return names && memmem(names, size, MARK, sizeof(MARK)) != NULL;
}

void snarl_python_meet(uintptr_t caller)
{
    static void *s_seen; /* the last module that was looked at */
    Dl_info info;
    struct link_map *map = NULL;
    if (s_hookable)
        set_hook(caller);
    if (s_found || !dladdr1((void *)caller, &info, (void **)&map, RTLD_DL_LINKMAP) || info.dli_fbase == s_seen ||
        !info.dli_fname || !map)
        return;
    s_seen = info.dli_fbase;
    if (!names_mark(map))
        return;
    void *handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    void *mark = handle ? dlsym(handle, MARK) : NULL;
    Dl_info owner;
    if (mark && dladdr(mark, &owner) && owner.dli_fbase == info.dli_fbase)
        attach(handle, (uintptr_t)mark);
    else if (handle)
        dlclose(handle);
    if (s_hookable)
        set_hook(caller);
}
