/* test_merge.c - merging obeys its laws: any order, any grouping, any repetition gives the same document. */
#include "fixture.h"
#include "reports/merge.h"
#include "reports/reports.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS 8

static json_t *s_runs[RUNS];

/* Documents that overlap: the same processes with more or less known of them, the same findings in several.
 */
static void make_runs(void)
{
    for (int i = 0; i < RUNS; i++) {
        char directory[] = "/tmp/snarl-merge-XXXXXX", error[300], path[100];
        struct fixture fixture = {
            .findings = i % 4 == 3 ? FIXTURE_ALL : 1 + i,
            .pid = 100 + i / 2,
            .started = 0x5000 + i / 2,
            .address = 0x7f0000001000,
            .thread = 2,
            .lock = 1 + (i & 1),
            .turned = i & 1,
            .no_exit = i & 1,
        };
        cr_assert(mkdtemp(directory));
        fixture_save(&fixture, directory);
        const char *paths[] = {directory};
        s_runs[i] = snarl_report_load(paths, 1, NULL, error, sizeof(error));
        cr_assert(s_runs[i], "%s", error);
        snprintf(path, sizeof(path), "%s/%d-%llx.snarl", directory, fixture.pid,
                 (unsigned long long)fixture.started);
        unlink(path);
        rmdir(directory);
    }
}

static char *dump(const json_t *document)
{
    return json_dumps(document, JSON_INDENT(1) | JSON_SORT_KEYS);
}

static json_t *pair(json_t *left, json_t *right)
{
    json_t *both[] = {left, right};
    return snarl_document_merge(both, 2);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 10;
}

/* Merges a random heap of documents, two random ones at a time, some of them twice. */
static json_t *merge_at_random(unsigned *state)
{
    json_t *heap[2 * RUNS];
    size_t count = 0;
    for (int i = 0; i < RUNS; i++)
        heap[count++] = json_incref(s_runs[i]);
    for (int i = 0; i < 4; i++)
        heap[count++] = json_incref(s_runs[next_random(state) % RUNS]);
    while (count > 1) {
        size_t a = next_random(state) % count, b = next_random(state) % count;
        if (a == b)
            continue;
        json_t *merged = pair(heap[a], heap[b]);
        json_decref(heap[a]);
        json_decref(heap[b]);
        heap[a] = merged;
        heap[b] = heap[--count];
    }
    return heap[0];
}

Test(merge, any_order_and_grouping_gives_the_same, .timeout = 60)
{
    unsigned state = 7;
    make_runs();
    json_t *whole = snarl_document_merge(s_runs, RUNS);
    char *expected = dump(whole);
    for (int round = 0; round < 100; round++) {
        json_t *merged = merge_at_random(&state);
        char *found = dump(merged);
        cr_assert_str_eq(found, expected, "round %d", round);
        free(found);
        json_decref(merged);
    }
}

Test(merge, with_itself_changes_nothing)
{
    make_runs();
    for (int i = 0; i < RUNS; i++) {
        json_t *twice = pair(s_runs[i], s_runs[i]);
        char *before = dump(s_runs[i]), *after = dump(twice);
        cr_assert_str_eq(after, before);
        free(before);
        free(after);
        json_decref(twice);
    }
}

Test(merge, counts_are_kept_per_process)
{
    make_runs();
    json_t *whole = snarl_document_merge(s_runs, RUNS), *finding;
    size_t index;
    cr_assert_eq(json_array_size(json_object_get(whole, "findings")), 5);
    cr_assert_eq(json_array_size(json_object_get(whole, "processes")), 4);
    json_array_foreach(json_object_get(whole, "findings"), index, finding)
        cr_assert_eq(json_integer_value(json_object_get(finding, "count")),
                     (json_int_t)json_object_size(json_object_get(finding, "processes")));
    json_decref(whole);
}
