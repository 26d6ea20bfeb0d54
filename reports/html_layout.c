/* html_layout.c - see html_layout.h. Graphviz is given sizes only, no names: no text of the program reaches
 * it.
 *
 * Should Graphviz fail (its plugins are not installed), the locks are put on a circle: worse to read,
 * complete. */
#include "reports/html_layout.h"
#include "reports/order.h"

#include <graphviz/gvc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCALE 72.0 /* points in an inch, which sizes are given in */
#define NODE_HEIGHT 30.0
#define MARGIN 24.0 /* around the whole graph */

struct layout {
    const json_t *document;
    const struct snarl_order *order;
    bool *shown;     /* by node */
    Agnode_t **node; /* by node */
    Agedge_t **edge; /* by edge; NULL: not shown, or drawn by an equal one */
    double *width;   /* by node */
    double height_all;
};

static int ignore_message(char *text)
{
    (void)text;
    return 0;
}

struct rank {
    uint32_t node;
    uint32_t weight;
};

static int heavier(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return x->node < y->node ? -1 : x->node > y->node;
}

/* Marks what is shown: all of a small graph; of a big one the locks on cycles first, then by degree. */
static size_t choose(struct layout *layout)
{
    const struct snarl_order *order = layout->order;
    struct rank *ranks = calloc(order->nodes + 1, sizeof(*ranks));
    size_t count = order->nodes < SNARL_LAYOUT_NODES ? order->nodes : SNARL_LAYOUT_NODES;
    if (!ranks)
        return 0;
    for (size_t n = 0; n < order->nodes; n++)
        ranks[n] = (struct rank){n, order->cyclic[n] ? 1u << 30 : 0};
    for (size_t i = 0; i < order->edges; i++) {
        ranks[order->from[i]].weight++;
        ranks[order->to[i]].weight++;
    }
    qsort(ranks, order->nodes, sizeof(*ranks), heavier);
    for (size_t n = 0; n < count; n++)
        layout->shown[ranks[n].node] = true;
    free(ranks);
    return count;
}

static void set_number(void *object, char *name, double value)
{
    char text[32];
    snprintf(text, sizeof(text), "%.4f", value / SCALE);
    agsafeset(object, name, text, "");
}

static void add_nodes(struct layout *layout, Agraph_t *graph)
{
    for (size_t n = 0; n < layout->order->nodes; n++) {
        char text[128];
        snarl_order_lock_name(layout->document, layout->order->id[n], text, sizeof(text));
        double width = 34 + 7.6 * strlen(text);
        layout->width[n] = width < 80 ? 80 : width > 240 ? 240 : width;
        if (!layout->shown[n])
            continue;
        snprintf(text, sizeof(text), "n%zu", n);
        Agnode_t *node = layout->node[n] = agnode(graph, text, 1);
        agsafeset(node, "label", "", "");
        agsafeset(node, "shape", "box", "");
        agsafeset(node, "fixedsize", "true", "");
        set_number(node, "width", layout->width[n]);
        set_number(node, "height", NODE_HEIGHT);
    }
}

static void add_edges(struct layout *layout, Agraph_t *graph)
{
    const struct snarl_order *order = layout->order;
    size_t count = 0;
    /* The edges on cycles first: the limit never hides one of them behind a harmless one. */
    for (int cyclic = 1; cyclic >= 0; cyclic--) {
        for (size_t i = 0; i < order->edges && count < SNARL_LAYOUT_EDGES; i++) {
            Agnode_t *from = layout->node[order->from[i]], *to = layout->node[order->to[i]];
            if (!from || !to || snarl_order_edge_cyclic(order, i) != cyclic ||
                agedge(graph, from, to, NULL, 0))
                continue;
            layout->edge[i] = agedge(graph, from, to, NULL, 1);
            agsafeset(layout->edge[i], "dir", "none", "");
            count++;
        }
    }
}

static json_t *pair(double x, double y)
{
    return json_pack("[f,f]", round(x * 10) / 10, round(y * 10) / 10);
}

static json_t *spline_points(const struct layout *layout, Agedge_t *edge)
{
    json_t *points = json_array();
    const splines *all = ED_spl(edge);
    for (size_t i = 0; all && all->size > 0 && i < (size_t)all->list[0].size; i++)
        json_array_append_new(
            points, pair(all->list[0].list[i].x + MARGIN, layout->height_all - all->list[0].list[i].y));
    return points;
}

static json_t *straight_points(double x1, double y1, double x2, double y2)
{
    return json_pack("[o,o,o,o]", pair(x1, y1), pair(x1 + (x2 - x1) * 0.3, y1 + (y2 - y1) * 0.3),
                     pair(x1 + (x2 - x1) * 0.6, y1 + (y2 - y1) * 0.6),
                     pair(x1 + (x2 - x1) * 0.9, y1 + (y2 - y1) * 0.9));
}

static void put_node(const struct layout *layout, json_t *nodes, size_t n, double x, double y)
{
    json_array_append_new(nodes, json_pack("{s:s, s:f, s:f, s:f, s:f, s:b}", "id", layout->order->id[n], "x",
                                           x, "y", y, "w", layout->width[n], "h", NODE_HEIGHT, "cycle",
                                           layout->order->cyclic[n]));
}

static void put_edge(const struct layout *layout, json_t *edges, size_t i, json_t *points)
{
    const struct snarl_order *order = layout->order;
    json_array_append_new(edges, json_pack("{s:s, s:s, s:b, s:o}", "from", order->id[order->from[i]], "to",
                                           order->id[order->to[i]], "cycle",
                                           snarl_order_edge_cyclic(order, i), "points", points));
}

static json_t *result_of(json_t *nodes, json_t *edges, double width, double height)
{
    return json_pack("{s:o, s:o, s:f, s:f}", "nodes", nodes, "edges", edges, "width", width, "height",
                     height);
}

static json_t *read_layout(struct layout *layout, Agraph_t *graph)
{
    json_t *nodes = json_array(), *edges = json_array();
    layout->height_all = GD_bb(graph).UR.y + MARGIN;
    for (size_t n = 0; n < layout->order->nodes; n++)
        if (layout->node[n])
            put_node(layout, nodes, n, ND_coord(layout->node[n]).x + MARGIN,
                     layout->height_all - ND_coord(layout->node[n]).y);
    for (size_t i = 0; i < layout->order->edges; i++)
        if (layout->edge[i])
            put_edge(layout, edges, i, spline_points(layout, layout->edge[i]));
    return result_of(nodes, edges, GD_bb(graph).UR.x + 2 * MARGIN, layout->height_all + MARGIN);
}

static json_t *circle(struct layout *layout, size_t count)
{
    json_t *nodes = json_array(), *edges = json_array();
    double radius = 60 + 30.0 * count, middle = radius + 130;
    double *x = calloc(layout->order->nodes + 1, sizeof(*x)),
           *y = calloc(layout->order->nodes + 1, sizeof(*y));
    size_t at = 0;
    for (size_t n = 0; x && y && n < layout->order->nodes; n++) {
        if (!layout->shown[n])
            continue;
        x[n] = middle + radius * cos(2 * M_PI * at / count);
        y[n] = middle + radius * sin(2 * M_PI * at++ / count);
        put_node(layout, nodes, n, x[n], y[n]);
    }
    for (size_t i = 0; x && y && i < layout->order->edges; i++) {
        uint32_t from = layout->order->from[i], to = layout->order->to[i];
        if (layout->shown[from] && layout->shown[to])
            put_edge(layout, edges, i, straight_points(x[from], y[from], x[to], y[to]));
    }
    free(x);
    free(y);
    return result_of(nodes, edges, 2 * middle, 2 * middle);
}

static json_t *lay_out(struct layout *layout, size_t count)
{
    json_t *result = NULL;
    agseterrf(ignore_message);
    GVC_t *context = gvContext();
    Agraph_t *graph = context ? agopen("locks", Agdirected, NULL) : NULL;
    if (graph) {
        agsafeset(graph, "rankdir", "LR", "");
        agsafeset(graph, "ranksep", "0.9", "");
        agsafeset(graph, "nslimit", "2", "");
        agsafeset(graph, "mclimit", "0.5", "");
        add_nodes(layout, graph);
        add_edges(layout, graph);
        if (!gvLayout(context, graph, "dot")) {
            result = read_layout(layout, graph);
            gvFreeLayout(context, graph);
        }
        agclose(graph);
    }
    if (context)
        gvFreeContext(context);
    return result ? result : circle(layout, count);
}

json_t *snarl_html_layout(const json_t *document)
{
    struct snarl_order order;
    if (snarl_order_read(&order, document))
        return NULL;
    struct layout layout = {
        .document = document,
        .order = &order,
        .shown = calloc(order.nodes + 1, sizeof(bool)),
        .node = calloc(order.nodes + 1, sizeof(Agnode_t *)),
        .edge = calloc(order.edges + 1, sizeof(Agedge_t *)),
        .width = calloc(order.nodes + 1, sizeof(double)),
    };
    json_t *result = NULL;
    if (layout.shown && layout.node && layout.edge && layout.width) {
        size_t count = order.nodes ? choose(&layout) : 0;
        result = count ? lay_out(&layout, count) : json_object();
        if (count < order.nodes)
            json_object_set_new(
                result, "note",
                json_sprintf("Shown are %zu of %zu locks: those on cycles, and the best connected.", count,
                             order.nodes));
    }
    free(layout.shown);
    free(layout.node);
    free(layout.edge);
    free(layout.width);
    snarl_order_free(&order);
    return result;
}
