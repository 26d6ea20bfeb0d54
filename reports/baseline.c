/* baseline.c - findings that are accepted as they are, so that only new ones fail.
 *
 *     { "snarl_baseline": 1, "findings": [ {"fingerprint", "kind", "message"}, … ] }
 *
 * sorted by fingerprint, one member a line: made to be kept in version control and read in reviews. Only the
 * fingerprint counts. */
#include "reports/frames.h"
#include "reports/gate.h"
#include "reports/pick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1

static int by_fingerprint(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    return strcmp(snarl_json_text(*x, "fingerprint"), snarl_json_text(*y, "fingerprint"));
}

/* The findings to accept, each fingerprint once. */
static json_t *accepted(const json_t *document)
{
    const json_t *findings = json_object_get(document, "findings");
    size_t i, count = 0;
    const json_t **sorted = calloc(json_array_size(findings) + 1, sizeof(*sorted)), *last = NULL;
    json_t *list = json_array(), *finding;
    json_array_foreach(findings, i, finding) if (sorted && *snarl_json_text(finding, "fingerprint") &&
                                                 !json_is_true(json_object_get(finding, "suppressed")))
        sorted[count++] = finding;
    if (sorted)
        qsort(sorted, count, sizeof(*sorted), by_fingerprint);
    for (i = 0; i < count; i++) {
        if (last && !by_fingerprint(&last, &sorted[i]))
            continue;
        last = sorted[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s}", "fingerprint", snarl_json_text(last, "fingerprint"), "kind",
                            snarl_json_text(last, "kind"), "message", snarl_json_text(last, "message")));
    }
    free(sorted);
    return list;
}

static int say(char *error, size_t error_size, const char *path)
{
    snprintf(error, error_size, "cannot write the baseline %s: %s", path, strerror(errno));
    return -1;
}

/* Into a file beside it, which then takes its name. */
static int write_whole(const json_t *value, const char *path, char *error, size_t error_size)
{
    char *temporary = NULL;
    mode_t mask = umask(0);
    umask(mask);
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return say(error, error_size, path);
    int fd = mkstemp(temporary), result = -1;
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out) {
        fchmod(fd, 0666 & ~mask);
        bool written = !json_dumpf(value, out, JSON_INDENT(1)) && fputc('\n', out) != EOF && !fflush(out);
        result = (fclose(out) == 0 && written && !rename(temporary, path)) ? 0 : -1;
    }
    if (result) {
        say(error, error_size, path);
        if (fd >= 0)
            unlink(temporary);
    }
    free(temporary);
    return result;
}

int snarl_baseline_write(const json_t *document, const char *path, char *error, size_t error_size)
{
    json_t *value = json_pack("{s:i, s:o}", "snarl_baseline", VERSION, "findings", accepted(document));
    int result = write_whole(value, path, error, error_size);
    json_decref(value);
    return result;
}

static json_t *load(const char *path, char *error, size_t error_size)
{
    json_error_t where;
    if (access(path, R_OK)) {
        snprintf(error, error_size,
                 "cannot read the baseline %s: %s; make one with `snarl gate --write-baseline`", path,
                 strerror(errno));
        return NULL;
    }
    json_t *value = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (!value) {
        snprintf(error, error_size, "%s:%d:%d: %s", path, where.line, where.column, where.text);
        return NULL;
    }
    const char *wrong = NULL;
    if (!json_is_integer(json_object_get(value, "snarl_baseline")))
        wrong = "this is no baseline: expected an object with \"snarl_baseline\": 1";
    else if (snarl_pick_number(value, "snarl_baseline") != VERSION)
        wrong = "this baseline was made by another version of snarl: write it again";
    else if (!json_is_array(json_object_get(value, "findings")))
        wrong = "expected \"findings\" to be an array";
    if (wrong) {
        snprintf(error, error_size, "%s:1:1: %s", path, wrong);
        json_decref(value);
        return NULL;
    }
    return value;
}

/* Fingerprints of the baseline -> its entry. */
static json_t *index_of(const json_t *baseline)
{
    json_t *known = json_object(), *entry;
    size_t i;
    json_array_foreach(json_object_get(baseline, "findings"), i, entry)
    {
        const char *fingerprint =
            json_is_string(entry) ? json_string_value(entry) : snarl_json_text(entry, "fingerprint");
        if (*fingerprint)
            json_object_set(known, fingerprint, entry);
    }
    return known;
}

int snarl_baseline_apply(json_t *document, const char *path, char *error, size_t error_size)
{
    json_t *baseline = load(path, error, error_size), *finding;
    json_int_t old = 0, fresh = 0;
    size_t i;
    if (!baseline)
        return -1;
    json_t *known = index_of(baseline), *absent = json_copy(known);
    json_array_foreach(json_object_get(document, "findings"), i, finding)
    {
        const char *fingerprint = snarl_json_text(finding, "fingerprint");
        bool is_old = json_object_get(known, fingerprint);
        json_object_set_new(finding, "baseline", json_string(is_old ? "unchanged" : "new"));
        json_object_del(absent, fingerprint);
        old += is_old;
        fresh += !is_old;
    }
    json_t *list = json_array(), *entry;
    const char *key;
    json_object_foreach(absent, key, entry) json_array_append(list, entry);
    json_object_set_new(
        document, "baseline",
        json_pack("{s:s, s:I, s:I, s:o}", "file", path, "known", old, "new", fresh, "absent", list));
    json_decref(absent);
    json_decref(known);
    json_decref(baseline);
    return 0;
}
