/* Components of graphs against a slow and simple reckoning, and texts of chance for the readers. */
#include "reports/order.h"
#include "reports/gate.h"
#include "reports/toml.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define NODES 12

static uint32_t s_state;

/* xorshift32: the same numbers everywhere */
static uint32_t chance(uint32_t below)
{
    s_state ^= s_state << 13;
    s_state ^= s_state >> 17;
    s_state ^= s_state << 5;
    return s_state % below;
}

static void reach(bool reached[NODES][NODES], size_t edges, const uint32_t *from, const uint32_t *to)
{
    memset(reached, 0, NODES * NODES);
    for (size_t i = 0; i < NODES; i++)
        reached[i][i] = true;
    for (size_t i = 0; i < edges; i++)
        reached[from[i]][to[i]] = true;
    for (size_t k = 0; k < NODES; k++)
        for (size_t i = 0; i < NODES; i++)
            for (size_t j = 0; j < NODES; j++)
                reached[i][j] |= reached[i][k] && reached[k][j];
}

Test(order, components_are_those_that_reach_each_other)
{
    s_state = 20261122;
    for (int round = 0; round < 2000; round++) {
        uint32_t from[40], to[40], component[NODES];
        bool reached[NODES][NODES];
        size_t edges = chance(40);
        for (size_t i = 0; i < edges; i++) {
            from[i] = chance(NODES);
            to[i] = chance(NODES);
        }
        cr_assert_eq(snarl_order_components(NODES, edges, from, to, component), 0);
        reach(reached, edges, from, to);
        for (size_t i = 0; i < NODES; i++)
            for (size_t j = 0; j < NODES; j++)
                cr_assert_eq(component[i] == component[j], reached[i][j] && reached[j][i], "round %d", round);
    }
}

Test(order, a_long_chain_needs_no_stack)
{
    enum { LENGTH = 300000 };
    uint32_t *from = calloc(LENGTH, sizeof(*from)), *to = calloc(LENGTH, sizeof(*to));
    uint32_t *component = calloc(LENGTH, sizeof(*component));
    for (uint32_t i = 0; i < LENGTH; i++) {
        from[i] = i;
        to[i] = (i + 1) % LENGTH;
    }
    cr_assert_eq(snarl_order_components(LENGTH, LENGTH, from, to, component), 0);
    cr_expect_eq(component[0], component[LENGTH - 1]);
    cr_assert_eq(snarl_order_components(LENGTH, LENGTH - 1, from, to, component), 0);
    cr_expect_neq(component[0], component[LENGTH - 1]);
    free(from);
    free(to);
    free(component);
}

static const char *ignore(const struct snarl_toml_entry *entry, int *at_value, void *context)
{
    (void)entry;
    (void)at_value;
    (void)context;
    return NULL;
}

/* Pieces that mean something to the readers, put together by chance. */
static size_t compose(char *text, size_t size, const char *const *pieces, size_t count)
{
    size_t length = 0, wanted = chance(30);
    for (size_t i = 0; i < wanted; i++) {
        const char *piece = pieces[chance(count)];
        if (length + strlen(piece) >= size)
            break;
        memcpy(text + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return length;
}

Test(texts, of_chance_are_read_or_refused_with_a_line)
{
    static const char *const pieces[] = {"a",    "=",     "\"",         "'",     "[",
                                         "]",    "{",     "}",          "\n",    "\\u12",
                                         "\\",   "race:", "fun:x",      "...",   "Helgrind:Race",
                                         " ",    "1",     "0x",         "_",     ".",
                                         "-",    "true",  "#",          "\xff",  ",",
                                         "\r\n", "1e",    "2020-01-01", "obj:*", "\\U0010ffff"};
    s_state = 7;
    for (int round = 0; round < 50000; round++) {
        char text[256], error[512] = "";
        size_t length = compose(text, sizeof(text), pieces, sizeof(pieces) / sizeof(pieces[0]));
        char *exact = malloc(length + !length); /* its end is the block's: a checker sees a step past it */
        memcpy(exact, text, length);
        struct snarl_suppressions *rules = snarl_suppressions_new();
        int result = snarl_suppressions_parse(rules, "s", exact, length, error, sizeof(error));
        cr_assert(result == 0 || (result == -1 && !strncmp(error, "s:", 2)), "round %d", round);
        snarl_suppressions_free(rules);
        result = snarl_toml_read("t", exact, length, ignore, NULL, error, sizeof(error));
        cr_assert(result == 0 || (result == -1 && !strncmp(error, "t:", 2)), "round %d: %s", round, error);
        free(exact);
    }
}
