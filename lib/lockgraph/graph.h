/* graph.h - the lock-order graph as its own files see it; everybody else includes lockgraph.h.
 * All of it is guarded by the graph's lock (graph.c). */
#ifndef SNARL_LOCKGRAPH_GRAPH_H
#define SNARL_LOCKGRAPH_GRAPH_H

#include "lockgraph/lockgraph.h"
#include "thread/snapshot.h"

#define SNARL_GRAPH_GATES 64 /* locks held besides: more are cut, which can only let a gated cycle through */

struct snarl_gate {
    uint32_t lock_id : 31; /* a word each: there are many */
    uint32_t mode : 1;
};

struct snarl_instance {
    struct snarl_edge *edge;
    struct snarl_instance *next;
    uint64_t key; /* thread, places, modes and gates: what makes instances alike */
    uint32_t thread, slot, epoch;
    struct snarl_snapshot *snapshot; /* weak clock at the acquisition; NULL: not kept */
    uint32_t hold_stack, acquire_stack;
    uint64_t time_ns;
    uint8_t hold_mode, mode, how;
    uint8_t gate_count;
    struct snarl_gate gate[]; /* all locks held, `from` among them */
};

struct snarl_edge {
    struct snarl_node *from, *to;
    struct snarl_edge *next_out, *next_in;
    struct snarl_instance *instances;
    uint32_t instance_count;
    uint32_t count; /* contexts learnt */
    bool blocking;  /* an instance waits without limit; the others (tries) can be part of no cycle */
    bool back;      /* closes a cycle of blocking edges: not part of the topological order */
};

struct snarl_node {
    struct snarl_sync *sync;
    struct snarl_edge *out, *in;
    uint32_t order; /* position in the topological order */
    uint32_t mark;  /* of the search that saw it last */
};

/* order.c: keeps a topological order while edges come in (Pearce and Kelly, "A dynamic topological sort algorithm
 * for directed acyclic graphs", 2006), so that an edge that closes no cycle costs next to nothing. */
void snarl_order_add_node(struct snarl_node *node);
/* Whether `edge` (already linked) closes a cycle; if not, the order is mended to include it. */
bool snarl_order_add_edge(struct snarl_edge *edge);

/* cycle.c: looks for cycles through `instance` and reports those that are possible. */
void snarl_cycle_search(struct snarl_instance *instance);

#endif
