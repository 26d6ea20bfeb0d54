/* races.c - lost updates in Python code (--python-races).
 *
 * Each access to a global, attribute, item of a dictionary or list, or closure variable in the program's own code is
 * seen: from 3.12 on by a C callback of sys.monitoring, which is taken off every instruction that is none; in 3.11 by a
 * C trace function. A variable is an object and a name, index or key. For each its last write and some last
 * reads are kept, with their place in the order of order.h, in which the global lock is no edge.
 *
 * Two unordered writes of which one writes what it had read (`counter += 1`) are a finding, since the other's update can be
 * lost. Unordered accesses without that (a flag that is set once, a result that is left to be found) are whole under the
 * global lock: they make one note for each variable.
 *
 * Objects that are freed take their variables with them: their address will be another's. Everything here is guarded by
 * the global lock. */
#include "preload/python/races.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "preload/python/agent.h"
#include "preload/python/code.h"
#include "preload/python/frames.h"
#include "preload/python/order.h"

#define READS 4           /* kept of a variable */
#define VARIABLES_MAX 400000u
#define NOTES_MAX 20
#define FILTER (1u << 16) /* entries; a power of two */
#define OBJECT_DOMAIN 2   /* PYMEM_DOMAIN_OBJ */
#define TRACE_CALL 0
#define TRACE_OPCODE 7

struct access {
    uint32_t slot, epoch, thread, stack;
    int line;
    struct snarl_py_object *code;
    bool carries; /* a read that goes into a local variable; a write of what was read before */
};

struct variable {
    uintptr_t object;
    uint64_t key;
    struct variable *next; /* of the same object */
    char name[64];
    bool is_global;
    bool unordered, reported; /* used without an order; an update of it can be lost */
    struct access write, read[READS];
};

struct place {
    struct snarl_py_object *object;
    uint64_t key;
    const struct snarl_py_instruction *instruction;
    struct snarl_py_object *label; /* a name or key; NULL: none that can be shown */
    int cell;                      /* number of the local variable, for closures */
};

struct allocator {
    void *context;
    void *(*malloc)(void *context, size_t size);
    void *(*calloc)(void *context, size_t count, size_t size);
    void *(*realloc)(void *context, void *block, size_t size);
    void (*free)(void *context, void *block);
};

static struct snarl_map s_variables; /* object and key -> struct variable */
static struct snarl_map s_objects;   /* object -> its variables */
static uint32_t s_count, s_notes;
static uint8_t s_filter[FILTER];     /* whether an object with this hash has variables */
static struct allocator s_allocator;
static void (*s_dict_dealloc)(struct snarl_py_object *object), (*s_list_dealloc)(struct snarl_py_object *object);
static bool s_on;
static struct snarl_finding s_finding;
static __thread bool s_traced __attribute__((tls_model("initial-exec")));

/* --- variables --- */

static uint32_t filter_of(uintptr_t object)
{
    return (uint32_t)(object >> 4 ^ object >> 20) % FILTER;
}

static struct variable *variable_of(const struct place *place, bool *fresh)
{
    uint64_t key = snarl_hash_join((uintptr_t)place->object, place->key);
    struct variable *variable = snarl_map_get(&s_variables, key);
    *fresh = variable == NULL;
    if (variable)
        return variable->object == (uintptr_t)place->object && variable->key == place->key ? variable : NULL;
    if (s_count >= VARIABLES_MAX || !(variable = snarl_memory_alloc(sizeof(*variable))))
        return NULL;
    s_count++;
    variable->object = (uintptr_t)place->object;
    variable->key = place->key;
    variable->next = snarl_map_get(&s_objects, variable->object);
    snarl_map_put(&s_objects, variable->object, variable);
    snarl_map_put(&s_variables, key, variable);
    s_filter[filter_of(variable->object)] = 1;
    return variable;
}

static void forget(const void *object)
{
    if (!s_filter[filter_of((uintptr_t)object)])
        return;
    struct variable *variable = snarl_map_remove(&s_objects, (uintptr_t)object);
    while (variable) {
        struct variable *next = variable->next;
        snarl_map_remove(&s_variables, snarl_hash_join(variable->object, variable->key));
        snarl_memory_free(variable, sizeof(*variable));
        s_count--;
        variable = next;
    }
}

/* An object may have a head of its collector, and one of its attributes, in front of it. */
static void free_object(void *context, void *block)
{
    if (block && s_on) {
        forget(block);
        forget((char *)block + 16);
        forget((char *)block + 32);
    }
    s_allocator.free(context, block);
}

/* These come back from free lists without being freed. */
static void dict_dealloc(struct snarl_py_object *object)
{
    if (s_on)
        forget(object);
    s_dict_dealloc(object);
}

static void list_dealloc(struct snarl_py_object *object)
{
    if (s_on)
        forget(object);
    s_list_dealloc(object);
}

/* --- names --- */

static void name_variable(struct variable *variable, const struct place *place, const char *frame)
{
    char owner[64];
    const char *label = place->label && place->label->type == snarl_py.text_type ? snarl_py.text(place->label) : NULL;
    variable->is_global = place->instruction->access == SNARL_PY_GLOBAL;
    switch (place->instruction->access) {
    case SNARL_PY_GLOBAL:
        snprintf(variable->name, sizeof(variable->name), "%s", label ? label : "global variable");
        break;
    case SNARL_PY_ATTRIBUTE:
        snarl_python_type_name(place->object, owner, sizeof(owner));
        snprintf(variable->name, sizeof(variable->name), "%.30s.%.30s", owner, label ? label : "attribute");
        break;
    case SNARL_PY_ITEM:
        snarl_python_find_name(place->object, owner, sizeof(owner));
        if (!owner[0])
            snarl_python_type_name(place->object, owner, sizeof(owner));
        if (label)
            snprintf(variable->name, sizeof(variable->name), "%.30s['%.24s']", owner, label);
        else if (place->label)
            snprintf(variable->name, sizeof(variable->name), "%.30s[%ld]", owner, snarl_py.long_value(place->label));
        else
            snprintf(variable->name, sizeof(variable->name), "%.30s[...]", owner);
        break;
    default:
        snarl_python_local_name(snarl_python_frame_code(frame), place->cell, variable->name, sizeof(variable->name));
        break;
    }
    snarl_py.clear_error();
}

/* --- reports --- */

static void add_access(struct snarl_thread *thr, const struct access *access, bool write)
{
    struct snarl_event *event = snarl_finding_event(&s_finding, "access", write ? "write" : "read");
    event->thread = access->thread;
    event->stack = access->stack;
    event->flags = write ? SNARL_EVENT_WRITE : 0;
    event->time_ns = snarl_runfile_now();
    for (uint32_t i = 0; access->thread == thr->id && i < thr->held_count && i < SNARL_EVENT_HELD; i++)
        event->held[event->held_count++] = thr->held[i].lock_id;
}

static void report(struct snarl_thread *thr, struct variable *variable, const struct access *now)
{
    variable->reported = true;
    snarl_finding_clear(&s_finding, "data-race", "lost-update", "observed");
    s_finding.location = (struct snarl_location){.kind = variable->is_global ? "global" : "heap", .symbol = variable->name,
                                                 .address = variable->object};
    add_access(thr, now, true);
    add_access(thr, &variable->write, true);
    snarl_runfile_begin();
    snarl_thread_describe(thr);
    snarl_thread_describe(snarl_thread_by_id(variable->write.thread));
    for (uint32_t i = 0; i < thr->held_count; i++)
        if (snarl_held_valid(thr, &thr->held[i]))
            snarl_object_describe(thr->held[i].lock);
    snarl_finding_report(&s_finding);
    snarl_runfile_end();
}

/* At the end, when it is known that no update of it can be lost. */
static void note(uint64_t key, void *value, void *context)
{
    (void)key;
    (void)context;
    const struct variable *variable = value;
    char line[200];
    if (!variable->unordered || variable->reported || s_notes >= NOTES_MAX)
        return;
    s_notes++;
    snprintf(line, sizeof(line), "Python: %s is written and used by several threads without an order between them; no update "
             "is lost, since it is not changed by what it was", variable->name);
    snarl_engine_note(line);
}

/* --- accesses --- */

static bool unordered(struct snarl_thread *thr, const struct access *access)
{
    return access->thread && access->thread != thr->id &&
           access->epoch > snarl_vclock_get(snarl_python_clock(thr), access->slot);
}

static void keep_read(struct variable *variable, const struct access *now)
{
    struct access *into = &variable->read[READS - 1];
    for (int i = READS - 1; i >= 0; i--)
        if (!variable->read[i].thread)
            into = &variable->read[i];
    for (int i = 0; i < READS; i++)
        if (variable->read[i].thread == now->thread)
            into = &variable->read[i];
    *into = *now;
}

/* Whether this write stores what the same thread has read, with nothing released in between. */
static bool carries(const struct variable *variable, const struct access *now)
{
    for (int i = 0; i < READS; i++) {
        const struct access *read = &variable->read[i];
        if (read->thread == now->thread && read->epoch == now->epoch && read->code == now->code &&
            (read->carries || read->line == now->line))
            return true;
    }
    return false;
}

static void access_variable(struct snarl_thread *thr, const struct place *place, const char *frame)
{
    bool fresh;
    struct variable *variable = snarl_python_clock(thr) ? variable_of(place, &fresh) : NULL;
    if (!variable)
        return;
    if (fresh)
        name_variable(variable, place, frame);
    struct snarl_py_object *code = snarl_python_frame_code(frame);
    struct access now = {.slot = thr->id, .epoch = snarl_python_epoch(thr), .thread = thr->id, .code = code,
                         .stack = snarl_python_stack(),
                         .line = snarl_py.code_line(code, snarl_python_frame_offset(frame)),
                         .carries = place->instruction->copies};
    if (!place->instruction->write) {
        if (unordered(thr, &variable->write))
            variable->unordered = true;
        keep_read(variable, &now);
        return;
    }
    now.carries = carries(variable, &now);
    if (unordered(thr, &variable->write)) {
        if (now.carries || variable->write.carries)
            report(thr, variable, &now);
        else
            variable->unordered = true;
    }
    variable->write = now;
}

/* --- instructions --- */

static struct snarl_py_object *stack_item(const struct snarl_py_code *code, const struct snarl_py_instruction *instruction,
                                          const char *frame, int from_top)
{
    int top = snarl_py_layout->stack_top >= 0 ? *(const int *)(frame + snarl_py_layout->stack_top)
              : instruction->depth < 0        ? 0
                                              : code->locals + instruction->depth;
    if (top - from_top < code->locals)
        return NULL;
    return (struct snarl_py_object *)snarl_python_word(frame, snarl_py_layout->locals +
                                                                  (top - from_top) * (int)sizeof(void *));
}

/* Plain objects: no modules' or classes' attributes that are mostly functions, no threading.local, no magic. */
static bool find_attribute(struct place *place, struct snarl_py_object *object)
{
    if (!object || object->type == snarl_py.type_type ||
        (object->type != snarl_py.module_type &&
         snarl_py.type_slot(object->type, SNARL_PY_TP_GETATTRO) != (void *)snarl_py.generic_get))
        return false;
    place->object = object->type == snarl_py.module_type ? snarl_py.module_dict(object) : object;
    place->key = (uintptr_t)place->label;
    return place->object != NULL;
}

static bool find_item(struct place *place, struct snarl_py_object *container, struct snarl_py_object *key)
{
    if (!container || !key || (container->type != snarl_py.dict_type && container->type != snarl_py.list_type))
        return false;
    bool simple = key->type == snarl_py.text_type || key->type == snarl_py.long_type;
    place->object = container;
    place->key = simple ? (uint64_t)snarl_py.hash(key) * 2 + 1 : 1;
    place->label = simple ? key : NULL;
    return true;
}

static bool find_place(struct place *place, const struct snarl_py_code *code, const char *frame)
{
    const struct snarl_py_instruction *instruction = place->instruction;
    if (instruction->access == SNARL_PY_ATTRIBUTE || instruction->access == SNARL_PY_GLOBAL)
        place->label = snarl_py.tuple_item(code->names, instruction->argument);
    switch (instruction->access) {
    case SNARL_PY_GLOBAL:
        place->object = (struct snarl_py_object *)snarl_python_word(frame, snarl_py_layout->globals);
        place->key = (uintptr_t)place->label;
        return place->label != NULL && snarl_py.dict_item(place->object, place->label) != NULL; /* else a built-in */
    case SNARL_PY_ATTRIBUTE:
        return find_attribute(place, stack_item(code, instruction, frame, 1));
    case SNARL_PY_ITEM:
        return find_item(place, stack_item(code, instruction, frame, 2), stack_item(code, instruction, frame, 1));
    default:
        place->cell = instruction->argument;
        place->object = (struct snarl_py_object *)snarl_python_word(
            frame, snarl_py_layout->locals + instruction->argument * (int)sizeof(void *));
        return place->object && place->object->type == snarl_py.cell_type;
    }
}

/* False: this instruction never accesses anything shared. */
static bool meet(struct snarl_py_code *code, uint32_t index)
{
    if (index >= code->count || !code->instructions[index].access)
        return false;
    char *frame = snarl_python_frame();
    struct snarl_thread *thr = frame && snarl_python_frame_code(frame) == code->code ? snarl_python_enter() : NULL;
    if (!thr)
        return true;
    struct place place = {.instruction = &code->instructions[index]};
    if (snarl_awake && find_place(&place, code, frame))
        access_variable(thr, &place, frame);
    if (snarl_py.error())
        snarl_py.clear_error();
    snarl_leave(thr);
    return true;
}

/* --- 3.12 and later: sys.monitoring --- */

static struct snarl_py_object *s_monitoring, *s_disable;
static long s_tool, s_instruction_event;

static struct snarl_py_object *disable(void)
{
    snarl_py.retain(s_disable);
    return s_disable;
}

static struct snarl_py_object *on_start(struct snarl_py_object *self, struct snarl_py_object **arguments, intptr_t count)
{
    (void)self;
    (void)count;
    struct snarl_py_code *code = s_on ? snarl_python_code(arguments[0]) : NULL;
    if (code && code->watched) {
        struct snarl_py_object *done = snarl_py.call_method(s_monitoring, "set_local_events", "lOl", s_tool, arguments[0],
                                                            s_instruction_event);
        if (done)
            snarl_py.release(done);
        else
            snarl_py.clear_error();
    }
    return disable();
}

static struct snarl_py_object *on_instruction(struct snarl_py_object *self, struct snarl_py_object **arguments,
                                              intptr_t count)
{
    (void)self;
    (void)count;
    struct snarl_py_code *code = s_on ? snarl_python_code(arguments[0]) : NULL;
    if (!code || !code->watched || !meet(code, (uint32_t)snarl_py.long_value(arguments[1]) / 2))
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
    snarl_py.call_method(s_monitoring, "register_callback", "llN", s_tool, start, snarl_py.function(&s_start, NULL, NULL));
    snarl_py.call_method(s_monitoring, "register_callback", "llN", s_tool, s_instruction_event,
                         snarl_py.function(&s_instruction, NULL, NULL));
    snarl_py.call_method(s_monitoring, "set_events", "ll", s_tool, start);
    bool good = !snarl_py.error();
    snarl_py.clear_error();
    return good;
}

/* --- 3.11: a trace function --- */

static int trace(struct snarl_py_object *self, struct snarl_py_object *object, int what, struct snarl_py_object *argument)
{
    (void)self;
    (void)argument;
    char *frame = s_on && (what == TRACE_CALL || what == TRACE_OPCODE) ? snarl_python_frame() : NULL;
    struct snarl_py_code *code = frame ? snarl_python_code(snarl_python_frame_code(frame)) : NULL;
    if (!code)
        return 0;
    if (what == TRACE_CALL) {
        snarl_py.set_attribute(object, "f_trace_lines", snarl_py.false_object);
        if (code->watched)
            snarl_py.set_attribute(object, "f_trace_opcodes", snarl_py.true_object);
    } else if (code->watched) {
        meet(code, (uint32_t)snarl_python_frame_offset(frame) / 2);
    }
    return 0;
}

void snarl_python_races_thread(void)
{
    if (!s_on || s_traced || snarl_py_version != 311)
        return;
    s_traced = true;
    snarl_py.set_trace((void *)trace, NULL);
}

/* --- on and off --- */

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
    s_on = snarl_python_orders = true;
    if (snarl_py_version >= 312 && !start_monitoring()) {
        snarl_engine_note("--python-races: both tool numbers of sys.monitoring that snarl may use are taken");
        s_on = snarl_python_orders = false;
    }
    snarl_python_races_thread();
}

void snarl_python_races_stop(void)
{
    struct snarl_thread *thr = s_on ? snarl_enter() : NULL;
    s_on = snarl_python_orders = false;
    if (!thr)
        return;
    snarl_map_each(&s_variables, note, NULL);
    snarl_leave(thr);
}
