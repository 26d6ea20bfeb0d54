/* Lock orders of different processes, merged by lock class. */
#include "reports/classes.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct order {
    const char *process, *from, *to; /* classes without their "var:m:" */
    const char *gate;                /* class of a gate, or NULL */
    const char *mode;                /* NULL: write */
};

static json_t *event(const char *process, const char *role)
{
    return json_pack("{s:s, s:{s:s}, s:[{s:s, s:s, s:i, s:s}]}", "role", role, "thread", "id", process,
                     "stack", "function", role, "file", "/src/a.c", "line", 3, "module", "/bin/app");
}

static void add_lock(json_t *locks, const char *process, const char *class)
{
    json_array_append_new(locks, json_pack("{s:o, s:s, s:o, s:s}", "id",
                                           json_sprintf("%s/%s", process, class), "name", class, "class",
                                           json_sprintf("var:m:%s", class), "kind", "mutex"));
}

static json_t *edge_of(const struct order *order)
{
    json_t *gates = json_array();
    if (order->gate)
        json_array_append_new(gates, json_sprintf("%s/%s", order->process, order->gate));
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "from",
                     json_sprintf("%s/%s", order->process, order->from), "to",
                     json_sprintf("%s/%s", order->process, order->to), "class_from",
                     json_sprintf("var:m:%s", order->from), "class_to", json_sprintf("var:m:%s", order->to),
                     "process", order->process, "mode_from", order->mode ? order->mode : "write", "mode_to",
                     order->mode ? order->mode : "write", "gates", gates, "hold",
                     event(order->process, "hold"), "acquire", event(order->process, "acquire"));
}

static json_t *document_of(const struct order *orders, size_t count)
{
    json_t *locks = json_array(), *edges = json_array();
    for (size_t i = 0; i < count; i++) {
        add_lock(locks, orders[i].process, orders[i].from);
        add_lock(locks, orders[i].process, orders[i].to);
        if (orders[i].gate)
            add_lock(locks, orders[i].process, orders[i].gate);
        json_array_append_new(edges, edge_of(&orders[i]));
    }
    return json_pack("{s:[], s:[], s:o, s:{s:o}}", "findings", "processes", "locks", locks, "lock_graph",
                     "edges", edges);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t found_in(const struct order *orders, size_t count)
{
    json_t *document = document_of(orders, count);
    size_t found = snarl_classes_find(document);
    cr_expect_eq(json_array_size(json_object_get(document, "findings")), found);
    json_decref(document);
    return found;
}

static const struct order s_reverse[] = {{"1-a", "x", "y", NULL, NULL}, {"2-b", "y", "x", NULL, NULL}};

Test(classes, opposite_orders_in_two_processes_are_found)
{
    json_t *document = document_of(s_reverse, 2);
    cr_assert_eq(snarl_classes_find(document), 1);
    const json_t *finding = json_array_get(json_object_get(document, "findings"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(finding, "kind")), "lock-order-inversion");
    cr_expect_str_eq(json_string_value(json_object_get(finding, "confidence")), "possible");
    cr_expect_eq(json_array_size(json_object_get(finding, "origins")), 2);
    const json_t *events = json_object_get(finding, "events");
    cr_expect_eq(json_array_size(events), 4);
    /* The cycle closes: what the first thread wants is what the second one holds. */
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(events, 1), "lock")),
                     json_string_value(json_object_get(json_array_get(events, 2), "lock")));
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(events, 3), "lock")),
                     json_string_value(json_object_get(json_array_get(events, 0), "lock")));
    const char *words = json_string_value(json_object_get(finding, "explanation"));
    cr_expect(strstr(words, "1-a") && strstr(words, "2-b"), "%s", words);
    json_decref(document);
}

Test(classes, a_cycle_of_three_over_three_processes)
{
    static const struct order orders[] = {
        {"1-a", "x", "y", NULL, NULL}, {"2-b", "y", "z", NULL, NULL}, {"3-c", "z", "x", NULL, NULL}};
    cr_expect_eq(found_in(orders, COUNT(orders)), 1);
}

Test(classes, what_one_process_saw_whole_is_left_to_it)
{
    static const struct order orders[] = {
        {"1-a", "x", "y", NULL, NULL}, {"1-a", "y", "x", NULL, NULL}, {"2-b", "y", "x", NULL, NULL}};
    cr_expect_eq(found_in(orders, COUNT(orders)), 0);
}

Test(classes, equal_orders_are_no_cycle)
{
    static const struct order orders[] = {
        {"1-a", "x", "y", NULL, NULL}, {"2-b", "x", "y", NULL, NULL}, {"2-b", "y", "z", NULL, NULL}};
    cr_expect_eq(found_in(orders, COUNT(orders)), 0);
}

Test(classes, a_common_gate_keeps_them_apart)
{
    static const struct order gated[] = {{"1-a", "x", "y", "g", NULL}, {"2-b", "y", "x", "g", NULL}};
    static const struct order half[] = {{"1-a", "x", "y", "g", NULL}, {"2-b", "y", "x", NULL, NULL}};
    static const struct order also[] = {
        {"1-a", "x", "y", "g", NULL}, {"2-b", "y", "x", "g", NULL}, {"3-c", "y", "x", NULL, NULL}};
    cr_expect_eq(found_in(gated, COUNT(gated)), 0);
    cr_expect_eq(found_in(half, COUNT(half)), 1);
    cr_expect_eq(found_in(also, COUNT(also)), 1, "one process goes without the gate");
}

Test(classes, readers_and_tries_do_not_wait)
{
    static const struct order readers[] = {{"1-a", "x", "y", NULL, "read"}, {"2-b", "y", "x", NULL, "read"}};
    static const struct order tries[] = {{"1-a", "x", "y", NULL, NULL}, {"2-b", "y", "x", NULL, "try"}};
    cr_expect_eq(found_in(readers, COUNT(readers)), 0);
    cr_expect_eq(found_in(tries, COUNT(tries)), 0);
}

Test(classes, finding_again_changes_nothing_and_order_does_not_matter)
{
    static const struct order turned[] = {{"2-b", "y", "x", NULL, NULL}, {"1-a", "x", "y", NULL, NULL}};
    json_t *document = document_of(s_reverse, 2), *other = document_of(turned, 2);
    snarl_classes_find(document);
    json_t *first = json_deep_copy(json_object_get(document, "findings"));
    cr_expect_eq(snarl_classes_find(document), 1);
    snarl_classes_find(other);
    cr_expect(json_equal(first, json_object_get(document, "findings")));
    cr_expect(json_equal(first, json_object_get(other, "findings")));
    json_decref(first);
    json_decref(document);
    json_decref(other);
}

Test(classes, damaged_graphs_do_no_harm)
{
    static const char *const texts[] = {"{}", "{\"findings\": [], \"lock_graph\": 3}",
                                        "{\"findings\": [null], \"lock_graph\": {\"edges\": [null, {}, 1]}}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        json_t *document = json_loads(texts[i], 0, NULL);
        cr_expect_eq(snarl_classes_find(document), 0);
        json_decref(document);
    }
}
