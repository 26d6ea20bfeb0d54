/* Kinds that fail, and baselines. */
#include "reports/gate.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *document_of(const char *const *kinds)
{
    json_t *findings = json_array();
    for (int i = 0; kinds[i]; i++)
        json_array_append_new(findings, json_pack("{s:s, s:o, s:s}", "kind", kinds[i], "fingerprint",
                                                  json_sprintf("fp-%d", i), "message", "a\nmessage"));
    return json_pack("{s:i, s:o}", "schema", 1, "findings", findings);
}

static const char *const s_three[] = {"data-race", "thread-leak", "deadlock", NULL};

static json_t *finding_of(json_t *document, size_t index)
{
    return json_array_get(json_object_get(document, "findings"), index);
}

static char *temporary_folder(void)
{
    static char path[] = "/tmp/snarl-gate-XXXXXX";
    cr_assert(mkdtemp(path));
    return path;
}

Test(gate, the_default_lets_leaks_pass)
{
    json_t *document = document_of(s_three);
    struct snarl_gate_verdict verdict = snarl_gate_judge(document, SNARL_GATE_DEFAULT);
    cr_expect_eq(verdict.findings, 3);
    cr_expect_eq(verdict.failing, 2);
    cr_expect_eq(verdict.tolerated, 1);
    cr_expect(json_is_true(json_object_get(finding_of(document, 0), "fails")));
    cr_expect(json_is_false(json_object_get(finding_of(document, 1), "fails")));
    cr_expect_eq(json_array_size(json_object_get(json_object_get(document, "gate"), "fail_on")), 6);
    json_decref(document);
}

Test(gate, chosen_kinds_suppressed_and_accepted)
{
    char error[256];
    uint32_t kinds;
    json_t *document = document_of(s_three);
    cr_assert_eq(snarl_gate_kinds("thread-leak,data-race", &kinds, error, sizeof(error)), 0);
    json_object_set_new(finding_of(document, 0), "suppressed", json_true());
    json_object_set_new(finding_of(document, 1), "baseline", json_string("unchanged"));
    struct snarl_gate_verdict verdict = snarl_gate_judge(document, kinds);
    cr_expect_eq(verdict.failing, 0);
    cr_expect_eq(verdict.suppressed, 1);
    cr_expect_eq(verdict.accepted, 1);
    cr_expect_eq(verdict.tolerated, 1);
    json_decref(document);
}

Test(gate, lists_of_kinds)
{
    char error[256] = "";
    uint32_t kinds = 7;
    cr_expect_eq(snarl_gate_kinds("none", &kinds, error, sizeof(error)), 0);
    cr_expect_eq(kinds, 0);
    cr_expect_eq(snarl_gate_kinds("default,thread-leak", &kinds, error, sizeof(error)), 0);
    uint32_t all;
    cr_expect_eq(snarl_gate_kinds("all", &all, error, sizeof(error)), 0);
    cr_expect_eq(kinds, all);
    cr_expect_eq(snarl_gate_kinds("data-race,dead-lock", &kinds, error, sizeof(error)), -1);
    cr_expect(strstr(error, "'dead-lock'"));
    cr_expect(strstr(error, "lock-order-inversion"));
    for (unsigned i = 0; i < SNARL_GATE_KINDS; i++)
        cr_expect(snarl_gate_kind_name(i));
    cr_expect_null(snarl_gate_kind_name(SNARL_GATE_KINDS));
}

Test(baseline, accepts_what_was_there_and_nothing_else)
{
    char error[512] = "", *path;
    const char *folder = temporary_folder();
    cr_assert(asprintf(&path, "%s/base.json", folder) > 0);
    json_t *document = document_of(s_three);
    json_object_set_new(finding_of(document, 1), "suppressed", json_true());
    cr_assert_eq(snarl_baseline_write(document, path, error, sizeof(error)), 0, "%s", error);
    json_object_set_new(finding_of(document, 2), "fingerprint", json_string("another"));
    cr_assert_eq(snarl_baseline_apply(document, path, error, sizeof(error)), 0, "%s", error);
    cr_expect_str_eq(json_string_value(json_object_get(finding_of(document, 0), "baseline")), "unchanged");
    cr_expect_str_eq(json_string_value(json_object_get(finding_of(document, 1), "baseline")), "new");
    cr_expect_str_eq(json_string_value(json_object_get(finding_of(document, 2), "baseline")), "new");
    const json_t *absent = json_object_get(json_object_get(document, "baseline"), "absent");
    cr_expect_eq(json_array_size(absent), 1);
    json_decref(document);
    unlink(path);
    cr_expect_eq(rmdir(folder), 0, "nothing else may be left in the folder");
    free(path);
}

static char *contents(const char *path)
{
    static char text[4096];
    FILE *file = fopen(path, "r");
    cr_assert(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

Test(baseline, the_order_of_findings_does_not_matter)
{
    char error[512], *path, first[4096];
    const char *folder = temporary_folder();
    cr_assert(asprintf(&path, "%s/base.json", folder) > 0);
    json_t *document = document_of(s_three);
    snarl_baseline_write(document, path, error, sizeof(error));
    strcpy(first, contents(path));
    json_t *last = json_incref(finding_of(document, 2));
    json_array_remove(json_object_get(document, "findings"), 2);
    json_array_insert_new(json_object_get(document, "findings"), 0, last);
    snarl_baseline_write(document, path, error, sizeof(error));
    cr_expect_str_eq(first, contents(path));
    json_decref(document);
    unlink(path);
    rmdir(folder);
    free(path);
}

Test(baseline, what_is_none_is_refused_with_its_place)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"{\"findings\": []}", "base.json:1:1: this is no baseline"},
        {"[1]", "base.json:1:1: this is no baseline"},
        {"{\"snarl_baseline\": 2, \"findings\": []}", "another version"},
        {"{\"snarl_baseline\": 1}", "expected \"findings\" to be an array"},
        {"{\n\"snarl_baseline\": 1,,\n", "base.json:2:"},
    };
    char error[512], *path;
    const char *folder = temporary_folder();
    json_t *document = document_of(s_three);
    cr_assert(asprintf(&path, "%s/base.json", folder) > 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FILE *file = fopen(path, "w");
        fputs(cases[i].text, file);
        fclose(file);
        cr_expect_eq(snarl_baseline_apply(document, path, error, sizeof(error)), -1);
        cr_expect(strstr(error, cases[i].expected), "%s", error);
    }
    unlink(path);
    cr_expect_eq(snarl_baseline_apply(document, path, error, sizeof(error)), -1);
    cr_expect(strstr(error, "--write-baseline"), "%s", error);
    cr_expect_null(json_object_get(finding_of(document, 0), "baseline"));
    cr_expect_eq(snarl_baseline_write(document, "/none/such/base.json", error, sizeof(error)), -1);
    cr_expect(strstr(error, "/none/such/base.json: No such file"));
    json_decref(document);
    rmdir(folder);
    free(path);
}
