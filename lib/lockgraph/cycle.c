/* cycle.c - see graph.h, and lockgraph.h for what makes a cycle possible.
 *
 * Depth-first over instances: the path is a list of instances that can all be under way at once; an instance is
 * added only if it is compatible with each of them, which prunes early. Bounded by STEPS_MAX instances looked at
 * for one search (SNARL_COUNT_CYCLE_SEARCH_CUT). The counters of cycles not reported count for the structural
 * reason that was met first, once per search: they show that the filters are at work, not how many cycles there
 * are. */
#include "base/counters.h"
#include "base/map.h"
#include "finding/finding.h"
#include "finding/runfile_writer.h"
#include "lockgraph/graph.h"

#define LENGTH_MAX (SNARL_FINDING_EVENTS / 2)
#define STEPS_MAX 200000u

static struct snarl_instance *s_path[LENGTH_MAX];
static uint32_t s_length;
static uint32_t s_steps;
static bool s_refused[SNARL_COUNT_MAX];
static struct snarl_finding s_finding; /* too large for a thread's stack; guarded by the graph's lock */

static bool refuse(enum snarl_counter counter)
{
    s_refused[counter] = true;
    return false;
}

static bool share_gate(const struct snarl_instance *a, const struct snarl_instance *b)
{
    for (uint32_t i = 0; i < a->gate_count; i++)
        for (uint32_t k = 0; k < b->gate_count; k++)
            if (a->gate[i].lock_id == b->gate[k].lock_id &&
                !(a->gate[i].mode == SNARL_MODE_READ && b->gate[k].mode == SNARL_MODE_READ))
                return true;
    return false;
}

static bool before(const struct snarl_instance *a, const struct snarl_instance *b)
{
    return snarl_vclock_get(&b->snapshot->clock, a->slot) >= a->epoch;
}

/* Whether both can be waiting at the same time. Without snapshots we cannot know: not reported. */
static bool together(const struct snarl_instance *a, const struct snarl_instance *b)
{
    if (a->thread == b->thread)
        return refuse(SNARL_COUNT_CYCLE_SAME_THREAD);
    if (share_gate(a, b))
        return refuse(SNARL_COUNT_CYCLE_GATED);
    if (!a->snapshot || !b->snapshot || before(a, b) || before(b, a))
        return refuse(SNARL_COUNT_CYCLE_ORDERED);
    return true;
}

/* Whether `waiter`, which wants the lock that `holder` holds, is stopped by it. */
static bool stops(const struct snarl_instance *waiter, const struct snarl_instance *holder)
{
    if (waiter->mode == SNARL_MODE_READ && holder->hold_mode == SNARL_MODE_READ)
        return refuse(SNARL_COUNT_CYCLE_SHARED);
    return true;
}

static bool blocks(const struct snarl_instance *instance)
{
    return instance->how == SNARL_HOW_BLOCK || refuse(SNARL_COUNT_CYCLE_SHARED);
}

static bool fits(const struct snarl_instance *instance)
{
    if (!blocks(instance) || !stops(s_path[s_length - 1], instance))
        return false;
    for (uint32_t i = 0; i < s_length; i++)
        if (!together(s_path[i], instance))
            return false;
    return true;
}

static void copy_gates(struct snarl_event *event, const struct snarl_instance *instance)
{
    for (uint32_t i = 0; i < instance->gate_count && i < SNARL_EVENT_HELD; i++)
        event->held[event->held_count++] = instance->gate[i].lock_id;
}

static void add_events(struct snarl_finding *finding, const struct snarl_instance *instance)
{
    struct snarl_event *hold = snarl_finding_event(finding, "hold", "acquired");
    hold->thread = instance->thread;
    hold->lock = instance->edge->from->sync->id;
    hold->stack = instance->hold_stack;
    hold->time_ns = instance->time_ns;
    struct snarl_event *acquire = snarl_finding_event(
        finding, "acquire", instance->mode == SNARL_MODE_READ ? "acquires shared" : "acquires");
    acquire->thread = instance->thread;
    acquire->lock = instance->edge->to->sync->id;
    acquire->stack = instance->acquire_stack;
    acquire->time_ns = instance->time_ns;
    copy_gates(acquire, instance);
    snarl_finding_add_lock(finding, hold->lock);
    snarl_finding_add_lock(finding, acquire->lock);
}

static void report(void)
{
    snarl_finding_clear(&s_finding, "lock-order-inversion", "", "possible");
    for (uint32_t i = 0; i < s_length; i++)
        add_events(&s_finding, s_path[i]);
    if (snarl_finding_seen(snarl_finding_key(&s_finding)))
        return;
    snarl_runfile_begin();
    for (uint32_t i = 0; i < s_length; i++) {
        snarl_object_describe(s_path[i]->edge->from->sync);
        snarl_thread_describe(snarl_thread_by_id(s_path[i]->thread));
    }
    snarl_finding_report(&s_finding);
    snarl_runfile_end();
}

static bool on_path(const struct snarl_node *node)
{
    for (uint32_t i = 0; i < s_length; i++)
        if (s_path[i]->edge->from == node)
            return true;
    return false;
}

static void extend(struct snarl_node *at, const struct snarl_node *goal);

static void follow(struct snarl_edge *edge, const struct snarl_node *goal)
{
    bool closes = edge->to == goal;
    if (!edge->blocking || (!closes && on_path(edge->to)))
        return;
    for (struct snarl_instance *instance = edge->instances; instance; instance = instance->next) {
        if (++s_steps > STEPS_MAX)
            return;
        if (!fits(instance))
            continue;
        s_path[s_length++] = instance;
        if (!closes)
            extend(edge->to, goal);
        else if (stops(instance, s_path[0]))
            report();
        s_length--;
    }
}

static void extend(struct snarl_node *at, const struct snarl_node *goal)
{
    if (s_length == LENGTH_MAX) {
        s_steps = STEPS_MAX + 1;
        return;
    }
    for (struct snarl_edge *edge = at->out; edge; edge = edge->next_out)
        follow(edge, goal);
}

void snarl_cycle_search(struct snarl_instance *instance)
{
    s_steps = 0;
    s_length = 0;
    if (!blocks(instance))
        return;
    s_path[s_length++] = instance;
    extend(instance->edge->to, instance->edge->from);
    if (s_steps > STEPS_MAX)
        snarl_count(SNARL_COUNT_CYCLE_SEARCH_CUT);
    for (uint32_t i = 0; i < SNARL_COUNT_MAX; i++) {
        snarl_counters[i] += s_refused[i];
        s_refused[i] = false;
    }
}
