/* test_members.c - the names of parts of variables (programs/members.c), whatever compiler, optimisation and version of
 * debug information. */
#include "reports/symbolise.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct part {
    const char *word, *name;
    bool exact;
};

static const struct part s_parts[] = {
    {"tag", "outer.tag", true},
    {"pair", "outer.pair[1][2].high", true},
    {"both", "outer.pair[1][2]", false},
    {"number", "outer.value", false}, /* two members fit */
    {"second", "outer.value.bytes.second", true},
    {"whole", "outer.whole", true},
    {"split", "outer.split.high", true},
    {"bits", "outer.{ready, busy, kind}", false},
    {"far", "outer.far", false},
    {"link", "outer.link", true},
    {"text", "outer.text[7]", true},
    {"four", "outer.text", false},
    {"element", "outers[2].pair[0][1].low", true},
    {"packed", "packed.number", true},
    {"grid", "grid[2][3]", true},
    {"row", "grid", false},
    {"counter", "counter[1]", true},
    {"pointer", "pointer", true},
};

static void check_part(struct snarl_symbols *symbols, const char *program, const struct part *part)
{
    char command[4200], line[200], word[64];
    unsigned long address = 0;
    unsigned size = 0;
    bool found = false;
    snprintf(command, sizeof(command), "'%s'", program);
    FILE *pipe = popen(command, "r");
    cr_assert(pipe);
    while (!found && fgets(line, sizeof(line), pipe))
        found = sscanf(line, "%63s %lx %u", word, &address, &size) == 3 && !strcmp(word, part->word);
    pclose(pipe);
    cr_assert(found, "%s of %s", part->word, program);
    const struct snarl_symbol_variable *variable = snarl_symbols_variable(symbols, address, size);
    cr_assert(variable, "%s of %s", part->word, program);
    cr_assert_str_eq(variable->name, part->name, "%s: %s instead of %s", program, variable->name, part->name);
    cr_assert_eq(variable->exact, part->exact, "%s: %s", program, part->name);
    cr_assert_eq(variable->function != NULL, !strcmp(part->word, "counter"));
}

Test(members, have_the_same_names_in_all_builds)
{
    static const char *const s_programs[] = {MEMBERS};
    struct snarl_symboliser *symboliser = snarl_symboliser_new(NULL);
    for (size_t i = 0; i < sizeof(s_programs) / sizeof(s_programs[0]); i++) {
        struct snarl_symbols *symbols = snarl_symbols_open(symboliser, s_programs[i], "");
        for (size_t k = 0; k < sizeof(s_parts) / sizeof(s_parts[0]); k++)
            check_part(symbols, s_programs[i], &s_parts[k]);
        const struct snarl_symbol_variable *variable = snarl_symbols_thread_local(symbols, 2, 2);
        cr_assert(variable, "%s", s_programs[i]);
        cr_assert_str_eq(variable->name, "thread_pair.high");
        cr_assert_null(snarl_symbols_thread_local(symbols, 400, 2));
    }
    snarl_symboliser_free(symboliser);
}
