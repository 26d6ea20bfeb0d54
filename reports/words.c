/* words.c - see words.h. One function per kind of finding (races: words_race.c); each writes to a stream in memory.
 *
 * Sentences are made of facts in the finding only. An event without a known thread, lock or frame is
 * still named ("a thread", "a lock", "an unknown place"), so that nothing depends on complete findings. */
#include "reports/words_inner.h"

#include "reports/frames.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 600

const char *snarl_words_lock(const json_t *finding, const char *id)
{
    const json_t *locks = json_object_get(finding, "locks");
    size_t count = json_array_size(locks);
    for (size_t i = 0; *id && i < count; i++)
        if (!strcmp(snarl_json_text(json_array_get(locks, i), "id"), id))
            return snarl_json_text(json_array_get(locks, i), "name");
    return "a lock";
}

static const char *lock_of(const json_t *finding, const json_t *event)
{
    return snarl_words_lock(finding, snarl_json_text(event, "lock"));
}

static bool same_thread(const json_t *a, const json_t *b)
{
    return !strcmp(snarl_json_text(json_object_get(a, "thread"), "id"),
                   snarl_json_text(json_object_get(b, "thread"), "id"));
}

static size_t event_count(const json_t *finding)
{
    return json_array_size(json_object_get(finding, "events"));
}

/* The first event with this role, from `start` on. */
static const json_t *find_role(const json_t *finding, const char *role, size_t start)
{
    for (size_t i = start; i < event_count(finding); i++)
        if (has_role(event_at(finding, i), role))
            return event_at(finding, i);
    return NULL;
}

void snarl_words_put_thread(FILE *out, const json_t *event)
{
    char label[TEXT_MAX];
    snarl_thread_label(json_object_get(event, "thread"), label, sizeof(label));
    fputs(label, out);
}

void snarl_words_put_place(FILE *out, const json_t *event)
{
    char place[TEXT_MAX];
    snarl_frame_place(snarl_event_frame(event), place, sizeof(place));
    fprintf(out, "%s%s", strcmp(place, "an unknown place") ? "in " : "at ", place);
}

/* The text as JSON, a new reference. `sentences`: each begins with a capital. */
static json_t *finish(FILE *out, char **text, size_t *size, bool sentences)
{
    fclose(out);
    bool start = sentences;
    for (char *at = *text; at && *at; at++) {
        if (start && isalpha((unsigned char)*at))
            *at = toupper((unsigned char)*at);
        if (!isspace((unsigned char)*at))
            start = false;
        if ((*at == '.' || *at == ';') && at[1] == ' ')
            start = sentences && *at == '.';
    }
    json_t *made = json_stringn(*text ? *text : "", *text ? *size : 0);
    free(*text);
    return made ? made : json_string("");
}

/* ---- cycles ---- */

const json_t *snarl_words_joined(const json_t *finding, const json_t *wait)
{
    size_t count = event_count(finding), index = 0;
    if (strcmp(snarl_json_text(finding, "rule"), "join-cycle") || !has_role(wait, "wait") ||
        *snarl_json_text(wait, "lock"))
        return NULL;
    while (index < count && event_at(finding, index) != wait)
        index++;
    return event_at(finding, (index + 1) % count);
}

/* The lock that the thread of event `index` holds in the cycle: of the "hold" event just before it. */
static const json_t *hold_before(const json_t *finding, size_t index)
{
    for (size_t i = index; i-- > 0 && same_thread(event_at(finding, i), event_at(finding, index));)
        if (has_role(event_at(finding, i), "hold"))
            return event_at(finding, i);
    return NULL;
}

static void put_wait(FILE *out, const json_t *finding, size_t index)
{
    const json_t *wait = event_at(finding, index), *hold = hold_before(finding, index);
    snarl_words_put_thread(out, wait);
    if (hold)
        fprintf(out, " holds %s and", lock_of(finding, hold));
    const json_t *joined = snarl_words_joined(finding, wait);
    if (*snarl_json_text(wait, "lock")) {
        fprintf(out, " waits for %s ", lock_of(finding, wait));
    } else if (joined) {
        fputs(" waits for ", out);
        snarl_words_put_thread(out, joined);
        fputs(" to end ", out);
    } else {
        fprintf(out, " %s ", snarl_json_text(wait, "what"));
    }
    snarl_words_put_place(out, wait);
}

static void explain_self_lock(FILE *out, const json_t *finding, const json_t *wait)
{
    const json_t *hold = find_role(finding, "hold", 0);
    bool upgrade = !strcmp(snarl_json_text(finding, "rule"), "rwlock-upgrade");
    snarl_words_put_thread(out, wait);
    fprintf(out, " waits ");
    snarl_words_put_place(out, wait);
    if (!*snarl_json_text(wait, "lock")) {
        fprintf(out, " for itself to end: it can never go on.");
        return;
    }
    fprintf(out,
            upgrade ? " to write %s, which it holds itself for reading" : " for %s, which it holds itself",
            lock_of(finding, wait));
    if (hold) {
        fprintf(out, ", taken ");
        snarl_words_put_place(out, hold);
    }
    fprintf(out, ": it can never go on.");
}

static void explain_gone(FILE *out, const json_t *finding, bool forked)
{
    size_t last = event_count(finding) ? event_count(finding) - 1 : 0;
    const json_t *hold = event_at(finding, last), *wait = find_role(finding, "wait", 0);
    snarl_words_put_thread(out, wait);
    fprintf(out, " waits ");
    snarl_words_put_place(out, wait);
    fprintf(out, " for %s. ", lock_of(finding, wait));
    snarl_words_put_thread(out, hold);
    fprintf(out, " took %s ", lock_of(finding, hold));
    snarl_words_put_place(out, hold);
    fputs(forked ? " before the fork, and does not exist in this child: nobody can ever release it."
                 : " and ended without releasing it: nobody can ever release it.",
          out);
}

static void explain_deadlock(FILE *out, const json_t *finding)
{
    const char *rule = snarl_json_text(finding, "rule");
    const json_t *wait = find_role(finding, "wait", 0);
    size_t waits = 0;
    if ((!strcmp(rule, "self-lock") || !strcmp(rule, "rwlock-upgrade")) && wait) {
        explain_self_lock(out, finding, wait);
        return;
    }
    if ((!strcmp(rule, "owner-exited") || !strcmp(rule, "fork-child")) && wait) {
        explain_gone(out, finding, *rule == 'f');
        return;
    }
    for (size_t i = 0; i < event_count(finding); i++) {
        if (has_role(event_at(finding, i), "hold"))
            continue;
        if (waits++)
            fputs("; ", out);
        put_wait(out, finding, i);
    }
    fputs(waits == 1   ? ": it can never go on."
          : waits == 2 ? ": neither can ever go on."
                       : ": none of them can ever go on.",
          out);
}

static void explain_inversion(FILE *out, const json_t *finding)
{
    size_t edges = 0;
    for (size_t i = 0; i < event_count(finding); i++) {
        const json_t *event = event_at(finding, i), *hold = hold_before(finding, i);
        if (has_role(event, "hold"))
            continue;
        if (edges++)
            fputs("; ", out);
        snarl_words_put_thread(out, event);
        fprintf(out, " takes %s ", lock_of(finding, event));
        snarl_words_put_place(out, event);
        if (hold)
            fprintf(out, " while it holds %s", lock_of(finding, hold));
    }
    fprintf(out, ". If %s at the same time, each can hold what the next one waits for, and %s for ever.",
            edges == 2 ? "both happen" : "these happen", edges == 2 ? "both wait" : "all wait");
}

/* ---- stalls ---- */

/* " while it holds x": the first lock that the thread keeps during its wait. */
static void put_kept(FILE *out, const json_t *finding, const json_t *wait)
{
    size_t index;
    json_t *id;
    json_array_foreach(json_object_get(wait, "locks_held"), index, id)
    {
        if (!strcmp(json_string_value(id), snarl_json_text(wait, "lock")))
            continue;
        fprintf(out, " while it holds %s", snarl_words_lock(finding, json_string_value(id)));
        return;
    }
}

/* "waits for s_outer", "waits on a condition (s_done)". */
static void put_stalled(FILE *out, const json_t *finding, const json_t *wait)
{
    const char *what = snarl_json_text(wait, "what");
    bool lock = *snarl_json_text(wait, "lock");
    snarl_words_put_thread(out, wait);
    if (lock && !strncmp(what, "waits to acquire", 16))
        fprintf(out, " waits for %s ", lock_of(finding, wait));
    else if (lock)
        fprintf(out, " %s (%s) ", what, lock_of(finding, wait));
    else
        fprintf(out, " %s ", what);
    snarl_words_put_place(out, wait);
    put_kept(out, finding, wait);
}

static void explain_stall(FILE *out, const json_t *finding)
{
    const unsigned told = 4;
    unsigned waits = 0;
    fputs("Every thread of the process is blocked, and nothing is left that could wake one: ", out);
    for (size_t i = 0; i < event_count(finding); i++) {
        const json_t *event = event_at(finding, i);
        if (!has_role(event, "wait"))
            continue;
        if (waits++ >= told)
            continue;
        if (waits > 1)
            fputs("; ", out);
        put_stalled(out, finding, event);
    }
    if (waits > told)
        fprintf(out, "; and %u more", waits - told);
    fputs(
        find_role(finding, "hold", 0)
            ? ". Who should send the wake-up needs a lock that a waiting thread keeps, or none will be sent."
            : ". A wake-up was lost, never sent, or sent before the wait began.",
        out);
}

/* ---- misuse and the rest ---- */

struct rule_words {
    const char *rule, *title, *consequence; /* %s in the title: the lock */
};

static const struct rule_words *words_of(const char *rule)
{
    static const struct rule_words s_words[] = {
        {"unlock-not-owner", "%s is unlocked by a thread that does not hold it",
         "Only the owner may release a mutex: what it protects is now open to two threads."},
        {"unlock-not-locked", "%s is unlocked though nobody holds it",
         "This is undefined: a lock word that is out of step lets two threads in, or none."},
        {"destroy-locked", "%s is destroyed while it is held",
         "Whoever holds or waits for it then works on a lock that is not there."},
        {"free-locked", "%s is in memory that is freed while it is held",
         "Its owner will release memory that belongs to somebody else by then."},
        {"init-locked", "%s is initialised again while it is held",
         "It becomes free under its owner's feet, and two threads are inside."},
        {"use-destroyed", "%s is used after it was destroyed",
         "What a destroyed lock does is undefined: it may block for ever or protect nothing."},
        {"exit-holding-lock", "a thread ended while it held %s",
         "Nobody can release it any more: the next thread that wants it waits for ever."},
        {"wait-without-mutex", "a thread waits on %s without holding its mutex",
         "The wait releases a mutex that it does not own, and wake-ups can be lost."},
        {"wait-different-mutex", "threads wait on %s with different mutexes",
         "All who wait on a condition at one time must use the same mutex."},
        {"destroy-waiting", "%s is destroyed while threads wait on it",
         "The threads that wait on it may never wake, or wake in freed memory."},
        {"rwlock-upgrade", "a thread that reads under %s wants to write",
         "A read lock cannot become a write lock: it waits for itself."},
        {"double-close", "a descriptor is closed twice",
         "The second close can hit a file that another thread has just opened."},
        {NULL, NULL, NULL},
    };
    for (const struct rule_words *words = s_words; words->rule; words++)
        if (!strcmp(words->rule, rule))
            return words;
    return NULL;
}

/* Whether both events have the very same stack: then its place is told once. */
static bool same_stack(const json_t *a, const json_t *b)
{
    return json_array_size(json_object_get(a, "stack")) &&
           json_equal(json_object_get(a, "stack"), json_object_get(b, "stack"));
}

static void explain_misuse(FILE *out, const json_t *finding)
{
    const json_t *event = event_at(finding, 0), *hold = find_role(finding, "hold", 1);
    const struct rule_words *words = words_of(snarl_json_text(finding, "rule"));
    if (!same_stack(event, hold)) {
        snarl_words_put_place(out, event);
        fputs(", ", out);
    }
    snarl_words_put_thread(out, event);
    fprintf(out, " %s", snarl_json_text(event, "what"));
    if (*snarl_json_text(event, "lock"))
        fprintf(out, ": %s", lock_of(finding, event));
    if (hold) {
        fputs(", which ", out);
        if (same_thread(event, hold))
            fputs("it", out);
        else
            snarl_words_put_thread(out, hold);
        fputs(" took ", out);
        snarl_words_put_place(out, hold);
    }
    fprintf(out, ". %s", words ? words->consequence : "");
}

static void title_misuse(FILE *out, const json_t *finding)
{
    const json_t *event = event_at(finding, 0);
    const struct rule_words *words = words_of(snarl_json_text(finding, "rule"));
    if (!words) {
        fprintf(out, "a thread %s", snarl_json_text(event, "what"));
        if (*snarl_json_text(event, "lock"))
            fprintf(out, ": %s", lock_of(finding, event));
        return;
    }
    const char *hole = strstr(words->title, "%s");
    fprintf(out, "%.*s%s%s", hole ? (int)(hole - words->title) : (int)strlen(words->title), words->title,
            hole ? lock_of(finding, event) : "", hole ? hole + 2 : "");
}

static void explain_leak(FILE *out, const json_t *finding)
{
    const json_t *event = event_at(finding, 0);
    snarl_words_put_thread(out, event);
    fputs(", created ", out);
    snarl_words_put_place(out, event);
    fputs(", was neither joined nor detached when the process ended: its stack and its result are never "
          "given back.",
          out);
}

static void explain_signal(FILE *out, const json_t *finding)
{
    const json_t *event = event_at(finding, 0);
    const char *function = snarl_json_text(event, "what");
    fprintf(out, "A signal handler that ran on ");
    snarl_words_put_thread(out, event);
    fprintf(out, " calls %s ", *function ? function : "a function");
    snarl_words_put_place(out, event);
    fprintf(out,
            ". If the signal comes while the thread is inside %s itself, the handler waits for a lock that "
            "its own "
            "thread holds, or finds data half changed.",
            *function ? function : "it");
}

json_t *snarl_words_explain(const json_t *finding)
{
    const char *kind = snarl_json_text(finding, "kind");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return json_string("");
    if (!event_count(finding))
        fputs("No more is known than this.", out);
    else if (!strcmp(kind, "deadlock"))
        explain_deadlock(out, finding);
    else if (!strcmp(kind, "lock-order-inversion"))
        explain_inversion(out, finding);
    else if (!strcmp(kind, "stall"))
        explain_stall(out, finding);
    else if (!strcmp(kind, "data-race"))
        snarl_words_explain_race(out, finding);
    else if (!strcmp(kind, "thread-leak"))
        explain_leak(out, finding);
    else if (!strcmp(kind, "signal-unsafe"))
        explain_signal(out, finding);
    else
        explain_misuse(out, finding);
    return finish(out, &text, &size, true);
}

/* ---- the title ---- */

/* The locks of the cycle in the order of its edges, each once: "lock_a, lock_b, ...". */
static void put_cycle_locks(FILE *out, const json_t *finding, const char *before)
{
    const json_t *locks = json_object_get(finding, "locks");
    unsigned told = 0;
    for (size_t i = 0; i < json_array_size(locks); i++) {
        const char *id = snarl_json_text(json_array_get(locks, i), "id");
        bool of_cycle = false;
        for (size_t k = 0; k < event_count(finding) && !of_cycle; k++)
            of_cycle = !strcmp(snarl_json_text(event_at(finding, k), "lock"), id);
        if (!of_cycle)
            continue;
        if (told < 4)
            fprintf(out, "%s%s", told ? ", " : before, snarl_words_lock(finding, id));
        told++;
    }
    if (told > 4)
        fprintf(out, " and %u more", told - 4);
}

static unsigned count_waits(const json_t *finding)
{
    unsigned count = 0;
    for (size_t i = 0; i < event_count(finding); i++)
        count += !has_role(event_at(finding, i), "hold");
    return count;
}

static void title_deadlock(FILE *out, const json_t *finding)
{
    const char *rule = snarl_json_text(finding, "rule");
    const json_t *wait = find_role(finding, "wait", 0);
    if (!strcmp(rule, "self-lock") && !*snarl_json_text(wait, "lock")) {
        fputs("a thread waits for itself to end", out);
    } else if (!strcmp(rule, "self-lock")) {
        fprintf(out, "a thread waits for itself: %s", lock_of(finding, wait));
    } else if (!strcmp(rule, "rwlock-upgrade")) {
        fprintf(out, "a thread that reads waits to write: %s", lock_of(finding, wait));
    } else if (!strcmp(rule, "owner-exited")) {
        fprintf(out, "the owner of %s has ended", lock_of(finding, wait));
    } else if (!strcmp(rule, "fork-child")) {
        fprintf(out, "%s was held by another thread when the process forked", lock_of(finding, wait));
    } else {
        fprintf(out, "%u threads wait for each other", count_waits(finding));
        put_cycle_locks(out, finding, ": ");
    }
}

static void title_stall(FILE *out, const json_t *finding)
{
    fputs("every thread is blocked for ever", out);
    for (size_t i = 0; i < event_count(finding); i++)
        if (has_role(event_at(finding, i), "wait") && *snarl_json_text(event_at(finding, i), "lock")) {
            fprintf(out, ", waiting for %s", lock_of(finding, event_at(finding, i)));
            return;
        }
}

static void put_title(FILE *out, const json_t *finding)
{
    const char *kind = snarl_json_text(finding, "kind");
    const json_t *event = event_at(finding, 0);
    if (!strcmp(kind, "deadlock")) {
        title_deadlock(out, finding);
    } else if (!strcmp(kind, "lock-order-inversion")) {
        fputs("locks are taken in opposite orders", out);
        put_cycle_locks(out, finding, ": ");
    } else if (!strcmp(kind, "stall")) {
        title_stall(out, finding);
    } else if (!strcmp(kind, "data-race")) {
        snarl_words_title_race(out, finding);
    } else if (!strcmp(kind, "thread-leak")) {
        fputs("a thread created ", out);
        snarl_words_put_place(out, event);
        fputs(" was neither joined nor detached", out);
    } else if (!strcmp(kind, "signal-unsafe")) {
        fprintf(out, "%s is called in a signal handler", snarl_json_text(event, "what"));
    } else {
        title_misuse(out, finding);
    }
}

json_t *snarl_words_message(const json_t *finding)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return json_string("");
    put_title(out, finding);
    return finish(out, &text, &size, false);
}

/* ---- suppression and places ---- */

/* ThreadSanitizer's words; where it has none, the kind itself. */
static const char *suppression_word(const char *kind)
{
    static const char *const s_words[][2] = {
        {"data-race", "race"},    {"deadlock", "deadlock"},    {"lock-order-inversion", "deadlock"},
        {"lock-misuse", "mutex"}, {"signal-unsafe", "signal"}, {"thread-leak", "thread"},
    };
    for (size_t i = 0; i < sizeof(s_words) / sizeof(s_words[0]); i++)
        if (!strcmp(s_words[i][0], kind))
            return s_words[i][1];
    return kind;
}

/* The event whose place a suppression names: for cycles the first one that acquires. */
static const json_t *main_event(const json_t *finding)
{
    const json_t *event = find_role(finding, "wait", 0);
    if (!event)
        event = find_role(finding, "acquire", 0);
    return event ? event : event_at(finding, 0);
}

json_t *snarl_words_suggestion(const json_t *finding)
{
    char name[TEXT_MAX];
    const json_t *frame = snarl_event_frame(main_event(finding));
    snarl_frame_function(frame, name, sizeof(name));
    if (!*name)
        snprintf(name, sizeof(name), "%s", snarl_path_base(snarl_json_text(frame, "module")));
    return json_sprintf("%s:%s", suppression_word(snarl_json_text(finding, "kind")), *name ? name : "*");
}

/* Which access of a race came first is chance: the place that sorts first is named first. */
static void order_places(const json_t *finding, char places[2][TEXT_MAX])
{
    char kept[TEXT_MAX];
    if (strcmp(snarl_json_text(finding, "kind"), "data-race") || strcmp(places[0], places[1]) <= 0)
        return;
    memcpy(kept, places[0], TEXT_MAX);
    memcpy(places[0], places[1], TEXT_MAX);
    memcpy(places[1], kept, TEXT_MAX);
}

json_t *snarl_words_places(const json_t *finding)
{
    char *text = NULL, places[4][TEXT_MAX];
    size_t size = 0, told = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return json_string("");
    for (size_t i = 0; i < event_count(finding) && told < 4; i++)
        if (!has_role(event_at(finding, i), "hold"))
            snarl_frame_place(snarl_event_frame(event_at(finding, i)), places[told++], TEXT_MAX);
    if (told > 1)
        order_places(finding, places);
    for (size_t i = 0; i < told; i++)
        fprintf(out, "%s%s", i ? " / " : "", places[i]);
    fclose(out);
    json_t *made = json_string(text);
    free(text);
    return made ? made : json_string("");
}
