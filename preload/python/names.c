/* names.c - what the program calls its threads and locks.
 *
 * A thread's name is that of its threading.Thread. A lock is named by the variable that holds it: looked for,
 * once in its life, from the innermost frame outwards, in the module's globals, in the attributes of the frame's first
 * arguments (`self`), in its locals and closure. A holder that is found in a frame of the standard library (the Condition or
 * Queue around the lock) becomes what is looked for in the frames further out, so that the name is the program's:
 * `queue.mutex`, not `self.mutex`. */
#include "preload/python/agent.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "preload/python/frames.h"

#define FRAMES 6     /* looked at for one name */
#define ITEMS 2048   /* of a dictionary */
#define ARGUMENTS 4  /* of a function whose attributes are looked at */
#define ELEMENTS 64  /* of a list or tuple of locks */
#define NAME_SIZE 160

/* --- threads --- */

static struct snarl_py_object *s_modules; /* sys.modules, kept: it outlives the interpreter's own hold on it */

void snarl_python_names_install(void)
{
    s_modules = snarl_py.modules();
    snarl_py.retain(s_modules);
}

struct snarl_py_object *snarl_python_module(const char *name)
{
    return snarl_py.dict_text_item(s_modules, name);
}

/* threading._active: threads by their number. */
static struct snarl_py_object *active_threads(void)
{
    struct snarl_py_object *module = snarl_python_module("threading");
    if (!module || module->type != snarl_py.module_type)
        return NULL;
    struct snarl_py_object *active = snarl_py.dict_text_item(snarl_py.module_dict(module), "_active");
    return active && active->type == snarl_py.dict_type ? active : NULL;
}

void snarl_python_name_thread(struct snarl_thread *thr)
{
    if (snarl_py.error())
        return;
    struct snarl_py_object *active = active_threads();
    struct snarl_py_object *ident = active ? snarl_py.unsigned_object((unsigned long)pthread_self()) : NULL;
    if (!ident)
        return;
    struct snarl_py_object *thread = snarl_py.dict_item(active, ident);
    struct snarl_py_object *name = thread ? snarl_python_attribute(thread, "_name") : NULL;
    struct snarl_py_object *daemon = thread ? snarl_python_attribute(thread, "_daemonic") : NULL;
    const char *text = name ? snarl_py.text(name) : NULL;
    if (text) {
        snarl_thread_set_name(thr, text);
        thr->managed = true;
    }
    thr->daemon = daemon == snarl_py.true_object;
    if (name)
        snarl_py.release(name);
    if (daemon)
        snarl_py.release(daemon);
    snarl_py.release(ident);
    snarl_py.clear_error();
}

/* --- locks --- */

struct search {
    const struct snarl_py_object *wanted;
    char name[NAME_SIZE];
    const struct snarl_py_object *holder; /* whose attribute it is, in `self.` names */
    char attribute[64];
};

static bool element_of(const struct search *search, struct snarl_py_object *value, intptr_t *index)
{
    bool list = value->type == snarl_py.list_type;
    if (!list && value->type != snarl_py.tuple_type)
        return false;
    intptr_t count = list ? snarl_py.list_size(value) : snarl_py.tuple_size(value);
    for (*index = 0; *index < count && *index < ELEMENTS; ++*index)
        if ((list ? snarl_py.list_item(value, *index) : snarl_py.tuple_item(value, *index)) == search->wanted)
            return true;
    return false;
}

/* Whether the variable `name` holds it, alone or in a list. */
static bool is_it(struct search *search, const char *name, struct snarl_py_object *value)
{
    intptr_t index;
    if (!value || !name)
        return false;
    if (value == search->wanted)
        snprintf(search->name, sizeof(search->name), "%s", name);
    else if (element_of(search, value, &index))
        snprintf(search->name, sizeof(search->name), "%s[%ld]", name, (long)index);
    else
        return false;
    return true;
}

static bool in_dictionary(struct search *search, struct snarl_py_object *dictionary)
{
    struct snarl_py_object *key, *value;
    intptr_t position = 0;
    for (int i = 0; i < ITEMS && snarl_py.dict_next(dictionary, &position, &key, &value); i++) {
        if (value == search->wanted || value->type == snarl_py.list_type || value->type == snarl_py.tuple_type) {
            const char *name = key->type == snarl_py.text_type ? snarl_py.text(key) : NULL;
            if (is_it(search, name, value))
                return true;
        }
    }
    return false;
}

void snarl_python_type_name(const struct snarl_py_object *object, char *into, size_t size)
{
    struct snarl_py_object *name = snarl_python_attribute(object->type, "__name__");
    const char *text = name ? snarl_py.text(name) : NULL;
    snprintf(into, size, "%s", text ? text : "object");
    if (name)
        snarl_py.release(name);
}

/* An attribute of `object`, whose class says what the name is worth. */
static bool in_attributes(struct search *search, struct snarl_py_object *object)
{
    char type[64];
    if (!object || object->type == snarl_py.type_type || object->type == snarl_py.module_type ||
        snarl_py.type_slot(object->type, SNARL_PY_TP_GETATTRO) != (void *)snarl_py.generic_get) {
        snarl_py.clear_error();
        return false;
    }
    struct snarl_py_object *dictionary = snarl_py.generic_dict ? snarl_py.generic_dict(object, NULL) : NULL;
    if (!dictionary) {
        snarl_py.clear_error();
        return false;
    }
    bool found = dictionary->type == snarl_py.dict_type && in_dictionary(search, dictionary);
    snarl_py.release(dictionary);
    if (!found)
        return false;
    snprintf(search->attribute, sizeof(search->attribute), "%.60s", search->name);
    search->holder = object;
    snarl_python_type_name(object, type, sizeof(type));
    snprintf(search->name, sizeof(search->name), "%s.%s", type, search->attribute);
    return true;
}

/* A local, or what is in its cell. */
static struct snarl_py_object *local(const char *frame, int index)
{
    struct snarl_py_object *value =
        (struct snarl_py_object *)snarl_python_word(frame, snarl_py_layout->locals + index * (int)sizeof(void *));
    if (value && value->type == snarl_py.cell_type)
        value = (struct snarl_py_object *)snarl_python_word(value, 2 * sizeof(void *));
    return value;
}

/* Whether `names` has `name` among its first `count`. */
static bool has_name(struct snarl_py_object *names, const struct snarl_py_object *name)
{
    for (intptr_t i = 0; i < snarl_py.tuple_size(names); i++)
        if (snarl_py.tuple_item(names, i) == name)
            return true;
    return false;
}

/* Locals, then cells that are no locals, then the closure: the order in which a frame keeps them. */
static bool in_locals(struct search *search, const char *frame, struct snarl_py_object *code)
{
    static const char *const kinds[] = {"co_varnames", "co_cellvars", "co_freevars"};
    struct snarl_py_object *plain = snarl_python_attribute(code, kinds[0]);
    bool found = false;
    int index = 0;
    for (int kind = 0; plain && kind < 3 && !found; kind++) {
        struct snarl_py_object *names = snarl_python_attribute(code, kinds[kind]);
        for (intptr_t i = 0; names && i < snarl_py.tuple_size(names) && !found; i++) {
            struct snarl_py_object *name = snarl_py.tuple_item(names, i);
            if (kind == 1 && has_name(plain, name))
                continue;
            found = is_it(search, snarl_py.text(name), local(frame, index++));
        }
        if (names)
            snarl_py.release(names);
    }
    if (plain)
        snarl_py.release(plain);
    return found;
}

void snarl_python_local_name(struct snarl_py_object *code, int index, char *into, size_t size)
{
    static const char *const kinds[] = {"co_varnames", "co_cellvars", "co_freevars"};
    struct snarl_py_object *plain = snarl_python_attribute(code, kinds[0]);
    snprintf(into, size, "closure variable");
    for (int kind = 0; plain && kind < 3 && index >= 0; kind++) {
        struct snarl_py_object *names = snarl_python_attribute(code, kinds[kind]);
        for (intptr_t i = 0; names && i < snarl_py.tuple_size(names) && index >= 0; i++) {
            struct snarl_py_object *name = snarl_py.tuple_item(names, i);
            if (kind == 1 && has_name(plain, name))
                continue;
            if (index-- == 0)
                snprintf(into, size, "%s", snarl_py.text(name));
        }
        if (names)
            snarl_py.release(names);
    }
    if (plain)
        snarl_py.release(plain);
}

static int argument_count(struct snarl_py_object *code)
{
    struct snarl_py_object *count = snarl_python_attribute(code, "co_argcount");
    long arguments = count ? snarl_py.long_value(count) : 0;
    if (count)
        snarl_py.release(count);
    return (int)arguments;
}

/* `self` is the first; a method may also lock what else it was given. */
static bool in_arguments(struct search *search, const char *frame, struct snarl_py_object *code)
{
    int count = argument_count(code);
    for (int i = 0; i < count && i < ARGUMENTS; i++)
        if (in_attributes(search, local(frame, i)))
            return true;
    return false;
}

static bool in_frame(struct search *search, const char *frame)
{
    struct snarl_py_object *code = snarl_python_frame_code(frame);
    struct snarl_py_object *globals = (struct snarl_py_object *)snarl_python_word(frame, snarl_py_layout->globals);
    if (globals && globals->type == snarl_py.dict_type && in_dictionary(search, globals))
        return true;
    return in_arguments(search, frame, code) || in_locals(search, frame, code);
}

/* What is around the lock in the library's frames is looked for further out. */
static bool is_library(const char *frame)
{
    struct snarl_py_object *file = snarl_python_attribute(snarl_python_frame_code(frame), "co_filename");
    const char *text = file ? snarl_py.text(file) : NULL;
    size_t length = text ? strlen(text) : 0;
    bool library = (length > 13 && strcmp(text + length - 13, "/threading.py") == 0) ||
                   (length > 9 && strcmp(text + length - 9, "/queue.py") == 0);
    if (file)
        snarl_py.release(file);
    return library;
}

/* In the outer name the attribute matters, but for a condition, which is its lock. */
static void join_names(char *into, size_t size, const char *outer, const char *attribute)
{
    if (strcmp(attribute, "_lock") == 0 || strcmp(attribute, "_waiters") == 0 || strcmp(attribute, "_cond") == 0 ||
        !*attribute)
        snprintf(into, size, "%.60s", outer);
    else
        snprintf(into, size, "%.60s.%.60s", outer, attribute);
}

void snarl_python_find_name(const struct snarl_py_object *object, char *best, size_t size)
{
    struct search search = {.wanted = object};
    char inner[64] = "";
    best[0] = '\0';
    if (!snarl_py_layout)
        return;
    char *frame = snarl_python_frame();
    for (int i = 0; frame && i < FRAMES; i++, frame = snarl_python_frame_back(frame)) {
        search.holder = NULL;
        if (!in_frame(&search, frame))
            continue;
        bool library = is_library(frame);
        if (!library || !search.holder) {
            if (!library || !best[0])
                join_names(best, size, search.name, inner);
            break;
        }
        if (!best[0])
            snprintf(best, size, "%s", search.name);
        if (!inner[0] || strcmp(inner, "_lock") == 0)
            snprintf(inner, sizeof(inner), "%s", search.attribute);
        search.wanted = search.holder;
    }
    snarl_py.clear_error();
}

void snarl_python_name_lock(struct snarl_sync *sync, struct snarl_py_object *lock)
{
    char name[NAME_SIZE];
    snarl_python_find_name(lock, name, sizeof(name));
    snarl_object_set_name(sync, name); /* also an empty one: it is looked for once */
}
