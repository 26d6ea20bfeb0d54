/* classes.c - see classes.h.
 *
 * The class graph has an edge u -> v when some process took a lock of class v while it held one of class u.
 * Left out are: locks whose class says nothing ("kind:…": only an address is known), orders inside one class
 * (often an address order, which is fine), and acquisitions by trylock, which never wait. For every edge u ->
 * v inside a strongly connected component the shortest way back from v to u is a cycle. A cycle is reported
 * when
 *   - no process has all of its orders (that process has judged them, with more knowledge),
 *   - no gate class is held at each pair of its acquisitions (a gate lets one thread in at a time),
 *   - not all of its acquisitions are by readers. */
#include "reports/classes.h"

#include "reports/fingerprint.h"
#include "reports/frames.h"
#include "reports/order.h"
#include "reports/pick.h"
#include "reports/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CYCLE_MAX 16u

/* One order between classes, as one process saw it. */
struct sight {
    uint32_t from, to; /* classes */
    const char *process;
    const json_t *edge;
};

struct classes {
    json_t *numbers;      /* class -> index + 1 */
    json_t *lock_class;   /* lock id -> its class, for gates */
    json_t *locks;        /* lock id -> lock */
    struct sight *sights; /* sorted by from, to, number of gates, process */
    size_t sight_count;
    size_t class_count;
    size_t *first; /* by class: its first sight; one more at the end */
    uint32_t *component;
    uint32_t *came; /* breadth-first search: by class, the sight it was reached by */
    uint32_t *queue;
};

static bool says_something(const char *class)
{
    return *class && strncmp(class, "kind:", 5);
}

static uint32_t number_of(struct classes *classes, const char *class)
{
    json_int_t known = json_integer_value(json_object_get(classes->numbers, class));
    if (!known) {
        known = ++classes->class_count;
        json_object_set_new(classes->numbers, class, json_integer(known));
    }
    return known - 1;
}

static void read_locks(struct classes *classes, const json_t *document)
{
    size_t i;
    json_t *lock;
    json_array_foreach(json_object_get(document, "locks"), i, lock)
    {
        const char *id = snarl_json_text(lock, "id");
        json_object_set(classes->locks, id, lock);
        json_object_set(classes->lock_class, id, json_object_get(lock, "class"));
    }
}

static int compare_sights(const void *a, const void *b)
{
    const struct sight *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    size_t more = json_array_size(json_object_get(x->edge, "gates"));
    size_t less = json_array_size(json_object_get(y->edge, "gates"));
    if (more != less) /* the sight with the fewest gates speaks for its order */
        return more < less ? -1 : 1;
    int order = strcmp(x->process, y->process);
    return order ? order : strcmp(snarl_json_text(x->edge, "from"), snarl_json_text(y->edge, "from"));
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Classes get their numbers in the order of their names, so that the result does not depend on the edges'
 * order. */
static int number_classes(struct classes *classes, const json_t *edges)
{
    const char **names = calloc(2 * json_array_size(edges) + 1, sizeof(*names));
    size_t i, count = 0;
    json_t *edge;
    if (!names)
        return -1;
    json_array_foreach(edges, i, edge)
    {
        names[count++] = snarl_json_text(edge, "class_from");
        names[count++] = snarl_json_text(edge, "class_to");
    }
    qsort(names, count, sizeof(*names), compare_names);
    for (i = 0; i < count; i++)
        number_of(classes, names[i]);
    free(names);
    return 0;
}

static int read_sights(struct classes *classes, const json_t *edges)
{
    size_t i;
    json_t *edge;
    classes->sights = calloc(json_array_size(edges) + 1, sizeof(*classes->sights));
    if (!classes->sights || number_classes(classes, edges))
        return -1;
    json_array_foreach(edges, i, edge)
    {
        const char *from = snarl_json_text(edge, "class_from"), *to = snarl_json_text(edge, "class_to");
        if (!says_something(from) || !says_something(to) || !strcmp(from, to) ||
            !strcmp(snarl_json_text(edge, "mode_to"), "try"))
            continue;
        classes->sights[classes->sight_count++] = (struct sight){
            number_of(classes, from), number_of(classes, to), snarl_json_text(edge, "process"), edge};
    }
    qsort(classes->sights, classes->sight_count, sizeof(*classes->sights), compare_sights);
    return 0;
}

static int index_sights(struct classes *classes)
{
    size_t nodes = classes->class_count, edges = classes->sight_count;
    uint32_t *from = calloc(edges + 1, sizeof(*from)), *to = calloc(edges + 1, sizeof(*to));
    int result = -1;
    classes->first = calloc(nodes + 2, sizeof(*classes->first));
    classes->component = calloc(nodes + 1, sizeof(*classes->component));
    classes->came = calloc(nodes + 1, sizeof(*classes->came));
    classes->queue = calloc(nodes + 1, sizeof(*classes->queue));
    if (from && to && classes->first && classes->component && classes->came && classes->queue) {
        for (size_t i = 0; i < edges; i++) {
            from[i] = classes->sights[i].from;
            to[i] = classes->sights[i].to;
            classes->first[from[i] + 1] = i + 1;
        }
        for (size_t n = 1; n <= nodes; n++)
            if (classes->first[n] < classes->first[n - 1])
                classes->first[n] = classes->first[n - 1];
        result = snarl_order_components(nodes, edges, from, to, classes->component);
    }
    free(from);
    free(to);
    return result;
}

/* The shortest way from `start` to `goal` as sights, in their order, over classes above `goal` only: each
 * cycle is found at its smallest class. 0 when there is none of at most `room`. */
static size_t way_back(struct classes *classes, uint32_t start, uint32_t goal, uint32_t *way, size_t room)
{
    size_t head = 0, tail = 0, length = 0;
    memset(classes->came, 0xff, classes->class_count * sizeof(*classes->came));
    classes->queue[tail++] = start;
    while (head < tail && classes->came[goal] == UINT32_MAX) {
        uint32_t node = classes->queue[head++];
        for (size_t i = classes->first[node]; i < classes->first[node + 1]; i++) {
            uint32_t next = classes->sights[i].to;
            if (next == start || next < goal || classes->came[next] != UINT32_MAX ||
                classes->component[next] != classes->component[start])
                continue;
            classes->came[next] = i;
            classes->queue[tail++] = next;
        }
    }
    for (uint32_t node = goal; node != start; node = classes->sights[classes->came[node]].from)
        if (classes->came[node] == UINT32_MAX || ++length > room)
            return 0;
    size_t at = length;
    for (uint32_t node = goal; node != start; node = classes->sights[classes->came[node]].from)
        way[--at] = classes->came[node];
    return length;
}

/* Whether the process saw the same order as the sight. */
static bool process_has(const struct classes *classes, const struct sight *sight, const char *process)
{
    for (size_t i = classes->first[sight->from]; i < classes->first[sight->from + 1]; i++)
        if (classes->sights[i].to == sight->to && !strcmp(classes->sights[i].process, process))
            return true;
    return false;
}

static bool one_process_has_all(const struct classes *classes, const uint32_t *cycle, size_t length)
{
    const struct sight *first = &classes->sights[cycle[0]];
    for (size_t i = classes->first[first->from]; i < classes->first[first->from + 1]; i++) {
        bool all = classes->sights[i].to == first->to;
        for (size_t k = 1; all && k < length; k++)
            all = process_has(classes, &classes->sights[cycle[k]], classes->sights[i].process);
        if (all)
            return true;
    }
    return false;
}

static bool has_gate(const struct classes *classes, const json_t *edge, const char *class)
{
    size_t i;
    json_t *gate;
    json_array_foreach(json_object_get(edge, "gates"), i, gate)
    {
        const char *id = json_string_value(gate);
        const char *own = id ? json_string_value(json_object_get(classes->lock_class, id)) : NULL;
        if (own && !strcmp(own, class))
            return true;
    }
    return false;
}

/* A lock that was held at two of the acquisitions keeps their threads from being there at the same time. */
static bool gated(const struct classes *classes, const uint32_t *cycle, size_t length)
{
    for (size_t a = 0; a < length; a++) {
        size_t i;
        json_t *gate;
        json_array_foreach(json_object_get(classes->sights[cycle[a]].edge, "gates"), i, gate)
        {
            const char *id = json_string_value(gate);
            const char *class = id ? json_string_value(json_object_get(classes->lock_class, id)) : NULL;
            for (size_t b = a + 1; class && says_something(class) && b < length; b++)
                if (has_gate(classes, classes->sights[cycle[b]].edge, class))
                    return true;
        }
    }
    return false;
}

static bool only_readers(const struct classes *classes, const uint32_t *cycle, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const json_t *edge = classes->sights[cycle[i]].edge;
        if (strcmp(snarl_json_text(edge, "mode_from"), "read") ||
            strcmp(snarl_json_text(edge, "mode_to"), "read"))
            return false;
    }
    return true;
}

/* The other sights of the same order take turns, so that a report does not blame one process for all. */
static uint32_t other_process(const struct classes *classes, uint32_t sight, const char *avoid)
{
    const struct sight *given = &classes->sights[sight];
    for (size_t i = classes->first[given->from]; i < classes->first[given->from + 1]; i++)
        if (classes->sights[i].to == given->to && strcmp(classes->sights[i].process, avoid))
            return i;
    return sight;
}

/* A copy of the edge's event that speaks of the cycle's lock instead of its own process's. */
static json_t *event_of(const json_t *edge, const char *key, const char *role, const char *lock,
                        const char *held)
{
    const json_t *event = json_object_get(edge, key);
    json_t *copy =
        json_is_object(event) ? json_copy((json_t *)event) : json_pack("{s:s, s:[]}", "what", "", "stack");
    json_object_set_new(copy, "role", json_string(role));
    json_object_set_new(copy, "lock", json_string(lock));
    json_object_set_new(copy, "locks_held", held ? json_pack("[s]", held) : json_array());
    json_object_del(copy, "time_s"); /* times of different processes cannot be compared */
    return copy;
}

static json_t *place_text(const json_t *edge)
{
    const json_t *frame = snarl_event_frame(json_object_get(edge, "acquire"));
    const char *function = snarl_json_text(frame, "function"), *file = snarl_json_text(frame, "file");
    if (*file)
        return json_sprintf("%s (%s:%lld)", function, snarl_path_base(file),
                            (long long)snarl_pick_number(frame, "line"));
    return json_string(*function ? function : snarl_json_text(edge, "acquire_at"));
}

static const char *program_of(const json_t *document, const char *key)
{
    size_t i;
    json_t *process;
    json_array_foreach(json_object_get(document, "processes"), i,
                       process) if (!strcmp(snarl_json_text(process, "key"),
                                            key)) return snarl_path_base(snarl_json_text(process, "program"));
    return "";
}

/* "In process 12-ab (bank) pay (bank.c:12) takes lock_b while it holds lock_a; in ..." */
static json_t *explain(const struct classes *classes, const json_t *document, const uint32_t *cycle,
                       size_t length)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < length; i++) {
        const struct sight *sight = &classes->sights[cycle[i]];
        char from[256], to[256];
        json_t *place = place_text(sight->edge);
        snarl_order_lock_name(document, snarl_json_text(sight->edge, "from"), from, sizeof(from));
        snarl_order_lock_name(document, snarl_json_text(sight->edge, "to"), to, sizeof(to));
        fprintf(out, "%s process %s (%s), %s takes %s while it holds %s", i ? "; in" : "In", sight->process,
                program_of(document, sight->process), json_string_value(place), to, from);
        json_decref(place);
    }
    if (!out)
        return json_string("");
    fputs(". No process was seen to do both; where one does, its threads can wait for each other for ever.",
          out);
    fclose(out);
    json_t *words = json_string(text);
    free(text);
    return words;
}

/* The lock that stands for its class: the one that the cycle's edge starts from. */
static const char *lock_at(const struct classes *classes, const uint32_t *cycle, size_t length, size_t at)
{
    return snarl_json_text(classes->sights[cycle[at % length]].edge, "from");
}

static json_t *locks_of(const struct classes *classes, const uint32_t *cycle, size_t length)
{
    json_t *locks = json_array();
    for (size_t i = 0; i < length; i++) {
        const struct sight *sight = &classes->sights[cycle[i]];
        const char *id = lock_at(classes, cycle, length, i);
        json_t *known = json_object_get(classes->locks, id);
        json_t *lock = known ? json_copy(known) : json_pack("{s:s, s:s}", "id", id, "name", "");
        json_object_set(lock, "class", json_object_get(sight->edge, "class_from"));
        json_array_append_new(locks, lock);
    }
    return locks;
}

static json_t *message_of(const json_t *locks)
{
    size_t i, count = json_array_size(locks);
    json_t *lock, *text = json_string("Locks ");
    json_array_foreach(locks, i, lock)
    {
        const char *name = snarl_json_text(lock, "name"), *class = snarl_json_text(lock, "class");
        json_t *longer = json_sprintf("%s%s%s", json_string_value(text),
                                      !i              ? ""
                                      : i + 1 < count ? ", "
                                                      : " and ",
                                      *name ? name : class);
        json_decref(text);
        text = longer;
    }
    json_t *whole =
        json_sprintf("%s are taken in opposite orders by different processes", json_string_value(text));
    json_decref(text);
    return whole;
}

static json_t *make_finding(const struct classes *classes, const json_t *document, const uint32_t *cycle,
                            size_t length)
{
    const struct sight *first = &classes->sights[cycle[0]];
    json_t *events = json_array(), *origins = json_array(), *counts = json_object();
    for (size_t i = 0; i < length; i++) {
        const struct sight *sight = &classes->sights[cycle[i]];
        const char *from = lock_at(classes, cycle, length, i), *to = lock_at(classes, cycle, length, i + 1);
        json_array_append_new(events, event_of(sight->edge, "hold", "hold", from, NULL));
        json_array_append_new(events, event_of(sight->edge, "acquire", "acquire", to, from));
        if (!json_object_get(counts, sight->process)) {
            json_array_append_new(origins, json_string(sight->process));
            json_object_set_new(counts, sight->process, json_integer(1));
        }
    }
    json_t *locks = locks_of(classes, cycle, length);
    json_t *finding = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:s, s:o, s:b, s:n, s:n, s:o, s:o, s:o, s:s}", "kind",
        "lock-order-inversion", "rule", "", "confidence", "possible", "derived", "classes", "message",
        message_of(locks), "count", (int)json_object_size(counts), "process", first->process, "program",
        program_of(document, first->process), "processes", counts, "suppressed", 0, "baseline", "location",
        "locks", locks, "events", events, "origins", origins, "fingerprint", "");
    json_object_set_new(finding, "pid", json_integer(strtoll(first->process, NULL, 10)));
    json_object_set_new(finding, "fingerprint", snarl_fingerprint(finding));
    json_object_set_new(finding, "suggestion", snarl_words_suggestion(finding));
    json_object_set_new(finding, "explanation", explain(classes, document, cycle, length));
    return finding;
}

static void forget_derived(json_t *findings)
{
    for (size_t i = json_array_size(findings); i-- > 0;)
        if (json_object_get(json_array_get(findings, i), "derived"))
            json_array_remove(findings, i);
}

static json_t *known_fingerprints(const json_t *findings)
{
    json_t *known = json_object(), *finding;
    size_t i;
    json_array_foreach(findings, i, finding)
        json_object_set_new(known, snarl_json_text(finding, "fingerprint"), json_true());
    return known;
}

static bool worth_telling(const struct classes *classes, const uint32_t *cycle, size_t length)
{
    return !one_process_has_all(classes, cycle, length) && !gated(classes, cycle, length) &&
           !only_readers(classes, cycle, length);
}

/* The cycle through the sight, whose start is the smallest class of it, if it is one to tell. */
static size_t cycle_through(struct classes *classes, uint32_t sight, uint32_t *cycle)
{
    const struct sight *start = &classes->sights[sight];
    if (start->to < start->from || classes->component[start->from] != classes->component[start->to])
        return 0;
    cycle[0] = sight;
    size_t length = way_back(classes, start->to, start->from, cycle + 1, CYCLE_MAX - 1);
    if (!length++)
        return 0;
    if (length == 2)
        cycle[1] = other_process(classes, cycle[1], start->process);
    return worth_telling(classes, cycle, length) ? length : 0;
}

/* Behind the last finding that is as bad: where merging puts it too. */
static void insert(json_t *findings, json_t *finding)
{
    const struct snarl_kind *own = snarl_kind_find("lock-order-inversion"), *kind;
    size_t at = 0;
    while (at < json_array_size(findings)) {
        kind = snarl_kind_find(snarl_json_text(json_array_get(findings, at), "kind"));
        if (!kind || kind > own)
            break;
        at++;
    }
    json_array_insert_new(findings, at, finding);
}

static size_t find_all(struct classes *classes, const json_t *document, json_t *findings)
{
    json_t *known = known_fingerprints(findings);
    size_t found = 0;
    for (size_t i = 0; i < classes->sight_count && found < SNARL_CLASSES_FOUND_MAX; i++) {
        uint32_t cycle[CYCLE_MAX];
        bool again = i && classes->sights[i].from == classes->sights[i - 1].from &&
                     classes->sights[i].to == classes->sights[i - 1].to;
        size_t length = again ? 0 : cycle_through(classes, i, cycle);
        if (!length)
            continue;
        json_t *finding = make_finding(classes, document, cycle, length);
        const char *fingerprint = snarl_json_text(finding, "fingerprint");
        if (json_object_get(known, fingerprint)) {
            json_decref(finding);
            continue;
        }
        json_object_set_new(known, fingerprint, json_true());
        insert(findings, finding);
        found++;
    }
    json_decref(known);
    return found;
}

size_t snarl_classes_find(json_t *document)
{
    json_t *findings = json_object_get(document, "findings");
    const json_t *edges = json_object_get(json_object_get(document, "lock_graph"), "edges");
    struct classes classes = {.numbers = json_object(), .lock_class = json_object(), .locks = json_object()};
    size_t found = 0;
    forget_derived(findings);
    read_locks(&classes, document);
    if (json_is_array(findings) && !read_sights(&classes, edges) && classes.sight_count &&
        !index_sights(&classes))
        found = find_all(&classes, document, findings);
    json_decref(classes.numbers);
    json_decref(classes.lock_class);
    json_decref(classes.locks);
    free(classes.sights);
    free(classes.first);
    free(classes.component);
    free(classes.came);
    free(classes.queue);
    return found;
}
