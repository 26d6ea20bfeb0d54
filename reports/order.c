/* order.c - see order.h. */
#include "reports/order.h"

#include "reports/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* Edges sorted by their start: those of node n are list[first[n]] up to list[first[n + 1]]. */
struct adjacency {
    uint32_t *first;
    uint32_t *list;
};

static int sort_edges(struct adjacency *sorted, size_t nodes, size_t edges, const uint32_t *from,
                      const uint32_t *to)
{
    sorted->first = calloc(nodes + 2, sizeof(uint32_t));
    sorted->list = malloc((edges + 1) * sizeof(uint32_t));
    if (!sorted->first || !sorted->list)
        return -1;
    uint32_t *next = sorted->first + 1;
    for (size_t i = 0; i < edges; i++)
        next[from[i] + 1]++;
    for (size_t n = 0; n < nodes; n++)
        next[n + 1] += next[n];
    for (size_t i = 0; i < edges; i++)
        sorted->list[next[from[i]]++] = to[i];
    return 0;
}

static void free_adjacency(struct adjacency *sorted)
{
    free(sorted->first);
    free(sorted->list);
}

/* Walks from `start` over nodes whose mark is NONE, marks them, and appends them to `order` as they are left.
 */
static void walk(const struct adjacency *edges, uint32_t start, uint32_t mark, uint32_t *marks,
                 uint32_t *position, uint32_t *stack, uint32_t *order, size_t *ordered)
{
    size_t depth = 0;
    marks[start] = mark;
    position[start] = edges->first[start];
    stack[depth++] = start;
    while (depth) {
        uint32_t node = stack[depth - 1];
        if (position[node] == edges->first[node + 1]) {
            order[(*ordered)++] = node;
            depth--;
            continue;
        }
        uint32_t next = edges->list[position[node]++];
        if (marks[next] != NONE)
            continue;
        marks[next] = mark;
        position[next] = edges->first[next];
        stack[depth++] = next;
    }
}

int snarl_order_components(size_t nodes, size_t edges, const uint32_t *from, const uint32_t *to,
                           uint32_t *component)
{
    struct adjacency forward = {0}, backward = {0};
    uint32_t *room = malloc((4 * nodes + 1) * sizeof(uint32_t));
    int result = -1;
    if (room && !sort_edges(&forward, nodes, edges, from, to) &&
        !sort_edges(&backward, nodes, edges, to, from)) {
        uint32_t *position = room, *stack = room + nodes, *order = room + 2 * nodes,
                 *unused = room + 3 * nodes;
        size_t ordered = 0, dropped = 0;
        uint32_t count = 0;
        memset(component, 0xff, nodes * sizeof(*component));
        for (size_t n = 0; n < nodes; n++)
            if (component[n] == NONE)
                walk(&forward, n, 0, component, position, stack, order, &ordered);
        memset(component, 0xff, nodes * sizeof(*component));
        for (size_t i = nodes; i-- > 0;)
            if (component[order[i]] == NONE)
                walk(&backward, order[i], count++, component, position, stack, unused, &dropped);
        result = 0;
    }
    free_adjacency(&forward);
    free_adjacency(&backward);
    free(room);
    return result;
}

static uint32_t node_of(struct snarl_order *order, json_t *known, const char *id)
{
    json_t *number = json_object_get(known, id);
    if (number)
        return json_integer_value(number);
    json_object_set_new(known, id, json_integer(order->nodes));
    order->id[order->nodes] = id;
    return order->nodes++;
}

static void read_edges(struct snarl_order *order, const json_t *edges, json_t *known)
{
    size_t i;
    json_t *edge;
    json_array_foreach(edges, i, edge)
    {
        const char *from = json_string_value(json_object_get(edge, "from"));
        const char *to = json_string_value(json_object_get(edge, "to"));
        if (!from || !to)
            continue;
        order->from[order->edges] = node_of(order, known, from);
        order->to[order->edges] = node_of(order, known, to);
        order->edge[order->edges++] = edge;
    }
}

static bool from_one_process(const json_t *edges)
{
    size_t i;
    json_t *edge;
    const char *first = NULL;
    json_array_foreach(edges, i, edge)
    {
        const char *process = snarl_json_text(edge, "process");
        if (first && strcmp(first, process))
            return false;
        first = process;
    }
    return true;
}

/* The lock that stands for the class: the first one seen of it. A class that says nothing stands for nothing.
 */
static const char *speaker(json_t *speakers, const char *class, const char *id)
{
    if (!*class || !strncmp(class, "kind:", 5))
        return id;
    const char *known = json_string_value(json_object_get(speakers, class));
    if (known)
        return known;
    json_object_set_new(speakers, class, json_string(id));
    return json_string_value(json_object_get(speakers, class));
}

static void add_number(json_t *object, const char *key, json_int_t more)
{
    json_object_set_new(object, key, json_integer(json_integer_value(json_object_get(object, key)) + more));
}

/* Edges of many processes as edges between classes; see order.h. A new list. */
static json_t *by_class(const json_t *edges)
{
    json_t *speakers = json_object(), *known = json_object(), *list = json_array(), *edge;
    size_t i;
    json_array_foreach(edges, i, edge)
    {
        const char *from =
            speaker(speakers, snarl_json_text(edge, "class_from"), snarl_json_text(edge, "from"));
        const char *to = speaker(speakers, snarl_json_text(edge, "class_to"), snarl_json_text(edge, "to"));
        char key[512];
        if (!strcmp(from, to) || snprintf(key, sizeof(key), "%s>%s", from, to) >= (int)sizeof(key))
            continue;
        json_t *joined = json_object_get(known, key);
        if (joined) {
            add_number(joined, "count", json_integer_value(json_object_get(edge, "count")));
            add_number(joined, "threads", json_integer_value(json_object_get(edge, "threads")));
        } else {
            joined = json_copy(edge);
            json_object_set_new(joined, "from", json_string(from));
            json_object_set_new(joined, "to", json_string(to));
            json_object_set_new(joined, "processes", json_integer(0));
            json_array_append(list, joined);
            json_object_set_new(known, key, joined);
        }
        add_number(joined, "processes", 1);
    }
    json_decref(known);
    json_decref(speakers);
    return list;
}

int snarl_order_read(struct snarl_order *order, const json_t *document)
{
    json_t *edges = json_object_get(json_object_get(document, "lock_graph"), "edges");
    memset(order, 0, sizeof(*order));
    order->owned = edges = from_one_process(edges) ? json_incref(edges) : by_class(edges);
    size_t most = json_array_size(edges);
    json_t *known = json_object();
    order->id = calloc(2 * most + 1, sizeof(*order->id));
    order->component = calloc(2 * most + 1, sizeof(*order->component));
    order->cyclic = calloc(2 * most + 1, sizeof(*order->cyclic));
    order->from = calloc(most + 1, sizeof(*order->from));
    order->to = calloc(most + 1, sizeof(*order->to));
    order->edge = calloc(most + 1, sizeof(*order->edge));
    bool complete =
        known && order->id && order->component && order->cyclic && order->from && order->to && order->edge;
    if (complete) {
        read_edges(order, edges, known);
        complete =
            !snarl_order_components(order->nodes, order->edges, order->from, order->to, order->component);
    }
    for (size_t i = 0; complete && i < order->edges; i++)
        if (snarl_order_edge_cyclic(order, i))
            order->cyclic[order->from[i]] = order->cyclic[order->to[i]] = true;
    json_decref(known);
    if (!complete)
        snarl_order_free(order);
    return complete ? 0 : -1;
}

void snarl_order_free(struct snarl_order *order)
{
    free(order->id);
    free(order->component);
    free(order->cyclic);
    free(order->from);
    free(order->to);
    free(order->edge);
    json_decref(order->owned);
    memset(order, 0, sizeof(*order));
}

bool snarl_order_edge_cyclic(const struct snarl_order *order, size_t edge)
{
    return order->component[order->from[edge]] == order->component[order->to[edge]];
}

void snarl_order_lock_name(const json_t *document, const char *id, char *name, size_t size)
{
    size_t i;
    json_t *lock;
    const char *number = strrchr(id, '/');
    json_array_foreach(json_object_get(document, "locks"), i, lock)
    {
        const char *this_id = json_string_value(json_object_get(lock, "id"));
        if (!this_id || strcmp(this_id, id))
            continue;
        const char *own = json_string_value(json_object_get(lock, "name"));
        const char *class = json_string_value(json_object_get(lock, "class"));
        const char *kind = json_string_value(json_object_get(lock, "kind"));
        if (own && *own)
            snprintf(name, size, "%s", own);
        else
            snprintf(name, size, "%s %s", kind ? kind : "lock",
                     class && *class ? class
                     : number        ? number + 1
                                     : id);
        return;
    }
    snprintf(name, size, "lock %s", number ? number + 1 : id);
}
