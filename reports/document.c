/* document.c - see document.h. Reads the run files of a directory one after the other, each into a document
 * of one process, and merges these. What one process tells of another (how its child ended) is put in before.
 */
#include "reports/document_inner.h"

#include "reports/frames.h"
#include "reports/merge.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

struct building {
    struct snarl_frame_cache cache;
    json_t **documents; /* of one process each */
    size_t count;
    json_t *children; /* by pid: the status that the parent saw */
    json_t *run_ids;  /* by process key: what the PROCESS record says */
    json_t *notes;    /* files that could not be read */
};

json_t *snarl_document_empty(void)
{
    json_t *empty = json_object();
    json_object_set_new(empty, "schema", json_integer(1));
    json_object_set_new(empty, "snarl", json_string(SNARL_VERSION));
    json_object_set_new(empty, "run", json_object());
    static const char *const s_lists[] = {"runs", "processes", "findings", "locks"};
    for (size_t i = 0; i < sizeof(s_lists) / sizeof(s_lists[0]); i++)
        json_object_set_new(empty, s_lists[i], json_array());
    json_object_set_new(empty, "lock_graph", json_pack("{s[]s[]}", "nodes", "edges"));
    json_object_set_new(empty, "threads", json_array());
    json_object_set_new(empty, "notes", json_array());
    return empty;
}

static int is_run_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 6 && entry->d_name[0] != '.' && !strcmp(entry->d_name + length - 6, ".snarl");
}

static void add_note(json_t *notes, json_t *process, const char *text)
{
    json_array_append_new(notes,
                          json_pack("{sOss}", "process", process ? process : json_null(), "text", text));
}

static void remember_children(struct building *building, const struct snarl_runfile *file)
{
    char pid[24];
    for (const struct snarl_run_child *child = file->children; child; child = child->next) {
        snprintf(pid, sizeof(pid), "%llu", (unsigned long long)child->pid);
        json_object_set_new(building->children, pid, json_integer(child->status));
    }
}

static void read_file(struct building *building, const char *directory, const char *name)
{
    char path[4096], error[512];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    struct snarl_runfile *file = snarl_runfile_read(path, error, sizeof(error));
    if (!file) {
        add_note(building->notes, NULL, error);
        return;
    }
    json_t *document = snarl_build_process(file, &building->cache);
    json_t *process = json_array_get(json_object_get(document, "processes"), 0);
    building->documents[building->count++] = document;
    json_object_set_new(building->run_ids, snarl_json_text(process, "key"),
                        json_string(file->process.run_id));
    remember_children(building, file);
    snarl_runfile_free(file);
}

json_t *snarl_document_exit(int status)
{
    if (WIFSIGNALED(status))
        return json_pack("{si}", "signal", WTERMSIG(status));
    return json_pack("{si}", "code", WEXITSTATUS(status));
}

/* The processes without an exit record: as their parents saw them end, else with a note. */
static void settle_exits(struct building *building)
{
    char pid[24], text[600];
    for (size_t i = 0; i < building->count; i++) {
        json_t *process = json_array_get(json_object_get(building->documents[i], "processes"), 0);
        if (!json_is_null(json_object_get(process, "exit")))
            continue;
        snprintf(pid, sizeof(pid), "%lld", (long long)json_integer_value(json_object_get(process, "pid")));
        json_t *status = json_object_get(building->children, pid);
        if (status) {
            json_object_set_new(process, "exit", snarl_document_exit(json_integer_value(status)));
            continue;
        }
        snprintf(text, sizeof(text), "process %s (%s) " SNARL_NOTE_NO_END ": it was killed, or it still runs",
                 pid, snarl_path_base(snarl_json_text(process, "program")));
        add_note(json_object_get(building->documents[i], "notes"), json_object_get(process, "key"), text);
    }
}

/* As a shell says it; null when the end is not known. */
static json_t *exit_status(const json_t *processes, const json_t *root)
{
    json_t *status = json_null();
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process)
    {
        json_t *end = json_object_get(process, "exit");
        if (!json_equal(json_object_get(process, "pid"), json_object_get(root, "pid")))
            continue;
        if (json_is_integer(json_object_get(end, "code")))
            status = json_object_get(end, "code");
        if (json_is_integer(json_object_get(end, "signal")))
            return json_integer(128 + json_integer_value(json_object_get(end, "signal")));
    }
    return json_incref(status);
}

static double last_end(const json_t *processes)
{
    double last = 0;
    size_t index;
    json_t *process;
    json_array_foreach(processes, index, process)
    {
        double end = snarl_merge_time(snarl_json_text(process, "started")) +
                     json_number_value(json_object_get(process, "duration_s"));
        last = end > last ? end : last;
    }
    return last;
}

/* What the command that started the run wrote of it (cli/rundir.h) is nearer to the truth than what its
 * processes know: the program may be a script, and may have been ended from outside. */
static void take_meta(json_t *run, const char *directory)
{
    static const char *const s_keys[] = {"id", "command", "cwd", "host", "exit_status", "duration_s"};
    char path[4096];
    snprintf(path, sizeof(path), "%s/meta.json", directory);
    json_t *meta = json_load_file(path, 0, NULL);
    for (size_t i = 0; i < sizeof(s_keys) / sizeof(s_keys[0]); i++) {
        json_t *value = json_object_get(meta, s_keys[i]), *own = json_object_get(run, s_keys[i]);
        if (value && (!own || json_is_null(own) || json_typeof(own) == json_typeof(value)))
            json_object_set(run, s_keys[i], value);
    }
    json_decref(meta);
}

/* The first process started is the one that the run is named after. */
static void describe_run(json_t *document, const json_t *run_ids, const char *directory)
{
    json_t *processes = json_object_get(document, "processes"), *root = json_array_get(processes, 0);
    const char *id = snarl_json_text(run_ids, snarl_json_text(root, "key"));
    double start = snarl_merge_time(snarl_json_text(root, "started")), end = last_end(processes);
    json_t *run = json_object();
    json_object_set_new(run, "id", json_string(*id ? id : snarl_json_text(root, "key")));
    json_object_set(run, "started", json_object_get(root, "started"));
    json_object_set_new(run, "duration_s", json_real(end > start ? end - start : 0));
    json_object_set(run, "command", json_object_get(root, "command"));
    json_object_set(run, "cwd", json_object_get(root, "cwd"));
    json_object_set_new(run, "exit_status", exit_status(processes, root));
    take_meta(run, directory);
    json_array_append(json_object_get(document, "runs"), run);
    json_object_set_new(document, "run", run);
}

static json_t *finish(struct building *building, const char *directory)
{
    settle_exits(building);
    json_t *document = snarl_document_merge(building->documents, building->count);
    json_array_extend(json_object_get(document, "notes"), building->notes);
    describe_run(document, building->run_ids, directory);
    return document;
}

static void release(struct building *building)
{
    for (size_t i = 0; i < building->count; i++)
        json_decref(building->documents[i]);
    free(building->documents);
    json_decref(building->children);
    json_decref(building->run_ids);
    json_decref(building->notes);
    snarl_frame_cache_free(&building->cache);
}

json_t *snarl_document_build(const char *directory, struct snarl_symboliser *symboliser, char *error,
                             size_t error_size)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_run_file, alphasort);
    if (count < 0) {
        snprintf(error, error_size, "cannot read the run directory %s: %s", directory, strerror(errno));
        return NULL;
    }
    struct building building = {.cache = {.symboliser = symboliser}};
    building.documents = calloc(count + 1, sizeof(*building.documents));
    building.children = json_object();
    building.run_ids = json_object();
    building.notes = json_array();
    for (int i = 0; i < count; i++) {
        read_file(&building, directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    json_t *document = building.count ? finish(&building, directory) : NULL;
    if (!document)
        snprintf(error, error_size, "%s%s",
                 count ? snarl_json_text(json_array_get(building.notes, 0), "text") : directory,
                 count ? ""
                       : ": no run files (*.snarl) and no run.json here: is this the directory of a run?");
    release(&building);
    return document;
}
