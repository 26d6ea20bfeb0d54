/* sarif.c - SARIF 2.1.0, for code scanning services and editors.
 *
 * One result per finding: the primary location is the program's own frame of the first event, the other
 * events are related locations; one thread flow per thread, whose locations carry their place in the common
 * order of time; every event's stack. Results are built and written one by one, so that memory does not grow
 * with them.
 *
 * Paths below the repository (the nearest folder above the run's working directory with a .git, or the first
 * source root) are relative to SRCROOT, others are file: URIs. The limits of GitHub's code scanning that a
 * result could pass are kept below: LOCATIONS_MAX, FRAMES_MAX, RESULTS_MAX. */
#include "reports/formats.h"
#include "reports/frames.h"
#include "reports/pick.h"
#include "reports/source.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RESULTS_MAX 25000u /* GitHub refuses a run with more */
#define LOCATIONS_MAX 100u /* GitHub shows no more per result, and refuses past 1,000 */
#define FRAMES_MAX 64u     /* of each stack */
#define DUMP (JSON_COMPACT | JSON_REAL_PRECISION(9))

struct sarif {
    const json_t *document;
    struct snarl_sources *sources;
    const char *cwd;
    char root[PATH_MAX]; /* without a final slash; may be empty */
    FILE *out;
};

static bool has_git(const char *folder)
{
    char path[PATH_MAX + 8];
    struct stat status;
    snprintf(path, sizeof(path), "%s/.git", folder);
    return !stat(path, &status);
}

static void find_root(struct sarif *sarif, const struct snarl_render_options *options)
{
    char resolved[PATH_MAX];
    if (options && options->source_roots && options->source_roots[0]) {
        bool found = realpath(options->source_roots[0], resolved);
        snprintf(sarif->root, sizeof(sarif->root), "%s", found ? resolved : options->source_roots[0]);
        return;
    }
    snprintf(sarif->root, sizeof(sarif->root), "%s", sarif->cwd);
    while (*sarif->root && !has_git(sarif->root))
        *strrchr(sarif->root, '/') = '\0';
    if (!*sarif->root)
        snprintf(sarif->root, sizeof(sarif->root), "%s", sarif->cwd);
}

/* Appends a path as the path of a URI. */
static json_t *uri_of(const char *prefix, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/+,@=";
    size_t length = strlen(prefix);
    char *uri = malloc(length + 3 * strlen(path) + 1);
    if (!uri)
        return NULL;
    strcpy(uri, prefix);
    for (; *path; path++) {
        if (strchr(plain, *path))
            uri[length++] = *path;
        else
            length += sprintf(uri + length, "%%%02X", (unsigned char)*path);
    }
    json_t *text = json_stringn(uri, length);
    free(uri);
    return text;
}

/* "/a/./b/../c" -> "/a/c", in place: debug information is full of such. */
static void tidy(char *path)
{
    char *parts[PATH_MAX / 2], *save = NULL;
    char copy[PATH_MAX];
    size_t count = 0;
    snprintf(copy, sizeof(copy), "%s", path);
    for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        if (!strcmp(part, ".."))
            count -= count > 0;
        else if (strcmp(part, "."))
            parts[count++] = part;
    }
    *path = '\0';
    char *at = path;
    for (size_t i = 0; i < count; i++)
        at += sprintf(at, "/%s", parts[i]);
}

static json_t *artifact(const struct sarif *sarif, const char *file)
{
    char path[PATH_MAX];
    const char *found = snarl_source_path(sarif->sources, file);
    size_t length = strlen(sarif->root);
    if (!found)
        found = file;
    if (*found == '/')
        snprintf(path, sizeof(path), "%s", found);
    else
        snprintf(path, sizeof(path), "%s/%s", sarif->cwd, found);
    tidy(path);
    if (length && !strncmp(path, sarif->root, length) && path[length] == '/')
        return json_pack("{s:o, s:s}", "uri", uri_of("", path + length + 1), "uriBaseId", "SRCROOT");
    return json_pack("{s:o}", "uri", uri_of("file://", path));
}

static json_t *region(const json_t *frame)
{
    json_t *made = json_pack("{s:I}", "startLine", snarl_pick_number(frame, "line"));
    if (snarl_pick_number(frame, "column") > 0)
        json_object_set_new(made, "startColumn", json_integer(snarl_pick_number(frame, "column")));
    return made;
}

/* A location for the frame; `words` may be NULL. A frame without a source file points at its module. */
static json_t *location(const struct sarif *sarif, const json_t *frame, const char *words)
{
    const char *file = snarl_json_text(frame, "file"), *module = snarl_json_text(frame, "module");
    const char *function = snarl_json_text(frame, "function");
    json_t *made = json_object();
    if (*file || *module) {
        json_t *physical = json_pack("{s:o}", "artifactLocation", artifact(sarif, *file ? file : module));
        if (*file && snarl_pick_number(frame, "line") > 0)
            json_object_set_new(physical, "region", region(frame));
        json_object_set_new(made, "physicalLocation", physical);
    }
    if (*function)
        json_object_set_new(made, "logicalLocations",
                            json_pack("[{s:s, s:s}]", "fullyQualifiedName", function, "kind", "function"));
    if (words)
        json_object_set_new(made, "message", json_pack("{s:s}", "text", words));
    return made;
}

static json_t *stack(const struct sarif *sarif, const json_t *event, const char *words)
{
    json_t *frames = json_array(), *frame;
    size_t i;
    json_array_foreach(json_object_get(event, "stack"), i, frame)
    {
        if (i == FRAMES_MAX)
            break;
        json_array_append_new(frames, json_pack("{s:o, s:s}", "location", location(sarif, frame, NULL),
                                                "module", snarl_json_text(frame, "module")));
    }
    return json_pack("{s:{s:s}, s:o}", "message", "text", words, "frames", frames);
}

/* "pay-in: takes lock_a in pay_in" */
static void describe(const struct sarif *sarif, const json_t *finding, const json_t *event, char *text,
                     size_t size)
{
    char sentence[512];
    snarl_pick_thread(event, text, size < 128 ? size : 128);
    snarl_pick_sentence(sarif->document, finding, event, sentence, sizeof(sentence));
    snprintf(text + strlen(text), size - strlen(text), ": %s", sentence);
}

static json_t *flow_kinds(const json_t *event)
{
    const char *role = snarl_json_text(event, "role");
    if (!strcmp(role, "access"))
        return json_pack("[s,s]", "memory", json_is_true(json_object_get(event, "write")) ? "write" : "read");
    bool takes = !strcmp(role, "hold") || !strcmp(role, "acquire") || !strcmp(role, "wait");
    return takes ? json_pack("[s,s]", "lock", "acquire") : json_pack("[s]", role);
}

/* The thread flow of that thread among those made so far, or a new one. */
static json_t *flow_of(json_t *flows, const json_t *event)
{
    const char *id = snarl_json_text(json_object_get(event, "thread"), "id");
    char name[128];
    size_t i;
    json_t *flow;
    json_array_foreach(flows, i, flow) if (!strcmp(snarl_json_text(flow, "id"), *id ? id : "?")) return flow;
    snarl_pick_thread(event, name, sizeof(name));
    flow = json_pack("{s:s, s:{s:s}, s:[]}", "id", *id ? id : "?", "message", "text", name, "locations");
    json_array_append_new(flows, flow);
    return flow;
}

/* The events of each thread in their order of time. */
static json_t *thread_flows(const struct sarif *sarif, const json_t *finding)
{
    const json_t *events = json_object_get(finding, "events");
    size_t count = json_array_size(events);
    uint32_t *order = calloc(count + 1, sizeof(*order)), *at = calloc(count + 1, sizeof(*at));
    json_t *flows = json_array();
    if (order && at && count) {
        snarl_pick_order(finding, order);
        for (size_t i = 0; i < count; i++)
            at[order[i]] = i;
    }
    for (size_t rank = 0; order && at && rank < count && rank < LOCATIONS_MAX; rank++) {
        const json_t *event = json_array_get(events, at[rank]);
        char words[700];
        describe(sarif, finding, event, words, sizeof(words));
        json_array_append_new(json_object_get(flow_of(flows, event), "locations"),
                              json_pack("{s:o, s:i, s:o, s:s}", "location",
                                        location(sarif, snarl_event_frame(event), words), "executionOrder",
                                        (int)rank + 1, "kinds", flow_kinds(event), "importance",
                                        "essential"));
    }
    free(order);
    free(at);
    return flows;
}

static const char *level_of(const json_t *finding)
{
    const struct snarl_kind *kind = snarl_kind_find(snarl_json_text(finding, "kind"));
    return kind ? kind->level : "warning";
}

static void add_state(json_t *result, const json_t *finding)
{
    const char *baseline = snarl_json_text(finding, "baseline"),
               *by = snarl_json_text(finding, "suppressed_by");
    if (*baseline)
        json_object_set_new(result, "baselineState",
                            json_string(strcmp(baseline, "new") ? "unchanged" : "new"));
    if (json_is_true(json_object_get(finding, "suppressed")))
        json_object_set_new(
            result, "suppressions",
            json_pack("[{s:s, s:s}]", "kind", "external", "justification", *by ? by : "suppressed"));
    else
        json_object_set_new(result, "suppressions", json_array());
}

static void add_places(const struct sarif *sarif, json_t *result, const json_t *finding)
{
    const json_t *primary = snarl_pick_primary(finding);
    json_t *related = json_array(), *stacks = json_array(), *event;
    size_t i;
    json_array_foreach(json_object_get(finding, "events"), i, event)
    {
        char words[700];
        if (i == LOCATIONS_MAX)
            break;
        describe(sarif, finding, event, words, sizeof(words));
        json_array_append_new(stacks, stack(sarif, event, words));
        if (event == primary)
            continue;
        json_t *place = location(sarif, snarl_event_frame(event), words);
        json_object_set_new(place, "id", json_integer(i + 1));
        json_array_append_new(related, place);
    }
    const json_t *allocated = json_object_get(json_object_get(finding, "location"), "allocated");
    if (json_is_object(allocated))
        json_array_append_new(stacks, stack(sarif, allocated, "the memory was allocated here"));
    if (primary)
        json_object_set_new(result, "locations",
                            json_pack("[o]", location(sarif, snarl_event_frame(primary), NULL)));
    json_object_set_new(result, "relatedLocations", related);
    json_object_set_new(result, "stacks", stacks);
    json_t *flows = thread_flows(sarif, finding);
    if (json_array_size(flows))
        json_object_set_new(result, "codeFlows", json_pack("[{s:o}]", "threadFlows", flows));
    else
        json_decref(flows);
}

static json_t *result_of(const struct sarif *sarif, const json_t *finding)
{
    const char *kind = snarl_json_text(finding, "kind");
    const struct snarl_kind *known = snarl_kind_find(kind);
    const char *message = snarl_json_text(finding, "message");
    json_t *result =
        json_pack("{s:s, s:s, s:{s:s}, s:I}", "ruleId", kind, "level", level_of(finding), "message", "text",
                  *message ? message : kind, "occurrenceCount",
                  snarl_pick_number(finding, "count") > 0 ? snarl_pick_number(finding, "count") : 1);
    if (known)
        json_object_set_new(result, "ruleIndex", json_integer(known - snarl_kinds));
    add_places(sarif, result, finding);
    json_object_set_new(result, "partialFingerprints",
                        json_pack("{s:s}", "snarlFingerprint/v1", snarl_json_text(finding, "fingerprint")));
    add_state(result, finding);
    json_object_set_new(
        result, "properties",
        json_pack("{s:s, s:s, s:s, s:s}", "confidence", snarl_json_text(finding, "confidence"), "rule",
                  snarl_json_text(finding, "rule"), "explanation", snarl_json_text(finding, "explanation"),
                  "suppression", snarl_json_text(finding, "suggestion")));
    return result;
}

static json_t *driver(void)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < SNARL_KINDS; i++)
        json_array_append_new(
            rules,
            json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:[s,s], s:s, s:s}}", "id",
                      snarl_kinds[i].name, "shortDescription", "text", snarl_kinds[i].title,
                      "fullDescription", "text", snarl_kinds[i].says, "help", "text", snarl_kinds[i].says,
                      "defaultConfiguration", "level", snarl_kinds[i].level, "properties", "tags",
                      "concurrency", "correctness", "precision", i < 3 ? "very-high" : "high",
                      "problem.severity",
                      !strcmp(snarl_kinds[i].level, "note") ? "recommendation" : snarl_kinds[i].level));
    return json_pack("{s:{s:s, s:s, s:s, s:o}}", "driver", "name", "snarl", "version", SNARL_VERSION,
                     "semanticVersion", SNARL_VERSION, "rules", rules);
}

static char *command_line(const json_t *command)
{
    char *text = NULL;
    size_t size, i;
    json_t *word;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return NULL;
    json_array_foreach(command, i, word)
        fprintf(memory, "%s%s", i ? " " : "", json_string_value(word) ? json_string_value(word) : "");
    fclose(memory);
    return text;
}

static json_t *notifications(const json_t *document)
{
    json_t *all = json_array(), *note;
    size_t i;
    json_array_foreach(json_object_get(document, "notes"), i, note)
    {
        if (i == 1000)
            break;
        json_array_append_new(all, json_pack("{s:s, s:{s:s}}", "level", "note", "message", "text",
                                             snarl_json_text(note, "text")));
    }
    return all;
}

static json_t *invocations(const struct sarif *sarif)
{
    const json_t *run = json_object_get(sarif->document, "run");
    char *command = command_line(json_object_get(run, "command"));
    json_t *invocation =
        json_pack("{s:b, s:s, s:o}", "executionSuccessful", 1, "commandLine", command ? command : "",
                  "toolExecutionNotifications", notifications(sarif->document));
    const json_t *status = json_object_get(run, "exit_status");
    if (*snarl_json_text(run, "started"))
        json_object_set_new(invocation, "startTimeUtc", json_string(snarl_json_text(run, "started")));
    if (json_is_integer(status))
        json_object_set(invocation, "exitCode", (json_t *)status);
    if (*sarif->cwd == '/')
        json_object_set_new(invocation, "workingDirectory",
                            json_pack("{s:o}", "uri", uri_of("file://", sarif->cwd)));
    free(command);
    return json_pack("[o]", invocation);
}

static int put(const struct sarif *sarif, json_t *value)
{
    int result = value ? json_dumpf(value, sarif->out, DUMP) : -1;
    json_decref(value);
    return result;
}

static int put_results(const struct sarif *sarif)
{
    json_t *finding;
    size_t i;
    int result = 0;
    json_array_foreach(json_object_get(sarif->document, "findings"), i, finding)
    {
        if (i == RESULTS_MAX || result)
            break;
        fputs(i ? ",\n" : "\n", sarif->out);
        result = put(sarif, result_of(sarif, finding));
    }
    return result;
}

static json_t *root_uri(const struct sarif *sarif)
{
    char path[PATH_MAX + 1];
    snprintf(path, sizeof(path), "%s/", sarif->root);
    return json_pack("{s:{s:o}}", "SRCROOT", "uri", uri_of("file://", path));
}

int snarl_sarif_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    struct sarif sarif = {.document = document, .out = out};
    sarif.cwd = snarl_json_text(json_object_get(document, "run"), "cwd");
    sarif.sources = snarl_sources_new(sarif.cwd, options ? options->source_roots : NULL);
    find_root(&sarif, options);
    fputs("{\"$schema\":\"https://json.schemastore.org/"
          "sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":",
          out);
    int result = put(&sarif, driver());
    fputs(",\n\"columnKind\":\"unicodeCodePoints\",\"originalUriBaseIds\":", out);
    result |= put(&sarif, root_uri(&sarif));
    fputs(",\n\"invocations\":", out);
    result |= put(&sarif, invocations(&sarif));
    fputs(",\n\"results\":[", out);
    result |= put_results(&sarif);
    fputs("\n]}]}\n", out);
    snarl_sources_free(sarif.sources);
    return result;
}
