/* finding.c - see finding.h. */
#include "finding/finding.h"

#include <string.h>

#include "base/counters.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/options.h"
#include "base/text.h"
#include "finding/runfile_writer.h"

#define FINDINGS_MAX 10000u /* different ones of a process; further ones are counted only */

struct seen {
    uint32_t id;
    uint32_t count;
    uint32_t written;
};

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_FINDING}; /* guards the two below */
static struct snarl_map s_seen;
static uint32_t s_count;

void snarl_finding_clear(struct snarl_finding *finding, const char *kind, const char *rule, const char *confidence)
{
    memset(finding, 0, sizeof(*finding));
    finding->kind = kind;
    finding->rule = rule;
    finding->confidence = confidence;
}

struct snarl_event *snarl_finding_event(struct snarl_finding *finding, const char *role, const char *what)
{
    uint32_t index = finding->event_count < SNARL_FINDING_EVENTS ? finding->event_count++ : SNARL_FINDING_EVENTS - 1;
    struct snarl_event *event = &finding->event[index];
    memset(event, 0, sizeof(*event));
    event->role = role;
    event->what = what;
    return event;
}

void snarl_finding_add_lock(struct snarl_finding *finding, uint32_t lock)
{
    for (uint32_t i = 0; i < finding->lock_count; i++)
        if (finding->lock[i] == lock)
            return;
    if (lock && finding->lock_count < SNARL_FINDING_LOCKS)
        finding->lock[finding->lock_count++] = lock;
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325ull;
    for (; text && *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3ull;
    return hash;
}

/* A race is its two accesses; where the locks held were taken only explains it. */
static uint32_t events_of_key(const struct snarl_finding *finding)
{
    bool race = !strcmp(finding->kind, "data-race") && finding->event_count > 2;
    return race ? 2 : finding->event_count;
}

uint64_t snarl_finding_key(const struct snarl_finding *finding)
{
    uint64_t sum = 0;
    uint32_t count = events_of_key(finding);
    for (uint32_t i = 0; i < count; i++)
        sum += snarl_hash_join(hash_text(finding->event[i].role), finding->event[i].stack);
    return snarl_hash_join(snarl_hash_join(hash_text(finding->kind), hash_text(finding->rule)), sum);
}

bool snarl_finding_seen(uint64_t key)
{
    snarl_mutex_lock(&s_lock);
    struct seen *seen = snarl_map_get(&s_seen, key);
    if (seen) {
        seen->count++;
        snarl_count(SNARL_COUNT_FINDING_DUPLICATE);
    }
    snarl_mutex_unlock(&s_lock);
    return seen != NULL;
}

/* Its identifier, 0 when there are too many. */
static uint32_t remember(uint64_t key)
{
    uint32_t id = 0;
    snarl_mutex_lock(&s_lock);
    struct seen *seen = s_count < FINDINGS_MAX ? snarl_memory_alloc(sizeof(*seen)) : NULL;
    if (seen && snarl_map_put(&s_seen, key, seen)) {
        id = seen->id = ++s_count;
        seen->count = seen->written = 1;
    }
    snarl_mutex_unlock(&s_lock);
    return id;
}

static void put_event(struct snarl_wire_writer *writer, const struct snarl_event *event)
{
    snarl_wire_put_text(writer, event->role);
    snarl_wire_put_text(writer, event->what);
    snarl_wire_put_uint(writer, event->flags);
    snarl_wire_put_uint(writer, event->thread);
    snarl_wire_put_uint(writer, event->lock);
    snarl_wire_put_uint(writer, event->stack);
    snarl_wire_put_uint(writer, event->time_ns);
    snarl_wire_put_uint(writer, event->address);
    snarl_wire_put_uint(writer, event->size);
    snarl_wire_put_uint(writer, event->held_count);
    for (uint32_t i = 0; i < event->held_count; i++)
        snarl_wire_put_uint(writer, event->held[i]);
}

static void put_location(struct snarl_wire_writer *writer, const struct snarl_location *location)
{
    snarl_wire_put_text(writer, location->kind);
    snarl_wire_put_uint(writer, location->address);
    snarl_wire_put_uint(writer, location->size);
    snarl_runfile_put_module_value(writer, location->address);
    snarl_wire_put_text(writer, location->symbol);
    snarl_wire_put_uint(writer, location->has_allocated);
    if (location->has_allocated)
        put_event(writer, &location->allocated);
}

static void put_owner(struct snarl_wire_writer *writer, const struct snarl_location *location)
{
    snarl_wire_put_uint(writer, location->byte);
    snarl_wire_put_uint(writer, location->thread);
    snarl_runfile_put_module_value(writer, location->module);
    snarl_wire_put_uint(writer, location->offset);
    snarl_wire_put_uint(writer, location->stack);
    snarl_wire_put_uint(writer, location->frame);
    snarl_wire_put_uint(writer, location->cfa);
}

static void write_finding(const struct snarl_finding *finding, uint32_t id)
{
    for (uint32_t i = 0; i < finding->event_count; i++)
        snarl_runfile_stack(finding->event[i].stack);
    if (finding->location.has_allocated)
        snarl_runfile_stack(finding->location.allocated.stack);
    snarl_runfile_stack(finding->location.stack);
    snarl_runfile_module_of(finding->location.address);
    snarl_runfile_module_of(finding->location.module);
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_FINDING);
    snarl_wire_put_uint(writer, id);
    snarl_wire_put_text(writer, finding->kind);
    snarl_wire_put_text(writer, finding->rule);
    snarl_wire_put_text(writer, finding->confidence);
    snarl_wire_put_text(writer, finding->message);
    snarl_wire_put_uint(writer, snarl_runfile_now());
    put_location(writer, &finding->location);
    snarl_wire_put_uint(writer, finding->lock_count);
    for (uint32_t i = 0; i < finding->lock_count; i++)
        snarl_wire_put_uint(writer, finding->lock[i]);
    snarl_wire_put_uint(writer, finding->event_count);
    for (uint32_t i = 0; i < finding->event_count; i++)
        put_event(writer, &finding->event[i]);
    put_owner(writer, &finding->location);
    snarl_runfile_finish();
}

bool snarl_finding_report(const struct snarl_finding *finding)
{
    uint64_t key = snarl_finding_key(finding);
    if (snarl_finding_seen(key))
        return false;
    uint32_t id = remember(key);
    if (!id) {
        snarl_count(SNARL_COUNT_FINDING_LIMIT);
        return false;
    }
    write_finding(finding, id);
    if (snarl_options.live)
        snarl_text_warn("found: ", finding->kind, finding->rule && *finding->rule ? finding->rule : NULL);
    return true;
}

static void write_count(uint64_t key, void *value, void *context)
{
    (void)key;
    (void)context;
    struct seen *seen = value;
    if (seen->count == seen->written)
        return;
    seen->written = seen->count;
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_COUNT);
    snarl_wire_put_uint(writer, seen->id);
    snarl_wire_put_uint(writer, seen->count);
    snarl_runfile_finish();
}

void snarl_finding_write_counts(void)
{
    snarl_mutex_lock(&s_lock);
    snarl_map_each(&s_seen, write_count, NULL);
    snarl_mutex_unlock(&s_lock);
}

uint32_t snarl_finding_count(void)
{
    return __atomic_load_n(&s_count, __ATOMIC_RELAXED);
}

/* The child's findings are its own: it may find again what its parent found. */
void snarl_finding_forked(void)
{
    s_seen = (struct snarl_map){0};
    s_count = 0;
}
