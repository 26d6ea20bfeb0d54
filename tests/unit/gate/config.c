/* snarl.toml and the TOML reader. */
#include "reports/gate.h"
#include "reports/toml.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *s_read;

static const char *collect(const struct snarl_toml_entry *entry, int *at_value, void *context)
{
    (void)context;
    *at_value = 1;
    json_object_set(s_read, entry->key, entry->value);
    return strcmp(entry->key, "bad") ? NULL : "bad it is";
}

static int read_toml(const char *text, char *error)
{
    s_read = json_object();
    return snarl_toml_read("f", text, strlen(text), collect, NULL, error, 512);
}

static void expect_value(const char *text, const char *json)
{
    char error[512] = "";
    json_t *expected = json_loads(json, JSON_DECODE_ANY, NULL);
    cr_assert(expected);
    cr_expect_eq(read_toml(text, error), 0, "%s: %s", text, error);
    cr_expect(json_equal(s_read, expected), "%s gave %s", text, json_dumps(s_read, 0));
}

static void expect_error(const char *text, const char *expected)
{
    char error[512] = "";
    cr_expect_eq(read_toml(text, error), -1, "accepted: %s", text);
    cr_expect(!strncmp(error, expected, strlen(expected)), "'%s' for: %s", error, text);
}

Test(toml, values)
{
    expect_value("", "{}");
    expect_value("\xef\xbb\xbf# only a comment", "{}");
    expect_value("a = 1\r\nb = \"x\" # y\r\n", "{\"a\": 1, \"b\": \"x\"}");
}

Test(toml, numbers)
{
    expect_value("a = 0xff\nb = 0o17\nc = 0b101\nd = -7\ne = +1_000",
                 "{\"a\":255,\"b\":15,\"c\":5,\"d\":-7,\"e\":1000}");
    expect_value("a = 1.5\nb = 6e3\nc = -2.5e-1", "{\"a\":1.5,\"b\":6000.0,\"c\":-0.25}");
    expect_error("a = 007", "f:1:5: expected a value");
    expect_error("a = 1__0", "f:1:5: expected a value");
    expect_error("a = 1.", "f:1:5: expected a value");
    expect_error("a = .5", "f:1:5: expected a value");
    expect_error("a = 99999999999999999999", "f:1:5: expected a value");
    expect_error("a = 2020-01-02", "f:1:5: dates and times");
}

Test(toml, strings)
{
    expect_value("a = \"\\u00e9\\n\\\"\"\nb = 'C:\\raw'", "{\"a\":\"\\u00e9\\n\\\"\",\"b\":\"C:\\\\raw\"}");
    expect_error("a = \"x", "f:1:5: this string has no closing quote");
    expect_error("a = \"\\q\"", "f:1:7: expected an escape");
    expect_error("a = \"\\ud800\"", "f:1:7: expected an escape");
    expect_error("a = \"\"\"x\"\"\"", "f:1:5: strings over several lines");
    expect_error("a = \"\x01\"", "f:1:6: control characters");
    expect_error("a = \"\xff\"", "f:1:5: this string is not UTF-8");
}

Test(toml, arrays_and_tables)
{
    expect_value("a = [1, # one\n 2,\n]\nb = []\nc = [[1],['x']]",
                 "{\"a\":[1,2],\"b\":[],\"c\":[[1],[\"x\"]]}");
    expect_value("[t]\na = 1\n[ t.'u v' ]\nb.c = true", "{\"t.a\":1,\"t.u v.b.c\":true}");
    expect_error("a = [1 2]", "f:1:8: expected a comma");
    expect_error("a = [1,\n", "f:1:5: this array has no closing bracket");
    expect_error("a = {b = 1}", "f:1:5: tables in braces");
    expect_error("[[a]]", "f:1:1: arrays of tables");
    expect_error("[a\n", "f:1:3: expected the closing bracket");
    expect_error("[a]\n[a]\n", "f:2:1: this name was already given");
    expect_error("a=[[[[[[[[[[1]]]]]]]]]]", "f:1:11: arrays nest");
}

Test(toml, lines)
{
    expect_error("a = 1 b = 2", "f:1:7: expected the end of the line");
    expect_error("a\n", "f:1:2: expected =");
    expect_error("= 1\n", "f:1:1: expected a key");
    expect_error("\n\na = 1\na = 2\n", "f:4:1: this name was already given");
    expect_error("a =\n", "f:1:4: expected a value");
    expect_error("x = 1\n  bad = 3\n", "f:2:9: bad it is");
}

/* Reads `text` as <folder>/snarl.toml. */
static int read_config(const char *text, json_t **settings, char *error)
{
    char path[] = "/tmp/snarl-config-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    int result = snarl_config_read(path, settings, error, 512);
    unlink(path);
    return result;
}

static void expect_wrong(const char *text, const char *expected)
{
    char error[512] = "";
    json_t *settings = NULL;
    cr_expect_eq(read_config(text, &settings, error), -1, "accepted: %s", text);
    cr_expect(strstr(error, expected), "'%s' has no '%s'", error, expected);
}

Test(config, settings_are_checked_and_paths_made_relative_to_the_file)
{
    char error[512] = "";
    json_t *settings = NULL;
    cr_assert_eq(
        read_config("races = \"off\"\nsuppressions = [\"a.supp\", \"/b.supp\"]\nbaseline = \"c.json\"\n"
                    "fail-on = [\"data-race\", \"stall\"]\nexit-code = 3\ntimeout = 2.5\nquiet = true\n"
                    "modules = [\"libfoo*\"]\nhtml = \"r.html\"\n",
                    &settings, error),
        0, "%s", error);
    json_t *expected =
        json_loads("{\"races\":\"off\",\"suppressions\":[\"/tmp/a.supp\",\"/b.supp\"],"
                   "\"baseline\":\"/tmp/c.json\",\"fail-on\":[\"data-race\",\"stall\"],\"exit-code\":3,"
                   "\"timeout\":2.5,\"quiet\":true,\"modules\":[\"libfoo*\"],\"html\":\"r.html\"}",
                   0, NULL);
    cr_expect(json_equal(settings, expected), "%s", json_dumps(settings, 0));
    json_decref(expected);
    json_decref(settings);
}

Test(config, mistakes_are_named)
{
    expect_wrong("rases = \"off\"", ":1:1: no such setting: 'rases'; did you mean 'races'?");
    expect_wrong("[run]\nraces = \"off\"", ":2:1: no such setting: 'run.races'");
    expect_wrong("races = \"fast\"", ":1:9: expected one of full|calls|off");
    expect_wrong("races = \"f\"", ":1:9: expected one of");
    expect_wrong("races = \"full|calls\"", ":1:9: expected one of");
    expect_wrong("suppressions = \"a\"", ":1:16: expected an array of paths");
    expect_wrong("fail-on = [\"dead\"]", ":1:11: no such kind of finding: 'dead'");
    expect_wrong("exit-code = 256", ":1:13: expected an exit status");
    expect_wrong("timeout = 0", ":1:11: expected a number of seconds");
    expect_wrong("quiet = 1", ":1:9: expected true or false");
    expect_wrong("baseline = 1", ":1:12: expected a path");
}

Test(config, a_missing_file_is_named)
{
    char error[512] = "";
    json_t *settings = NULL;
    cr_expect_eq(snarl_config_read("/none/snarl.toml", &settings, error, sizeof(error)), -1);
    cr_expect(strstr(error, "/none/snarl.toml: No such file"));
}
