/* load.c - from the paths that a user names to one document. See reports.h. */
#include "reports/reports.h"

#include "reports/classes.h"
#include "reports/document.h"
#include "reports/frames.h"
#include "reports/merge.h"
#include "reports/symbolise.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static json_t *load_file(const char *path, char *error, size_t error_size)
{
    json_error_t problem;
    json_t *document = json_load_file(path, 0, &problem);
    if (!document) {
        if (problem.line < 1)
            snprintf(error, error_size, "cannot read %s: %s", path, strerror(errno));
        else
            snprintf(error, error_size, "%s:%d:%d: not JSON: %s", path, problem.line, problem.column,
                     problem.text);
        return NULL;
    }
    json_int_t schema = json_integer_value(json_object_get(document, "schema"));
    if (schema == 1 && json_is_array(json_object_get(document, "findings")))
        return document;
    if (schema > 1)
        snprintf(error, error_size, "%s: a document of schema %lld, and this snarl reads schema 1", path,
                 (long long)schema);
    else
        snprintf(error, error_size, "%s: not a document of snarl (it has no \"schema\" and \"findings\")",
                 path);
    json_decref(document);
    return NULL;
}

/* The time of the youngest run file, 0 when there is none. */
static double youngest_file(const char *directory)
{
    double youngest = 0;
    DIR *listing = opendir(directory);
    struct dirent *entry;
    while (listing && (entry = readdir(listing))) {
        struct stat status;
        size_t length = strlen(entry->d_name);
        if (length <= 6 || strcmp(entry->d_name + length - 6, ".snarl") ||
            fstatat(dirfd(listing), entry->d_name, &status, 0))
            continue;
        double time = status.st_mtim.tv_sec + status.st_mtim.tv_nsec / 1e9;
        youngest = time > youngest ? time : youngest;
    }
    if (listing)
        closedir(listing);
    return youngest;
}

/* What the command knew of the run's end when it wrote run.json is still true. */
static void take_over_exit(json_t *document, const char *kept_path)
{
    char ignored[256];
    json_t *kept = load_file(kept_path, ignored, sizeof(ignored));
    json_t *old = json_object_get(kept, "run"), *run = json_object_get(document, "run");
    if (kept && !strcmp(snarl_json_text(old, "id"), snarl_json_text(run, "id")) &&
        json_is_integer(json_object_get(old, "exit_status")))
        snarl_report_set_exit(document, json_integer_value(json_object_get(old, "exit_status")),
                              json_number_value(json_object_get(old, "duration_s")));
    json_decref(kept);
}

static json_t *load_directory(const char *directory, struct snarl_symboliser *symboliser, bool rebuild,
                              char *error, size_t error_size)
{
    char kept[4096];
    struct stat status;
    snprintf(kept, sizeof(kept), "%s/run.json", directory);
    bool has_kept = !stat(kept, &status);
    double youngest = youngest_file(directory);
    double kept_time = has_kept ? status.st_mtim.tv_sec + status.st_mtim.tv_nsec / 1e9 : 0;
    if (has_kept && (!youngest || (!rebuild && kept_time >= youngest))) {
        json_t *document = load_file(kept, error, error_size);
        if (document || !youngest)
            return document;
    }
    json_t *document = snarl_document_build(directory, symboliser, error, error_size);
    if (document && has_kept)
        take_over_exit(document, kept);
    return document;
}

static json_t *load_one(const char *path, struct snarl_symboliser *symboliser, bool rebuild, char *error,
                        size_t error_size)
{
    struct stat status;
    if (stat(path, &status)) {
        snprintf(error, error_size, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    return S_ISDIR(status.st_mode) ? load_directory(path, symboliser, rebuild, error, error_size)
                                   : load_file(path, error, error_size);
}

json_t *snarl_report_load(const char *const *paths, size_t count, const struct snarl_load_options *options,
                          char *error, size_t error_size)
{
    static const struct snarl_load_options s_default = {.rebuild = false};
    if (!options)
        options = &s_default;
    if (!count) {
        snprintf(error, error_size, "no run directory is named");
        return NULL;
    }
    struct snarl_symboliser *symboliser = snarl_symboliser_new(options->debug_path);
    json_t **documents = calloc(count, sizeof(*documents)), *merged = NULL;
    size_t loaded = 0;
    while (documents && loaded < count) {
        documents[loaded] = load_one(paths[loaded], symboliser, options->rebuild, error, error_size);
        if (!documents[loaded])
            break;
        loaded++;
    }
    if (documents && loaded == count)
        merged = count == 1 ? json_incref(documents[0]) : snarl_document_merge(documents, count);
    if (merged)
        snarl_classes_find(merged);
    while (loaded)
        json_decref(documents[--loaded]);
    free(documents);
    snarl_symboliser_free(symboliser);
    return merged;
}

/* The note that its end is not known. */
static void drop_note(json_t *document, const json_t *process)
{
    json_t *notes = json_object_get(document, "notes"), *note;
    for (size_t i = json_array_size(notes); i-- > 0;) {
        note = json_array_get(notes, i);
        if (json_equal(json_object_get(note, "process"), json_object_get(process, "key")) &&
            strstr(snarl_json_text(note, "text"), SNARL_NOTE_NO_END))
            json_array_remove(notes, i);
    }
}

void snarl_report_set_end(json_t *document, int pid, int wait_status)
{
    size_t index;
    json_t *process;
    json_array_foreach(json_object_get(document, "processes"), index, process)
    {
        if (json_integer_value(json_object_get(process, "pid")) != pid ||
            !json_is_null(json_object_get(process, "exit")))
            continue;
        json_object_set_new(process, "exit", snarl_document_exit(wait_status));
        drop_note(document, process);
    }
}

void snarl_report_set_exit(json_t *document, int exit_status, double duration_s)
{
    json_t *run = json_object_get(document, "run"), *other;
    size_t index;
    json_object_set_new(run, "exit_status", json_integer(exit_status));
    json_object_set_new(run, "duration_s", json_real(duration_s));
    json_array_foreach(json_object_get(document, "runs"), index,
                       other) if (other != run &&
                                  !strcmp(snarl_json_text(other, "id"), snarl_json_text(run, "id")))
        json_object_update(other, run);
}
