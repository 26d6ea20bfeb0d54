/* graph.c - nodes, edges and instances of the lock-order graph; see lockgraph.h and graph.h.
 *
 * Alike instances (same thread, places, modes and gates) differ only in their point of the weak order; of these the
 * first and the last are kept, since a program passes its set-up once and then repeats itself. Different ones are
 * bounded by INSTANCES_MAX an edge, edges by EDGES_MAX (SNARL_COUNT_EDGE_DROPPED). */
#include <string.h>

#include "base/counters.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "finding/runfile_writer.h"
#include "lockgraph/graph.h"

#define EDGES_MAX 400000u
#define INSTANCES_MAX 32u
#define CHAIN_MOST (1u << 15)               /* entries of a thread's cache of orders */
#define CHAIN_BYTES ((size_t)16 << 20)      /* of all larger caches together */
#define WASTE_MOST 1000u

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_GRAPH};
static struct snarl_map s_edges; /* (from id, to id) -> edge */
static uint32_t s_edge_count;
static uint32_t s_back_count; /* edges that close a cycle */
static struct snarl_map s_classes_written; /* orders of forgotten locks that went to the run file */

/* --- the cache of what a thread has seen --- */

static uint64_t chain_key(const struct snarl_thread *thr, const struct snarl_sync *sync, enum snarl_mode mode,
                          enum snarl_how how, uint32_t stack)
{
    uint64_t hash = snarl_hash_join(thr->held_hash, (uint64_t)sync->id << 3 | (uint64_t)how << 1 | mode);
    return snarl_hash_join(hash, stack);
}

static struct snarl_chain_entry *chain_entry(struct snarl_thread *thr, uint64_t key)
{
    return thr->chain ? &thr->chain[key % thr->chain_size] : &thr->chain_cache[key % SNARL_CHAIN_CACHE];
}

/* A program with thousands of locks has more orders than fit in the first cache: a thread that keeps asking the graph for
 * what is known already gets a larger one, as long as all of them stay below CHAIN_BYTES. */
static void grow_chain(struct snarl_thread *thr)
{
    static size_t s_bytes;
    uint32_t old = thr->chain ? thr->chain_size : SNARL_CHAIN_CACHE, size = old * 8;
    size_t bytes = size * sizeof(*thr->chain);
    thr->chain_wasted = 0;
    if (size > CHAIN_MOST || __atomic_add_fetch(&s_bytes, bytes, __ATOMIC_RELAXED) > CHAIN_BYTES)
        return;
    struct snarl_chain_entry *chain = snarl_memory_alloc(bytes);
    if (!chain)
        return;
    snarl_memory_free(thr->chain, old * sizeof(*chain));
    thr->chain = chain;
    thr->chain_size = size;
}

bool snarl_lockgraph_known(struct snarl_thread *thr, const struct snarl_sync *sync, enum snarl_mode mode,
                           enum snarl_how how, uint32_t stack)
{
    uint64_t key = chain_key(thr, sync, mode, how, stack);
    const struct snarl_chain_entry *entry = chain_entry(thr, key);
    return entry->key == key && entry->weak_version == thr->weak_version;
}

static void remember_chain(struct snarl_thread *thr, const struct snarl_sync *sync, enum snarl_mode mode,
                           enum snarl_how how, uint32_t stack)
{
    uint64_t key = chain_key(thr, sync, mode, how, stack);
    *chain_entry(thr, key) = (struct snarl_chain_entry){.key = key, .weak_version = thr->weak_version};
}

/* --- growing --- */

static struct snarl_node *node_of(struct snarl_sync *sync)
{
    if (!sync->node) {
        sync->node = snarl_memory_alloc(sizeof(*sync->node));
        if (sync->node) {
            sync->node->sync = sync;
            snarl_order_add_node(sync->node);
        }
    }
    return sync->node;
}

static uint64_t edge_key(const struct snarl_sync *from, const struct snarl_sync *to)
{
    return (uint64_t)from->id << 32 | to->id;
}

static struct snarl_edge *add_edge(struct snarl_sync *from, struct snarl_sync *to)
{
    struct snarl_node *a = node_of(from), *b = node_of(to);
    struct snarl_edge *edge = a && b && s_edge_count < EDGES_MAX ? snarl_memory_alloc(sizeof(*edge)) : NULL;
    if (!edge || !snarl_map_put(&s_edges, edge_key(from, to), edge)) {
        snarl_memory_free(edge, sizeof(*edge));
        snarl_count(SNARL_COUNT_EDGE_DROPPED);
        return NULL;
    }
    s_edge_count++;
    snarl_count(SNARL_COUNT_EDGES);
    edge->from = a;
    edge->to = b;
    edge->next_out = a->out;
    a->out = edge;
    edge->next_in = b->in;
    b->in = edge;
    return edge;
}

static size_t instance_size(uint32_t gates)
{
    return sizeof(struct snarl_instance) + gates * sizeof(struct snarl_gate);
}

static void free_instance(struct snarl_instance *instance)
{
    snarl_snapshot_drop(instance->snapshot);
    snarl_memory_free(instance, instance_size(instance->gate_count));
}

/* The point of the weak order at which it happens, and when. */
static void stamp(struct snarl_instance *instance, struct snarl_thread *thr)
{
    snarl_snapshot_drop(instance->snapshot);
    instance->snapshot = snarl_snapshot_take(thr);
    instance->epoch = thr->weak_epoch;
    instance->time_ns = snarl_runfile_now();
}

static struct snarl_instance *make_instance(struct snarl_edge *edge, struct snarl_thread *thr,
                                            const struct snarl_held *held, uint64_t key)
{
    uint32_t gates = thr->held_count < SNARL_GRAPH_GATES ? thr->held_count : SNARL_GRAPH_GATES;
    struct snarl_instance *instance = snarl_memory_alloc(instance_size(gates));
    if (!instance)
        return NULL;
    instance->edge = edge;
    instance->key = key;
    instance->thread = thr->id;
    instance->slot = thr->slot;
    instance->hold_stack = held->stack;
    instance->hold_mode = held->mode;
    instance->gate_count = (uint8_t)gates;
    for (uint32_t i = 0; i < gates; i++) {
        const struct snarl_held *gate = &thr->held[thr->held_count - 1 - i];
        instance->gate[i] = (struct snarl_gate){gate->lock_id, gate->mode};
    }
    thr->noted = true;
    return instance;
}

/* Of alike instances the newest is first in the list. NULL when nothing has to be looked at. */
static struct snarl_instance *add_instance(struct snarl_edge *edge, struct snarl_thread *thr,
                                           const struct snarl_held *held, uint64_t key)
{
    uint32_t alike = 0;
    struct snarl_instance *newest = NULL;
    for (struct snarl_instance *instance = edge->instances; instance; instance = instance->next) {
        if (instance->key != key)
            continue;
        if (!alike++)
            newest = instance;
        if (instance->epoch == thr->weak_epoch && instance->snapshot && instance->snapshot == thr->weak_snapshot)
            return NULL;
    }
    if (alike >= 2) {
        stamp(newest, thr);
        return newest;
    }
    if (edge->instance_count >= INSTANCES_MAX) {
        snarl_count(SNARL_COUNT_EDGE_DROPPED);
        return NULL;
    }
    struct snarl_instance *instance = make_instance(edge, thr, held, key);
    if (!instance)
        return NULL;
    stamp(instance, thr);
    instance->next = edge->instances;
    edge->instances = instance;
    edge->instance_count++;
    return instance;
}

/* Whether there was something to learn. */
static bool learn_from(struct snarl_thread *thr, const struct snarl_held *held, struct snarl_sync *sync,
                       enum snarl_mode mode, enum snarl_how how, uint32_t stack)
{
    struct snarl_edge *edge = snarl_map_get(&s_edges, edge_key(held->lock, sync));
    if (!edge && !(edge = add_edge(held->lock, sync)))
        return true;
    edge->count++;
    uint64_t key = snarl_hash_join(chain_key(thr, sync, mode, how, stack), (uint64_t)thr->id << 32 | held->stack);
    struct snarl_instance *instance = add_instance(edge, thr, held, key);
    if (!instance)
        return false;
    instance->acquire_stack = stack;
    instance->mode = (uint8_t)mode;
    instance->how = (uint8_t)how;
    if (how != SNARL_HOW_BLOCK)
        return true;
    if (!edge->blocking) {
        edge->blocking = true;
        s_back_count += snarl_order_add_edge(edge);
    }
    if (s_back_count) /* while no edge goes against the order there is no cycle */
        snarl_cycle_search(instance);
    return true;
}

void snarl_lockgraph_learn(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode,
                           enum snarl_how how, uint32_t stack)
{
    bool fresh = false;
    snarl_mutex_lock(&s_lock);
    for (uint32_t i = 0; i < thr->held_count; i++)
        if (thr->held[i].lock != sync)
            fresh |= learn_from(thr, &thr->held[i], sync, mode, how, stack);
    snarl_mutex_unlock(&s_lock);
    if (!fresh && ++thr->chain_wasted > WASTE_MOST)
        grow_chain(thr);
    remember_chain(thr, sync, mode, how, stack);
}

/* --- the run file --- */

static const char *mode_word(uint8_t mode, uint8_t how)
{
    if (how == SNARL_HOW_TRY)
        return "try";
    if (how == SNARL_HOW_TIMED)
        return "timed";
    return mode == SNARL_MODE_READ ? "read" : "write";
}

static uint32_t count_threads(const struct snarl_edge *edge)
{
    uint32_t threads = 0;
    for (const struct snarl_instance *a = edge->instances; a; a = a->next) {
        const struct snarl_instance *b = edge->instances;
        while (b != a && b->thread != a->thread)
            b = b->next;
        threads += b == a;
    }
    return threads;
}

/* Within a session. */
static void write_edge(const struct snarl_edge *edge)
{
    const struct snarl_instance *instance = edge->instances;
    if (!instance)
        return;
    snarl_object_describe(edge->from->sync);
    snarl_object_describe(edge->to->sync);
    snarl_thread_describe(snarl_thread_by_id(instance->thread));
    snarl_runfile_stack(instance->hold_stack);
    snarl_runfile_stack(instance->acquire_stack);
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_EDGE);
    snarl_wire_put_uint(writer, edge->from->sync->id);
    snarl_wire_put_uint(writer, edge->to->sync->id);
    snarl_wire_put_uint(writer, edge->count);
    snarl_wire_put_uint(writer, count_threads(edge));
    snarl_wire_put_uint(writer, instance->hold_stack);
    snarl_wire_put_uint(writer, instance->acquire_stack);
    snarl_wire_put_text(writer, mode_word(instance->hold_mode, SNARL_HOW_BLOCK));
    snarl_wire_put_text(writer, mode_word(instance->mode, instance->how));
    snarl_wire_put_uint(writer, instance->thread);
    snarl_wire_put_uint(writer, (uint64_t)instance->gate_count - 1);
    for (uint32_t i = 0; i < instance->gate_count; i++)
        if (instance->gate[i].lock_id != edge->from->sync->id)
            snarl_wire_put_uint(writer, instance->gate[i].lock_id);
    snarl_runfile_finish();
}

static void visit_edge(uint64_t key, void *value, void *context)
{
    (void)key;
    (void)context;
    write_edge(value);
}

void snarl_lockgraph_write(void)
{
    snarl_mutex_lock(&s_lock);
    snarl_runfile_begin();
    snarl_map_each(&s_edges, visit_edge, NULL);
    snarl_runfile_end();
    snarl_mutex_unlock(&s_lock);
}

/* --- forgetting --- */

/* A program may make and forget millions of locks at the same few places: an order of forgotten locks goes to the
 * run file once for each pair of creation sites. */
static void write_forgotten(struct snarl_edge *edge)
{
    const struct snarl_sync *from = edge->from->sync, *to = edge->to->sync;
    uint64_t key = snarl_hash_join(from->create_stack ? from->create_stack : from->address,
                                   to->create_stack ? to->create_stack : to->address);
    if (snarl_map_get(&s_classes_written, key) || !snarl_map_put(&s_classes_written, key, edge->from))
        return;
    snarl_runfile_begin();
    write_edge(edge);
    snarl_runfile_end();
}

static void free_edge(struct snarl_edge *edge)
{
    while (edge->instances) {
        struct snarl_instance *instance = edge->instances;
        edge->instances = instance->next;
        free_instance(instance);
    }
    snarl_map_remove(&s_edges, edge_key(edge->from->sync, edge->to->sync));
    s_edge_count--;
    s_back_count -= edge->back;
    snarl_memory_free(edge, sizeof(*edge));
}

static void unlink_out(struct snarl_edge *edge)
{
    struct snarl_edge **link = &edge->from->out;
    while (*link != edge)
        link = &(*link)->next_out;
    *link = edge->next_out;
}

static void unlink_in(struct snarl_edge *edge)
{
    struct snarl_edge **link = &edge->to->in;
    while (*link != edge)
        link = &(*link)->next_in;
    *link = edge->next_in;
}

static void drop_out(struct snarl_sync *sync, void *context)
{
    (void)context;
    while (sync->node && sync->node->out) {
        struct snarl_edge *edge = sync->node->out;
        unlink_in(edge);
        sync->node->out = edge->next_out;
        free_edge(edge);
    }
}

void snarl_lockgraph_forked(struct snarl_thread *thr)
{
    snarl_object_each(drop_out, NULL);
    memset(thr->chain_cache, 0, sizeof(thr->chain_cache));
    if (thr->chain)
        memset(thr->chain, 0, thr->chain_size * sizeof(*thr->chain));
}

void snarl_lockgraph_forget(struct snarl_sync *sync)
{
    if (!sync->node)
        return;
    snarl_mutex_lock(&s_lock);
    struct snarl_node *node = sync->node;
    while (node->out) {
        struct snarl_edge *edge = node->out;
        write_forgotten(edge);
        unlink_in(edge);
        node->out = edge->next_out;
        free_edge(edge);
    }
    while (node->in) {
        struct snarl_edge *edge = node->in;
        write_forgotten(edge);
        unlink_out(edge);
        node->in = edge->next_in;
        free_edge(edge);
    }
    sync->node = NULL;
    snarl_memory_free(node, sizeof(*node));
    snarl_mutex_unlock(&s_lock);
}
