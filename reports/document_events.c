/* document_events.c - frames, stacks, threads and events of a process as JSON. See document_inner.h. */
#include "reports/document_inner.h"

#include "reports/frames.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A module of the files on disk, shared by the processes that had it loaded. */
struct cached_module {
    struct snarl_symbols *symbols;
    struct cached_module *next;
    json_t *path, *build_id;
    struct snarl_idmap frames; /* address + 1 to an array of FRAMEs, innermost first */
    json_t **arrays;           /* all of them, to give back */
    size_t count, room;
};

static struct cached_module *cached(struct snarl_frame_cache *cache, const char *path, const char *build_id)
{
    struct snarl_symbols *symbols = snarl_symbols_open(cache->symboliser, path, build_id);
    struct cached_module *module = snarl_idmap_get(&cache->modules, (uintptr_t)symbols);
    if (module)
        return module;
    module = snarl_arena_take(&cache->arena, sizeof(*module));
    module->symbols = symbols;
    module->path = json_string(path);
    module->build_id = *build_id ? json_string(build_id) : json_null();
    module->next = snarl_idmap_get(&cache->modules, 1); /* no symbols lie at 1: the head of the list */
    snarl_idmap_set(&cache->modules, 1, module);
    snarl_idmap_set(&cache->modules, (uintptr_t)symbols, module);
    return module;
}

void snarl_frame_cache_free(struct snarl_frame_cache *cache)
{
    for (struct cached_module *module = snarl_idmap_get(&cache->modules, 1); module; module = module->next) {
        for (size_t i = 0; i < module->count; i++)
            json_decref(module->arrays[i]);
        free(module->arrays);
        json_decref(module->path);
        json_decref(module->build_id);
        snarl_idmap_free(&module->frames);
    }
    snarl_idmap_free(&cache->modules);
    snarl_arena_free(&cache->arena);
}

json_t *snarl_build_address(uint64_t address)
{
    char text[24];
    snprintf(text, sizeof(text), "0x%" PRIx64, address);
    return json_string(text);
}

json_t *snarl_build_seconds(uint64_t ns)
{
    return json_real((double)(ns / 1000) / 1e6);
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *number_or_null(unsigned number)
{
    return number ? json_integer(number) : json_null();
}

static json_t *make_frame(json_t *module, json_t *build_id, uint64_t offset,
                          const struct snarl_symbol_frame *symbol)
{
    json_t *frame = json_object();
    json_object_set_new(frame, "function", text_or_null(symbol->function));
    json_object_set_new(frame, "file", text_or_null(symbol->file));
    json_object_set_new(frame, "line", number_or_null(symbol->line));
    json_object_set_new(frame, "column", number_or_null(symbol->column));
    json_object_set(frame, "module", module);
    json_object_set_new(frame, "offset", snarl_build_address(offset));
    json_object_set(frame, "build_id", build_id);
    json_object_set_new(frame, "inlined", json_boolean(symbol->inlined));
    json_object_set_new(frame, "language", text_or_null(symbol->language));
    return frame;
}

static json_t *make_frames(struct cached_module *module, uint64_t address)
{
    static const struct snarl_symbol_frame s_unknown = {.function = NULL};
    const struct snarl_symbol_frames *symbols = snarl_symbols_frames(module->symbols, address);
    json_t *frames = json_array();
    for (size_t i = 0; i < symbols->count; i++)
        json_array_append_new(frames,
                              make_frame(module->path, module->build_id, address, &symbols->frames[i]));
    if (!symbols->count) {
        json_t *frame = make_frame(module->path, module->build_id, address, &s_unknown);
        uint64_t entry = snarl_symbols_entry(module->symbols, address);
        if (entry)
            json_object_set_new(frame, "entry", snarl_build_address(entry));
        json_array_append_new(frames, frame);
    }
    return frames;
}

/* Borrowed. */
static json_t *cached_frames(struct cached_module *module, uint64_t address)
{
    json_t *frames = snarl_idmap_get(&module->frames, address + 1);
    if (frames)
        return frames;
    frames = make_frames(module, address);
    if (module->count == module->room) {
        module->room = module->room ? 2 * module->room : 64;
        module->arrays = realloc(module->arrays, module->room * sizeof(*module->arrays));
        if (!module->arrays)
            abort();
    }
    module->arrays[module->count++] = frames;
    snarl_idmap_set(&module->frames, address + 1, frames);
    return frames;
}

static void note_problem(struct snarl_process_builder *builder, const struct cached_module *module)
{
    char text[1024];
    const char *problem = snarl_symbols_problem(module->symbols);
    const char *path = json_string_value(module->path);
    if (!problem || !path || path[0] != '/') /* the vdso and the like never were files */
        return;
    snprintf(text, sizeof(text), "no names for addresses in %s: %s", path, problem);
    snarl_build_note(builder, false, text);
}

void snarl_build_note(struct snarl_process_builder *builder, bool of_process, const char *text)
{
    json_t *notes = json_object_get(builder->document, "notes");
    size_t count = json_array_size(notes);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(snarl_json_text(json_array_get(notes, i), "text"), text))
            return;
    json_array_append_new(
        notes, json_pack("{sOss}", "process", of_process ? builder->key : json_null(), "text", text));
}

static bool returns_from_signal(const json_t *frames)
{
    return !strcmp(snarl_json_text(json_array_get(frames, 0), "function"), "__restore_rt");
}

static json_t *better(json_t *before, json_t *at)
{
    return returns_from_signal(at) ? at : before;
}

static void append_address(struct snarl_process_builder *builder, json_t *stack,
                           const struct snarl_run_frame *frame, bool exact)
{
    const struct snarl_run_module *record = snarl_runfile_module(builder->file, frame->module);
    uint64_t address = frame->value - (exact || !frame->value ? 0 : 1);
    if (!record) {
        static const struct snarl_symbol_frame s_unknown = {.function = NULL};
        json_array_append_new(stack, make_frame(json_null(), json_null(), address, &s_unknown));
        return;
    }
    struct cached_module *module = cached(builder->cache, record->path, record->build_id);
    if (snarl_symbols_problem(module->symbols))
        note_problem(builder, module);
    json_t *frames = cached_frames(module, address);
    /* What a signal handler returns to was never called: there is no call before it. */
    if (!exact && !*snarl_json_text(json_array_get(frames, 0), "function") && frame->value)
        frames = better(frames, cached_frames(module, frame->value));
    json_array_extend(stack, frames);
}

static void append_symbolic(json_t *stack, const struct snarl_run_frame *frame)
{
    struct snarl_symbol_frame symbol = {
        .function = frame->function,
        .file = frame->file,
        .line = frame->line,
        .column = frame->column,
        .language = frame->language,
    };
    json_t *made = make_frame(json_null(), json_null(), 0, &symbol);
    json_object_set_new(made, "offset", json_null());
    json_array_append_new(stack, made);
}

json_t *snarl_build_stack(struct snarl_process_builder *builder, uint64_t id)
{
    const struct snarl_run_stack *record = snarl_runfile_stack(builder->file, id);
    if (!record)
        return json_array();
    json_t *stack = snarl_idmap_get(&builder->stacks, id);
    if (stack)
        return json_incref(stack);
    stack = json_array();
    for (size_t i = 0; i < record->count; i++) {
        const struct snarl_run_frame *frame = &record->frames[i];
        if (frame->kind == SNARL_RUN_FRAME_SYMBOLIC)
            append_symbolic(stack, frame);
        else
            append_address(builder, stack, frame, i == 0 && record->exact);
    }
    snarl_idmap_set(&builder->stacks, id, stack);
    return json_incref(stack);
}

json_t *snarl_build_thread_id(struct snarl_process_builder *builder, uint64_t thread)
{
    char text[128];
    if (!thread)
        return json_null();
    snprintf(text, sizeof(text), "%s/%" PRIu64, json_string_value(builder->key), thread);
    return json_string(text);
}

static json_t *thread_head(struct snarl_process_builder *builder, uint64_t id,
                           const struct snarl_run_thread *thread)
{
    json_t *head = json_object();
    const char *name = thread ? thread->name : "";
    json_object_set_new(head, "id", snarl_build_thread_id(builder, id));
    json_object_set_new(head, "name", json_string(thread && thread->main && !*name ? "main" : name));
    json_object_set_new(head, "main", json_boolean(thread && thread->main));
    return head;
}

static json_t *empty_event(const char *role, const char *what)
{
    return json_pack("{ssss*sbsb}", "role", role, "what", what, "atomic", 0, "write", 0);
}

json_t *snarl_build_creation(struct snarl_process_builder *builder, const struct snarl_run_thread *thread)
{
    if (!thread || thread->main || !thread->creator)
        return json_null();
    json_t *known = snarl_idmap_get(&builder->creations, thread->id);
    if (known)
        return json_incref(known);
    const struct snarl_run_thread *creator = snarl_runfile_thread(builder->file, thread->creator);
    const struct snarl_run_stack *stack = snarl_runfile_stack(builder->file, thread->create_stack);
    json_t *event = empty_event("create", "created the thread");
    json_t *head = thread_head(builder, thread->creator, creator);
    json_object_set_new(head, "created", json_null());
    json_object_set_new(event, "thread", head);
    json_object_set_new(event, "lock", json_null());
    json_object_set_new(event, "locks_held", json_array());
    json_object_set_new(event, "stack", snarl_build_stack(builder, thread->create_stack));
    json_object_set_new(event, "complete", json_boolean(stack && stack->complete));
    json_object_set_new(event, "time_s", snarl_build_seconds(thread->start_ns));
    snarl_idmap_set(&builder->creations, thread->id, json_incref(event));
    return event;
}

static json_t *event_thread(struct snarl_process_builder *builder, uint64_t id)
{
    json_t *known = snarl_idmap_get(&builder->threads, id);
    if (known)
        return json_incref(known);
    const struct snarl_run_thread *thread = snarl_runfile_thread(builder->file, id);
    json_t *head = thread_head(builder, id, thread);
    json_object_set_new(head, "created", snarl_build_creation(builder, thread));
    if (id)
        snarl_idmap_set(&builder->threads, id, json_incref(head));
    return head;
}

json_t *snarl_build_event(struct snarl_process_builder *builder, const struct snarl_run_event *record)
{
    const struct snarl_run_stack *stack = snarl_runfile_stack(builder->file, record->stack);
    json_t *event = json_object(), *held = json_array();
    for (size_t i = 0; i < record->held_count; i++) {
        json_t *id = snarl_build_lock_id(builder, record->held[i]);
        if (json_is_string(id))
            json_array_append(held, id);
        json_decref(id);
    }
    json_object_set_new(event, "role", json_string(record->role));
    json_object_set_new(event, "what", json_string(record->what));
    json_object_set_new(event, "atomic", json_boolean(record->atomic));
    json_object_set_new(event, "write", json_boolean(record->write));
    json_object_set_new(event, "thread", event_thread(builder, record->thread));
    json_object_set_new(event, "lock", snarl_build_lock_id(builder, record->lock));
    json_object_set_new(event, "locks_held", held);
    json_object_set_new(event, "stack", snarl_build_stack(builder, record->stack));
    json_object_set_new(event, "complete", json_boolean(stack && stack->complete));
    json_object_set_new(event, "time_s", snarl_build_seconds(record->time_ns));
    if (record->address) {
        json_object_set_new(event, "address", snarl_build_address(record->address));
        json_object_set_new(event, "size", json_integer(record->size));
    }
    return event;
}

struct snarl_symbols *snarl_build_symbols(struct snarl_process_builder *builder, uint64_t id)
{
    const struct snarl_run_module *record = snarl_runfile_module(builder->file, id);
    if (!record)
        return NULL;
    struct cached_module *module = cached(builder->cache, record->path, record->build_id);
    if (snarl_symbols_problem(module->symbols))
        note_problem(builder, module);
    return module->symbols;
}

const struct snarl_symbol_variable *snarl_build_variable(struct snarl_process_builder *builder, uint64_t module,
                                                         uint64_t value, uint64_t size)
{
    struct snarl_symbols *symbols = snarl_build_symbols(builder, module);
    return symbols ? snarl_symbols_variable(symbols, value, size) : NULL;
}

json_t *snarl_build_thread_head(struct snarl_process_builder *builder, uint64_t thread)
{
    return thread_head(builder, thread, snarl_runfile_thread(builder->file, thread));
}
