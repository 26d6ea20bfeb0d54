/* runfile_records.c - the fields of each record type of a run file, as finding/runfile.h lists them.
 *
 * A take_*() reads all fields into a struct of its own and hands it on only if the payload did not end too
 * early
 * (`failed`), so a bad record changes nothing. Counts are bounded by the bytes that are left: each element
 * takes at least one. */
#include "reports/runfile_records.h"

#include <string.h>

#define EVENT_LEAST 10u /* an event has ten fields */

void snarl_list_append(struct snarl_list_end *end, void *item, void *item_next)
{
    memcpy(end->at, &item, sizeof(item));
    end->at = item_next;
}

void snarl_runfile_lists(struct snarl_runfile *file)
{
    struct snarl_runfile_inner *inner = file->inner;
    inner->modules_end.at = &file->modules;
    inner->threads_end.at = &file->threads;
    inner->locks_end.at = &file->locks;
    inner->findings_end.at = &file->findings;
    inner->edges_end.at = &file->edges;
    inner->counters_end.at = &file->counters;
    inner->children_end.at = &file->children;
    inner->coverage_end.at = &file->coverage;
    inner->notes_end.at = &file->notes;
    inner->damage_end.at = &file->damage;
}

static void *take(struct snarl_runfile *file, size_t size)
{
    return snarl_arena_take(&file->inner->arena, size);
}

static uint64_t number(struct snarl_wire_reader *in)
{
    return snarl_wire_get_uint(in);
}

static unsigned small(struct snarl_wire_reader *in)
{
    uint64_t value = snarl_wire_get_uint(in);
    return value > 0xffffffffu ? 0 : (unsigned)value;
}

static const char *text(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    size_t length;
    const uint8_t *bytes = snarl_wire_get_bytes(in, &length);
    return length ? snarl_arena_text(&file->inner->arena, bytes, length) : "";
}

static const char *hexadecimal(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    static const char s_digits[] = "0123456789abcdef";
    size_t length;
    const uint8_t *bytes = snarl_wire_get_bytes(in, &length);
    char *digits = take(file, 2 * length + 1);
    for (size_t i = 0; i < length; i++) {
        digits[2 * i] = s_digits[bytes[i] >> 4];
        digits[2 * i + 1] = s_digits[bytes[i] & 15];
    }
    return digits;
}

/* A number of elements that follow, each of `least` bytes or more; a false one is failed at once, before
 * memory is taken for it. */
static size_t counted(struct snarl_wire_reader *in, size_t least)
{
    uint64_t count = number(in);
    if (count > (uint64_t)(in->end - in->at) / least)
        in->failed = true;
    return in->failed ? 0 : count;
}

static uint64_t *numbers(struct snarl_runfile *file, struct snarl_wire_reader *in, size_t *count)
{
    *count = counted(in, 1);
    uint64_t *values = take(file, *count * sizeof(*values));
    for (size_t i = 0; i < *count; i++)
        values[i] = number(in);
    return values;
}

static void seen_at(struct snarl_runfile *file, uint64_t time_ns)
{
    if (time_ns > file->last_ns)
        file->last_ns = time_ns;
}

static bool take_process(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_process process = {.known = true};
    process.pid = number(in);
    process.ppid = number(in);
    process.realtime_ns = number(in);
    process.monotonic_ns = number(in);
    process.program = text(file, in);
    process.cwd = text(file, in);
    process.argument_count = counted(in, 1);
    process.arguments = take(file, process.argument_count * sizeof(char *));
    for (size_t i = 0; i < process.argument_count; i++)
        process.arguments[i] = text(file, in);
    process.mode = text(file, in);
    process.version = text(file, in);
    process.run_id = text(file, in);
    if (!in->failed && !file->process.known)
        file->process = process;
    return !in->failed;
}

static bool take_module(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_module module = {.id = number(in)};
    module.path = text(file, in);
    module.build_id = hexadecimal(file, in);
    module.bias = number(in);
    module.start = number(in);
    module.end = number(in);
    module.program = number(in) & 1;
    if (in->failed)
        return false;
    struct snarl_run_module *known = snarl_idmap_get(&file->inner->modules, module.id);
    struct snarl_run_module *kept = known ? known : take(file, sizeof(*kept));
    module.next = kept->next;
    *kept = module;
    if (!known)
        snarl_list_append(&file->inner->modules_end, kept, &kept->next);
    snarl_idmap_set(&file->inner->modules, module.id, kept);
    return true;
}

static void take_frame(struct snarl_runfile *file, struct snarl_wire_reader *in,
                       struct snarl_run_frame *frame)
{
    frame->module = number(in);
    frame->function = frame->file = frame->language = "";
    if (frame->module != SNARL_FRAME_SYMBOLIC) {
        frame->kind = frame->module ? SNARL_RUN_FRAME_MODULE : SNARL_RUN_FRAME_ADDRESS;
        frame->value = number(in);
        return;
    }
    frame->kind = SNARL_RUN_FRAME_SYMBOLIC;
    frame->module = 0;
    frame->function = text(file, in);
    frame->file = text(file, in);
    frame->line = small(in);
    frame->column = small(in);
    frame->language = text(file, in);
}

static bool take_stack(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_stack *stack = take(file, sizeof(*stack));
    stack->id = number(in);
    uint64_t bits = number(in);
    stack->complete = bits & 1;
    stack->exact = bits & 2;
    stack->count = counted(in, 2);
    stack->frames = take(file, stack->count * sizeof(*stack->frames));
    for (size_t i = 0; i < stack->count && !in->failed; i++)
        take_frame(file, in, &stack->frames[i]);
    if (!in->failed)
        snarl_idmap_set(&file->inner->stacks, stack->id, stack);
    return !in->failed;
}

static bool take_thread(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_thread thread = {.id = number(in)};
    thread.tid = number(in);
    thread.name = text(file, in);
    thread.creator = number(in);
    thread.create_stack = number(in);
    thread.start_ns = number(in);
    thread.end_ns = number(in);
    unsigned flags = small(in);
    thread.main = flags & 1;
    thread.detached = flags & 2;
    thread.joined = flags & 4;
    if (in->failed)
        return false;
    seen_at(file, thread.start_ns);
    seen_at(file, thread.end_ns);
    struct snarl_run_thread *known = snarl_idmap_get(&file->inner->threads, thread.id);
    struct snarl_run_thread *kept = known ? known : take(file, sizeof(*kept));
    thread.next = kept->next;
    *kept = thread;
    if (!known)
        snarl_list_append(&file->inner->threads_end, kept, &kept->next);
    snarl_idmap_set(&file->inner->threads, thread.id, kept);
    return true;
}

static bool take_lock(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_lock lock = {.id = number(in)};
    lock.kind = text(file, in);
    lock.name = text(file, in);
    lock.address = number(in);
    lock.module = number(in);
    lock.value = number(in);
    lock.create_stack = number(in);
    lock.create_thread = number(in);
    lock.unseen = number(in) & 1;
    if (in->failed)
        return false;
    struct snarl_run_lock *known = snarl_idmap_get(&file->inner->locks, lock.id);
    struct snarl_run_lock *kept = known ? known : take(file, sizeof(*kept));
    lock.next = kept->next;
    lock.acquisitions = kept->acquisitions;
    lock.contended = kept->contended;
    lock.wait_ns = kept->wait_ns;
    lock.hold_max_ns = kept->hold_max_ns;
    *kept = lock;
    if (!known)
        snarl_list_append(&file->inner->locks_end, kept, &kept->next);
    snarl_idmap_set(&file->inner->locks, lock.id, kept);
    return true;
}

static bool take_lock_use(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    uint64_t id = number(in);
    struct snarl_run_lock use = {.acquisitions = number(in)};
    use.contended = number(in);
    use.wait_ns = number(in);
    use.hold_max_ns = number(in);
    struct snarl_run_lock *lock = snarl_idmap_get(&file->inner->locks, id);
    if (lock && !in->failed) {
        lock->acquisitions = use.acquisitions;
        lock->contended = use.contended;
        lock->wait_ns = use.wait_ns;
        lock->hold_max_ns = use.hold_max_ns;
    }
    return !in->failed;
}

static void take_event(struct snarl_runfile *file, struct snarl_wire_reader *in,
                       struct snarl_run_event *event)
{
    event->role = text(file, in);
    event->what = text(file, in);
    unsigned flags = small(in);
    event->atomic = flags & 1;
    event->write = flags & 2;
    event->thread = number(in);
    event->lock = number(in);
    event->stack = number(in);
    event->time_ns = number(in);
    event->address = number(in);
    event->size = number(in);
    event->held = numbers(file, in, &event->held_count);
}

static void take_location(struct snarl_runfile *file, struct snarl_wire_reader *in,
                          struct snarl_run_location *location)
{
    location->kind = text(file, in);
    location->address = number(in);
    location->size = number(in);
    location->module = number(in);
    location->value = number(in);
    location->symbol = text(file, in);
    if (number(in) && !in->failed) {
        location->allocated = take(file, sizeof(*location->allocated));
        take_event(file, in, location->allocated);
    }
}

/* Files of an earlier version end before it. */
static void take_owner(struct snarl_wire_reader *in, struct snarl_run_location *location)
{
    if (in->failed || in->at == in->end)
        return;
    location->byte = number(in);
    location->thread = number(in);
    location->block_module = number(in);
    number(in);
    location->block_offset = number(in);
    location->stack = number(in);
    location->frame = number(in);
    location->cfa = number(in);
}

static bool take_finding(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_finding *finding = take(file, sizeof(*finding));
    finding->id = number(in);
    finding->kind = text(file, in);
    finding->rule = text(file, in);
    finding->confidence = text(file, in);
    finding->message = text(file, in);
    finding->time_ns = number(in);
    finding->count = 1;
    take_location(file, in, &finding->location);
    finding->locks = numbers(file, in, &finding->lock_count);
    finding->event_count = counted(in, EVENT_LEAST);
    finding->events = take(file, finding->event_count * sizeof(*finding->events));
    for (size_t i = 0; i < finding->event_count && !in->failed; i++)
        take_event(file, in, &finding->events[i]);
    take_owner(in, &finding->location);
    if (in->failed)
        return false;
    seen_at(file, finding->time_ns);
    snarl_list_append(&file->inner->findings_end, finding, &finding->next);
    snarl_idmap_set(&file->inner->findings, finding->id, finding);
    return true;
}

static bool take_count(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_finding *finding = snarl_idmap_get(&file->inner->findings, number(in));
    uint64_t count = number(in);
    if (finding && !in->failed)
        finding->count = count ? count : 1;
    return !in->failed;
}

static bool take_edge(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_edge *edge = take(file, sizeof(*edge));
    edge->from = number(in);
    edge->to = number(in);
    edge->count = number(in);
    edge->threads = number(in);
    edge->hold_stack = number(in);
    edge->acquire_stack = number(in);
    edge->mode_from = text(file, in);
    edge->mode_to = text(file, in);
    edge->thread = number(in);
    edge->gates = numbers(file, in, &edge->gate_count);
    if (!in->failed)
        snarl_list_append(&file->inner->edges_end, edge, &edge->next);
    return !in->failed;
}

static bool take_counters(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    size_t count = counted(in, 2);
    struct snarl_run_counter *counters = take(file, count * sizeof(*counters));
    for (size_t i = 0; i < count; i++) {
        counters[i].name = text(file, in);
        counters[i].value = number(in);
    }
    if (in->failed)
        return false;
    /* Written again, they replace what was there. */
    file->counters = NULL;
    file->inner->counters_end.at = &file->counters;
    for (size_t i = 0; i < count; i++)
        snarl_list_append(&file->inner->counters_end, &counters[i], &counters[i].next);
    return true;
}

static bool take_exit(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_exit end = {.how = small(in)};
    end.value = number(in);
    end.time_ns = number(in);
    end.threads = number(in);
    if (in->failed || (int)end.how > SNARL_RUN_EXIT_DEADLOCK || (int)end.how < 0)
        return false;
    seen_at(file, end.time_ns);
    file->exit = end;
    return true;
}

static bool take_child(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_child *child = take(file, sizeof(*child));
    child->pid = number(in);
    child->status = number(in);
    if (!in->failed)
        snarl_list_append(&file->inner->children_end, child, &child->next);
    return !in->failed;
}

static bool take_coverage(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_coverage coverage = {.module = number(in)};
    coverage.accesses = number(in);
    coverage.instrumented = number(in);
    coverage.reason = text(file, in);
    if (in->failed)
        return false;
    struct snarl_run_coverage *known = snarl_idmap_get(&file->inner->coverage, coverage.module);
    struct snarl_run_coverage *kept = known ? known : take(file, sizeof(*kept));
    coverage.next = kept->next;
    *kept = coverage;
    if (!known)
        snarl_list_append(&file->inner->coverage_end, kept, &kept->next);
    snarl_idmap_set(&file->inner->coverage, coverage.module, kept);
    return true;
}

static bool take_note(struct snarl_runfile *file, struct snarl_wire_reader *in)
{
    struct snarl_run_note *note = take(file, sizeof(*note));
    note->text = text(file, in);
    if (!in->failed)
        snarl_list_append(&file->inner->notes_end, note, &note->next);
    return !in->failed;
}

bool snarl_runfile_record(struct snarl_runfile *file, unsigned type, struct snarl_wire_reader *in)
{
    switch (type) {
    case SNARL_RECORD_PROCESS:
        return take_process(file, in);
    case SNARL_RECORD_MODULE:
        return take_module(file, in);
    case SNARL_RECORD_STACK:
        return take_stack(file, in);
    case SNARL_RECORD_THREAD:
        return take_thread(file, in);
    case SNARL_RECORD_LOCK:
        return take_lock(file, in);
    case SNARL_RECORD_FINDING:
        return take_finding(file, in);
    case SNARL_RECORD_COUNT:
        return take_count(file, in);
    case SNARL_RECORD_EDGE:
        return take_edge(file, in);
    case SNARL_RECORD_LOCK_USE:
        return take_lock_use(file, in);
    case SNARL_RECORD_COUNTERS:
        return take_counters(file, in);
    case SNARL_RECORD_EXIT:
        return take_exit(file, in);
    case SNARL_RECORD_CHILD:
        return take_child(file, in);
    case SNARL_RECORD_COVERAGE:
        return take_coverage(file, in);
    case SNARL_RECORD_NOTE:
        return take_note(file, in);
    default: /* of a newer snarl: nothing here needs it */
        return true;
    }
}
