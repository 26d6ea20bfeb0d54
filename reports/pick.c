/* pick.c - see pick.h. */
#include "reports/pick.h"

#include "reports/frames.h"
#include "reports/order.h"

#include <stdlib.h>
#include <string.h>

const struct snarl_kind snarl_kinds[SNARL_KINDS] = {
    {"deadlock", "Deadlock", "Deadlocks", "Threads wait for each other in a circle and none of them can go on.", "error"},
    {"stall", "Stall", "Stalls", "Every thread is blocked for ever and nothing is left that could wake one.", "error"},
    {"data-race", "Data race", "Data races",
     "Two threads touch the same memory, at least one of them writes, and nothing orders them.", "error"},
    {"lock-order-inversion", "Lock-order inversion", "Lock-order inversions",
     "Locks are taken in a circle: another schedule of the same threads is a deadlock.", "warning"},
    {"lock-misuse", "Lock misuse", "Lock misuse", "A rule of POSIX or C11 for locks is broken.", "error"},
    {"signal-unsafe", "Unsafe in a signal handler", "Unsafe in signal handlers",
     "A signal handler takes a lock or enters the allocator, which the code that it interrupts may be "
     "inside.",
     "warning"},
    {"thread-leak", "Thread leak", "Thread leaks", "A thread is neither joined nor detached when the program ends.", "note"},
};

size_t snarl_kind_rank(const char *name)
{
    size_t rank = 0;
    while (rank < SNARL_KINDS && strcmp(snarl_kinds[rank].name, name))
        rank++;
    return rank;
}

const struct snarl_kind *snarl_kind_find(const char *name)
{
    size_t rank = snarl_kind_rank(name);
    return rank < SNARL_KINDS ? &snarl_kinds[rank] : NULL;
}

json_int_t snarl_pick_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

const json_t *snarl_pick_primary(const json_t *finding)
{
    const json_t *events = json_object_get(finding, "events"), *first = NULL;
    size_t i;
    json_t *event;
    json_array_foreach(events, i, event)
    {
        const json_t *frame = snarl_event_frame(event);
        if (frame && snarl_frame_is_program(frame) && *snarl_json_text(frame, "file"))
            return event;
        if (!first && frame)
            first = event;
    }
    return first ? first : json_array_get(events, 0);
}

void snarl_pick_thread(const json_t *event, char *name, size_t size)
{
    const json_t *thread = json_object_get(event, "thread");
    const char *id = snarl_json_text(thread, "id"), *own = snarl_json_text(thread, "name");
    if (*own)
        snprintf(name, size, "%s", own);
    else
        snprintf(name, size, "T%s", *id ? snarl_path_base(id) : "?");
}

/* The name of the event's lock: the finding lists its locks, which is quicker than the document's list. */
static void lock_name(const json_t *document, const json_t *finding, const char *id, char *name, size_t size)
{
    size_t i;
    json_t *lock;
    json_array_foreach(json_object_get(finding, "locks"), i, lock)
    {
        if (!strcmp(snarl_json_text(lock, "id"), id) && *snarl_json_text(lock, "name")) {
            snprintf(name, size, "%s", snarl_json_text(lock, "name"));
            return;
        }
    }
    snarl_order_lock_name(document, id, name, size);
}

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* A shorter verb for what merely takes a lock or waits for it; NULL for everything that says more. */
static const char *lock_verb(const char *role, const char *what)
{
    if (!strcmp(role, "hold"))
        return "takes";
    if (!strcmp(role, "acquire") && (begins(what, "acquires") || begins(what, "pthread_")))
        return "takes";
    if (!strcmp(role, "wait") && (begins(what, "waits to acquire") || begins(what, "pthread_mutex_")))
        return "waits for";
    return NULL;
}

void snarl_pick_sentence(const json_t *document, const json_t *finding, const json_t *event, char *text,
                         size_t size)
{
    const char *role = snarl_json_text(event, "role"), *what = snarl_json_text(event, "what");
    const char *lock = snarl_json_text(event, "lock"), *verb = *lock ? lock_verb(role, what) : NULL;
    const char *function = snarl_json_text(snarl_event_frame(event), "function");
    char name[128] = "";
    if (*lock)
        lock_name(document, finding, lock, name, sizeof(name));
    if (!*what)
        what = role;
    snprintf(text, size, "%s%s%s%s%s", verb ? verb : what,
             !*lock ? ""
             : verb ? " "
                    : ": ",
             name, *function ? " in " : "", function);
}

bool snarl_pick_fails(const json_t *document, const json_t *finding)
{
    if (json_is_object(json_object_get(document, "gate")))
        return json_is_true(json_object_get(finding, "fails"));
    return !json_is_true(json_object_get(finding, "suppressed")) &&
           strcmp(snarl_json_text(finding, "baseline"), "unchanged");
}

struct moment {
    double at;
    int role;
    uint32_t index;
};

static int earlier(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->role != y->role)
        return x->role - y->role;
    return x->index < y->index ? -1 : x->index > y->index;
}

static double first_of_thread(const json_t *events, const json_t *event)
{
    const char *id = snarl_json_text(json_object_get(event, "thread"), "id");
    double first = 0;
    size_t i;
    json_t *other;
    json_array_foreach(events, i, other)
    {
        double at = json_number_value(json_object_get(other, "time_s"));
        if (at > 0 && (!first || at < first) &&
            !strcmp(snarl_json_text(json_object_get(other, "thread"), "id"), id))
            first = at;
    }
    return first;
}

void snarl_pick_order(const json_t *finding, uint32_t *order)
{
    const json_t *events = json_object_get(finding, "events");
    size_t i, count = json_array_size(events);
    struct moment *moments = calloc(count + 1, sizeof(*moments));
    json_t *event;
    json_array_foreach(events, i, event)
    {
        order[i] = i;
        if (!moments)
            continue;
        double at = json_number_value(json_object_get(event, "time_s"));
        bool hold = !strcmp(snarl_json_text(event, "role"), "hold");
        bool before = !strcmp(snarl_json_text(event, "role"), "access"); /* the earlier of a race */
        moments[i] = (struct moment){at > 0 || before ? at : first_of_thread(events, event), hold ? 0 : 1, i};
    }
    if (moments)
        qsort(moments, count, sizeof(*moments), earlier);
    for (i = 0; moments && i < count; i++)
        order[moments[i].index] = i;
    free(moments);
}
