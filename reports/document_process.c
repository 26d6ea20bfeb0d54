/* document_process.c - one run file as a document with one process. See document_inner.h. */
#include "reports/document_inner.h"

#include "reports/fingerprint.h"
#include "reports/frames.h"
#include "reports/merge.h"
#include "reports/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* RFC 3339 with milliseconds. */
static json_t *wall_time(uint64_t ns)
{
    char text[64], whole[96];
    time_t seconds = ns / 1000000000;
    struct tm parts;
    if (!ns || !gmtime_r(&seconds, &parts) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts))
        return json_null();
    snprintf(whole, sizeof(whole), "%s.%03uZ", text, (unsigned)(ns / 1000000 % 1000));
    return json_string(whole);
}

/* The file's name without its ending: "<pid>-<start>". */
static json_t *process_key(const struct snarl_runfile *file)
{
    char key[96];
    snprintf(key, sizeof(key), "%s", snarl_path_base(file->path));
    char *dot = strrchr(key, '.');
    if (dot && dot != key)
        *dot = '\0';
    return json_string(key);
}

/* A damaged file may have lost its first record; its name still tells the pid. */
static json_int_t process_pid(const struct snarl_process_builder *builder)
{
    const struct snarl_run_process *process = &builder->file->process;
    return process->known ? (json_int_t)process->pid : strtoll(json_string_value(builder->key), NULL, 10);
}

static json_t *build_exit(const struct snarl_run_exit *end)
{
    switch (end->how) {
    case SNARL_RUN_EXIT_CODE:
        return json_pack("{sI}", "code", (json_int_t)end->value);
    case SNARL_RUN_EXIT_SIGNAL:
        return json_pack("{sI}", "signal", (json_int_t)end->value);
    case SNARL_RUN_EXIT_EXEC:
        return json_pack("{snss}", "code", "ended", "exec");
    case SNARL_RUN_EXIT_DEADLOCK:
        return json_pack("{sIss}", "code", (json_int_t)end->value, "ended", "deadlock");
    default:
        return json_null();
    }
}

static json_t *build_coverage(const struct snarl_runfile *file)
{
    json_t *modules = json_array();
    for (const struct snarl_run_coverage *coverage = file->coverage; coverage; coverage = coverage->next) {
        const struct snarl_run_module *module = snarl_runfile_module(file, coverage->module);
        json_array_append_new(modules,
                              json_pack("{sssssIsIss}", "path", module ? module->path : "", "build_id",
                                        module ? module->build_id : "", "accesses",
                                        (json_int_t)coverage->accesses, "instrumented",
                                        (json_int_t)coverage->instrumented, "reason", coverage->reason));
    }
    return json_pack("{so}", "modules", modules);
}

static json_t *build_counters(const struct snarl_runfile *file)
{
    json_t *counters = json_object();
    for (const struct snarl_run_counter *counter = file->counters; counter; counter = counter->next)
        json_object_set_new(counters, counter->name, json_integer(counter->value));
    return counters;
}

static json_t *build_command(const struct snarl_run_process *process)
{
    json_t *command = json_array();
    for (size_t i = 0; i < process->argument_count; i++)
        json_array_append_new(command, json_string(process->arguments[i]));
    return command;
}

static json_int_t thread_count(const struct snarl_runfile *file)
{
    json_int_t count = 0;
    for (const struct snarl_run_thread *thread = file->threads; thread; thread = thread->next)
        count++;
    if ((json_int_t)file->exit.threads > count)
        count = file->exit.threads;
    return count ? count : 1;
}

static json_t *build_process(struct snarl_process_builder *builder)
{
    const struct snarl_runfile *file = builder->file;
    const struct snarl_run_process *process = &file->process;
    json_t *made = json_object();
    json_object_set(made, "key", builder->key);
    json_object_set_new(made, "pid", json_integer(process_pid(builder)));
    json_object_set_new(made, "ppid", json_integer(process->ppid));
    json_object_set_new(made, "program", json_string(process->program));
    json_object_set_new(made, "command", build_command(process));
    json_object_set_new(made, "cwd", json_string(process->cwd));
    json_object_set_new(made, "started", wall_time(process->realtime_ns));
    json_object_set_new(made, "duration_s", snarl_build_seconds(file->last_ns));
    json_object_set_new(made, "exit", build_exit(&file->exit));
    json_object_set_new(made, "threads", json_integer(thread_count(file)));
    json_object_set_new(made, "mode", json_string(process->mode));
    json_object_set_new(made, "coverage", build_coverage(file));
    json_object_set_new(made, "counters", build_counters(file));
    return made;
}

static json_t *build_thread(struct snarl_process_builder *builder, const struct snarl_run_thread *thread)
{
    json_t *made = json_object();
    json_object_set_new(made, "id", snarl_build_thread_id(builder, thread->id));
    json_object_set(made, "process", builder->key);
    json_object_set_new(made, "name", json_string(thread->main && !*thread->name ? "main" : thread->name));
    json_object_set_new(made, "tid", json_integer(thread->tid));
    json_object_set_new(made, "main", json_boolean(thread->main));
    json_object_set_new(made, "creator", snarl_build_thread_id(builder, thread->creator));
    json_object_set_new(made, "created", snarl_build_creation(builder, thread));
    json_object_set_new(made, "start_s", snarl_build_seconds(thread->start_ns));
    json_object_set_new(made, "end_s", thread->end_ns ? snarl_build_seconds(thread->end_ns) : json_null());
    json_object_set_new(made, "joined", json_boolean(thread->joined));
    json_object_set_new(made, "detached", json_boolean(thread->detached));
    return made;
}

struct lock_set {
    json_t *list, *seen;
};

static void add_lock(struct snarl_process_builder *builder, struct lock_set *set, uint64_t lock)
{
    json_t *made = snarl_build_lock_short(builder, lock);
    const char *id = snarl_json_text(made, "id");
    if (made && !json_object_get(set->seen, id)) {
        json_object_set_new(set->seen, id, json_true());
        json_array_append(set->list, made);
    }
    json_decref(made);
}

/* Cycles begin with the thread of the lowest number, whichever thread closed them: the index of the event to
 * begin with. A chain (which ends in a lock whose owner is gone) stays as it is. */
static size_t cycle_start(const struct snarl_run_finding *finding)
{
    size_t best = 0, group = 0;
    bool cycle = !strcmp(finding->kind, "deadlock") || !strcmp(finding->kind, "lock-order-inversion");
    if (!cycle || !finding->event_count || !strcmp(finding->events[finding->event_count - 1].role, "hold"))
        return 0;
    for (size_t i = 0; i < finding->event_count; i++) {
        if (!strcmp(finding->events[i].role, "hold"))
            continue;
        if (finding->events[group].thread < finding->events[best].thread)
            best = group;
        group = i + 1;
    }
    return best;
}

/* The locks that its events are about, in the order of the story; then the others. */
static json_t *build_locks(struct snarl_process_builder *builder, const struct snarl_run_finding *finding)
{
    struct lock_set set = {json_array(), json_object()};
    size_t start = cycle_start(finding);
    for (size_t i = 0; i < finding->event_count; i++)
        add_lock(builder, &set, finding->events[(start + i) % finding->event_count].lock);
    for (size_t i = 0; i < finding->lock_count; i++)
        add_lock(builder, &set, finding->locks[i]);
    for (size_t i = 0; i < finding->event_count; i++)
        for (size_t k = 0; k < finding->events[i].held_count; k++)
            add_lock(builder, &set, finding->events[i].held[k]);
    json_decref(set.seen);
    return set.list;
}

struct stalled {
    bool joins; /* it only waits for another one to end */
    size_t index;
    const struct snarl_run_event *event;
};

static int by_interest(const void *left, const void *right)
{
    const struct stalled *a = left, *b = right;
    if (a->joins != b->joins)
        return a->joins ? 1 : -1;
    if (a->event->thread != b->event->thread)
        return a->event->thread < b->event->thread ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/* A stall's threads in the order of their numbers; those that merely wait for others to end come last. */
static json_t *build_stalled(struct snarl_process_builder *builder, const struct snarl_run_finding *finding)
{
    json_t *events = json_array();
    struct stalled *order = snarl_arena_take(&builder->arena, finding->event_count * sizeof(*order));
    for (size_t i = 0; i < finding->event_count; i++) {
        const struct snarl_run_event *event = &finding->events[i];
        order[i] = (struct stalled){!event->lock && !event->held_count, i, event};
    }
    if (finding->event_count)
        qsort(order, finding->event_count, sizeof(*order), by_interest);
    for (size_t i = 0; i < finding->event_count; i++)
        json_array_append_new(events, snarl_build_event(builder, order[i].event));
    return events;
}

static json_t *build_events(struct snarl_process_builder *builder, const struct snarl_run_finding *finding)
{
    if (!strcmp(finding->kind, "stall"))
        return build_stalled(builder, finding);
    json_t *events = json_array();
    size_t start = cycle_start(finding);
    for (size_t i = 0; i < finding->event_count; i++)
        json_array_append_new(
            events, snarl_build_event(builder, &finding->events[(start + i) % finding->event_count]));
    return events;
}

static json_t *build_finding(struct snarl_process_builder *builder, const struct snarl_run_finding *finding)
{
    json_t *made = json_object(), *events = build_events(builder, finding), *processes = json_object();
    snarl_build_targets(builder, finding, events);
    json_object_set_new(processes, json_string_value(builder->key), json_integer(finding->count));
    json_object_set_new(made, "fingerprint", json_null()); /* its place in the order of members */
    json_object_set_new(made, "group", json_null());
    json_object_set_new(made, "kind", json_string(finding->kind));
    json_object_set_new(made, "rule", json_string(finding->rule));
    json_object_set_new(made, "confidence", json_string(finding->confidence));
    json_object_set_new(made, "message", json_string(finding->message));
    json_object_set_new(made, "explanation", json_null());
    json_object_set_new(made, "suggestion", json_null());
    json_object_set_new(made, "count", json_integer(finding->count));
    json_object_set_new(made, "pid", json_integer(process_pid(builder)));
    json_object_set(made, "process", builder->key);
    json_object_set_new(made, "program", json_string(snarl_path_base(builder->file->process.program)));
    json_object_set_new(made, "processes", processes);
    json_object_set_new(made, "time_s", snarl_build_seconds(finding->time_ns));
    json_object_set_new(made, "suppressed", json_false());
    json_object_set_new(made, "baseline", json_null());
    json_object_set_new(made, "location", snarl_build_location(builder, finding));
    json_object_set_new(made, "locks", build_locks(builder, finding));
    json_object_set_new(made, "events", events);
    if (!*finding->message)
        json_object_set_new(made, "message", snarl_words_message(made));
    json_object_set_new(made, "explanation", snarl_words_explain(made));
    json_object_set_new(made, "suggestion", snarl_words_suggestion(made));
    json_object_set_new(made, "fingerprint", snarl_fingerprint(made));
    json_object_set_new(made, "group", snarl_fingerprint_group(made));
    json_object_set_new(made, "also", json_pack("[o]", snarl_words_places(made)));
    return made;
}

static void note_damage(struct snarl_process_builder *builder)
{
    char text[1200];
    unsigned told = 0;
    for (const struct snarl_run_damage *damage = builder->file->damage; damage;
         damage = damage->next, told++) {
        if (told == 10) {
            snprintf(text, sizeof(text), "%s: more parts are damaged", builder->file->path);
            snarl_build_note(builder, true, text);
            return;
        }
        snprintf(text, sizeof(text),
                 "%s: byte %" PRIu64 ": %" PRIu64 " bytes cannot be used: %s; the rest was read",
                 builder->file->path, damage->offset, damage->length, damage->what);
        snarl_build_note(builder, true, text);
    }
    if (!builder->file->process.known) {
        snprintf(text, sizeof(text), "%s: the record that names the program is lost", builder->file->path);
        snarl_build_note(builder, true, text);
    }
}

static void fill(struct snarl_process_builder *builder, json_t *document)
{
    const struct snarl_runfile *file = builder->file;
    json_t *findings = json_object_get(document, "findings"), *threads = json_object_get(document, "threads");
    for (const struct snarl_run_note *note = file->notes; note; note = note->next)
        snarl_build_note(builder, true, note->text);
    note_damage(builder);
    snarl_build_lock_names(builder);
    for (const struct snarl_run_finding *finding = file->findings; finding; finding = finding->next)
        json_array_append_new(findings, build_finding(builder, finding));
    json_object_set_new(document, "findings", snarl_findings_fold(findings));
    json_object_set_new(document, "lock_graph", snarl_build_lock_graph(builder));
    json_object_set_new(document, "locks", snarl_build_lock_list(builder));
    for (const struct snarl_run_thread *thread = file->threads; thread; thread = thread->next)
        json_array_append_new(threads, build_thread(builder, thread));
}

static void release(void *value)
{
    json_decref(value);
}

static void free_shared(struct snarl_process_builder *builder)
{
    snarl_idmap_each(&builder->stacks, release);
    snarl_idmap_each(&builder->threads, release);
    snarl_idmap_each(&builder->creations, release);
    snarl_idmap_free(&builder->stacks);
    snarl_idmap_free(&builder->threads);
    snarl_idmap_free(&builder->creations);
    snarl_build_free_locks(builder);
    snarl_arena_free(&builder->arena);
    json_decref(builder->key);
}

json_t *snarl_build_process(const struct snarl_runfile *file, struct snarl_frame_cache *cache)
{
    struct snarl_process_builder builder = {.file = file, .cache = cache, .key = process_key(file)};
    json_t *document = snarl_document_empty();
    builder.document = document;
    json_array_append_new(json_object_get(document, "processes"), build_process(&builder));
    fill(&builder, document);
    free_shared(&builder);
    return document;
}
