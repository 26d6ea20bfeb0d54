/* The history file: what it remembers, in any order and with many writers. */
#include "reports/gate.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char s_path[64];

static void setup(void)
{
    strcpy(s_path, "/tmp/snarl-store-XXXXXX");
    int fd = mkstemp(s_path);
    close(fd);
    unlink(s_path);
}

static void teardown(void)
{
    unlink(s_path);
}

TestSuite(store, .init = setup, .fini = teardown);

/* A run with the findings named by the letters. */
static json_t *run(const char *id, const char *day, const char *letters)
{
    json_t *findings = json_array();
    for (; *letters; letters++)
        json_array_append_new(findings, json_pack("{s:o, s:s, s:s}", "fingerprint", json_stringn(letters, 1),
                                                  "kind", "data-race", "message", "m"));
    return json_pack("{s:{s:s, s:s, s:[s]}, s:o}", "run", "id", id, "started", day, "command", "/bin/app",
                     "findings", findings);
}

static json_t *record(const char *id, const char *day, const char *letters)
{
    char error[512] = "";
    json_t *document = run(id, day, letters);
    cr_assert_eq(snarl_store_record(s_path, document, error, sizeof(error)), 0, "%s", error);
    return document;
}

static void expect_history(json_t *document, size_t index, const char *first, const char *last, int runs)
{
    const json_t *history =
        json_object_get(json_array_get(json_object_get(document, "findings"), index), "history");
    cr_expect_str_eq(json_string_value(json_object_get(history, "first_seen")), first);
    cr_expect_str_eq(json_string_value(json_object_get(history, "last_seen")), last);
    cr_expect_eq(json_integer_value(json_object_get(history, "runs")), runs);
}

static int new_of(json_t *document, size_t index)
{
    return json_integer_value(
        json_object_get(json_array_get(json_object_get(document, "history"), index), "new"));
}

Test(store, remembers_first_last_and_how_often)
{
    json_decref(record("r1", "2026-01-01", "ab"));
    json_decref(record("r2", "2026-01-02", "a"));
    json_t *third = record("r3", "2026-01-03", "ac");
    expect_history(third, 0, "2026-01-01", "2026-01-03", 3);
    expect_history(third, 1, "2026-01-03", "2026-01-03", 1);
    cr_expect_eq(json_array_size(json_object_get(third, "history")), 3);
    cr_expect_eq(new_of(third, 0), 2);
    cr_expect_eq(new_of(third, 1), 0);
    cr_expect_eq(new_of(third, 2), 1);
    json_decref(third);
}

Test(store, the_same_run_twice_counts_once)
{
    json_decref(record("r1", "2026-01-01", "abc"));
    json_t *again = record("r1", "2026-01-01", "ab");
    expect_history(again, 0, "2026-01-01", "2026-01-01", 1);
    cr_expect_eq(json_array_size(json_object_get(again, "history")), 1);
    cr_expect_eq(
        json_integer_value(json_object_get(json_array_get(json_object_get(again, "history"), 0), "findings")),
        2);
    json_decref(again);
}

Test(store, suppressed_findings_are_not_kept)
{
    char error[512];
    json_t *document = run("r1", "2026-01-01", "ab");
    json_object_set_new(json_array_get(json_object_get(document, "findings"), 0), "suppressed", json_true());
    cr_assert_eq(snarl_store_record(s_path, document, error, sizeof(error)), 0);
    cr_expect_null(json_object_get(json_array_get(json_object_get(document, "findings"), 0), "history"));
    expect_history(document, 1, "2026-01-01", "2026-01-01", 1);
    json_decref(document);
}

/* Each of many processes adds its runs to a file that does not exist yet. */
Test(store, many_writers_at_once)
{
    enum { WRITERS = 8, RUNS = 5 };
    char error[512], id[32];
    for (int i = 0; i < WRITERS; i++) {
        if (fork())
            continue;
        for (int j = 0; j < RUNS; j++) {
            snprintf(id, sizeof(id), "w%d-%d", i, j);
            if (snarl_store_record(s_path, run(id, "2026-01-01", "ab"), error, sizeof(error))) {
                fprintf(stderr, "%s\n", error);
                _exit(1);
            }
        }
        _exit(0);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        wait(&status);
        cr_expect_eq(status, 0);
    }
    json_t *last = record("z", "2026-01-02", "a");
    expect_history(last, 0, "2026-01-01", "2026-01-02", WRITERS * RUNS + 1);
    json_decref(last);
}

Test(store, foreign_files_are_refused_and_left_alone)
{
    char error[512] = "", back[32] = "";
    FILE *file = fopen(s_path, "w");
    fputs("this is not a database, but it is long enough to be read as one", file);
    fclose(file);
    json_t *document = run("r", "2026-01-01", "a");
    cr_expect_eq(snarl_store_record(s_path, document, error, sizeof(error)), -1);
    cr_expect(strstr(error, s_path) && strstr(error, "not a database"), "%s", error);
    file = fopen(s_path, "r");
    cr_expect(fgets(back, 8, file) && !strcmp(back, "this is"));
    fclose(file);
    cr_expect_eq(snarl_store_record("/none/such/store", document, error, sizeof(error)), -1);
    cr_expect(strstr(error, "/none/such/store"), "%s", error);
    json_decref(document);
}
