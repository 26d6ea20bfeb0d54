/* test_text.c - the text report against golden/report.txt. SNARL_UPDATE_GOLDEN=1 writes it anew: read it
 * then. */
#include "fixture.h"
#include "reports/reports.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *document_of(unsigned findings)
{
    char directory[] = "/tmp/snarl-text-XXXXXX", path[100], error[300];
    struct fixture fixture = {
        .findings = findings,
        .pid = 100,
        .started = 0x5000,
        .address = 0x7f0000001000,
        .thread = 2,
        .lock = 1,
        .cwd = GOLDEN,
    };
    cr_assert(mkdtemp(directory));
    fixture_save(&fixture, directory);
    const char *paths[] = {directory};
    json_t *document = snarl_report_load(paths, 1, NULL, error, sizeof(error));
    cr_assert(document, "%s", error);
    snprintf(path, sizeof(path), "%s/100-5000.snarl", directory);
    unlink(path);
    rmdir(directory);
    return document;
}

static char *render(const json_t *document, struct snarl_render_options options)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(snarl_report_format_find("text")->render(document, &options, out), 0);
    fclose(out);
    return text;
}

static char *read_file(const char *path)
{
    static char s_text[1 << 18];
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(s_text, 1, sizeof(s_text) - 1, file) : 0;
    s_text[length] = '\0';
    if (file)
        fclose(file);
    return s_text;
}

Test(text, as_in_the_golden_file)
{
    json_t *document = document_of(FIXTURE_ALL);
    char *text = render(document, (struct snarl_render_options){.width = 100});
    if (getenv("SNARL_UPDATE_GOLDEN")) {
        FILE *file = fopen(GOLDEN "/report.txt", "w");
        fputs(text, file);
        fclose(file);
    }
    cr_assert_str_eq(text, read_file(GOLDEN "/report.txt"));
    free(text);
    json_decref(document);
}

Test(text, every_line_is_marked_or_in_the_block)
{
    json_t *document = document_of(FIXTURE_ALL);
    char *text = render(document, (struct snarl_render_options){.width = 80}), *rest = text, *line;
    bool inside = false;
    cr_assert_eq(strncmp(text, "snarl: ====", 11), 0);
    while ((line = strsep(&rest, "\n")) && rest) {
        if (!strncmp(line, "snarl: ====", 11))
            inside = strncmp(line, "snarl: ==== end", 15) != 0;
        else
            cr_assert(inside || !strncmp(line, "snarl: ", 7), "%s", line);
    }
    cr_assert_not(inside);
    free(text);
    json_decref(document);
}

Test(text, nothing_found_is_one_line)
{
    json_t *document = document_of(0);
    json_object_del(json_object_get(json_array_get(json_object_get(document, "processes"), 0), "counters"),
                    "held-overflow");
    char *text = render(document, (struct snarl_render_options){0});
    cr_assert_str_eq(text, "snarl: no findings (1 process, 4 threads, 0.25 s)\n");
    free(text);
    json_decref(document);
}

Test(text, colours_only_when_asked_for)
{
    json_t *document = document_of(FIXTURE_DEADLOCK);
    char *plain = render(document, (struct snarl_render_options){0});
    char *coloured = render(document, (struct snarl_render_options){.colour = true});
    cr_assert_null(strchr(plain, '\033'));
    cr_assert(strchr(coloured, '\033'));
    free(plain);
    free(coloured);
    json_decref(document);
}

Test(text, names_cannot_drive_the_terminal)
{
    json_t *document = document_of(FIXTURE_DEADLOCK);
    json_t *finding = json_array_get(json_object_get(document, "findings"), 0);
    json_object_set_new(finding, "message", json_string("evil\033[2J\nsnarl: ==== end \x7f \xc2\x9b"));
    char *text = render(document, (struct snarl_render_options){0});
    cr_assert_null(strchr(text, '\033'));
    cr_assert_null(strstr(text, "\nsnarl: ==== end \x7f"));
    cr_assert(strstr(text, "evil?[2J?snarl: ==== end ? ??"));
    free(text);
    json_decref(document);
}

Test(text, suppressed_findings_are_counted_not_shown)
{
    json_t *document = document_of(FIXTURE_DEADLOCK | FIXTURE_RACE);
    json_object_set_new(json_array_get(json_object_get(document, "findings"), 0), "suppressed", json_true());
    char *text = render(document, (struct snarl_render_options){0});
    cr_assert(strstr(text, "snarl: 1 finding: 1 data-race; 1 suppressed ("), "%s", text);
    cr_assert_null(strstr(text, "wait for each other"));
    free(text);
    text = render(document, (struct snarl_render_options){.show_suppressed = true});
    cr_assert(strstr(text, "wait for each other"));
    free(text);
    json_decref(document);
}

/* The race of the document once more, of another part of the memory; `count` times. */
static void add_alike(json_t *document, unsigned count)
{
    json_t *findings = json_object_get(document, "findings"), *race = json_array_get(findings, 1);
    for (unsigned i = 0; i < count; i++) {
        json_t *other = json_deep_copy(race);
        json_object_set_new(other, "fingerprint", json_sprintf("%016x", i));
        json_object_set_new(json_object_get(other, "location"), "symbol", json_sprintf("part[%u]", i));
        json_array_append_new(findings, other);
    }
}

Test(text, races_of_one_group_are_told_together)
{
    json_t *document = document_of(FIXTURE_DEADLOCK | FIXTURE_RACE);
    add_alike(document, 40);
    char *text = render(document, (struct snarl_render_options){.width = 100});
    cr_assert(strstr(text, "snarl: ==== 2 to 42 of 42 ===="), "%s", text);
    cr_assert(strstr(text, "  40 more of the same two functions on the same memory\n    part[0]: "), "%s", text);
    cr_assert(strstr(text, "    part[11]: "));
    cr_assert_null(strstr(text, "part[12]"));
    cr_assert(strstr(text, "    and 28 more, which `snarl report --full` lists\n"));
    cr_assert(strstr(text, "snarl: 42 findings: 1 deadlock, 41 data-race"));
    free(text);
    text = render(document, (struct snarl_render_options){.full = true});
    cr_assert(strstr(text, "    part[39]: "));
    free(text);
    json_object_set_new(json_array_get(json_object_get(document, "findings"), 5), "suppressed", json_true());
    text = render(document, (struct snarl_render_options){.full = true});
    cr_assert(strstr(text, "  39 more of the same two functions on the same memory\n"));
    cr_assert_null(strstr(text, "part[3]:"));
    free(text);
    json_decref(document);
}
