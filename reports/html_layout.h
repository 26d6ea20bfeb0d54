/* html_layout.h - where the locks of the lock-order graph are drawn. The only user of Graphviz's library. */
#ifndef SNARL_REPORTS_HTML_LAYOUT_H
#define SNARL_REPORTS_HTML_LAYOUT_H

#include <jansson.h>

/* {"nodes": [{"id", "x", "y", "w", "h", "cycle"}], "edges": [{"from", "to", "cycle", "points": [[x, y]..]}],
 * "width", "height", "note"}: points are a start and then cubic pieces; y grows downwards. A graph past
 * SNARL_LAYOUT_NODES is cut to the locks on cycles and the best connected ones, and "note" says so.
 * NULL when memory is short. */
json_t *snarl_html_layout(const json_t *document);

#define SNARL_LAYOUT_NODES 200u
#define SNARL_LAYOUT_EDGES 500u

#endif
