/* text_finding.c - one finding for people.
 *
 *     deadlock: 2 threads wait for each other: lock_a, lock_b
 *       T2 holds lock_a and waits for ...                 what can go wrong, in words
 *
 *         T2: lock_a -> lock_b                            the cycle
 *         T3: lock_b -> lock_a
 *
 *       T2 took lock_a                                    the story, event by event
 *           worker_one  bank.c:14
 *             14 |     pthread_mutex_lock(&lock_a);
 *       ...
 *       locks, threads                                    where they come from
 *       others that are alike, a line each
 *       to silence it, fingerprint
 *
 * The source line is shown under the first program frame; runtime frames at both ends of a stack are left
 * out. */
#include "reports/text.h"

#include "reports/frames.h"
#include "reports/words.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_MAX 600
#define NAME_COLUMNS 34u
#define ALIKE_SHOWN 12u

static bool has_role(const json_t *event, const char *role)
{
    return !strcmp(snarl_json_text(event, "role"), role);
}

static void newline(const struct snarl_page *page)
{
    fputc('\n', page->out);
}

static void put_line(const struct snarl_page *page, const char *text)
{
    snarl_paint(page, SNARL_PAINT_FAINT, "%s", text);
    newline(page);
}

/* As a sentence begins with it. */
static const char *thread_of(const struct snarl_page *page, const json_t *event, char *label, size_t size)
{
    const json_t *thread = json_object_get(event, "thread");
    snarl_thread_label(thread, label, size);
    if (!strncmp(label, "the ", 4) || !strncmp(label, "a ", 2))
        label[0] -= 'a' - 'A';
    size_t length = strlen(label);
    const char *id = snarl_json_text(thread, "id");
    if (page->name_processes && *id)
        snprintf(label + length, size - length, " of process %.*s", (int)strcspn(id, "-"), id);
    return label;
}

static const char *lock_of(const json_t *finding, const json_t *event)
{
    return snarl_words_lock(finding, snarl_json_text(event, "lock"));
}

/* ---- stacks ---- */

static void put_where(const struct snarl_page *page, const json_t *frame, char *where, size_t size)
{
    const char *file = snarl_json_text(frame, "file"), *module = snarl_json_text(frame, "module");
    long long line = json_integer_value(json_object_get(frame, "line"));
    long long column = json_integer_value(json_object_get(frame, "column"));
    if (*file && line && column)
        snprintf(where, size, "%s:%lld:%lld", snarl_paint_path(page, file), line, column);
    else if (*file && line)
        snprintf(where, size, "%s:%lld", snarl_paint_path(page, file), line);
    else if (*file)
        snprintf(where, size, "%s", snarl_paint_path(page, file));
    else if (*module)
        snprintf(where, size, "%s+%s", snarl_path_base(module), snarl_json_text(frame, "offset"));
    else
        snprintf(where, size, "%s", snarl_json_text(frame, "offset"));
}

static void put_source(const struct snarl_page *page, const json_t *frame)
{
    struct snarl_source_line line;
    json_int_t number = json_integer_value(json_object_get(frame, "line"));
    const char *file = snarl_json_text(frame, "file");
    if (number > 0 && snarl_source_context(page->sources, file, number, 0, 0, &line))
        snarl_paint_source(page, 8, &line);
}

static void put_frame(const struct snarl_page *page, const json_t *frame)
{
    char function[256], where[TEXT_MAX];
    bool inlined = json_is_true(json_object_get(frame, "inlined"));
    enum snarl_paint paint = snarl_frame_is_program(frame) ? SNARL_PAINT_TITLE : SNARL_PAINT_FAINT;
    snarl_frame_function(frame, function, sizeof(function));
    if (!strcmp(function, "__restore_rt")) {
        put_line(page, "      (a signal arrived here)");
        return;
    }
    put_where(page, frame, where, sizeof(where));
    unsigned columns = snarl_paint_columns(function);
    fputs("      ", page->out);
    if (*function) {
        snarl_paint(page, paint, "%s", function);
        fprintf(page->out, "%*s", columns < NAME_COLUMNS ? (int)(NAME_COLUMNS - columns) : 2, "");
    }
    snarl_paint(page, paint == SNARL_PAINT_TITLE ? SNARL_PAINT_PLAIN : paint, "%s", where);
    if (inlined)
        snarl_paint(page, SNARL_PAINT_FAINT, " (inlined)");
    newline(page);
}

/* Leaves out the runtime's frames at both ends, unless that leaves nothing. */
static void trim(const json_t *stack, size_t *start, size_t *end)
{
    size_t first = 0, last = json_array_size(stack);
    while (first < last && !snarl_frame_is_program(json_array_get(stack, first)))
        first++;
    if (first == last)
        return;
    while (!snarl_frame_is_program(json_array_get(stack, last - 1)))
        last--;
    *start = first;
    *end = last;
}

static void put_stack(const struct snarl_page *page, const json_t *event)
{
    const json_t *stack = json_object_get(event, "stack"), *shown = snarl_event_frame(event);
    size_t start = 0, end = json_array_size(stack);
    if (!end)
        put_line(page, "      (no stack was kept)");
    if (!page->options->full)
        trim(stack, &start, &end);
    for (size_t i = start; i < end; i++) {
        const json_t *frame = json_array_get(stack, i);
        put_frame(page, frame);
        if (frame == shown) {
            put_source(page, frame);
            shown = NULL; /* the same frame of a recursion only once */
        }
    }
    if (end && json_is_false(json_object_get(event, "complete")))
        put_line(page, "      (what called this is not known)");
}

/* ---- the cycle ---- */

static bool is_cycle(const json_t *finding)
{
    const char *kind = snarl_json_text(finding, "kind");
    return !strcmp(kind, "deadlock") || !strcmp(kind, "lock-order-inversion");
}

/* "T2: lock_a -> lock_b" for each thread of the cycle. */
static void put_cycle(const struct snarl_page *page, const json_t *finding)
{
    const json_t *events = json_object_get(finding, "events"), *hold = NULL, *event;
    char label[TEXT_MAX];
    size_t index;
    unsigned edges = 0;
    if (json_array_size(events) < 4) /* a thread that waits for itself */
        return;
    json_array_foreach(events, index, event)
    {
        if (has_role(event, "hold")) {
            hold = event;
            continue;
        }
        if (!hold || !*snarl_json_text(event, "lock"))
            continue;
        if (!edges++)
            newline(page);
        fputs("      ", page->out);
        snarl_paint(page, SNARL_PAINT_THREAD, "%s", thread_of(page, event, label, sizeof(label)));
        fputs(": ", page->out);
        snarl_paint(page, SNARL_PAINT_LOCK, "%s", lock_of(finding, hold));
        fputs(" -> ", page->out);
        snarl_paint(page, SNARL_PAINT_LOCK, "%s", lock_of(finding, event));
        newline(page);
        hold = NULL;
    }
}

/* ---- the story ---- */

static bool says(const json_t *event, const char *word)
{
    return strstr(snarl_json_text(event, "what"), word) != NULL;
}

/* What makes a sentence of the thread and `what`. */
static const char *before(const json_t *event)
{
    if (has_role(event, "access"))
        return ": ";
    if (has_role(event, "signal"))
        return ", in a signal handler, calls ";
    return has_role(event, "create") ? " was " : " ";
}

/* "took lock_a", "waits for lock_b", "write of 4 bytes". */
static void put_deed(const struct snarl_page *page, const json_t *finding, const json_t *event)
{
    const char *what = snarl_json_text(event, "what");
    bool lock = *snarl_json_text(event, "lock");
    const char *shared = says(event, "shared") ? " (shared)" : "";
    const json_t *joined = snarl_words_joined(finding, event);
    char label[TEXT_MAX];
    if (joined) {
        snarl_thread_label(json_object_get(joined, "thread"), label, sizeof(label));
        snarl_paint(page, SNARL_PAINT_PLAIN, " waits for %s to end", label);
    } else if (has_role(event, "hold") && lock)
        snarl_paint(page, SNARL_PAINT_PLAIN, " took ");
    else if (has_role(event, "wait") && lock && says(event, "waits to acquire"))
        snarl_paint(page, SNARL_PAINT_PLAIN, " waits for ");
    else if (has_role(event, "acquire") && lock && says(event, "acquires"))
        snarl_paint(page, SNARL_PAINT_PLAIN, " takes ");
    else
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s%s%s", before(event), *what ? what : "?", lock ? ": " : "");
    if (lock)
        snarl_paint(page, SNARL_PAINT_LOCK, "%s", lock_of(finding, event));
    snarl_paint(page, SNARL_PAINT_PLAIN, "%s", lock ? shared : "");
}

static bool is_race(const json_t *finding)
{
    return !strcmp(snarl_json_text(finding, "kind"), "data-race");
}

static void put_held(const struct snarl_page *page, const json_t *finding, const json_t *event)
{
    const json_t *held = json_object_get(event, "locks_held"), *id;
    size_t index;
    unsigned told = 0;
    bool known = is_race(finding) && has_role(event, "access");
    if (known && !json_array_size(held) && json_array_size(json_object_get(finding, "locks")))
        snarl_paint(page, SNARL_PAINT_PLAIN, ", holding no lock");
    json_array_foreach(held, index, id)
    {
        if (!strcmp(json_string_value(id), snarl_json_text(event, "lock")))
            continue; /* the heading names it already */
        if (told == 4) {
            snarl_paint(page, SNARL_PAINT_PLAIN, " and %zu more", json_array_size(held) - told);
            return;
        }
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s", told++ ? ", " : ", holding ");
        snarl_paint(page, SNARL_PAINT_LOCK, "%s", snarl_words_lock(finding, json_string_value(id)));
    }
}

/* What ended while it held a lock has no place but where it took the lock, which comes next. */
static bool told_next(const json_t *finding, const json_t *event, size_t index)
{
    const json_t *next = json_array_get(json_object_get(finding, "events"), index + 1);
    return has_role(event, "release") && next &&
           json_equal(json_object_get(event, "stack"), json_object_get(next, "stack"));
}

/* What the code calls the memory, where that is another name than the finding's. */
static void put_target(const struct snarl_page *page, const json_t *finding, const json_t *event)
{
    const char *target = snarl_json_text(event, "target");
    if (*target && strcmp(target, snarl_json_text(json_object_get(finding, "location"), "symbol")))
        snarl_paint(page, SNARL_PAINT_PLAIN, ", here %s", target);
}

/* Of a race: where the access's thread took the locks that it held then. */
static void put_holds(const struct snarl_page *page, const json_t *finding, const json_t *access)
{
    const json_t *thread = json_object_get(json_object_get(access, "thread"), "id"), *event;
    char place[TEXT_MAX];
    size_t index;
    json_array_foreach(json_object_get(finding, "events"), index, event)
    {
        if (!has_role(event, "hold") || !json_equal(json_object_get(json_object_get(event, "thread"), "id"), thread))
            continue;
        snarl_frame_place(snarl_event_frame(event), place, sizeof(place));
        fputs("      took ", page->out);
        snarl_paint(page, SNARL_PAINT_LOCK, "%s", lock_of(finding, event));
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s in %s", says(event, "shared") ? " (shared)" : "", place);
        newline(page);
    }
}

static void put_event(const struct snarl_page *page, const json_t *finding, const json_t *event, size_t index)
{
    char label[TEXT_MAX];
    if (is_race(finding) && has_role(event, "hold"))
        return; /* told with the access */
    newline(page);
    fputs("  ", page->out);
    snarl_paint(page, SNARL_PAINT_THREAD, "%s", thread_of(page, event, label, sizeof(label)));
    put_deed(page, finding, event);
    put_target(page, finding, event);
    if (!has_role(event, "hold"))
        put_held(page, finding, event);
    newline(page);
    if (!told_next(finding, event, index))
        put_stack(page, event);
    if (is_race(finding) && has_role(event, "access"))
        put_holds(page, finding, event);
}

/* ---- origins ---- */

static void put_owner(const struct snarl_page *page, const json_t *location, const char *before)
{
    char label[TEXT_MAX];
    if (!json_is_object(json_object_get(location, "thread")))
        return;
    snarl_thread_label(json_object_get(location, "thread"), label, sizeof(label));
    snarl_paint(page, SNARL_PAINT_PLAIN, "%s%s", before, label);
}

/* What kind of memory it is: "part of a global variable of 24 bytes". */
static void put_memory(const struct snarl_page *page, const json_t *location)
{
    const char *kind = snarl_json_text(location, "kind"), *symbol = snarl_json_text(location, "symbol");
    const char *function = snarl_json_text(location, "function"), *type = snarl_json_text(location, "type");
    long long size = json_integer_value(json_object_get(location, "size"));
    long long offset = json_integer_value(json_object_get(location, "offset"));
    const char *part = strpbrk(symbol, ".[+") ? "part of " : "";
    if (!strcmp(kind, "unknown"))
        snarl_paint(page, SNARL_PAINT_PLAIN, "of a kind that is not known");
    else if (!strcmp(kind, "global"))
        snarl_paint(page, SNARL_PAINT_PLAIN, "%sa %s variable", part, *function ? "static" : "global");
    else if (!strcmp(kind, "stack"))
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s%s", part, *symbol && *function ? "a local variable" : "on the stack");
    else if (!strcmp(kind, "tls"))
        snarl_paint(page, SNARL_PAINT_PLAIN, "%sa thread-local variable", part);
    else if (strcmp(kind, "heap"))
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s memory", kind);
    else if (offset)
        snarl_paint(page, SNARL_PAINT_PLAIN, "at byte %lld of a heap block", offset);
    else
        snarl_paint(page, SNARL_PAINT_PLAIN, "a heap block");
    if (size)
        snarl_paint(page, SNARL_PAINT_PLAIN, " of %lld byte%s", size, size == 1 ? "" : "s");
    if (*type)
        snarl_paint(page, SNARL_PAINT_PLAIN, " (%s)", type);
    if (*function)
        snarl_paint(page, SNARL_PAINT_PLAIN, " in %s", function);
    put_owner(page, location, !strcmp(kind, "stack") && *symbol && *function ? ", on the stack of " : " of ");
}

static void put_location(const struct snarl_page *page, const json_t *finding)
{
    const json_t *location = json_object_get(finding, "location");
    const json_t *allocated = json_object_get(location, "allocated"), *declared = json_object_get(location, "declared");
    const char *symbol = snarl_json_text(location, "symbol");
    char thread[TEXT_MAX];
    if (!*snarl_json_text(location, "kind"))
        return;
    newline(page);
    snarl_paint(page, SNARL_PAINT_PLAIN, "  The memory: ");
    snarl_paint(page, SNARL_PAINT_LOCK, "%s%s", symbol, *symbol ? ", " : "");
    put_memory(page, location);
    if (json_is_object(declared))
        snarl_paint(page, SNARL_PAINT_PLAIN, ", declared at %s:%lld",
                    snarl_paint_path(page, snarl_json_text(declared, "file")),
                    (long long)json_integer_value(json_object_get(declared, "line")));
    if (json_is_object(allocated)) {
        snarl_thread_label(json_object_get(allocated, "thread"), thread, sizeof(thread));
        snarl_paint(page, SNARL_PAINT_PLAIN, ", allocated by %s", thread);
    }
    newline(page);
    if (json_is_object(allocated))
        put_stack(page, allocated);
}

static void put_lock(const struct snarl_page *page, const json_t *lock)
{
    const json_t *created = json_object_get(lock, "created"), *declared = json_object_get(lock, "declared");
    char place[TEXT_MAX];
    fputs("    ", page->out);
    snarl_paint(page, SNARL_PAINT_LOCK, "%s", snarl_json_text(lock, "name"));
    snarl_paint(page, SNARL_PAINT_PLAIN, ": %s", snarl_json_text(lock, "kind"));
    if (json_is_object(declared))
        snarl_paint(page, SNARL_PAINT_PLAIN, ", declared at %s:%lld",
                    snarl_paint_path(page, snarl_json_text(declared, "file")),
                    (long long)json_integer_value(json_object_get(declared, "line")));
    if (json_array_size(json_object_get(created, "stack"))) {
        snarl_frame_place(snarl_event_frame(created), place, sizeof(place));
        snarl_paint(page, SNARL_PAINT_PLAIN, ", %s in %s",
                    says(created, "first use") ? "first used" : "initialised", place);
    }
    newline(page);
}

static void put_locks(const struct snarl_page *page, const json_t *finding)
{
    const json_t *locks = json_object_get(finding, "locks"), *lock;
    size_t index;
    if (!json_array_size(locks))
        return;
    fputs("\n  Locks\n", page->out);
    json_array_foreach(locks, index, lock)
    {
        if (index == 12) {
            fprintf(page->out, "    and %zu more\n", json_array_size(locks) - index);
            return;
        }
        put_lock(page, lock);
    }
}

static bool seen_before(const json_t *events, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(snarl_json_text(json_object_get(json_array_get(events, i), "thread"), "id"), id))
            return true;
    return false;
}

static void put_threads(const struct snarl_page *page, const json_t *finding)
{
    const json_t *events = json_object_get(finding, "events"), *event;
    char label[TEXT_MAX], place[TEXT_MAX];
    size_t index;
    unsigned told = 0;
    if (!strcmp(snarl_json_text(finding, "kind"), "thread-leak"))
        return; /* told already */
    json_array_foreach(events, index, event)
    {
        const json_t *thread = json_object_get(event, "thread"),
                     *created = json_object_get(thread, "created");
        if (!json_is_object(created) || seen_before(events, index, snarl_json_text(thread, "id")))
            continue;
        if (!told++)
            fputs("\n  Threads\n", page->out);
        if (told > 12)
            continue;
        fputs("    ", page->out);
        snarl_paint(page, SNARL_PAINT_THREAD, "%s", thread_of(page, event, label, sizeof(label)));
        snarl_thread_label(json_object_get(created, "thread"), label, sizeof(label));
        snarl_frame_place(snarl_event_frame(created), place, sizeof(place));
        snarl_paint(page, SNARL_PAINT_PLAIN, ": created by %s in %s", label, place);
        newline(page);
    }
    if (told > 12)
        fprintf(page->out, "    and %u more\n", told - 12);
}

/* ---- the rest ---- */

static void put_also(const struct snarl_page *page, const json_t *finding)
{
    const json_t *also = json_object_get(finding, "also"), *place;
    size_t index;
    if (json_array_size(also) < 2)
        return;
    fputs("\n  The same was seen at\n", page->out);
    json_array_foreach(also, index, place) if (index < 8)
        snarl_paint_wrapped(page, 4, json_string_value(place));
    if (json_array_size(also) > 8)
        fputs("    and more places\n", page->out);
}

/* "read at bank.c:21:9": without the size and the folder, which are told above of one of them. */
static void put_access(const struct snarl_page *page, const json_t *event)
{
    const char *what = snarl_json_text(event, "what"), *size = strstr(what, " of ");
    const json_t *frame = snarl_event_frame(event);
    char where[TEXT_MAX] = "an unknown place";
    if (frame)
        put_where(page, frame, where, sizeof(where));
    snarl_paint(page, SNARL_PAINT_PLAIN, "%.*s at %s", (int)(size ? (size_t)(size - what) : strlen(what)), what,
                snarl_path_base(where));
}

static void put_alike(const struct snarl_page *page, const json_t *group)
{
    size_t count = json_array_size(group) - 1, shown = count;
    if (!page->options->full && count > ALIKE_SHOWN + 1)
        shown = ALIKE_SHOWN;
    if (count)
        fprintf(page->out, "\n  %zu more of the same two functions on the same memory\n", count);
    for (size_t i = 1; i <= shown; i++) {
        const json_t *finding = json_array_get(group, i), *events = json_object_get(finding, "events");
        const char *symbol = snarl_json_text(json_object_get(finding, "location"), "symbol");
        fputs("    ", page->out);
        snarl_paint(page, SNARL_PAINT_LOCK, "%s", symbol);
        fputs(*symbol ? ": " : "", page->out);
        put_access(page, json_array_get(events, 0));
        fputs(", ", page->out);
        put_access(page, json_array_get(events, 1));
        snarl_paint(page, SNARL_PAINT_FAINT, " (%.12s)", snarl_json_text(finding, "fingerprint"));
        newline(page);
    }
    if (shown < count)
        fprintf(page->out, "    and %zu more, which `snarl report --full` lists\n", count - shown);
}

static void put_foot(const struct snarl_page *page, const json_t *finding, bool with_process)
{
    long long count = json_integer_value(json_object_get(finding, "count"));
    size_t processes = json_object_size(json_object_get(finding, "processes"));
    fputs("\n  ", page->out);
    snarl_paint(page, SNARL_PAINT_FAINT, "to silence it: ");
    snarl_paint(page, SNARL_PAINT_PLAIN, "%s", snarl_json_text(finding, "suggestion"));
    snarl_paint(page, SNARL_PAINT_FAINT, "   (finding %.12s", snarl_json_text(finding, "fingerprint"));
    if (count > 1)
        snarl_paint(page, SNARL_PAINT_FAINT, ", seen %lld times", count);
    if (with_process && processes > 1)
        snarl_paint(page, SNARL_PAINT_FAINT, " in %zu processes, here in %s %lld", processes,
                    snarl_json_text(finding, "program"),
                    (long long)json_integer_value(json_object_get(finding, "pid")));
    else if (with_process)
        snarl_paint(page, SNARL_PAINT_FAINT, ", in process %s %lld", snarl_json_text(finding, "program"),
                    (long long)json_integer_value(json_object_get(finding, "pid")));
    snarl_paint(page, SNARL_PAINT_FAINT, ")");
    newline(page);
}

static void put_title(const struct snarl_page *page, const json_t *finding)
{
    const char *confidence = snarl_json_text(finding, "confidence"), *rule = snarl_json_text(finding, "rule");
    bool observed = !strcmp(confidence, "observed");
    snarl_paint(page, observed ? SNARL_PAINT_ERROR : SNARL_PAINT_WARN, "%s",
                snarl_json_text(finding, "kind"));
    if (*rule)
        snarl_paint(page, observed ? SNARL_PAINT_ERROR : SNARL_PAINT_WARN, " (%s)", rule);
    snarl_paint(page, SNARL_PAINT_TITLE, ": %s", snarl_json_text(finding, "message"));
    newline(page);
    if (!strcmp(confidence, "possible"))
        put_line(page, "  It did not happen in this run; another order of the threads can make it happen.");
    if (!strcmp(confidence, "feasible"))
        put_line(page,
                 "  It did not happen in this run; an order of the threads that makes it happen was found.");
}

void snarl_text_findings(const struct snarl_page *outer, const json_t *group, bool with_process)
{
    const json_t *finding = json_array_get(group, 0), *event;
    size_t index;
    struct snarl_page own = *outer, *page = &own;
    own.name_processes = json_object_get(finding, "derived") != NULL;
    put_title(page, finding);
    snarl_paint_wrapped(page, 2, snarl_json_text(finding, "explanation"));
    if (is_cycle(finding))
        put_cycle(page, finding);
    json_array_foreach(json_object_get(finding, "events"), index, event)
        put_event(page, finding, event, index);
    put_location(page, finding);
    put_locks(page, finding);
    put_threads(page, finding);
    put_also(page, finding);
    put_alike(page, group);
    put_foot(page, finding, with_process);
}
