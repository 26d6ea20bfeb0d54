/* document_locks.c - the locks of a process: what to call them, and their order graph.
 *
 * A lock's name is, in this order: the one given by an annotation; the variable that it is ("queue.mutex");
 * the place where it was initialised or first used ("mutex@bank.c:12"); its address. Locks of one process
 * with the same name are told apart by "#1", "#2", ... in the order of their identifiers.
 *
 * Its class is what all locks from the same origin share in every process and run: module and variable, or
 * the function and file where they are made; never an address or a number. */
#include "reports/document_inner.h"

#include "reports/frames.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct snarl_named_lock *named(struct snarl_process_builder *builder, uint64_t id)
{
    return snarl_idmap_get(&builder->locks, id);
}

static json_t *creation(struct snarl_process_builder *builder, const struct snarl_run_lock *lock)
{
    if (!lock->create_stack)
        return json_null();
    struct snarl_run_event event = {
        .role = "create",
        .what = lock->unseen ? "first use" : "initialisation",
        .thread = lock->create_thread,
        .stack = lock->create_stack,
    };
    json_t *made = snarl_build_event(builder, &event);
    json_object_del(made, "time_s");
    return made;
}

#define CLASS_FRAMES 3u /* locks are made through wrappers, which all locks of a program may share */

/* By the innermost frames of the program that made it; where a function has no name, its place in this build of the module stands for it.
 * No class when none is known. */
static void class_by_place(const struct snarl_named_lock *entry, char *class, size_t size)
{
    const json_t *stack = json_object_get(entry->created, "stack"), *frame;
    size_t index, length = (size_t)snprintf(class, size, "made:%s", entry->lock->kind);
    unsigned taken = 0;
    json_array_foreach(stack, index, frame)
    {
        const char *function = snarl_json_text(frame, "function");
        if (!snarl_frame_is_program(frame) || taken == CLASS_FRAMES || length + 1 >= size)
            continue;
        length += (size_t)snprintf(class + length, size - length, ":%s:%s:%s%s", snarl_path_base(snarl_json_text(frame, "module")),
                                   snarl_path_base(snarl_json_text(frame, "file")), *function ? "" : "+",
                                   *function ? function : snarl_json_text(frame, "offset"));
        taken++;
    }
    if (!taken)
        class[0] = '\0';
}

static void name_by_place(struct snarl_named_lock *entry, char *name, char *class, size_t size)
{
    const json_t *frame = snarl_event_frame(entry->created);
    const char *file = snarl_path_base(snarl_json_text(frame, "file"));
    const char *module = snarl_path_base(snarl_json_text(frame, "module"));
    long long line = json_integer_value(json_object_get(frame, "line"));
    char function[200];
    snarl_frame_function(frame, function, sizeof(function));
    if (*file && line)
        snprintf(name, size, "%s@%s:%lld", entry->lock->kind, file, line);
    else if (*function)
        snprintf(name, size, "%s@%s", entry->lock->kind, function);
    else
        snprintf(name, size, "%s@%s+%s", entry->lock->kind, module, snarl_json_text(frame, "offset"));
    class_by_place(entry, class, size);
}

static const char s_guard[] = "guard variable for "; /* as C++ names the guards of static variables */

static void name_by_variable(struct snarl_process_builder *builder, struct snarl_named_lock *entry,
                             char *name, char *class, size_t size)
{
    const struct snarl_run_lock *lock = entry->lock;
    const struct snarl_run_module *module = snarl_runfile_module(builder->file, lock->module);
    const struct snarl_symbol_variable *variable = snarl_build_variable(builder, lock->module, lock->value, 0);
    const char *base = snarl_path_base(module ? module->path : "?");
    if (variable && variable->section)
        variable = NULL;
    if (variable && variable->file)
        entry->declared = json_pack("{sssi}", "file", variable->file, "line", (int)variable->line);
    if (variable)
        snprintf(name, size, "%s",
                 variable->name + (strncmp(variable->name, s_guard, strlen(s_guard)) ? 0 : strlen(s_guard)));
    else
        snprintf(name, size, "%s@%s+0x%" PRIx64, lock->kind, base, lock->value);
    snprintf(class, size, "var:%s:%s", base, variable ? variable->name : "");
    if (!variable)
        snprintf(class + strlen(class), size - strlen(class), "0x%" PRIx64, lock->value);
}

static void give_name(struct snarl_process_builder *builder, struct snarl_named_lock *entry, char *name,
                      char *class, size_t size)
{
    const struct snarl_run_lock *lock = entry->lock;
    if (*lock->name) {
        snprintf(name, size, "%s", lock->name);
        snprintf(class, size, "name:%s", lock->name);
    } else if (lock->module) {
        name_by_variable(builder, entry, name, class, size);
    } else if (json_array_size(json_object_get(entry->created, "stack"))) {
        name_by_place(entry, name, class, size);
    } else {
        snprintf(name, size, "%s@0x%" PRIx64, lock->kind, lock->address);
        snprintf(class, size, "kind:%s", lock->kind);
    }
}

static void count_name(json_t *counts, const char *name)
{
    json_object_set_new(counts, name, json_integer(json_integer_value(json_object_get(counts, name)) + 1));
}

/* Appends "#1", "#2", ... when more than one has the name. `seen`: how often it was given so far. */
static json_t *unique(const json_t *counts, json_t *seen, const char *name)
{
    char numbered[1100];
    if (json_integer_value(json_object_get(counts, name)) < 2)
        return json_string(name);
    count_name(seen, name);
    snprintf(numbered, sizeof(numbered), "%s #%lld", name,
             (long long)json_integer_value(json_object_get(seen, name)));
    return json_string(numbered);
}

static int by_id(const void *left, const void *right)
{
    const struct snarl_named_lock *const *a = left, *const *b = right;
    return (*a)->lock->id < (*b)->lock->id ? -1 : (*a)->lock->id > (*b)->lock->id;
}

/* All locks in the order of their identifiers; `*count` of them, to be freed. */
static struct snarl_named_lock **sorted_locks(struct snarl_process_builder *builder, size_t *count)
{
    *count = 0;
    for (const struct snarl_run_lock *lock = builder->file->locks; lock; lock = lock->next)
        ++*count;
    struct snarl_named_lock **locks = calloc(*count + 1, sizeof(*locks));
    size_t at = 0;
    for (const struct snarl_run_lock *lock = builder->file->locks; locks && lock; lock = lock->next)
        if (named(builder, lock->id))
            locks[at++] = named(builder, lock->id);
    *count = at;
    if (at)
        qsort(locks, at, sizeof(*locks), by_id);
    return locks;
}

void snarl_build_lock_names(struct snarl_process_builder *builder)
{
    char name[1024], class[1024];
    size_t count;
    for (const struct snarl_run_lock *lock = builder->file->locks; lock; lock = lock->next) {
        struct snarl_named_lock *entry = snarl_arena_take(&builder->arena, sizeof(*entry));
        entry->lock = lock;
        entry->id = snarl_build_thread_id(builder, lock->id);
        snarl_idmap_set(&builder->locks, lock->id, entry);
    }
    struct snarl_named_lock **locks = sorted_locks(builder, &count);
    json_t *seen = json_object(), *counts = json_object();
    for (size_t i = 0; i < count; i++) {
        locks[i]->created = creation(builder, locks[i]->lock);
        locks[i]->declared = NULL;
        give_name(builder, locks[i], name, class, sizeof(name));
        if (!locks[i]->declared)
            locks[i]->declared = json_null();
        locks[i]->name = json_string(name);
        count_name(counts, name);
        locks[i]->class = json_string(class);
        locks[i]->listed = false; /* building an event above marked it */
    }
    for (size_t i = 0; i < count; i++) {
        json_t *numbered = unique(counts, seen, json_string_value(locks[i]->name));
        json_decref(locks[i]->name);
        locks[i]->name = numbered;
    }
    json_decref(counts);
    json_decref(seen);
    free(locks);
}

json_t *snarl_build_lock_id(struct snarl_process_builder *builder, uint64_t lock)
{
    struct snarl_named_lock *entry = named(builder, lock);
    if (!entry)
        return json_null();
    entry->listed = true;
    return json_incref(entry->id);
}

json_t *snarl_build_lock_short(struct snarl_process_builder *builder, uint64_t lock)
{
    struct snarl_named_lock *entry = named(builder, lock);
    if (!entry)
        return NULL;
    entry->listed = true;
    return json_pack("{sOsOsssOsOsO}", "id", entry->id, "name", entry->name, "kind", entry->lock->kind,
                     "class", entry->class, "created", entry->created, "declared", entry->declared);
}

static json_t *edge_event(struct snarl_process_builder *builder, const struct snarl_run_edge *edge, bool hold)
{
    struct snarl_run_event event = {
        .role = hold ? "hold" : "acquire",
        .what = hold ? "acquired" : "acquires",
        .thread = edge->thread,
        .lock = hold ? edge->from : edge->to,
        .stack = hold ? edge->hold_stack : edge->acquire_stack,
    };
    json_t *made = snarl_build_event(builder, &event);
    json_object_del(made, "time_s");
    return made;
}

/* "worker (bank.c:21)" of an event. */
static json_t *event_place(const json_t *event)
{
    char place[700];
    snarl_frame_place(snarl_event_frame(event), place, sizeof(place));
    return json_string(place);
}

static json_t *build_edge(struct snarl_process_builder *builder, const struct snarl_run_edge *edge,
                          bool events)
{
    struct snarl_named_lock *from = named(builder, edge->from), *to = named(builder, edge->to);
    if (!from || !to)
        return NULL;
    json_t *gates = json_array(), *hold = edge_event(builder, edge, true),
           *acquire = edge_event(builder, edge, false);
    for (size_t i = 0; i < edge->gate_count; i++)
        json_array_append_new(gates, snarl_build_lock_id(builder, edge->gates[i]));
    from->listed = to->listed = true;
    json_t *made = json_pack("{sOsOsIsIsO}", "from", from->id, "to", to->id, "count", (json_int_t)edge->count,
                             "threads", (json_int_t)edge->threads, "process", builder->key);
    json_object_set(made, "class_from", from->class);
    json_object_set(made, "class_to", to->class);
    json_object_set_new(made, "mode_from", json_string(edge->mode_from));
    json_object_set_new(made, "mode_to", json_string(edge->mode_to));
    json_object_set_new(made, "gates", gates);
    json_object_set_new(made, "hold_at", event_place(hold));
    json_object_set_new(made, "acquire_at", event_place(acquire));
    json_object_set(made, "hold", events ? hold : json_null());
    json_object_set(made, "acquire", events ? acquire : json_null());
    json_decref(hold);
    json_decref(acquire);
    return made;
}

json_t *snarl_build_lock_graph(struct snarl_process_builder *builder)
{
    json_t *edges = json_array(), *nodes = json_array(), *seen = json_object();
    for (const struct snarl_run_edge *record = builder->file->edges; record; record = record->next) {
        json_t *edge = build_edge(builder, record, json_array_size(edges) < SNARL_EDGES_TOLD);
        if (!edge)
            continue;
        json_array_append_new(edges, edge);
        for (int end = 0; end < 2; end++) {
            json_t *id = json_object_get(edge, end ? "to" : "from");
            if (json_object_get(seen, json_string_value(id)))
                continue;
            json_object_set_new(seen, json_string_value(id), json_true());
            json_array_append(nodes, id);
        }
    }
    json_decref(seen);
    return json_pack("{soso}", "nodes", nodes, "edges", edges);
}

static int by_use(const void *left, const void *right)
{
    const struct snarl_named_lock *const *a = left, *const *b = right;
    if ((*a)->lock->acquisitions != (*b)->lock->acquisitions)
        return (*a)->lock->acquisitions > (*b)->lock->acquisitions ? -1 : 1;
    return by_id(left, right);
}

static json_t *build_lock(struct snarl_process_builder *builder, const struct snarl_named_lock *entry)
{
    const struct snarl_run_lock *lock = entry->lock;
    return json_pack("{sOsOsssIsIsososOsOsOsOso}", "id", entry->id, "name", entry->name, "kind", lock->kind,
                     "acquisitions", (json_int_t)lock->acquisitions, "contended", (json_int_t)lock->contended,
                     "wait_s", snarl_build_seconds(lock->wait_ns), "hold_max_s",
                     snarl_build_seconds(lock->hold_max_ns), "process", builder->key, "class", entry->class,
                     "created", entry->created, "declared", entry->declared, "address",
                     snarl_build_address(lock->address));
}

json_t *snarl_build_lock_list(struct snarl_process_builder *builder)
{
    size_t count;
    json_t *list = json_array();
    struct snarl_named_lock **locks = sorted_locks(builder, &count);
    if (count)
        qsort(locks, count, sizeof(*locks), by_use);
    for (size_t i = 0; i < count && i < SNARL_LOCKS_LISTED; i++)
        locks[i]->listed |= locks[i]->lock->acquisitions > 0;
    if (count)
        qsort(locks, count, sizeof(*locks), by_id);
    for (size_t i = 0; i < count; i++)
        if (locks[i]->listed)
            json_array_append_new(list, build_lock(builder, locks[i]));
    free(locks);
    return list;
}

void snarl_build_free_locks(struct snarl_process_builder *builder)
{
    for (const struct snarl_run_lock *lock = builder->file->locks; lock; lock = lock->next) {
        struct snarl_named_lock *entry = named(builder, lock->id);
        if (!entry)
            continue;
        json_decref(entry->id);
        json_decref(entry->name);
        json_decref(entry->class);
        json_decref(entry->created);
        json_decref(entry->declared);
    }
    snarl_idmap_free(&builder->locks);
}
