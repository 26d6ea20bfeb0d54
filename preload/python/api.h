/* api.h - the part of CPython's C interface that the agent uses, found by name in the runtime at hand.
 *
 * Nothing is included from Python and nothing linked: one libsnarl.so serves every version. Members are NULL where
 * a version has no such function; those that the agent cannot do without are checked by snarl_python_api_find. All
 * are to be called with the interpreter's global lock held, unless said otherwise by Python's manual. */
#ifndef SNARL_PRELOAD_PYTHON_API_H
#define SNARL_PRELOAD_PYTHON_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opaque, but for the two words that every object begins with (builds with a global lock). */
struct snarl_py_object {
    intptr_t references;
    struct snarl_py_object *type;
};

/* PyMethodDef, which is public and part of the stable interface. */
struct snarl_py_method {
    const char *name;
    void *function;
    int flags;
    const char *documentation;
};

/* PyMethodDef.ml_flags. */
enum {
    SNARL_PY_VARARGS = 0x1,
    SNARL_PY_KEYWORDS = 0x2,
    SNARL_PY_NOARGS = 0x4,
    SNARL_PY_ONE = 0x8,
    SNARL_PY_FASTCALL = 0x80,
    SNARL_PY_METHOD = 0x200,
};

/* Slots for PyType_GetSlot (typeslots.h). */
enum { SNARL_PY_TP_DEALLOC = 52, SNARL_PY_TP_GETATTRO = 58, SNARL_PY_TP_NEW = 65 };

typedef int (*snarl_py_audit_hook)(const char *event, struct snarl_py_object *arguments, void *context);

struct snarl_py_api {
    const char *(*version)(void);
    int (*is_initialized)(void);
    int (*add_audit_hook)(snarl_py_audit_hook hook, void *context);
    struct snarl_py_object *(*import)(const char *name);
    struct snarl_py_object *(*get_attribute)(struct snarl_py_object *object, const char *name);
    int (*set_attribute)(struct snarl_py_object *object, const char *name, struct snarl_py_object *value);
    void (*retain)(struct snarl_py_object *object);
    void (*release)(struct snarl_py_object *object);
    void (*clear_error)(void);
    struct snarl_py_object *(*error)(void);
    int (*is_true)(struct snarl_py_object *object);
    void *(*type_slot)(struct snarl_py_object *type, int slot);

    void *(*thread_state)(void);
    struct snarl_py_object *(*thread_interpreter)(void *state);
    struct snarl_py_object *(*main_interpreter)(void);
    void *(*save_thread)(void);
    void (*restore_thread)(void *state);

    struct snarl_py_object *(*frame)(void);
    struct snarl_py_object *(*frame_back)(struct snarl_py_object *frame);
    struct snarl_py_object *(*frame_code)(struct snarl_py_object *frame);
    int (*frame_line)(struct snarl_py_object *frame);
    int (*frame_instruction)(struct snarl_py_object *frame);
    int (*code_line)(struct snarl_py_object *code, int offset);

    const char *(*text)(struct snarl_py_object *string);
    intptr_t (*tuple_size)(struct snarl_py_object *tuple);
    struct snarl_py_object *(*tuple_item)(struct snarl_py_object *tuple, intptr_t index);
    intptr_t (*list_size)(struct snarl_py_object *list);
    struct snarl_py_object *(*list_item)(struct snarl_py_object *list, intptr_t index);
    struct snarl_py_object *(*dict_text_item)(struct snarl_py_object *dict, const char *key);
    struct snarl_py_object *(*dict_item)(struct snarl_py_object *dict, struct snarl_py_object *key);
    int (*dict_next)(struct snarl_py_object *dict, intptr_t *position, struct snarl_py_object **key,
                     struct snarl_py_object **value);
    struct snarl_py_object *(*module_dict)(struct snarl_py_object *module);
    struct snarl_py_object *(*modules)(void);
    struct snarl_py_object **(*dict_of)(struct snarl_py_object *object);
    struct snarl_py_object *(*generic_dict)(struct snarl_py_object *object, void *context);
    struct snarl_py_object *(*generic_get)(struct snarl_py_object *object, struct snarl_py_object *name);
    long (*long_value)(struct snarl_py_object *number);
    unsigned long (*unsigned_value)(struct snarl_py_object *number);
    double (*float_value)(struct snarl_py_object *number);
    struct snarl_py_object *(*unsigned_object)(unsigned long value);
    struct snarl_py_object *(*long_object)(long value);
    intptr_t (*hash)(struct snarl_py_object *object);
    const char *(*bytes)(struct snarl_py_object *object);
    intptr_t (*bytes_size)(struct snarl_py_object *object);
    struct snarl_py_object *(*function)(struct snarl_py_method *method, struct snarl_py_object *self,
                                        struct snarl_py_object *module);
    struct snarl_py_object *(*call_method)(struct snarl_py_object *object, const char *name, const char *format, ...);
    void (*set_trace)(void *function, struct snarl_py_object *argument);
    void (*get_allocator)(int domain, void *allocator);
    void (*set_allocator)(int domain, void *allocator);
    void *evaluate; /* the function that runs Python code, never called by us */
    int (*stack_effect)(int opcode, int argument, int jump);

    /* addresses of objects, not functions */
    struct snarl_py_object *true_object, *false_object, *none_object;
    struct snarl_py_object *code_type, *cell_type, *dict_type, *list_type, *tuple_type, *module_type, *type_type,
        *text_type, *long_type;
    const char *free_threaded_mark; /* a symbol that only free-threaded builds have */
};

extern struct snarl_py_api snarl_py;

/* Fills snarl_py from the library behind `handle` (dlsym's). False when it is not a CPython that we can use; `*missing`
 * is then the name of what it lacks. */
bool snarl_python_api_find(void *handle, const char **missing);

/* Why a runtime that calls itself so (Py_GetVersion) is not to be touched; NULL: it is one that we know. */
const char *snarl_python_problem(const char *version, bool free_threaded);

#endif
