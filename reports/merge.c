/* merge.c - see merge.h. The sets are JSON objects by identity while merging, sorted lists at the end. */
#include "reports/merge.h"

#include "reports/document.h"
#include "reports/frames.h"
#include "reports/pick.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALSO_MAX 32u

/* Whether `left` is to be kept rather than `right`. A total order on different values. */
typedef bool keep_function(const json_t *left, const json_t *right);

/* The last resort: any order that does not depend on who asks. */
static bool smaller_text(const json_t *left, const json_t *right)
{
    char *a = json_dumps(left, JSON_COMPACT | JSON_SORT_KEYS),
         *b = json_dumps(right, JSON_COMPACT | JSON_SORT_KEYS);
    bool smaller = a && b && strcmp(a, b) < 0;
    free(a);
    free(b);
    return smaller;
}

static int compare_known(const json_t *left, const json_t *right, const char *key)
{
    return !json_is_null(json_object_get(left, key)) - !json_is_null(json_object_get(right, key));
}

static int compare_numbers(const json_t *left, const json_t *right, const char *key)
{
    double a = json_number_value(json_object_get(left, key)),
           b = json_number_value(json_object_get(right, key));
    return (a > b) - (a < b);
}

static bool keep_process(const json_t *left, const json_t *right)
{
    int order = compare_known(left, right, "exit");
    order = order ? order : compare_numbers(left, right, "duration_s");
    return order ? order > 0 : smaller_text(left, right);
}

static bool keep_run(const json_t *left, const json_t *right)
{
    int order = compare_known(left, right, "exit_status");
    order = order ? order : compare_numbers(left, right, "duration_s");
    return order ? order > 0 : smaller_text(left, right);
}

static bool keep_lock(const json_t *left, const json_t *right)
{
    int order = compare_numbers(left, right, "acquisitions");
    return order ? order > 0 : smaller_text(left, right);
}

static bool keep_edge(const json_t *left, const json_t *right)
{
    int order = compare_numbers(left, right, "count");
    return order ? order > 0 : smaller_text(left, right);
}

static bool keep_thread(const json_t *left, const json_t *right)
{
    int order = compare_known(left, right, "end_s");
    return order ? order > 0 : smaller_text(left, right);
}

static bool keep_finding(const json_t *left, const json_t *right)
{
    int order = strcmp(snarl_json_text(left, "process"), snarl_json_text(right, "process"));
    order = order ? order : compare_numbers(left, right, "time_s");
    return order ? order < 0 : smaller_text(left, right);
}

static void put(json_t *set, const char *identity, json_t *value, keep_function *keep)
{
    json_t *known = json_object_get(set, identity);
    if (!known || (known != value && keep(value, known)))
        json_object_set(set, identity, value);
}

static void put_all(json_t *set, const json_t *list, const char *identity, keep_function *keep)
{
    size_t index;
    json_t *value;
    json_array_foreach(list, index, value) put(set, snarl_json_text(value, identity), value, keep);
}

static void put_edges(json_t *set, const json_t *edges)
{
    size_t index;
    json_t *edge;
    char identity[512];
    json_array_foreach(edges, index, edge)
    {
        snprintf(identity, sizeof(identity), "%s>%s", snarl_json_text(edge, "from"),
                 snarl_json_text(edge, "to"));
        put(set, identity, edge, keep_edge);
    }
}

static void put_notes(json_t *set, const json_t *notes)
{
    size_t index;
    json_t *note;
    char identity[2048];
    json_array_foreach(notes, index, note)
    {
        snprintf(identity, sizeof(identity), "%s>%s", snarl_json_text(note, "process"),
                 snarl_json_text(note, "text"));
        json_object_set(set, identity, note);
    }
}

/* ---- findings ---- */

static int compare_texts(const void *left, const void *right)
{
    json_t *const *a = left, *const *b = right;
    return strcmp(json_string_value(*a), json_string_value(*b));
}

static json_t *sorted(json_t *list, int (*compare)(const void *, const void *))
{
    size_t count = json_array_size(list), index;
    json_t *value, **items = malloc((count + 1) * sizeof(*items)), *result = json_array();
    if (!items)
        abort();
    json_array_foreach(list, index, value) items[index] = json_incref(value);
    if (count)
        qsort(items, count, sizeof(*items), compare);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(result, items[i]);
    free(items);
    json_decref(list);
    return result;
}

/* The union, of which the smallest ALSO_MAX: cutting a union so does not depend on the order of merging. */
static json_t *join_places(const json_t *left, const json_t *right)
{
    json_t *all = json_array(), *joined = json_array();
    size_t index;
    json_t *value;
    const char *last = "";
    json_array_extend(all, (json_t *)left);
    json_array_extend(all, (json_t *)right);
    all = sorted(all, compare_texts);
    json_array_foreach(all, index, value)
    {
        if (*last && !strcmp(last, json_string_value(value)))
            continue;
        last = json_string_value(value);
        if (json_array_size(joined) < ALSO_MAX)
            json_array_append(joined, value);
    }
    json_decref(all);
    return joined;
}

static int compare_keys(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Which of two was merged first shows in an object's order: this takes it away. */
static json_t *in_key_order(json_t *object)
{
    size_t count = 0;
    const char *key, **keys = malloc((json_object_size(object) + 1) * sizeof(*keys));
    json_t *value, *result = json_object();
    if (!keys)
        abort();
    json_object_foreach(object, key, value) keys[count++] = key;
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < count; i++)
        json_object_set(result, keys[i], json_object_get(object, keys[i]));
    free(keys);
    json_decref(object);
    return result;
}

static json_t *join_counts(const json_t *left, const json_t *right, bool add)
{
    json_t *joined = json_copy((json_t *)left), *value;
    const char *key;
    json_object_foreach((json_t *)right, key, value)
    {
        json_int_t known = json_integer_value(json_object_get(joined, key)), more = json_integer_value(value);
        json_object_set_new(joined, key, json_integer(add ? known + more : known > more ? known : more));
    }
    return in_key_order(joined);
}

static json_int_t sum_counts(const json_t *processes)
{
    json_int_t sum = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)processes, key, value) sum += json_integer_value(value);
    return sum;
}

static json_t *join_findings(json_t *left, json_t *right, bool add)
{
    json_t *kept = json_copy(keep_finding(right, left) ? right : left);
    json_t *counts =
        join_counts(json_object_get(left, "processes"), json_object_get(right, "processes"), add);
    json_object_set_new(kept, "count", json_integer(sum_counts(counts)));
    json_object_set_new(kept, "processes", counts);
    json_object_set_new(kept, "also",
                        join_places(json_object_get(left, "also"), json_object_get(right, "also")));
    return kept;
}

static void put_findings(json_t *set, const json_t *findings, bool add)
{
    size_t index;
    json_t *finding;
    json_array_foreach(findings, index, finding)
    {
        const char *identity = snarl_json_text(finding, "fingerprint");
        json_t *known = json_object_get(set, identity);
        if (!known)
            json_object_set(set, identity, finding);
        else if (known != finding)
            json_object_set_new(set, identity, join_findings(known, finding, add));
    }
}

static json_t *list_of(json_t *set)
{
    json_t *list = json_array(), *value;
    const char *key;
    json_object_foreach(set, key, value) json_array_append(list, value);
    json_decref(set);
    return list;
}

json_t *snarl_findings_fold(const json_t *findings)
{
    json_t *set = json_object();
    put_findings(set, findings, true);
    return list_of(set);
}

/* ---- order ---- */

static json_t *s_ranks; /* of processes, while sorting: key to position */

static json_int_t rank(const json_t *value)
{
    return json_integer_value(json_object_get(s_ranks, snarl_json_text(value, "process")));
}

/* The number at the end of "<process>/<number>". */
static long long number(const json_t *value, const char *key)
{
    const char *slash = strrchr(snarl_json_text(value, key), '/');
    return slash ? strtoll(slash + 1, NULL, 10) : 0;
}

static int sign(long long value)
{
    return (value > 0) - (value < 0);
}

static int by_start(const void *left, const void *right)
{
    json_t *const *a = left, *const *b = right;
    int order = strcmp(snarl_json_text(*a, "started"), snarl_json_text(*b, "started"));
    return order ? order : strcmp(snarl_json_text(*a, "key"), snarl_json_text(*b, "key"));
}

static int by_id(const void *left, const void *right)
{
    json_t *const *a = left, *const *b = right;
    int order = sign(rank(*a) - rank(*b));
    order = order ? order : sign(number(*a, "id") - number(*b, "id"));
    return order ? order : strcmp(snarl_json_text(*a, "id"), snarl_json_text(*b, "id"));
}

static int by_ends(const void *left, const void *right)
{
    json_t *const *a = left, *const *b = right;
    int order = sign(rank(*a) - rank(*b));
    order = order ? order : sign(number(*a, "from") - number(*b, "from"));
    order = order ? order : sign(number(*a, "to") - number(*b, "to"));
    return order ? order : strcmp(snarl_json_text(*a, "from"), snarl_json_text(*b, "from"));
}

static int by_note(const void *left, const void *right)
{
    json_t *const *a = left, *const *b = right;
    int order = sign(rank(*a) - rank(*b));
    order = order ? order : strcmp(snarl_json_text(*a, "process"), snarl_json_text(*b, "process"));
    return order ? order : strcmp(snarl_json_text(*a, "text"), snarl_json_text(*b, "text"));
}

static int severity(const json_t *finding)
{
    return (int)snarl_kind_rank(snarl_json_text(finding, "kind"));
}

static int by_severity(const void *left, const void *right)
{
    json_t *const *a = left, *const *b = right;
    int order = sign(severity(*a) - severity(*b));
    order = order ? order : sign(rank(*a) - rank(*b));
    order = order ? order : compare_numbers(*a, *b, "time_s");
    return order ? order : strcmp(snarl_json_text(*a, "fingerprint"), snarl_json_text(*b, "fingerprint"));
}

static int by_run_id(const void *left, const void *right)
{
    json_t *const *a = left, *const *b = right;
    return strcmp(snarl_json_text(*a, "id"), snarl_json_text(*b, "id"));
}

static json_t *ranks_of(const json_t *processes)
{
    json_t *ranks = json_object(), *process;
    size_t index;
    json_array_foreach(processes, index, process)
        json_object_set_new(ranks, snarl_json_text(process, "key"), json_integer(index + 1));
    return ranks;
}

/* ---- the whole ---- */

double snarl_merge_time(const char *text)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (!rest)
        return 0;
    return (double)timegm(&parts) + (*rest == '.' ? strtod(rest, NULL) : 0);
}

/* Several runs as one: from the first start to the last end, with the worst exit status. */
static json_t *join_runs(const json_t *runs)
{
    size_t index;
    json_t *run, *first = json_array_get(runs, 0), *status = json_null();
    double end = 0;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    json_array_foreach(runs, index, run)
    {
        double start = snarl_merge_time(snarl_json_text(run, "started"));
        double ended = start + json_number_value(json_object_get(run, "duration_s"));
        json_t *own = json_object_get(run, "exit_status");
        if (strcmp(snarl_json_text(run, "started"), snarl_json_text(first, "started")) < 0)
            first = run;
        if (ended > end)
            end = ended;
        if (json_is_integer(own) &&
            (json_is_null(status) || json_integer_value(own) > json_integer_value(status)))
            status = own;
        for (const char *at = snarl_json_text(run, "id"); *at; at++)
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    if (json_array_size(runs) < 2)
        return first ? json_copy(first) : json_object();
    char id[40];
    json_t *joined = json_copy(first);
    snprintf(id, sizeof(id), "merged-%016" PRIx64, hash);
    json_object_set_new(joined, "id", json_string(id));
    json_object_set_new(joined, "duration_s",
                        json_real(end - snarl_merge_time(snarl_json_text(first, "started"))));
    json_object_set(joined, "exit_status", status);
    return joined;
}

static json_t *nodes_of(const json_t *edges)
{
    json_t *nodes = json_array(), *seen = json_object(), *edge;
    size_t index;
    json_array_foreach(edges, index, edge) for (int end = 0; end < 2; end++)
    {
        json_t *id = json_object_get(edge, end ? "to" : "from");
        if (json_is_string(id) && !json_object_get(seen, json_string_value(id))) {
            json_object_set_new(seen, json_string_value(id), json_true());
            json_array_append(nodes, id);
        }
    }
    json_decref(seen);
    return nodes;
}

struct sets {
    json_t *runs, *processes, *findings, *locks, *edges, *threads, *notes;
};

static void take(struct sets *sets, const json_t *document)
{
    put_all(sets->runs, json_object_get(document, "runs"), "id", keep_run);
    put_all(sets->processes, json_object_get(document, "processes"), "key", keep_process);
    put_findings(sets->findings, json_object_get(document, "findings"), false);
    put_all(sets->locks, json_object_get(document, "locks"), "id", keep_lock);
    put_all(sets->threads, json_object_get(document, "threads"), "id", keep_thread);
    put_edges(sets->edges, json_object_get(json_object_get(document, "lock_graph"), "edges"));
    put_notes(sets->notes, json_object_get(document, "notes"));
}

json_t *snarl_document_merge(json_t *const *documents, size_t count)
{
    struct sets sets = {json_object(), json_object(), json_object(), json_object(),
                        json_object(), json_object(), json_object()};
    for (size_t i = 0; i < count; i++)
        take(&sets, documents[i]);
    json_t *merged = snarl_document_empty();
    json_t *runs = sorted(list_of(sets.runs), by_run_id),
           *processes = sorted(list_of(sets.processes), by_start);
    s_ranks = ranks_of(processes);
    json_t *edges = sorted(list_of(sets.edges), by_ends);
    json_object_set_new(merged, "run", join_runs(runs));
    json_object_set_new(merged, "runs", runs);
    json_object_set_new(merged, "processes", processes);
    json_object_set_new(merged, "findings", sorted(list_of(sets.findings), by_severity));
    json_object_set_new(merged, "locks", sorted(list_of(sets.locks), by_id));
    json_object_set_new(merged, "lock_graph", json_pack("{soso}", "nodes", nodes_of(edges), "edges", edges));
    json_object_set_new(merged, "threads", sorted(list_of(sets.threads), by_id));
    json_object_set_new(merged, "notes", sorted(list_of(sets.notes), by_note));
    json_decref(s_ranks);
    s_ranks = NULL;
    return merged;
}
