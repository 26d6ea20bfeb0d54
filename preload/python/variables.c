/* variables.c - lost updates: the last uses of each variable of a Python program.
 *
 * For each variable its last write and some last reads are kept, with their place in the order of order.h, in which the
 * global lock is no edge. Two unordered writes of which one writes what it had read (`counter += 1`) are a finding, since
 * the other's update can be lost. Unordered accesses without that (a flag that is set once, a result that is left to
 * be found) are whole under the global lock: they make one note for each variable.
 *
 * What is paid for an access: an instruction remembers the variable that it met last, which saves the look-up; a thread's
 * use that is like its last one, with nothing released in between, changes nothing; a stack is walked only for a
 * write that is not; names are looked for when there is something to tell, lines once an instruction. A global that nobody writes (a function, chiefly) is
 * not told again until somebody does.
 *
 * Objects that are freed take their variables with them: their address will be another's. A record stays one for ever, so
 * an instruction's memory of it may be stale: it is another's, or empty, then. */
#include "preload/python/variables.h"

#include <stdio.h>

#include "base/map.h"
#include "base/memory.h"
#include "preload/python/frames.h"
#include "preload/python/order.h"

#define READS 4 /* kept of a variable */
#define VARIABLES_MAX 400000u
#define NOTES_MAX 20
#define FILTER (1u << 16) /* entries; a power of two */

struct access {
    uint32_t thread, epoch; /* thread 0: none */
    struct snarl_py_instruction *instruction;
    bool carries; /* a write of what was read before */
};

struct variable {
    uintptr_t object; /* 0: a free record */
    uint64_t key;
    struct variable *next; /* of the same object, or of the free ones */
    char name[64];
    bool is_global;
    bool quiet;               /* reads of it are no longer told */
    bool unordered, reported; /* used without an order; an update of it can be lost */
    uint32_t write_stack;
    struct access write, read[READS];
};

static struct snarl_map s_variables; /* object and key -> struct variable */
static struct snarl_map s_objects;   /* object -> its variables */
static struct variable *s_free;
static uint32_t s_count, s_notes;
static uint8_t s_filter[FILTER]; /* whether an object with this hash has variables */
static bool s_written;
static struct snarl_finding s_finding;

/* --- variables --- */

static uint32_t filter_of(uintptr_t object)
{
    return (uint32_t)(object >> 4 ^ object >> 20) % FILTER;
}

static struct variable *new_record(void)
{
    struct variable *variable = s_free;
    if (variable) {
        s_free = variable->next;
        *variable = (struct variable){.object = 0};
        return variable;
    }
    return s_count < VARIABLES_MAX ? snarl_memory_alloc(sizeof(*variable)) : NULL;
}

static struct variable *make(const struct snarl_py_place *place, uint64_t hash)
{
    struct variable *variable = new_record();
    if (!variable)
        return NULL;
    s_count++;
    variable->object = (uintptr_t)place->object;
    variable->key = place->key;
    variable->is_global = place->instruction->access != SNARL_PY_ITEM && place->object->type == snarl_py.dict_type;
    variable->next = snarl_map_get(&s_objects, variable->object);
    snarl_map_put(&s_objects, variable->object, variable);
    snarl_map_put(&s_variables, hash, variable);
    s_filter[filter_of(variable->object)] = 1;
    return variable;
}

static bool is_of(const struct variable *variable, const struct snarl_py_place *place)
{
    return variable->object == (uintptr_t)place->object && variable->key == place->key;
}

void snarl_python_variables_gone(const void *object)
{
    if (!s_filter[filter_of((uintptr_t)object)] ||
        snarl_py.thread_interpreter(snarl_py.thread_state()) != snarl_py.main_interpreter())
        return; /* another interpreter may have a global lock of its own, and none of its objects is known */
    struct variable *variable = snarl_map_remove(&s_objects, (uintptr_t)object);
    while (variable) {
        struct variable *next = variable->next;
        snarl_map_remove(&s_variables, snarl_hash_join(variable->object, variable->key));
        variable->object = 0;
        variable->next = s_free;
        s_free = variable;
        s_count--;
        variable = next;
    }
}

/* --- names --- */

static void name_item(struct variable *variable, const struct snarl_py_place *place, const char *label)
{
    char owner[64];
    snarl_python_find_name(place->object, owner, sizeof(owner));
    if (!owner[0])
        snarl_python_type_name(place->object, owner, sizeof(owner));
    if (label)
        snprintf(variable->name, sizeof(variable->name), "%.30s['%.24s']", owner, label);
    else if (place->label)
        snprintf(variable->name, sizeof(variable->name), "%.30s[%ld]", owner, snarl_py.long_value(place->label));
    else
        snprintf(variable->name, sizeof(variable->name), "%.30s[...]", owner);
}

static void name_variable(struct variable *variable, const struct snarl_py_place *place)
{
    char owner[64];
    const char *label = place->label && place->label->type == snarl_py.text_type ? snarl_py.text(place->label) : NULL;
    bool in_module = place->object->type == snarl_py.dict_type;
    if (variable->name[0])
        return;
    switch (place->instruction->access) {
    case SNARL_PY_GLOBAL:
        snprintf(variable->name, sizeof(variable->name), "%s", label ? label : "global variable");
        break;
    case SNARL_PY_ATTRIBUTE:
        snarl_python_type_name(place->object, owner, sizeof(owner));
        snprintf(variable->name, sizeof(variable->name), "%.30s.%.30s", in_module ? "module" : owner, label ? label : "attribute");
        break;
    case SNARL_PY_ITEM:
        name_item(variable, place, label);
        break;
    default:
        snarl_python_local_name(place->code->code, place->instruction->argument, variable->name, sizeof(variable->name));
        break;
    }
    snarl_py.clear_error();
}

static struct variable *variable_of(const struct snarl_py_place *place)
{
    struct variable *variable = place->instruction->seen;
    if (variable && is_of(variable, place))
        return variable;
    uint64_t hash = snarl_hash_join((uintptr_t)place->object, place->key);
    variable = snarl_map_get(&s_variables, hash);
    if (variable && !is_of(variable, place))
        return NULL; /* 64 bits of hash in common */
    if (!variable)
        variable = make(place, hash);
    place->instruction->seen = variable;
    return variable;
}

/* --- reports --- */

static void add_access(struct snarl_thread *thr, const struct access *access, uint32_t stack)
{
    struct snarl_event *event = snarl_finding_event(&s_finding, "access", "write");
    event->thread = access->thread;
    event->stack = stack;
    event->flags = SNARL_EVENT_WRITE;
    event->time_ns = snarl_runfile_now();
    for (uint32_t i = 0; access->thread == thr->id && i < thr->held_count && i < SNARL_EVENT_HELD; i++)
        event->held[event->held_count++] = thr->held[i].lock_id;
}

static void report(struct snarl_thread *thr, struct variable *variable, const struct snarl_py_place *place,
                   const struct access *now)
{
    variable->reported = true;
    name_variable(variable, place);
    snarl_finding_clear(&s_finding, "data-race", "lost-update", "observed");
    s_finding.location = (struct snarl_location){.kind = variable->is_global ? "global" : "heap", .symbol = variable->name,
                                                 .address = variable->object};
    add_access(thr, now, snarl_python_stack());
    add_access(thr, &variable->write, variable->write_stack);
    if (snarl_finding_seen(snarl_finding_key(&s_finding)))
        return;
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

void snarl_python_variables_note(void)
{
    snarl_map_each(&s_variables, note, NULL);
}

/* --- accesses --- */

static void use_unordered(struct variable *variable, const struct snarl_py_place *place)
{
    if (!variable->unordered)
        name_variable(variable, place);
    variable->unordered = true;
}

static bool unordered(const struct access *access, uint32_t thread, const struct snarl_vclock *clock)
{
    return access->thread && access->thread != thread &&
           access->epoch > snarl_vclock_get(clock, access->thread); /* a thread's slot is its number */
}

static struct access *read_of(struct variable *variable, uint32_t thread)
{
    struct access *free = &variable->read[READS - 1];
    for (int i = 0; i < READS; i++) {
        if (variable->read[i].thread == thread)
            return &variable->read[i];
        if (!variable->read[i].thread && free->thread)
            free = &variable->read[i];
    }
    return free;
}

/* Whether this write stores what the same thread has read, with nothing released in between: in the same line, or by way of
 * a local variable in the same function. */
static bool carries(struct variable *variable, const struct snarl_py_place *place, const struct access *now)
{
    const struct access *read = read_of(variable, now->thread);
    if (read->thread != now->thread || read->epoch != now->epoch || !snarl_python_code_has(place->code, read->instruction))
        return false;
    return read->instruction->copies || snarl_python_line(place->code, read->instruction) ==
                                            snarl_python_line(place->code, place->instruction);
}

static void note_write(struct snarl_thread *thr, struct variable *variable, const struct snarl_py_place *place,
                       struct access now, const struct snarl_vclock *clock)
{
    now.carries = carries(variable, place, &now);
    if (unordered(&variable->write, thr->id, clock)) {
        if (now.carries || variable->write.carries)
            report(thr, variable, place, &now);
        else
            use_unordered(variable, place);
    }
    if (variable->quiet) {
        variable->quiet = false;
        s_written = true;
    }
    bool same = variable->write.thread == now.thread && variable->write.epoch == now.epoch &&
                variable->write.instruction == now.instruction;
    variable->write = now;
    if (!same)
        variable->write_stack = snarl_python_stack();
}

/* Globals that are read only; what the same code writes is going to be. */
static bool is_quiet(struct variable *variable, const struct snarl_py_instruction *instruction)
{
    if (!variable->is_global || variable->write.thread || instruction->stored)
        return false;
    variable->quiet = true;
    return true;
}

bool snarl_python_access(struct snarl_thread *thr, const struct snarl_py_place *place)
{
    const struct snarl_vclock *clock = snarl_python_clock(thr);
    struct variable *variable = clock ? variable_of(place) : NULL;
    if (!variable)
        return true;
    struct access now = {.thread = thr->id, .epoch = snarl_vclock_get(clock, thr->id), .instruction = place->instruction};
    if (place->instruction->write) {
        note_write(thr, variable, place, now, clock);
        return true;
    }
    if (unordered(&variable->write, thr->id, clock))
        use_unordered(variable, place);
    *read_of(variable, thr->id) = now;
    return !is_quiet(variable, place->instruction);
}

bool snarl_python_written(void)
{
    bool written = s_written;
    s_written = false;
    return written;
}
