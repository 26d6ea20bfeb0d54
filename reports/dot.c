/* dot.c - the lock-order graph in Graphviz's language. Locks and orders on a cycle are red. */
#include "reports/formats.h"
#include "reports/frames.h"
#include "reports/order.h"
#include "reports/pick.h"

/* Text inside a quoted string of DOT. Backslashes are doubled: \N and the like would be replaced by Graphviz.
 */
static void put_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
}

static void put_edge(FILE *out, const struct snarl_order *order, size_t i)
{
    const json_t *edge = order->edge[i];
    const json_t *frame = snarl_event_frame(json_object_get(edge, "acquire"));
    fprintf(out, "  n%u -> n%u [label=\"%lld×", order->from[i], order->to[i],
            (long long)snarl_pick_number(edge, "count"));
    if (frame && *snarl_json_text(frame, "file")) {
        fputs(" ", out);
        put_text(out, snarl_path_base(snarl_json_text(frame, "file")));
        fprintf(out, ":%lld", (long long)snarl_pick_number(frame, "line"));
    }
    fprintf(out, "\"%s];\n", snarl_order_edge_cyclic(order, i) ? ", color=\"#c2361b\", penwidth=2" : "");
}

int snarl_dot_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    struct snarl_order order;
    (void)options;
    if (snarl_order_read(&order, document))
        return -1;
    fputs("digraph \"lock order\" {\n  rankdir=LR;\n  node [shape=box, style=rounded, "
          "fontname=\"sans-serif\"];\n"
          "  edge [fontname=\"sans-serif\", fontsize=10];\n",
          out);
    for (size_t n = 0; n < order.nodes; n++) {
        char name[256];
        snarl_order_lock_name(document, order.id[n], name, sizeof(name));
        fprintf(out, "  n%zu [label=\"", n);
        put_text(out, name);
        fputs("\", tooltip=\"", out);
        put_text(out, order.id[n]);
        fprintf(out, "\"%s];\n", order.cyclic[n] ? ", color=\"#c2361b\", penwidth=2" : "");
    }
    for (size_t i = 0; i < order.edges; i++)
        put_edge(out, &order, i);
    fputs("}\n", out);
    snarl_order_free(&order);
    return 0;
}
