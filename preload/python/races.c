/* races.c - where the accesses of Python code to shared things are seen (--python-races).
 *
 * Each access to a global, attribute, item of a dictionary or list, or closure variable in the program's own code is
 * seen: from 3.12 on by a C callback of sys.monitoring, which is taken off every instruction that is none; in 3.11 by a
 * C trace function. Both begin when a second thread is about to be made. What becomes of an access is in variables.c.
 *
 * Everything here is guarded by the global lock. */
#include "preload/python/races.h"

#include <string.h>

#include "preload/python/agent.h"
#include "preload/python/code.h"
#include "preload/python/frames.h"
#include "preload/python/order.h"
#include "preload/python/variables.h"

#define OBJECT_DOMAIN 2 /* PYMEM_DOMAIN_OBJ */
#define TRACE_CALL 0
#define TRACE_OPCODE 7
#define RESTARTS_MAX 1000 /* each makes the interpreter look at all code again */

struct allocator {
    void *context;
    void *(*malloc)(void *context, size_t size);
    void *(*calloc)(void *context, size_t count, size_t size);
    void *(*realloc)(void *context, void *block, size_t size);
    void (*free)(void *context, void *block);
};

static struct allocator s_allocator;
static void (*s_dict_dealloc)(struct snarl_py_object *object), (*s_list_dealloc)(struct snarl_py_object *object);
static bool s_ready, s_on; /* it was asked for and can be; a second thread exists */
static __thread bool s_traced __attribute__((tls_model("initial-exec")));

/* --- the end of objects --- */

/* An object may have a head of its collector, and one of its attributes, in front of it. */
static void free_object(void *context, void *block)
{
    if (block && s_on) {
        snarl_python_variables_gone(block);
        snarl_python_variables_gone((char *)block + 16);
        snarl_python_variables_gone((char *)block + 32);
    }
    s_allocator.free(context, block);
}

/* These come back from free lists without being freed. */
static void dict_dealloc(struct snarl_py_object *object)
{
    if (s_on)
        snarl_python_variables_gone(object);
    s_dict_dealloc(object);
}

static void list_dealloc(struct snarl_py_object *object)
{
    if (s_on)
        snarl_python_variables_gone(object);
    s_list_dealloc(object);
}

/* --- instructions --- */

static struct snarl_py_object *stack_item(const struct snarl_py_place *place, int from_top)
{
    int top = snarl_py_layout->stack_top >= 0   ? *(const int *)(place->frame + snarl_py_layout->stack_top)
              : place->instruction->depth < 0 ? 0
                                              : place->code->locals + place->instruction->depth;
    if (top - from_top < place->code->locals)
        return NULL;
    return (struct snarl_py_object *)snarl_python_word(place->frame, snarl_py_layout->locals +
                                                                         (top - from_top) * (int)sizeof(void *));
}

/* Plain objects: no classes' attributes, which are mostly functions, no threading.local, no magic. */
static bool is_plain(struct snarl_py_instruction *instruction, struct snarl_py_object *type)
{
    if (instruction->plain_type == type)
        return true;
    if (type == snarl_py.type_type || snarl_py.type_slot(type, SNARL_PY_TP_GETATTRO) != (void *)snarl_py.generic_get)
        return false;
    instruction->plain_type = type;
    return true;
}

static bool find_attribute(struct snarl_py_place *place, struct snarl_py_object *object)
{
    if (!object)
        return false;
    place->key = (uintptr_t)place->label;
    if (object->type == snarl_py.module_type)
        place->object = snarl_py.module_dict(object);
    else if (is_plain(place->instruction, object->type))
        place->object = object;
    return place->object != NULL;
}

static bool find_item(struct snarl_py_place *place, struct snarl_py_object *container, struct snarl_py_object *key)
{
    if (!container || !key || (container->type != snarl_py.dict_type && container->type != snarl_py.list_type))
        return false;
    bool simple = key->type == snarl_py.text_type || key->type == snarl_py.long_type;
    place->object = container;
    place->key = simple ? (uint64_t)snarl_py.hash(key) * 2 + 1 : 1;
    place->label = simple ? key : NULL;
    return true;
}

static bool find_place(struct snarl_py_place *place)
{
    const struct snarl_py_instruction *instruction = place->instruction;
    if (instruction->access == SNARL_PY_ATTRIBUTE || instruction->access == SNARL_PY_GLOBAL)
        place->label = snarl_py.tuple_item(place->code->names, instruction->argument);
    switch (instruction->access) {
    case SNARL_PY_GLOBAL:
        place->object = (struct snarl_py_object *)snarl_python_word(place->frame, snarl_py_layout->globals);
        place->key = (uintptr_t)place->label;
        return place->label != NULL; /* also the name of a built-in, which may become a global */
    case SNARL_PY_ATTRIBUTE:
        return find_attribute(place, stack_item(place, 1));
    case SNARL_PY_ITEM:
        return find_item(place, stack_item(place, 2), stack_item(place, 1));
    default:
        place->object = (struct snarl_py_object *)snarl_python_word(
            place->frame, snarl_py_layout->locals + instruction->argument * (int)sizeof(void *));
        return place->object && place->object->type == snarl_py.cell_type;
    }
}

/* False: this instruction need not be told of again, at least until snarl_python_written. */
static bool meet(struct snarl_py_code *code, uint32_t index)
{
    if (index >= code->count || !code->instructions[index].access)
        return false;
    char *frame = snarl_python_frame();
    struct snarl_thread *thr = frame && snarl_python_frame_code(frame) == code->code ? snarl_python_enter() : NULL;
    if (!thr)
        return true;
    struct snarl_py_place place = {.code = code, .instruction = &code->instructions[index], .frame = frame};
    bool again = !find_place(&place) || snarl_python_access(thr, &place);
    snarl_leave(thr);
    return again;
}

/* --- 3.12 and later: sys.monitoring --- */

static struct snarl_py_object *s_monitoring, *s_disable;
static long s_tool, s_instruction_event;
static uint32_t s_restarts;

static struct snarl_py_object *disable(void)
{
    snarl_py.retain(s_disable);
    return s_disable;
}

static void drop(struct snarl_py_object *result)
{
    if (result)
        snarl_py.release(result);
    else
        snarl_py.clear_error();
}

static void tell(struct snarl_py_object *object)
{
    struct snarl_py_code *code = snarl_python_code(object);
    if (!code || !code->watched || code->told)
        return;
    code->told = true;
    drop(snarl_py.call_method(s_monitoring, "set_local_events", "lOl", s_tool, object, s_instruction_event));
}

/* What runs already does not start again. */
static void tell_frames(void)
{
    for (char *frame = snarl_python_frame(); frame; frame = snarl_python_frame_back(frame))
        tell(snarl_python_frame_code(frame));
}

static struct snarl_py_object *on_start(struct snarl_py_object *self, struct snarl_py_object **arguments, intptr_t count)
{
    (void)self;
    (void)count;
    if (s_on)
        tell(arguments[0]);
    return disable();
}

static struct snarl_py_object *on_instruction(struct snarl_py_object *self, struct snarl_py_object **arguments,
                                              intptr_t count)
{
    (void)self;
    (void)count;
    struct snarl_py_code *code = s_on ? snarl_python_code(arguments[0]) : NULL;
    if (!code || !code->watched)
        return disable();
    bool again = meet(code, (uint32_t)snarl_py.long_value(arguments[1]) / 2) ||
                 (s_restarts >= RESTARTS_MAX && code->instructions[snarl_py.long_value(arguments[1]) / 2].access);
    if (snarl_python_written() && s_restarts++ < RESTARTS_MAX)
        drop(snarl_py.call_method(s_monitoring, "restart_events", NULL));
    if (!again)
        return disable();
    snarl_py.retain(snarl_py.none_object);
    return snarl_py.none_object;
}

static long number_of(struct snarl_py_object *object, const char *name)
{
    struct snarl_py_object *value = snarl_python_attribute(object, name);
    long number = value ? snarl_py.long_value(value) : 0;
    if (value)
        snarl_py.release(value);
    return number;
}

static bool take_tool(void)
{
    struct snarl_py_object *done = snarl_py.call_method(s_monitoring, "use_tool_id", "ls", s_tool, "snarl");
    if (!done)
        snarl_py.clear_error();
    else
        snarl_py.release(done);
    return done != NULL;
}

static void call_back(long event, struct snarl_py_method *method)
{
    struct snarl_py_object *function = snarl_py.function(method, NULL, NULL);
    drop(snarl_py.call_method(s_monitoring, "register_callback", "llO", s_tool, event, function));
    drop(function);
}

static bool start_monitoring(void)
{
    static struct snarl_py_method s_start = {"on_start", (void *)on_start, SNARL_PY_FASTCALL, NULL};
    static struct snarl_py_method s_instruction = {"on_instruction", (void *)on_instruction, SNARL_PY_FASTCALL, NULL};
    struct snarl_py_object *sys = snarl_py.import("sys");
    s_monitoring = snarl_python_attribute(sys, "monitoring");
    s_disable = snarl_python_attribute(s_monitoring, "DISABLE");
    struct snarl_py_object *events = snarl_python_attribute(s_monitoring, "events");
    if (!events || !s_disable)
        return false;
    s_instruction_event = number_of(events, "INSTRUCTION");
    long start = number_of(events, "PY_START");
    for (s_tool = 4; s_tool >= 3 && !take_tool(); s_tool--)
        ;
    if (s_tool < 3)
        return false;
    call_back(start, &s_start);
    call_back(s_instruction_event, &s_instruction);
    drop(snarl_py.call_method(s_monitoring, "set_events", "ll", s_tool, start));
    tell_frames();
    return true;
}

/* --- 3.11: a trace function --- */

static void trace_frame(struct snarl_py_object *frame, const struct snarl_py_code *code)
{
    snarl_py.set_attribute(frame, "f_trace_lines", snarl_py.false_object);
    if (code->watched)
        snarl_py.set_attribute(frame, "f_trace_opcodes", snarl_py.true_object);
}

static int trace(struct snarl_py_object *self, struct snarl_py_object *object, int what, struct snarl_py_object *argument)
{
    (void)self;
    (void)argument;
    char *frame = s_on && (what == TRACE_CALL || what == TRACE_OPCODE) ? snarl_python_frame() : NULL;
    struct snarl_py_code *code = frame ? snarl_python_code(snarl_python_frame_code(frame)) : NULL;
    if (!code)
        return 0;
    if (what == TRACE_CALL)
        trace_frame(object, code);
    else if (code->watched)
        meet(code, (uint32_t)snarl_python_frame_offset(frame) / 2);
    return 0;
}

/* What runs already in this thread, too. */
static void start_tracing(void)
{
    if (s_traced)
        return;
    s_traced = true;
    snarl_py.set_trace((void *)trace, NULL);
    struct snarl_py_object *frame = snarl_py.frame();
    if (frame)
        snarl_py.retain(frame);
    while (frame) {
        struct snarl_py_object *object = snarl_py.frame_code(frame), *back = snarl_py.frame_back(frame);
        const struct snarl_py_code *code = snarl_python_code(object);
        if (code)
            trace_frame(frame, code);
        snarl_py.release(object);
        snarl_py.release(frame);
        frame = back;
    }
}

/* --- on and off --- */

void snarl_python_races_wake(void)
{
    if (!s_ready || s_on)
        return;
    s_on = snarl_python_orders = true;
    if (snarl_py_version >= 312 && !start_monitoring()) {
        snarl_engine_note("--python-races: both tool numbers of sys.monitoring that snarl may use are taken");
        s_ready = s_on = snarl_python_orders = false;
    }
    snarl_python_races_thread();
}

void snarl_python_races_thread(void)
{
    if (s_ready && !s_on && snarl_awake)
        snarl_python_races_wake(); /* the thread was not made by Python code */
    else if (s_on && snarl_py_version == 311)
        start_tracing();
}

void snarl_python_races_install(void)
{
    if (!snarl_options.python_races)
        return;
    if (!snarl_py_layout || !snarl_python_code_prepare()) {
        snarl_engine_note("--python-races: not for this version of Python (it is for 3.11 to 3.13)");
        return;
    }
    if (snarl_py.get_allocator && snarl_py.set_allocator) {
        snarl_py.get_allocator(OBJECT_DOMAIN, &s_allocator);
        struct allocator ours = s_allocator;
        ours.free = free_object;
        snarl_py.set_allocator(OBJECT_DOMAIN, &ours);
    }
    s_dict_dealloc = (void (*)(struct snarl_py_object *))snarl_py.type_slot(snarl_py.dict_type, SNARL_PY_TP_DEALLOC);
    snarl_python_patch_slot(snarl_py.dict_type, SNARL_PY_TP_DEALLOC, (void *)dict_dealloc);
    s_list_dealloc = (void (*)(struct snarl_py_object *))snarl_py.type_slot(snarl_py.list_type, SNARL_PY_TP_DEALLOC);
    snarl_python_patch_slot(snarl_py.list_type, SNARL_PY_TP_DEALLOC, (void *)list_dealloc);
    s_ready = true;
    if (snarl_awake)
        snarl_python_races_wake();
}

void snarl_python_races_stop(void)
{
    struct snarl_thread *thr = s_on ? snarl_enter() : NULL;
    s_ready = s_on = snarl_python_orders = false;
    if (!thr)
        return;
    snarl_python_variables_note();
    snarl_leave(thr);
}
