/* Suppression files: what they match, which rules are unused, and where an error is. */
#include "reports/gate.h"
#include "reports/wildcard.h"

#include <criterion/criterion.h>
#include <string.h>

/* A data race: top() inlined into worker() in the program, against reader() in libfoo. */
static const char s_race[] =
    "{'findings': [{'kind': 'data-race', 'fingerprint': 'f1', 'location': {'symbol': 'g_counter'},"
    " 'locks': [{'name': 'lock_a'}], 'events': ["
    " {'role': 'access', 'stack': [{'function': 'top', 'file': '/src/inline.h', 'module': '/bin/app', "
    "'inlined': true},"
    "   {'function': 'worker', 'file': '/src/worker.c', 'module': '/bin/app'},"
    "   {'function': 'start_thread', 'file': '', 'module': '/lib/libc.so.6'}]},"
    " {'role': 'access', 'stack': [{'function': 'reader', 'file': '/src/foo.c', 'module': "
    "'/usr/lib/libfoo.so.2'},"
    "   {'function': 'loop', 'file': '/src/loop.c', 'module': '/bin/app'}]}]}]}";

static const char s_inversion[] =
    "{'findings': [{'kind': 'lock-order-inversion', 'fingerprint': 'f2', 'locks': [{'name': 'lock_a'}],"
    " 'events': [{'role': 'acquire', 'stack': [{'function': 'pay', 'module': '/bin/app'}]}]}]}";

static json_t *parse(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *document = json_loads(copy, 0, NULL);
    free(copy);
    cr_assert(document);
    return document;
}

static bool silences(const char *rules_text, const char *document_text)
{
    char error[512] = "";
    struct snarl_suppressions *rules = snarl_suppressions_new();
    int result = snarl_suppressions_parse(rules, "t", rules_text, strlen(rules_text), error, sizeof(error));
    cr_assert_eq(result, 0, "%s", error);
    json_t *document = parse(document_text);
    size_t count = snarl_suppressions_apply(rules, document);
    json_decref(document);
    snarl_suppressions_free(rules);
    return count == 1;
}

static void expect_error(const char *rules_text, const char *expected)
{
    char error[512] = "";
    struct snarl_suppressions *rules = snarl_suppressions_new();
    cr_expect_eq(snarl_suppressions_parse(rules, "t", rules_text, strlen(rules_text), error, sizeof(error)),
                 -1, "accepted: %s", rules_text);
    cr_expect(strstr(error, expected), "'%s' has no '%s'", error, expected);
    cr_expect_eq(snarl_suppressions_unused(rules, NULL, NULL), 0);
    snarl_suppressions_free(rules);
}

Test(wildcard, find)
{
    cr_expect(snarl_wildcard_find("work", "a_worker"));
    cr_expect(snarl_wildcard_find("^wor*er$", "worker"));
    cr_expect(snarl_wildcard_find("w*k*r", "xworkerx"));
    cr_expect(snarl_wildcard_find("*", ""));
    cr_expect_not(snarl_wildcard_find("^ork", "worker"));
    cr_expect_not(snarl_wildcard_find("work$", "worker"));
    cr_expect_not(snarl_wildcard_find("^a*b$", "ab_"));
    cr_expect(snarl_wildcard_find("^a*b$", "a_b_b"));
}

Test(wildcard, match)
{
    cr_expect(snarl_wildcard_match("w?rk*", "worker"));
    cr_expect_not(snarl_wildcard_match("work", "worker"));
    cr_expect(snarl_wildcard_match("*lib*.so*", "/usr/lib/libz.so.1"));
}

Test(suppress, types_of_thread_sanitizer)
{
    cr_expect(silences("race:worker", s_race));
    cr_expect(silences("race:foo.c", s_race));
    cr_expect(silences("race:g_counter", s_race));
    cr_expect(silences("race:libfoo", s_race));
    cr_expect(silences("race_top:^top$", s_race));
    cr_expect(silences("race_top:^worker$", s_race), "what it was inlined into");
    cr_expect_not(silences("race_top:start_thread", s_race));
    cr_expect(silences("called_from_lib:libfoo.so", s_race));
    cr_expect_not(silences("called_from_lib:libbar.so", s_race));
    cr_expect_not(silences("race:lock_a", s_race), "a lock held meanwhile is not what the race is about");
    cr_expect_not(silences("deadlock:worker", s_race));
    cr_expect(silences("deadlock:pay", s_inversion));
    cr_expect(silences("deadlock:lock_a", s_inversion));
    cr_expect_not(silences("race:pay", s_inversion));
}

Test(suppress, own_kinds_as_words)
{
    cr_expect(silences("data-race:worker", s_race));
    cr_expect(silences("lock-order-inversion:pay", s_inversion));
    cr_expect_not(silences("stall:pay", s_inversion));
}

Test(suppress, comments_blanks_and_line_ends)
{
    cr_expect(silences("# all of it\r\n\r\n   race:worker  \r\n", s_race));
    cr_expect_not(silences("", s_race));
}

Test(suppress, blocks_of_valgrind)
{
    cr_expect(silences("{\n name\n Helgrind:Race\n fun:top\n fun:work*\n}\n", s_race));
    cr_expect(silences("{\n name\n Helgrind,drd:Race\n fun:top\n ...\n obj:*/libc.so*\n}\n", s_race));
    cr_expect(silences("{\n name\n drd:ConflictingAccess\n src:foo.c\n}\n", s_race));
    cr_expect(silences("{\n name\n snarl:lock-order-inversion\n ...\n fun:pay\n}\n", s_inversion));
    cr_expect(
        silences("{\n name\n Helgrind:LockOrder\n fun:mutex_lock_WRK\n fun:pthread_mutex_lock\n fun:pay\n}\n",
                 s_inversion));
    cr_expect_not(silences("{\n name\n Helgrind:Race\n fun:worker\n}\n", s_race), "not the innermost frame");
    cr_expect_not(silences("{\n name\n Helgrind:Race\n fun:top\n fun:start_thread\n}\n", s_race));
    cr_expect_not(silences("{\n name\n Memcheck:Leak\n fun:top\n}\n", s_race), "another tool's");
}

static void remember(const char *rule, void *context)
{
    snprintf(context, 256, "%s", rule);
}

Test(suppress, unused_rules_are_named_and_used_ones_told)
{
    static const char text[] = "race:worker\ndeadlock:nobody\n{\n other\n Memcheck:Leak\n fun:x\n}\n";
    char error[512], unused[256] = "";
    struct snarl_suppressions *rules = snarl_suppressions_new();
    cr_assert_eq(snarl_suppressions_parse(rules, "s.txt", text, strlen(text), error, sizeof(error)), 0);
    json_t *document = parse(s_race);
    cr_expect_eq(snarl_suppressions_apply(rules, document), 1);
    cr_expect_eq(snarl_suppressions_unused(rules, remember, unused), 1);
    cr_expect_str_eq(unused, "s.txt:2: deadlock:nobody");
    const json_t *finding = json_array_get(json_object_get(document, "findings"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(finding, "suppressed_by")), "s.txt:1: race:worker");
    json_decref(document);
    snarl_suppressions_free(rules);
}

Test(suppress, errors_say_where_and_what)
{
    expect_error("race:a\n  rase:b\n", "t:2:3: no such type");
    expect_error("hello\n", "t:1:1: expected TYPE:PATTERN");
    expect_error("race:\n", "t:1:6: expected a pattern");
    expect_error("{\n name\n", "t:1:1: this block has no closing brace");
    expect_error("{\n}\n", "t:2:1: expected the suppression's name");
    expect_error("{\n name\n Race\n}\n", "t:3:2: expected TOOL:KIND");
    expect_error("{\n name\n Helgrind:Race\n  func:a\n}\n", "t:4:3: expected fun:");
    expect_error("{\n name\n Helgrind:Race\n}\n", "t:4:1: expected a frame");
    expect_error("{\n name\n snarl:wrong\n fun:a\n}\n", "no such kind");
}

Test(suppress, a_missing_file_is_named)
{
    char error[512] = "";
    struct snarl_suppressions *rules = snarl_suppressions_new();
    cr_expect_eq(snarl_suppressions_read(rules, "/none/such", error, sizeof(error)), -1);
    cr_expect(strstr(error, "/none/such: No such file"));
    cr_expect_eq(snarl_suppressions_read(rules, "/dev/zero", error, sizeof(error)), -1);
    snarl_suppressions_free(rules);
}
