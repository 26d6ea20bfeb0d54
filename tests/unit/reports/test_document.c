/* test_document.c - run directories to documents: members, names, fingerprints, exits, damage, loading. */
#include "fixture.h"
#include "reports/frames.h"
#include "reports/reports.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char s_directory[64];

static const struct fixture s_plain = {
    .findings = FIXTURE_ALL,
    .pid = 100,
    .ppid = 1,
    .started = 0x5000,
    .address = 0x7f0000001000,
    .thread = 2,
    .lock = 1,
};

static void new_directory(void)
{
    strcpy(s_directory, "/tmp/snarl-document-XXXXXX");
    cr_assert(mkdtemp(s_directory));
}

static void remove_directory(void)
{
    char path[512];
    DIR *listing = opendir(s_directory);
    struct dirent *entry;
    while (listing && (entry = readdir(listing))) {
        snprintf(path, sizeof(path), "%s/%s", s_directory, entry->d_name);
        unlink(path);
    }
    if (listing)
        closedir(listing);
    rmdir(s_directory);
}

static json_t *load(void)
{
    char error[512] = "";
    const char *paths[] = {s_directory};
    json_t *document = snarl_report_load(paths, 1, NULL, error, sizeof(error));
    cr_assert(document, "%s", error);
    return document;
}

static json_t *document_of(const struct fixture *fixture)
{
    new_directory();
    fixture_save(fixture, s_directory);
    json_t *document = load();
    remove_directory();
    return document;
}

static json_t *finding_of(const json_t *document, const char *kind)
{
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), index,
                       finding) if (!strcmp(snarl_json_text(finding, "kind"), kind)) return finding;
    cr_assert_fail("no %s", kind);
    return NULL;
}

static void expect_text(const json_t *object, const char *key, const char *text)
{
    cr_assert_str_eq(snarl_json_text(object, key), text);
}

static void expect_number(const json_t *object, const char *key, json_int_t number)
{
    cr_assert_eq(json_integer_value(json_object_get(object, key)), number, "%s", key);
}

Test(document, process_and_run)
{
    json_t *document = document_of(&s_plain), *run = json_object_get(document, "run");
    json_t *process = json_array_get(json_object_get(document, "processes"), 0);
    expect_number(document, "schema", 1);
    expect_text(run, "id", "run-of-the-bank");
    expect_text(run, "started", "2023-11-14T22:13:20.000Z");
    expect_text(run, "cwd", "/home/u");
    expect_number(run, "exit_status", 66);
    expect_text(process, "key", "100-5000");
    expect_number(process, "pid", 100);
    expect_number(process, "threads", 4);
    expect_text(process, "mode", "full");
    expect_number(json_object_get(process, "exit"), "code", 66);
    expect_text(json_object_get(process, "exit"), "ended", "deadlock");
    expect_number(json_object_get(process, "counters"), "held-overflow", 3);
    cr_assert(json_is_array(json_object_get(json_object_get(process, "coverage"), "modules")));
    json_decref(document);
}

static void write_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", s_directory, name);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

Test(document, the_command_knows_the_run_better_than_its_processes)
{
    new_directory();
    fixture_save(&s_plain, s_directory);
    write_file(
        "meta.json",
        "{\"id\": \"x-1\", \"command\": [\"script\"], \"cwd\": 7, \"exit_status\": 124, \"host\": \"h\"}");
    json_t *document = load(), *run = json_object_get(document, "run");
    expect_text(run, "id", "x-1");
    expect_text(run, "host", "h");
    expect_text(run, "cwd", "/home/u");
    expect_number(run, "exit_status", 124);
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(run, "command"), 0)), "script");
    json_decref(document);
    remove_directory();
}

Test(document, findings_say_what_they_are)
{
    json_t *document = document_of(&s_plain), *finding = finding_of(document, "deadlock");
    cr_assert_eq(json_array_size(json_object_get(document, "findings")), 5);
    expect_text(finding, "message", "2 threads wait for each other: lock_a, lock_b");
    expect_text(finding, "explanation",
                "T2 holds lock_a and waits for lock_b in deposit (bank.c:10); T3 holds lock_b and waits for "
                "lock_a in "
                "withdraw (bank.c:18): neither can ever go on.");
    expect_text(finding, "suggestion", "deadlock:deposit");
    expect_text(finding_of(document, "data-race"), "suggestion", "race:deposit");
    expect_text(finding_of(document, "stall"), "suggestion", "stall:audit");
    expect_text(finding_of(document, "lock-misuse"), "suggestion", "mutex:audit");
    json_t *race = json_object_get(finding_of(document, "data-race"), "location");
    expect_text(race, "kind", "heap");
    expect_number(race, "size", 24);
    expect_text(json_object_get(race, "allocated"), "role", "allocate");
    json_decref(document);
}

Test(document, events_carry_thread_locks_and_stack)
{
    json_t *document = document_of(&s_plain), *finding = finding_of(document, "deadlock");
    json_t *event = json_array_get(json_object_get(finding, "events"), 1);
    json_t *thread = json_object_get(event, "thread");
    json_t *frame = json_array_get(json_object_get(event, "stack"), 0);
    expect_text(event, "role", "wait");
    expect_text(thread, "id", "100-5000/2");
    expect_text(json_object_get(json_object_get(thread, "created"), "thread"), "name", "main");
    expect_text(event, "lock", "100-5000/2");
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(event, "locks_held"), 0)),
                     "100-5000/1");
    cr_assert(json_is_true(json_object_get(event, "complete")));
    expect_text(frame, "function", "deposit");
    expect_number(frame, "line", 10);
    json_decref(document);
}

Test(document, locks_have_names_and_a_graph)
{
    json_t *document = document_of(&s_plain), *locks = json_object_get(document, "locks");
    json_t *edge = json_array_get(json_object_get(json_object_get(document, "lock_graph"), "edges"), 0);
    cr_assert_eq(json_array_size(locks), 4);
    expect_text(json_array_get(locks, 0), "name", "lock_a");
    expect_text(json_array_get(locks, 0), "class", "name:lock_a");
    expect_number(json_array_get(locks, 0), "acquisitions", 100);
    expect_text(json_array_get(locks, 3), "name", "condition@bank.c:32");
    expect_text(edge, "from", "100-5000/1");
    expect_text(edge, "hold_at", "deposit (bank.c:9)");
    expect_number(edge, "count", 3);
    cr_assert_eq(json_array_size(json_object_get(document, "threads")), 4);
    json_decref(document);
}

static json_t *fingerprints(const json_t *document)
{
    json_t *prints = json_object();
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), index, finding)
        json_object_set(prints, snarl_json_text(finding, "kind"), json_object_get(finding, "fingerprint"));
    return prints;
}

Test(fingerprint, does_not_depend_on_chance)
{
    struct fixture other = s_plain;
    other.pid = 31337;
    other.started = 0x99999;
    other.address = 0x555500000000;
    other.thread = 9;
    other.lock = 40;
    other.turned = true;
    json_t *first = document_of(&s_plain), *second = document_of(&other);
    json_t *a = fingerprints(first), *b = fingerprints(second);
    cr_assert_eq(json_object_size(a), 5);
    cr_assert(json_equal(a, b), "%s\n%s", json_dumps(a, 0), json_dumps(b, 0));
    json_decref(a);
    json_decref(b);
    json_decref(first);
    json_decref(second);
}

Test(fingerprint, tells_findings_apart)
{
    json_t *document = document_of(&s_plain), *prints = fingerprints(document), *seen = json_object(), *print;
    const char *kind;
    json_object_foreach(prints, kind, print) json_object_set_new(seen, json_string_value(print), json_true());
    cr_assert_eq(json_object_size(seen), 5);
    json_decref(seen);
    json_decref(prints);
    json_decref(document);
}

Test(document, same_findings_of_processes_are_one)
{
    struct fixture child = s_plain;
    child.pid = 101;
    child.ppid = 100;
    child.started = 0x6000;
    new_directory();
    fixture_save(&s_plain, s_directory);
    fixture_save(&child, s_directory);
    json_t *document = load(), *finding = finding_of(document, "deadlock");
    cr_assert_eq(json_array_size(json_object_get(document, "findings")), 5);
    cr_assert_eq(json_array_size(json_object_get(document, "processes")), 2);
    expect_number(finding, "count", 2);
    expect_number(finding, "pid", 100);
    expect_number(json_object_get(finding, "processes"), "101-6000", 1);
    cr_assert_eq(json_array_size(json_object_get(document, "locks")), 8, "locks of two processes are two");
    json_decref(document);
    remove_directory();
}

Test(document, a_child_without_exit_gets_it_from_its_parent)
{
    struct fixture child = s_plain;
    struct runmaker *maker = malloc(sizeof(*maker));
    child.pid = 101;
    child.started = 0x6000;
    child.no_exit = true;
    new_directory();
    fixture_save(&child, s_directory);
    json_t *document = load();
    cr_assert(
        json_is_null(json_object_get(json_array_get(json_object_get(document, "processes"), 0), "exit")));
    cr_assert(strstr(snarl_json_text(json_array_get(json_object_get(document, "notes"), 0), "text"),
                     "no record of its end"));
    json_decref(document);
    fixture_make(maker, &s_plain);
    runmaker_record(maker, SNARL_RECORD_CHILD, "ii", 101, 9);
    cr_assert(runmaker_save(maker, s_directory, "100-5000.snarl"));
    document = load();
    json_t *process = json_array_get(json_object_get(document, "processes"), 1);
    expect_number(json_object_get(process, "exit"), "signal", 9);
    cr_assert_eq(json_array_size(json_object_get(document, "notes")), 0);
    json_decref(document);
    runmaker_free(maker);
    free(maker);
    remove_directory();
}

Test(document, damage_is_named_and_the_rest_is_read)
{
    struct runmaker *maker = malloc(sizeof(*maker));
    new_directory();
    fixture_make(maker, &s_plain);
    maker->bytes[maker->size - 3] ^= 1; /* the EXIT record */
    cr_assert(runmaker_save(maker, s_directory, "100-5000.snarl"));
    json_t *document = load(), *notes = json_object_get(document, "notes");
    const char *text = snarl_json_text(json_array_get(notes, 0), "text");
    cr_assert_eq(json_array_size(json_object_get(document, "findings")), 5);
    cr_assert(strstr(text, "100-5000.snarl: byte ") && strstr(text, "checksum is wrong"), "%s", text);
    json_decref(document);
    runmaker_free(maker);
    free(maker);
    remove_directory();
}

static void expect_refused(const char *path, const char *words)
{
    char error[512] = "";
    json_t *document = snarl_report_load(&path, 1, NULL, error, sizeof(error));
    cr_assert_null(document);
    cr_assert(strstr(error, words), "%s", error);
}

Test(load, what_is_no_run_is_refused_in_a_line)
{
    char path[200];
    new_directory();
    expect_refused("/no/such/run", "/no/such/run: No such file");
    expect_refused(s_directory, "no run files");
    write_file("100-1.snarl", "hello");
    expect_refused(s_directory, "not a run file");
    write_file("other.json", "{\"schema\": 7}");
    snprintf(path, sizeof(path), "%s/other.json", s_directory);
    expect_refused(path, "schema 7");
    write_file("other.json", "{\n \"schema\": oops}");
    expect_refused(path, "other.json:2:");
    remove_directory();
}

Test(load, a_kept_document_alone_is_enough)
{
    char error[512], path[512];
    new_directory();
    fixture_save(&s_plain, s_directory);
    json_t *document = load();
    snarl_report_set_exit(document, 124, 3.5);
    cr_assert_eq(snarl_report_keep(document, s_directory, error, sizeof(error)), 0, "%s", error);
    snprintf(path, sizeof(path), "%s/100-5000.snarl", s_directory);
    unlink(path);
    json_t *again = load();
    expect_number(json_object_get(again, "run"), "exit_status", 124);
    cr_assert(json_equal(document, again));
    json_decref(document);
    json_decref(again);
    remove_directory();
}

Test(output, a_failed_write_leaves_nothing)
{
    char error[512] = "", path[200];
    new_directory();
    fixture_save(&s_plain, s_directory);
    json_t *document = load();
    cr_assert_neq(snarl_report_write(document, "json", NULL, "/no/such/folder/x.json", error, sizeof(error)),
                  0);
    cr_assert(strstr(error, "/no/such/folder/x.json: No such file"), "%s", error);
    cr_assert_neq(snarl_report_write(document, "json", NULL, "/dev/full", error, sizeof(error)), 0);
    cr_assert(strstr(error, "No space left"), "%s", error);
    cr_assert_neq(snarl_report_write(document, "poem", NULL, "-", error, sizeof(error)), 0);
    snprintf(path, sizeof(path), "%s/x.json", s_directory);
    cr_assert_eq(snarl_report_write(document, "json", NULL, path, error, sizeof(error)), 0);
    json_decref(document);
    remove_directory();
}
