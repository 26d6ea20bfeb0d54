/* gate.c - which findings make a run fail. */
#include "reports/gate.h"

#include "reports/frames.h"
#include "reports/pick.h"

#include <stdio.h>
#include <string.h>

_Static_assert(SNARL_GATE_KINDS == SNARL_KINDS, "a bit for each kind");

#define ALL ((1u << SNARL_GATE_KINDS) - 1)

const char *snarl_gate_kind_name(unsigned index)
{
    return index < SNARL_GATE_KINDS ? snarl_kinds[index].name : NULL;
}

static uint32_t bit_of(const char *name)
{
    const struct snarl_kind *kind = snarl_kind_find(name);
    return kind ? 1u << (kind - snarl_kinds) : 0;
}

static uint32_t meaning(uint32_t kinds)
{
    return kinds == SNARL_GATE_DEFAULT ? ALL & ~bit_of("thread-leak") : kinds & ALL;
}

static int add_word(const char *word, uint32_t *kinds, char *error, size_t error_size)
{
    if (!strcmp(word, "all"))
        *kinds |= ALL;
    else if (!strcmp(word, "default"))
        *kinds |= meaning(SNARL_GATE_DEFAULT);
    else if (bit_of(word))
        *kinds |= bit_of(word);
    else if (strcmp(word, "none")) {
        int length = snprintf(error, error_size,
                              "no such kind of finding: '%s'; expected all, none, default or", word);
        for (unsigned i = 0; i < SNARL_GATE_KINDS && length > 0 && (size_t)length < error_size; i++)
            length +=
                snprintf(error + length, error_size - length, "%s %s", i ? "," : "", snarl_kinds[i].name);
        return -1;
    }
    return 0;
}

int snarl_gate_kinds(const char *list, uint32_t *kinds, char *error, size_t error_size)
{
    uint32_t read = 0;
    for (const char *at = list;; at++) {
        char word[64];
        size_t length = strcspn(at, ",");
        snprintf(word, sizeof(word), "%.*s", (int)length, at);
        if (add_word(word, &read, error, error_size))
            return -1;
        at += length;
        if (!*at)
            break;
    }
    *kinds = read;
    return 0;
}

static bool is_suppressed(const json_t *finding)
{
    return json_is_true(json_object_get(finding, "suppressed"));
}

static bool is_accepted(const json_t *finding)
{
    return !strcmp(snarl_json_text(finding, "baseline"), "unchanged");
}

bool snarl_gate_fails(const json_t *finding, uint32_t kinds)
{
    uint32_t kind = bit_of(snarl_json_text(finding, "kind"));
    return (meaning(kinds) & kind) && !is_suppressed(finding) && !is_accepted(finding);
}

static json_t *names(uint32_t kinds)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < SNARL_GATE_KINDS; i++)
        if (kinds & 1u << i)
            json_array_append_new(list, json_string(snarl_kinds[i].name));
    return list;
}

struct snarl_gate_verdict snarl_gate_judge(json_t *document, uint32_t kinds)
{
    struct snarl_gate_verdict verdict = {0};
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), i, finding)
    {
        bool fails = snarl_gate_fails(finding, kinds);
        verdict.findings++;
        if (fails)
            verdict.failing++;
        else if (is_suppressed(finding))
            verdict.suppressed++;
        else if (is_accepted(finding))
            verdict.accepted++;
        else
            verdict.tolerated++;
        json_object_set_new(finding, "fails", json_boolean(fails));
    }
    json_object_set_new(document, "gate",
                        json_pack("{s:o, s:I, s:I, s:I}", "fail_on", names(meaning(kinds)), "failing",
                                  (json_int_t)verdict.failing, "suppressed", (json_int_t)verdict.suppressed,
                                  "accepted", (json_int_t)verdict.accepted));
    return verdict;
}
