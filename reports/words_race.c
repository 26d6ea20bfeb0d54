/* words_race.c - what a data race says in plain words; see words.h.
 *
 * The first two events are the accesses; "hold" events after them tell where the locks that were held then were taken. */
#include "reports/words_inner.h"

#define LOCKS_TOLD 4u

/* ---- the memory and the accesses ---- */

/* The function without its parameters. */
static void put_function(FILE *out, const json_t *location)
{
    char name[256];
    json_t *frame = json_pack("{ssss}", "function", snarl_json_text(location, "function"), "language", "c++");
    snarl_frame_function(frame, name, sizeof(name));
    json_decref(frame);
    fputs(name, out);
}

static void put_owner(FILE *out, const json_t *location)
{
    char label[256];
    snarl_thread_label(json_object_get(location, "thread"), label, sizeof(label));
    fputs(label, out);
}

static void put_block(FILE *out, const json_t *location)
{
    const json_t *allocated = json_object_get(location, "allocated");
    json_int_t size = json_integer_value(json_object_get(location, "size"));
    if (snarl_event_frame(allocated)) {
        fputs("the heap block allocated ", out);
        snarl_words_put_place(out, allocated);
    } else {
        fprintf(out, "a heap block of %lld bytes", (long long)size);
    }
}

/* "counter", "the heap block allocated in f (x.c:3)", "memory". */
static void put_location(FILE *out, const json_t *finding)
{
    const json_t *location = json_object_get(finding, "location");
    const char *symbol = snarl_json_text(location, "symbol"), *kind = snarl_json_text(location, "kind");
    bool local = *snarl_json_text(location, "function"), tls = !strcmp(kind, "tls");
    bool owned = json_is_object(json_object_get(location, "thread"));
    if (*symbol) {
        bool freed = !strcmp(snarl_json_text(finding, "rule"), "use-after-free") && strpbrk(symbol, ".>");
        fputs(freed ? "the heap block of " : "", out); /* all of it ends, not the member that was used */
        fputs(symbol, out);
        bool told = local || (tls && owned);
        fputs(!told ? "" : tls ? " (thread-local of " : !strcmp(kind, "stack") ? " (local to " : " (static in ", out);
        if (tls && owned)
            put_owner(out, location);
        else if (local)
            put_function(out, location);
        fputs(told ? ")" : "", out);
    } else if (!strcmp(kind, "heap")) {
        put_block(out, location);
    } else if (!strcmp(kind, "stack") || tls) {
        fputs(tls ? "a thread-local variable" : "a variable on the stack", out);
        fputs(owned ? " of " : "", out);
        if (owned)
            put_owner(out, location);
        fputs(local ? ", in " : "", out);
        if (local)
            put_function(out, location);
    } else if (!strcmp(kind, "fd")) {
        fputs("a file descriptor", out);
    } else {
        bool known = *kind && strcmp(kind, "unknown");
        fprintf(out, "%s%smemory", known ? kind : "", known ? " " : "");
    }
}

/* Whether the access ends the memory's life: "free of the memory". */
static bool is_ending(const json_t *event)
{
    const char *what = snarl_json_text(event, "what");
    return !strncmp(what, "free of ", 8) || !strncmp(what, "unmapping of ", 13) || !strncmp(what, "closing of ", 11);
}

/* A size says something where it is not that of the thing named. */
static bool says_size(const json_t *finding)
{
    const json_t *first = event_at(finding, 0), *second = event_at(finding, 1);
    return !*snarl_json_text(json_object_get(finding, "location"), "symbol") ||
           !json_equal(json_object_get(first, "size"), json_object_get(second, "size"));
}

static void put_access(FILE *out, const json_t *finding, const json_t *event)
{
    json_int_t size = json_integer_value(json_object_get(event, "size"));
    const char *what = snarl_json_text(event, "what");
    snarl_words_put_thread(out, event);
    if (is_ending(event)) {
        fputs(*what == 'f' ? " frees" : *what == 'u' ? " unmaps" : " closes", out);
        return;
    }
    if (!strncmp(what, "use of the descriptor", 21)) {
        fputs(" uses", out);
        return;
    }
    fprintf(out, json_is_true(json_object_get(event, "write")) ? " writes" : " reads");
    if (has_role(event, "access") && size && says_size(finding))
        fprintf(out, " %lld byte%s of", (long long)size, size == 1 ? "" : "s");
}

static const char *race_ending(const char *rule, bool both_write)
{
    if (!strcmp(rule, "use-after-free"))
        return "The access can come after the memory was freed, and hit whatever lies there then.";
    if (!strcmp(rule, "use-after-unmap"))
        return "The access can come after the mapping is gone, and crash.";
    if (!strcmp(rule, "use-after-close"))
        return "The call can come after the descriptor was closed, and reach another file that got its "
               "number.";
    if (!strcmp(rule, "use-after-return"))
        return "The access can come after the function returned, and hit another function's variables.";
    if (!strcmp(rule, "lost-update"))
        return "What one thread writes can be made of a value that the other has just changed: its update is lost.";
    return both_write ? "One of the two updates can be lost, or both can mix."
                      : "The read can see the value before, after, or half way through the write.";
}

/* ---- locks ---- */

static bool holds(const json_t *event, const char *lock)
{
    size_t index;
    json_t *id;
    json_array_foreach(json_object_get(event, "locks_held"), index, id) if (!strcmp(json_string_value(id), lock)) return true;
    return false;
}

/* Whether the thread of access `event` took the lock shared: the "hold" events tell. */
static bool held_shared(const json_t *finding, const json_t *event, const char *lock)
{
    const json_t *thread = json_object_get(json_object_get(event, "thread"), "id"), *hold;
    for (size_t i = 2; (hold = event_at(finding, i)); i++)
        if (has_role(hold, "hold") && !strcmp(snarl_json_text(hold, "lock"), lock) &&
            json_equal(json_object_get(json_object_get(hold, "thread"), "id"), thread))
            return strstr(snarl_json_text(hold, "what"), "shared") != NULL;
    return false;
}

/* A lock that both hold; NULL when there is none. */
static const char *common_lock(const json_t *first, const json_t *second)
{
    size_t index;
    json_t *id;
    json_array_foreach(json_object_get(first, "locks_held"), index, id) if (holds(second, json_string_value(id)))
        return json_string_value(id);
    return NULL;
}

static void put_holding(FILE *out, const json_t *finding, const json_t *event)
{
    const json_t *held = json_object_get(event, "locks_held"), *id;
    size_t index, count = json_array_size(held);
    snarl_words_put_thread(out, event);
    fputs(count ? " holds " : " holds no lock", out);
    json_array_foreach(held, index, id)
    {
        if (index == LOCKS_TOLD) {
            fprintf(out, " and %zu more", count - index);
            return;
        }
        fprintf(out, "%s%s", index ? ", " : "", snarl_words_lock(finding, json_string_value(id)));
    }
}

/* What the locks held at the two accesses say about the cause. */
static void put_locks(FILE *out, const json_t *finding, const json_t *first, const json_t *second)
{
    const char *common = common_lock(first, second);
    bool locked = json_array_size(json_object_get(first, "locks_held")) > 0;
    bool also = json_array_size(json_object_get(second, "locks_held")) > 0;
    if (common) {
        if (held_shared(finding, first, common) && held_shared(finding, second, common))
            fprintf(out, " Both hold %s, but shared: that keeps out writers, not each other.",
                    snarl_words_lock(finding, common));
        return;
    }
    if (!locked && !also) {
        fputs(" Neither holds a lock.", out);
        return;
    }
    fputs(locked && also ? " Both sides are locked, but by different locks: " : " ", out);
    put_holding(out, finding, first);
    fputs(locked && also ? ", " : "; ", out);
    put_holding(out, finding, second);
    fputc('.', out);
}

void snarl_words_explain_race(FILE *out, const json_t *finding)
{
    const json_t *first = event_at(finding, 0), *second = event_at(finding, 1);
    put_access(out, finding, first);
    fputc(' ', out);
    put_location(out, finding);
    fputc(' ', out);
    snarl_words_put_place(out, first);
    if (second) {
        fputs(", and ", out);
        put_access(out, finding, second);
        fputs(is_ending(second) || !says_size(finding) ? " it " : " the same ", out);
        snarl_words_put_place(out, second);
    }
    bool both =
        json_is_true(json_object_get(first, "write")) && json_is_true(json_object_get(second, "write"));
    fprintf(out, ", with nothing that orders the two. %s",
            race_ending(snarl_json_text(finding, "rule"), both));
    if (second && strcmp(snarl_json_text(finding, "rule"), "lost-update")) /* those of the earlier one are not kept */
        put_locks(out, finding, first, second);
}

void snarl_words_title_race(FILE *out, const json_t *finding)
{
    const json_t *first = event_at(finding, 0), *second = event_at(finding, 1);
    bool writes = json_is_true(json_object_get(first, "write")),
         also = json_is_true(json_object_get(second, "write"));
    const char *rule = snarl_json_text(finding, "rule");
    if (!strcmp(rule, "lost-update"))
        fputs("updates of ", out);
    put_location(out, finding);
    fputs(!strcmp(rule, "use-after-free")      ? " is freed while another thread uses it"
          : !strcmp(rule, "use-after-unmap")   ? " is unmapped while another thread uses it"
          : !strcmp(rule, "use-after-close")   ? " is closed while another thread uses it"
          : !strcmp(rule, "use-after-return")  ? " is used when its function has returned"
          : !strcmp(rule, "lost-update")       ? " can be lost"
          : writes && also                     ? " is written by two threads at once"
                                               : " is read and written at once",
          out);
}
