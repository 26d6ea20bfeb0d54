/* html_data.c - the document made small for the page: each frame and thread once, and the source lines they
 * name.
 *
 * Two thousand findings share most of their frames, so a stack becomes a list of indexes into `frames` and an
 * event's thread the key of an entry of `threads`. A frame of the program's own is marked so, and the kinds of findings
 * come with it: what these are is decided in pick.c and frames.c only. The document itself is not changed. */
#include "reports/frames.h"
#include "reports/html_layout.h"
#include "reports/html_parts.h"
#include "reports/order.h"
#include "reports/pick.h"

#include <stdint.h>
#include <string.h>

#define CONTEXT 8u                  /* lines above and below, as many as finding.js shows in a stack */
#define EDGES_MAX 4000u             /* of the lock-order graph: more than its picture shows */
#define SOURCE_BYTES_MAX (8u << 20) /* past this, frames go without their source */

struct pack {
    json_t *frames;  /* array: each different frame */
    json_t *known;   /* frame's key -> index */
    json_t *threads; /* id -> thread */
    json_t *lines;   /* file -> {line number -> text} */
    struct snarl_sources *sources;
    size_t bytes; /* of source so far */
};

static json_t *pack_event(struct pack *pack, const json_t *event);

static void add_line(struct pack *pack, json_t *file, const struct snarl_source_line *line)
{
    char number[16];
    snprintf(number, sizeof(number), "%u", line->number);
    if (json_object_get(file, number))
        return;
    json_t *text = json_stringn(line->text, line->length);
    if (!text) /* not UTF-8: what is ASCII in it is still worth showing */
        text = json_string("(this line is not UTF-8)");
    json_object_set_new(file, number, text);
    pack->bytes += line->length;
}

static void add_source(struct pack *pack, const json_t *frame)
{
    struct snarl_source_line lines[2 * CONTEXT + 1];
    const char *name = json_string_value(json_object_get(frame, "file"));
    json_int_t number = json_integer_value(json_object_get(frame, "line"));
    if (!name || number <= 0 || number > UINT32_MAX || pack->bytes > SOURCE_BYTES_MAX)
        return;
    size_t count = snarl_source_context(pack->sources, name, number, CONTEXT, CONTEXT, lines);
    if (!count)
        return;
    json_t *file = json_object_get(pack->lines, name);
    if (!file) {
        file = json_object();
        json_object_set_new(pack->lines, name, file);
    }
    for (size_t i = 0; i < count; i++)
        add_line(pack, file, &lines[i]);
}

/* The index of the frame among the different ones. */
static json_t *pack_frame(struct pack *pack, json_t *frame)
{
    char key[1024];
    int length = snprintf(key, sizeof(key), "%s|%s|%s|%lld|%lld|%d|%s", snarl_json_text(frame, "module"),
                          snarl_json_text(frame, "offset"), snarl_json_text(frame, "function"),
                          (long long)json_integer_value(json_object_get(frame, "line")),
                          (long long)json_integer_value(json_object_get(frame, "column")),
                          json_is_true(json_object_get(frame, "inlined")), snarl_json_text(frame, "file"));
    json_t *index = length < (int)sizeof(key) ? json_object_get(pack->known, key) : NULL;
    if (index)
        return json_incref(index);
    index = json_integer(json_array_size(pack->frames));
    json_t *packed = json_copy(frame);
    if (snarl_frame_is_program(frame))
        json_object_set_new(packed, "program", json_true());
    json_array_append_new(pack->frames, packed);
    if (length < (int)sizeof(key))
        json_object_set(pack->known, key, index);
    add_source(pack, frame);
    return index;
}

static json_t *pack_stack(struct pack *pack, const json_t *stack)
{
    size_t i;
    json_t *frame, *packed = json_array();
    json_array_foreach(stack, i, frame) json_array_append_new(packed, pack_frame(pack, frame));
    return packed;
}

/* Copies `object` with its member `key`, an event or null, packed. */
static json_t *with_packed(struct pack *pack, const json_t *object, const char *key)
{
    json_t *copy = json_copy((json_t *)object);
    const json_t *event = json_object_get(object, key);
    if (json_is_object(copy) && json_is_object(event))
        json_object_set_new(copy, key, pack_event(pack, event));
    return copy;
}

/* The key of the thread among the known ones. The entry is made before its creator is looked at, so that a
 * document whose threads create each other in a circle ends. */
static json_t *pack_thread(struct pack *pack, const json_t *thread)
{
    const char *id = snarl_json_text(thread, "id");
    if (!json_object_get(pack->threads, id)) {
        json_object_set_new(pack->threads, id, json_null());
        json_object_set_new(pack->threads, id, with_packed(pack, thread, "created"));
    }
    return json_string(id);
}

static json_t *pack_event(struct pack *pack, const json_t *event)
{
    json_t *copy = json_copy((json_t *)event);
    const json_t *thread = json_object_get(event, "thread");
    if (!json_is_object(copy))
        return copy;
    json_object_set_new(copy, "stack", pack_stack(pack, json_object_get(event, "stack")));
    if (json_is_object(thread))
        json_object_set_new(copy, "thread", pack_thread(pack, thread));
    return copy;
}

/* A copy of the list with every member's events under `keys` packed. */
static json_t *pack_list(struct pack *pack, const json_t *list, const char *const *keys)
{
    size_t i;
    json_t *item, *packed = json_array();
    json_array_foreach(list, i, item)
    {
        json_t *copy = json_copy(item);
        for (const char *const *key = keys; *key; key++) {
            const json_t *event = json_object_get(item, *key);
            if (json_is_object(copy) && json_is_object(event))
                json_object_set_new(copy, *key, pack_event(pack, event));
        }
        json_array_append_new(packed, copy);
    }
    return packed;
}

static const char *const s_created[] = {"created", NULL};

static json_t *pack_finding(struct pack *pack, json_t *finding)
{
    size_t i;
    json_t *event, *copy = json_copy(finding), *events = json_array();
    json_array_foreach(json_object_get(finding, "events"), i, event)
        json_array_append_new(events, pack_event(pack, event));
    json_object_set_new(copy, "events", events);
    json_object_set_new(copy, "locks", pack_list(pack, json_object_get(finding, "locks"), s_created));
    const json_t *location = json_object_get(finding, "location");
    if (json_is_object(location))
        json_object_set_new(copy, "location", with_packed(pack, location, "allocated"));
    return copy;
}

static json_t *pack_findings(struct pack *pack, const json_t *findings)
{
    size_t i;
    json_t *finding, *packed = json_array();
    json_array_foreach(findings, i, finding) if (json_is_object(finding))
        json_array_append_new(packed, pack_finding(pack, finding));
    return packed;
}

/* Up to EDGES_MAX edges, those on cycles first. */
static json_t *chosen_edges(const json_t *document)
{
    struct snarl_order order;
    json_t *chosen = json_array();
    if (snarl_order_read(&order, document))
        return chosen;
    for (int cyclic = 1; cyclic >= 0; cyclic--)
        for (size_t i = 0; i < order.edges && json_array_size(chosen) < EDGES_MAX; i++)
            if (snarl_order_edge_cyclic(&order, i) == cyclic)
                json_array_append(chosen, (json_t *)order.edge[i]);
    snarl_order_free(&order);
    return chosen;
}

static json_t *pack_graph(struct pack *pack, const json_t *document)
{
    static const char *const keys[] = {"hold", "acquire", NULL};
    json_t *edges = chosen_edges(document), *packed = pack_list(pack, edges, keys);
    json_decref(edges);
    return json_pack("{s:o}", "edges", packed);
}

/* In the order of how bad they are: {name: what several are called}. */
static json_t *kinds(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < SNARL_KINDS; i++)
        json_object_set_new(all, snarl_kinds[i].name, json_string(snarl_kinds[i].many));
    return all;
}

json_t *snarl_html_data(const json_t *document, struct snarl_sources *sources)
{
    struct pack pack = {json_array(), json_object(), json_object(), json_object(), sources, 0};
    json_t *copy = json_copy((json_t *)document);
    json_t *layout = snarl_html_layout(document);
    json_object_set_new(copy, "findings", pack_findings(&pack, json_object_get(document, "findings")));
    json_object_set_new(copy, "locks", pack_list(&pack, json_object_get(document, "locks"), s_created));
    json_object_set_new(copy, "threads", pack_list(&pack, json_object_get(document, "threads"), s_created));
    json_object_set_new(copy, "lock_graph", pack_graph(&pack, document));
    json_decref(pack.known);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "kinds", kinds(), "doc", copy, "frames", pack.frames, "threads", pack.threads,
                     "sources", pack.lines, "layout", layout ? layout : json_object());
}
