/* suppress.c - matches suppression rules with findings. The files are read in suppress_read.c.
 *
 * A rule matches a finding of one of its kinds when it matches any stack of any of its events: not those of
 * thread creation or allocation, which say where something comes from and not what is wrong. */
#include "reports/frames.h"
#include "reports/pick.h"
#include "reports/suppress_rules.h"
#include "reports/wildcard.h"

#include <stdlib.h>
#include <string.h>

struct snarl_suppressions *snarl_suppressions_new(void)
{
    return calloc(1, sizeof(struct snarl_suppressions));
}

void snarl_rule_clear(struct snarl_rule *rule)
{
    for (size_t i = 0; i < rule->line_count; i++)
        free(rule->lines[i].pattern);
    free(rule->lines);
    free(rule->name);
    free(rule->pattern);
}

void snarl_suppressions_free(struct snarl_suppressions *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; i < rules->count; i++)
        snarl_rule_clear(&rules->rules[i]);
    free(rules->rules);
    free(rules);
}

static bool frame_has(const json_t *frame, const char *pattern)
{
    static const char *const members[] = {"function", "file", "module"};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *text = snarl_json_text(frame, members[i]);
        if (*text && snarl_wildcard_find(pattern, text))
            return true;
    }
    return false;
}

/* The innermost frame is also the one that it was inlined into: both are the place of the access. */
static bool top_matches(const json_t *stack, const char *pattern)
{
    size_t i;
    json_t *frame;
    json_array_foreach(stack, i, frame)
    {
        if (frame_has(frame, pattern))
            return true;
        if (!json_is_true(json_object_get(frame, "inlined")))
            return false;
    }
    return false;
}

static bool any_frame_matches(const json_t *stack, const char *pattern)
{
    size_t i;
    json_t *frame;
    json_array_foreach(stack, i, frame) if (frame_has(frame, pattern)) return true;
    return false;
}

static bool line_matches(const struct snarl_rule_line *line, const json_t *frame)
{
    const char *member = line->kind == 'f' ? "function" : line->kind == 'o' ? "module" : "file";
    const char *text = snarl_json_text(frame, member);
    if (line->kind == 's') /* Valgrind's src: is a file's name with or without its folder */
        return snarl_wildcard_match(line->pattern, text) ||
               snarl_wildcard_match(line->pattern, snarl_path_base(text));
    return snarl_wildcard_match(line->pattern, text);
}

/* As the wildcard does for characters: `...` is gone back to, the last one only. */
static bool block_matches(const struct snarl_rule *rule, const json_t *stack)
{
    size_t line = 0, frame = 0, star = SIZE_MAX, again = 0, frames = json_array_size(stack);
    while (line < rule->line_count) {
        if (rule->lines[line].kind == '.') {
            star = line++;
            again = frame;
        } else if (frame < frames && line_matches(&rule->lines[line], json_array_get(stack, frame))) {
            line++;
            frame++;
        } else if (star != SIZE_MAX && again < frames) {
            line = star + 1;
            frame = ++again;
        } else {
            return false;
        }
    }
    return true;
}

static bool event_matches(const struct snarl_rule *rule, const json_t *event)
{
    const json_t *stack = json_object_get(event, "stack");
    switch (rule->type) {
    case SNARL_RULE_ANYWHERE:
        return any_frame_matches(stack, rule->pattern);
    case SNARL_RULE_TOP:
        return top_matches(stack, rule->pattern);
    case SNARL_RULE_LIBRARY:
        return snarl_wildcard_find(rule->pattern, snarl_json_text(snarl_event_frame(event), "module"));
    case SNARL_RULE_STACK:
        return block_matches(rule, stack);
    }
    return false;
}

/* The variable's name, and the locks': what a reader would call the finding by. */
static bool name_matches(const struct snarl_rule *rule, const json_t *finding)
{
    size_t i;
    json_t *lock;
    if (rule->type != SNARL_RULE_ANYWHERE)
        return false;
    const char *symbol = snarl_json_text(json_object_get(finding, "location"), "symbol");
    if (*symbol && snarl_wildcard_find(rule->pattern, symbol))
        return true;
    if (!strcmp(snarl_json_text(finding, "kind"), "data-race"))
        return false; /* the locks held during a race have nothing to do with it */
    json_array_foreach(json_object_get(finding, "locks"), i, lock)
    {
        const char *name = snarl_json_text(lock, "name");
        if (*name && snarl_wildcard_find(rule->pattern, name))
            return true;
    }
    return false;
}

static bool matches(const struct snarl_rule *rule, const json_t *finding, uint32_t kind)
{
    size_t i;
    json_t *event;
    if (!(rule->kinds & kind))
        return false;
    if (name_matches(rule, finding))
        return true;
    json_array_foreach(json_object_get(finding, "events"), i,
                       event) if (event_matches(rule, event)) return true;
    return false;
}

size_t snarl_suppressions_apply(struct snarl_suppressions *rules, json_t *document)
{
    size_t i, suppressed = 0;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), i, finding)
    {
        const struct snarl_kind *kind = snarl_kind_find(snarl_json_text(finding, "kind"));
        struct snarl_rule *found = NULL;
        for (size_t r = 0; kind && r < rules->count && !found; r++)
            if (matches(&rules->rules[r], finding, 1u << (kind - snarl_kinds)))
                found = &rules->rules[r];
        json_object_set_new(finding, "suppressed", json_boolean(found));
        json_object_del(finding, "suppressed_by");
        if (!found)
            continue;
        json_object_set_new(finding, "suppressed_by", json_string(found->name));
        found->used++;
        suppressed++;
    }
    return suppressed;
}

size_t snarl_suppressions_unused(const struct snarl_suppressions *rules,
                                 void (*each)(const char *rule, void *context), void *context)
{
    size_t unused = 0;
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->rules[i].used || !rules->rules[i].kinds)
            continue;
        unused++;
        if (each)
            each(rules->rules[i].name, context);
    }
    return unused;
}
