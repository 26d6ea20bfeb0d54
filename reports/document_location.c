/* document_location.c - what memory a finding is about, by name; see document_inner.h.
 *
 * Sources, in the order of their weight:
 *   - static storage and thread-local storage: the variable around the address, and the type's member there;
 *   - a stack: the variable at that place of the frame, where it is known which frame it is: from the finding, or because the
 *     accessing code addresses its own frame;
 *   - a heap block: the type that the allocation's result becomes, and what the accessing code calls the memory.
 * What the code says is kept with each access too ("target"). */
#include "reports/document_inner.h"

#include "reports/frames.h"

#include <string.h>

#define LARGE 256u /* the size of an access that is only known to be larger than 255 bytes */
#define SCALAR 8u  /* accesses up to this size are of one scalar, mostly, and naturally aligned */
#define WRAPPERS 4u /* functions around the allocation that pass its result on */

/* What is known of the two accesses. */
struct accesses {
    const struct snarl_run_event *event[2];
    const struct snarl_symbol_target *target[2];
    uint64_t byte;      /* the first one that both touch */
    uint64_t before;    /* bytes before it of the smaller access, */
    uint64_t size;      /* which has so many; 1 when it is not known where it begins */
};

static uint64_t size_of(const struct snarl_run_event *event)
{
    return event->size ? event->size : LARGE;
}

/* The place of the code that did the access, as the symboliser counts it; NULL for what a library function did. */
static struct snarl_symbols *code_of(struct snarl_process_builder *builder, const struct snarl_run_event *event,
                                     uint64_t *address)
{
    const struct snarl_run_stack *stack = snarl_runfile_stack(builder->file, event->stack);
    bool plain = !strncmp(event->what, "write", 5) || !strncmp(event->what, "read", 4) || !strncmp(event->what, "atomic ", 7);
    if (!plain || strstr(event->what, " by ") || !stack || !stack->count ||
        stack->frames[0].kind != SNARL_RUN_FRAME_MODULE || !stack->frames[0].value)
        return NULL;
    *address = stack->frames[0].value - (stack->exact ? 0 : 1);
    return snarl_build_symbols(builder, stack->frames[0].module);
}

static struct accesses accesses_of(struct snarl_process_builder *builder, const struct snarl_run_finding *finding)
{
    static const struct snarl_symbol_target s_none;
    const struct snarl_run_location *location = &finding->location;
    struct accesses accesses = {
        .target = {&s_none, &s_none}, .byte = location->byte ? location->byte : location->address, .size = 1};
    uint64_t smallest = SCALAR + 1;
    for (size_t i = 0; i < 2 && i < finding->event_count; i++) {
        const struct snarl_run_event *event = accesses.event[i] = &finding->events[i];
        uint64_t address;
        struct snarl_symbols *symbols = code_of(builder, event, &address);
        if (symbols)
            accesses.target[i] = snarl_symbols_target(symbols, address, size_of(event));
        if (symbols && event->address <= accesses.byte && size_of(event) < smallest) {
            accesses.before = accesses.byte - event->address;
            accesses.size = smallest = size_of(event);
        }
    }
    return accesses;
}

/* Of two names the smaller access's, then the one that sorts first: which access came first is chance. */
static const char *chosen_name(const struct accesses *accesses)
{
    const char *first = accesses->target[0]->name, *second = accesses->target[1]->name;
    if (!first || !second)
        return first ? first : second;
    uint64_t one = size_of(accesses->event[0]), other = size_of(accesses->event[1]);
    if (one != other)
        return one < other ? first : second;
    return strcmp(first, second) <= 0 ? first : second;
}

/* ---- static and thread-local storage ---- */

static void set_declared(json_t *made, const struct snarl_symbol_variable *variable)
{
    if (variable->file)
        json_object_set_new(made, "declared", json_pack("{sssi}", "file", variable->file, "line", (int)variable->line));
}

static void set_variable(json_t *made, const struct snarl_symbol_variable *variable)
{
    json_object_set_new(made, "symbol", json_string(variable->name));
    json_object_set_new(made, "size", json_integer((json_int_t)variable->size));
    if (variable->function)
        json_object_set_new(made, "function", json_string(variable->function));
    set_declared(made, variable);
}

static void name_global(struct snarl_process_builder *builder, const struct snarl_run_location *location,
                        const struct accesses *accesses, json_t *made)
{
    uint64_t value = location->value + (accesses->byte - location->address);
    const struct snarl_symbol_variable *variable =
        snarl_build_variable(builder, location->module, value - accesses->before, accesses->size);
    if (!variable || !variable->exact)
        variable = snarl_build_variable(builder, location->module, value, 1);
    if (variable)
        set_variable(made, variable);
}

static void name_thread_local(struct snarl_process_builder *builder, const struct snarl_run_location *location,
                              const struct accesses *accesses, json_t *made)
{
    struct snarl_symbols *symbols = snarl_build_symbols(builder, location->block_module);
    uint64_t offset = location->block_offset + (accesses->byte - location->address);
    if (!symbols)
        return;
    const struct snarl_symbol_variable *variable =
        snarl_symbols_thread_local(symbols, offset - accesses->before, accesses->size);
    if (!variable || !variable->exact)
        variable = snarl_symbols_thread_local(symbols, offset, 1);
    if (variable)
        set_variable(made, variable);
}

/* ---- stacks ---- */

static const struct snarl_symbol_variable *local_of_frame(struct snarl_process_builder *builder,
                                                          const struct snarl_run_location *location,
                                                          const struct accesses *accesses)
{
    const struct snarl_run_stack *stack = snarl_runfile_stack(builder->file, location->stack);
    const struct snarl_run_frame *frame = stack && location->frame < stack->count ? &stack->frames[location->frame] : NULL;
    if (!frame || frame->kind != SNARL_RUN_FRAME_MODULE || !frame->value)
        return NULL;
    struct snarl_symbols *symbols = snarl_build_symbols(builder, frame->module);
    int64_t offset = (int64_t)(accesses->byte - location->cfa);
    if (!symbols)
        return NULL;
    const struct snarl_symbol_variable *variable =
        snarl_symbols_local(symbols, frame->value - 1, offset - (int64_t)accesses->before, accesses->size);
    return variable && variable->exact ? variable : snarl_symbols_local(symbols, frame->value - 1, offset, 1);
}

/* Its frame is the accessing code's own. */
static const struct snarl_symbol_variable *local_of_access(const struct accesses *accesses)
{
    for (int i = 0; i < 2; i++)
        if (accesses->target[i]->local && accesses->target[i]->local->name)
            return accesses->target[i]->local;
    return NULL;
}

static void name_stack(struct snarl_process_builder *builder, const struct snarl_run_location *location,
                       const struct accesses *accesses, json_t *made)
{
    const struct snarl_symbol_variable *variable = local_of_access(accesses);
    if (!variable)
        variable = local_of_frame(builder, location, accesses);
    if (chosen_name(accesses) && !(variable && variable->name))
        json_object_set_new(made, "symbol", json_string(chosen_name(accesses)));
    if (!variable)
        return;
    if (variable->name)
        set_variable(made, variable);
    else
        json_object_set_new(made, "function", json_string(variable->function));
}

/* ---- heap blocks ---- */

/* From the allocation outward through functions that only pass the result on. */
static const struct snarl_symbol_result *result_of(struct snarl_process_builder *builder,
                                                   const struct snarl_run_location *location, uint64_t offset,
                                                   uint64_t size)
{
    const struct snarl_run_stack *stack =
        location->allocated ? snarl_runfile_stack(builder->file, location->allocated->stack) : NULL;
    bool array = false;
    for (size_t i = 0; stack && i < stack->count && i <= WRAPPERS; i++) {
        const struct snarl_run_frame *frame = &stack->frames[i];
        struct snarl_symbols *symbols =
            frame->kind == SNARL_RUN_FRAME_MODULE ? snarl_build_symbols(builder, frame->module) : NULL;
        if (!symbols)
            return NULL;
        array |= snarl_symbols_makes_array(symbols, frame->value);
        const struct snarl_symbol_result *result =
            snarl_symbols_result(symbols, frame->value, location->size, array, offset, size);
        if (result->type)
            return result;
        /* operator new of the C++ library has no debug information; it passes on what it got. */
        bool passes = !snarl_symbols_frames(symbols, frame->value - 1)->count ||
                      !strncmp(snarl_symbols_frames(symbols, frame->value - 1)->frames[0].function, "operator new", 12);
        if (!result->passed_on && !passes)
            return NULL;
    }
    return NULL;
}

static void set_named_block(json_t *made, const struct snarl_symbol_result *result)
{
    bool arrow = result->variable && result->path[0] == '.';
    bool star = result->variable && !*result->path;
    const char *path = result->path + arrow;
    if (result->variable)
        json_object_set_new(made, "symbol",
                            json_sprintf("%s%s%s%s", star ? "*" : "", result->variable, arrow ? "->" : "", path));
    else
        json_object_set_new(made, "symbol", json_sprintf("(%s)%s", result->type, path));
}

static void name_heap(struct snarl_process_builder *builder, const struct snarl_run_location *location,
                      const struct accesses *accesses, json_t *made)
{
    uint64_t offset = accesses->byte - location->address;
    if (accesses->byte < location->address || offset >= location->size)
        return;
    json_object_set_new(made, "offset", json_integer((json_int_t)offset));
    const struct snarl_symbol_result *result = result_of(builder, location, offset - accesses->before, accesses->size);
    if (result && !result->exact)
        result = result_of(builder, location, offset, 1);
    const char *name = chosen_name(accesses);
    if (result)
        json_object_set_new(made, "type", json_string(result->type));
    if (result && result->inside)
        json_object_set_new(made, "member", json_string(result->path));
    bool member = result && result->inside && (*result->path || result->variable);
    if (name && (strncmp(name, "this", 4) || !member))
        json_object_set_new(made, "symbol", json_string(name));
    else if (member)
        set_named_block(made, result);
}

/* ---- all ---- */

json_t *snarl_build_location(struct snarl_process_builder *builder, const struct snarl_run_finding *finding)
{
    const struct snarl_run_location *location = &finding->location;
    if (!*location->kind)
        return json_null();
    struct accesses accesses = accesses_of(builder, finding);
    json_t *made = json_object();
    json_object_set_new(made, "kind", json_string(location->kind));
    json_object_set_new(made, "symbol", *location->symbol ? json_string(location->symbol) : json_null());
    json_object_set_new(made, "size", json_integer((json_int_t)location->size));
    json_object_set_new(made, "address", snarl_build_address(location->address));
    json_object_set_new(made, "allocated",
                        location->allocated ? snarl_build_event(builder, location->allocated) : json_null());
    if (location->thread)
        json_object_set_new(made, "thread", snarl_build_thread_head(builder, location->thread));
    if (*location->symbol)
        return made;
    if (!strcmp(location->kind, "heap"))
        name_heap(builder, location, &accesses, made);
    else if (!strcmp(location->kind, "tls"))
        name_thread_local(builder, location, &accesses, made);
    else if (!strcmp(location->kind, "stack"))
        name_stack(builder, location, &accesses, made);
    else if (location->module)
        name_global(builder, location, &accesses, made);
    else if (chosen_name(&accesses))
        json_object_set_new(made, "symbol", json_string(chosen_name(&accesses)));
    return made;
}

void snarl_build_targets(struct snarl_process_builder *builder, const struct snarl_run_finding *finding, json_t *events)
{
    if (strcmp(finding->kind, "data-race"))
        return;
    struct accesses accesses = accesses_of(builder, finding);
    for (size_t i = 0; i < 2 && i < json_array_size(events); i++)
        if (accesses.target[i]->name)
            json_object_set_new(json_array_get(events, i), "target", json_string(accesses.target[i]->name));
}
