/* order.h - a document's lock-order graph as arrays, with its cycles marked.
 *
 * Nodes are the lock ids that the graph names. Where the edges come from several processes, one lock of each
 * class stands for all of it, equal edges become one with the sum of their counts and a member "processes",
 * and orders inside a class are left out: thousands of children of a test suite make one picture. An edge is
 * on a cycle exactly when both its ends lie in the same strongly connected component, a node when one of its
 * edges does. */
#ifndef SNARL_REPORTS_ORDER_H
#define SNARL_REPORTS_ORDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snarl_order {
    size_t nodes, edges;
    const char **id;     /* by node; they belong to the document */
    uint32_t *component; /* by node */
    bool *cyclic;        /* by node */
    uint32_t *from, *to; /* by edge */
    const json_t **edge; /* by edge: as the document has it, or the one that stands for several */
    json_t *owned;       /* keeps these alive */
};

/* Reads the graph out of the document, which must outlive it. Returns 0, or -1 when memory is short. */
int snarl_order_read(struct snarl_order *order, const json_t *document);
void snarl_order_free(struct snarl_order *order);

bool snarl_order_edge_cyclic(const struct snarl_order *order, size_t edge);

/* The name of a lock for people: its own, else its kind and its class or number. `document` may lack it. */
void snarl_order_lock_name(const json_t *document, const char *id, char *name, size_t size);

/* Strongly connected components of any graph: fills component[0..nodes) with numbers from 0. Not recursive;
 * Kosaraju's algorithm. Returns 0, or -1 when memory is short. */
int snarl_order_components(size_t nodes, size_t edges, const uint32_t *from, const uint32_t *to,
                           uint32_t *component);

#endif
