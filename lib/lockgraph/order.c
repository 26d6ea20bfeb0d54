/* order.c - see graph.h.
 *
 * Invariant: for every blocking edge that is not a back edge, from->order < to->order. A new edge that goes
 * against it makes us look at the nodes between the two positions only: forward from `to`, backward from `from`.
 * If the forward search meets `from`, the edge closes a cycle; otherwise the nodes found share
 * out their own positions again, those before first. */
#include <string.h>

#include "base/memory.h"
#include "lockgraph/graph.h"

struct list {
    struct snarl_node **node;
    uint32_t count, capacity;
};

static uint32_t s_positions;
static uint32_t s_mark;
static struct list s_forward, s_backward; /* kept between searches */

void snarl_order_add_node(struct snarl_node *node)
{
    node->order = ++s_positions;
}

static bool push(struct list *list, struct snarl_node *node)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 256;
        struct snarl_node **grown = snarl_memory_alloc(capacity * sizeof(*grown));
        if (!grown)
            return false;
        if (list->count)
            memcpy(grown, list->node, list->count * sizeof(*grown));
        snarl_memory_free(list->node, list->capacity * sizeof(*grown));
        list->node = grown;
        list->capacity = capacity;
    }
    list->node[list->count++] = node;
    return true;
}

/* From `start` along edges to nodes at or before `limit`. True when it meets `goal`. */
static bool search_forward(struct snarl_node *start, const struct snarl_node *goal, uint32_t limit)
{
    s_forward.count = 0;
    start->mark = ++s_mark;
    push(&s_forward, start);
    for (uint32_t i = 0; i < s_forward.count; i++) {
        for (struct snarl_edge *edge = s_forward.node[i]->out; edge; edge = edge->next_out) {
            if (edge->back || !edge->blocking || edge->to->mark == s_mark || edge->to->order > limit)
                continue;
            if (edge->to == goal)
                return true;
            edge->to->mark = s_mark;
            push(&s_forward, edge->to);
        }
    }
    return false;
}

static void search_backward(struct snarl_node *start, uint32_t limit)
{
    s_backward.count = 0;
    start->mark = ++s_mark;
    push(&s_backward, start);
    for (uint32_t i = 0; i < s_backward.count; i++) {
        for (struct snarl_edge *edge = s_backward.node[i]->in; edge; edge = edge->next_in) {
            if (edge->back || !edge->blocking || edge->from->mark == s_mark || edge->from->order < limit)
                continue;
            edge->from->mark = s_mark;
            push(&s_backward, edge->from);
        }
    }
}

/* Shell sort: the lists are short, and qsort may allocate. */
static void sort(struct list *list)
{
    for (uint32_t gap = list->count / 2; gap > 0; gap /= 2) {
        for (uint32_t i = gap; i < list->count; i++) {
            struct snarl_node *node = list->node[i];
            uint32_t at = i;
            for (; at >= gap && list->node[at - gap]->order > node->order; at -= gap)
                list->node[at] = list->node[at - gap];
            list->node[at] = node;
        }
    }
}

/* Gives the positions of both lists, smallest first, to the backward nodes and then the forward ones. */
static void share_out(void)
{
    sort(&s_backward);
    sort(&s_forward);
    uint32_t total = s_backward.count + s_forward.count;
    uint32_t *position = snarl_memory_alloc(total * sizeof(*position));
    if (!position)
        return;
    uint32_t b = 0, f = 0;
    for (uint32_t i = 0; i < total; i++) {
        bool back = f == s_forward.count ||
                    (b < s_backward.count && s_backward.node[b]->order < s_forward.node[f]->order);
        position[i] = back ? s_backward.node[b++]->order : s_forward.node[f++]->order;
    }
    for (uint32_t i = 0; i < total; i++) {
        struct snarl_node *node = i < s_backward.count ? s_backward.node[i] : s_forward.node[i - s_backward.count];
        node->order = position[i];
    }
    snarl_memory_free(position, total * sizeof(*position));
}

bool snarl_order_add_edge(struct snarl_edge *edge)
{
    if (edge->from->order < edge->to->order)
        return false;
    edge->back = true; /* until proved otherwise: the searches pass it over */
    if (search_forward(edge->to, edge->from, edge->from->order))
        return true;
    search_backward(edge->from, edge->to->order);
    share_out();
    edge->back = false;
    return false;
}
