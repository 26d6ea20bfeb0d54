/* fingerprint.c - see fingerprint.h. A 64-bit FNV-1a over a canonical text. Events that belong together (the
 * two accesses of a race; the hold and the wait of one thread in a cycle) are hashed in groups, and the
 * groups sorted. */
#include "reports/fingerprint.h"

#include "reports/frames.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)
#define GROUPS_MAX 128u

/* The text and a byte that no text holds, so that "a","bc" and "ab","c" differ. */
static uint64_t add(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
    return (hash ^ 0xff) * FNV_PRIME;
}

static uint64_t add_frame(uint64_t hash, const json_t *frame)
{
    hash = add(hash, snarl_json_text(frame, "function"));
    hash = add(hash, snarl_path_base(snarl_json_text(frame, "module")));
    hash = add(hash, snarl_path_base(snarl_json_text(frame, "file")));
    /* Without a name the offset is all there is: the same for the same build. */
    return *snarl_json_text(frame, "function") ? hash : add(hash, snarl_json_text(frame, "offset"));
}

static uint64_t add_stack(uint64_t hash, const json_t *event)
{
    const json_t *stack = json_object_get(event, "stack");
    size_t count = json_array_size(stack);
    unsigned taken = 0;
    for (size_t i = 0; i < count && taken < SNARL_FINGERPRINT_FRAMES; i++) {
        const json_t *frame = json_array_get(stack, i);
        if (!snarl_frame_is_program(frame))
            continue;
        hash = add_frame(hash, frame);
        taken++;
    }
    return hash;
}

static const char *lock_class(const json_t *finding, const json_t *event)
{
    const json_t *locks = json_object_get(finding, "locks");
    const char *id = snarl_json_text(event, "lock");
    size_t count = json_array_size(locks);
    for (size_t i = 0; *id && i < count; i++)
        if (!strcmp(snarl_json_text(json_array_get(locks, i), "id"), id))
            return snarl_json_text(json_array_get(locks, i), "class");
    return "";
}

static uint64_t add_event(uint64_t hash, const json_t *finding, const json_t *event)
{
    hash = add(hash, snarl_json_text(event, "role"));
    hash = add(hash, lock_class(finding, event));
    return add_stack(hash, event);
}

static int compare_hashes(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* Which events count: of a race its two accesses, of everything else all. */
static size_t event_count(const json_t *finding)
{
    size_t count = json_array_size(json_object_get(finding, "events"));
    bool race = !strcmp(snarl_json_text(finding, "kind"), "data-race");
    return race && count > 2 ? 2 : count;
}

/* A "hold" event and what its thread does next are one group. */
static size_t hash_groups(const json_t *finding, uint64_t *groups)
{
    const json_t *events = json_object_get(finding, "events");
    size_t count = event_count(finding), used = 0;
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < count && used < GROUPS_MAX; i++) {
        const json_t *event = json_array_get(events, i);
        hash = add_event(hash, finding, event);
        if (!strcmp(snarl_json_text(event, "role"), "hold") && i + 1 < count)
            continue;
        groups[used++] = hash;
        hash = FNV_START;
    }
    return used;
}

/* A variable's name without the indices in it, which may be others in the next run. */
static uint64_t add_symbol(uint64_t hash, const char *symbol)
{
    char text[512];
    size_t length = 0;
    bool index = false;
    for (; *symbol && length + 1 < sizeof(text); symbol++) {
        index = *symbol == '[' || (index && *symbol != ']');
        if (!index || *symbol == '[')
            text[length++] = *symbol;
    }
    text[length] = '\0';
    return add(hash, text);
}

/* Heap blocks are told by where they were allocated, their type and its member, stacks by the accesses: how code names
 * them depends on how it was compiled. */
static uint64_t add_location(uint64_t hash, const json_t *finding)
{
    const json_t *location = json_object_get(finding, "location");
    const json_t *allocated = json_object_get(location, "allocated");
    hash = add(hash, snarl_json_text(location, "kind"));
    bool named = !strcmp(snarl_json_text(location, "kind"), "global") || json_is_null(allocated);
    bool stack = !strcmp(snarl_json_text(location, "kind"), "stack");
    hash = add_symbol(hash, named && !stack ? snarl_json_text(location, "symbol") : "");
    if (*snarl_json_text(location, "type"))
        hash = add_symbol(add(hash, snarl_json_text(location, "type")), snarl_json_text(location, "member"));
    return json_is_object(allocated) ? add_stack(hash, allocated) : hash;
}

static json_t *as_text(uint64_t hash)
{
    char text[24];
    snprintf(text, sizeof(text), "%016" PRIx64, hash);
    return json_string(text);
}

/* ---- groups ---- */

static uint64_t hash_function(const json_t *event)
{
    const json_t *frame = snarl_event_frame(event);
    const char *function = snarl_json_text(frame, "function"), *entry = snarl_json_text(frame, "entry");
    uint64_t hash = add(FNV_START, snarl_path_base(snarl_json_text(frame, "module")));
    hash = add(hash, snarl_path_base(snarl_json_text(frame, "file")));
    return add(hash, *function ? function : *entry ? entry : snarl_json_text(frame, "offset"));
}

/* The variable without the path to a member; of a section, whose name begins with a dot, the section. */
static uint64_t add_variable(uint64_t hash, const char *symbol)
{
    char text[512];
    size_t length = strcspn(symbol + (*symbol == '.'), ".[+") + (*symbol == '.');
    snprintf(text, sizeof(text), "%.*s", (int)(length < sizeof(text) ? length : sizeof(text) - 1), symbol);
    return add(hash, text);
}

json_t *snarl_fingerprint_group(const json_t *finding)
{
    const json_t *events = json_object_get(finding, "events"), *location = json_object_get(finding, "location");
    const json_t *allocated = json_object_get(location, "allocated");
    const char *kind = snarl_json_text(location, "kind");
    if (strcmp(snarl_json_text(finding, "kind"), "data-race") || json_array_size(events) < 2)
        return json_null();
    uint64_t access[2] = {hash_function(json_array_get(events, 0)), hash_function(json_array_get(events, 1))};
    uint64_t hash = add(FNV_START, snarl_json_text(finding, "rule"));
    hash = add(hash, snarl_json_text(finding, "program"));
    hash = add(hash, kind);
    if (!strcmp(kind, "global") || !strcmp(kind, "tls"))
        hash = add_variable(hash, snarl_json_text(location, "symbol"));
    if (json_is_object(allocated))
        hash = add_stack(hash, allocated);
    qsort(access, 2, sizeof(access[0]), compare_hashes);
    return as_text(((hash ^ access[0]) * FNV_PRIME ^ access[1]) * FNV_PRIME);
}

/* ---- the fingerprint ---- */

json_t *snarl_fingerprint(const json_t *finding)
{
    uint64_t groups[GROUPS_MAX];
    char text[24];
    uint64_t hash = add(FNV_START, snarl_json_text(finding, "kind"));
    hash = add(hash, snarl_json_text(finding, "rule"));
    hash = add_location(hash, finding);
    size_t used = hash_groups(finding, groups);
    qsort(groups, used, sizeof(groups[0]), compare_hashes);
    for (size_t i = 0; i < used; i++) {
        if (i && groups[i] == groups[i - 1]) /* how many threads do the same is chance */
            continue;
        snprintf(text, sizeof(text), "%016" PRIx64, groups[i]);
        hash = add(hash, text);
    }
    return as_text(hash);
}
