/* markdown.c - a page for job summaries and pull-request comments, and GitHub's workflow annotations.
 *
 * Both take text of the program into a language with meaning of its own: in Markdown every character that
 * could be one is written as an HTML entity, in annotations what ends a property or a line is
 * percent-encoded. */
#include "reports/alike.h"
#include "reports/formats.h"
#include "reports/frames.h"
#include "reports/pick.h"

#include <ctype.h>
#include <string.h>

#define SHOWN 25u /* findings in the summary, or groups of them: a page, not a book */
#define FRAMES_SHOWN 12u
#define ANNOTATIONS 50u /* GitHub shows ten of a level per step, and a run's first fifty */

static void put_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = *text;
        if (c < 0x20)
            fputc(' ', out);
        else if (c < 0x80 && !isalnum(c) && !strchr(" .,:;/()=+-?%'", c))
            fprintf(out, "&#%u;", c);
        else
            fputc(c, out);
    }
}

static void put_place(FILE *out, const json_t *frame)
{
    if (*snarl_json_text(frame, "function")) {
        put_text(out, snarl_json_text(frame, "function"));
        fputs(" ", out);
    }
    if (*snarl_json_text(frame, "file")) {
        put_text(out, snarl_path_base(snarl_json_text(frame, "file")));
        fprintf(out, ":%lld", (long long)snarl_pick_number(frame, "line"));
    } else {
        put_text(out, snarl_path_base(snarl_json_text(frame, "module")));
    }
}

static void put_event(FILE *out, const json_t *document, const json_t *finding, const json_t *event)
{
    char thread[128], sentence[512];
    size_t i;
    json_t *frame;
    snarl_pick_thread(event, thread, sizeof(thread));
    snarl_pick_sentence(document, finding, event, sentence, sizeof(sentence));
    fputs("\n**", out);
    put_text(out, thread);
    fputs("** ", out);
    put_text(out, sentence);
    fputs("\n", out);
    json_array_foreach(json_object_get(event, "stack"), i, frame)
    {
        if (i == FRAMES_SHOWN)
            break;
        fprintf(out, "%zu. ", i);
        put_place(out, frame);
        fputs("\n", out);
    }
}

static bool fails(const json_t *finding, const void *document)
{
    return snarl_pick_fails(document, finding);
}

/* The first in full, of the others the number. */
static void put_group(FILE *out, const json_t *document, const json_t *group)
{
    const json_t *finding = json_array_get(group, 0);
    size_t others = json_array_size(group) - 1;
    const struct snarl_kind *kind = snarl_kind_find(snarl_json_text(finding, "kind"));
    size_t i;
    json_t *event;
    fputs("<details><summary><b>", out);
    put_text(out, kind ? kind->title : snarl_json_text(finding, "kind"));
    fputs("</b>: ", out);
    put_text(out, snarl_json_text(finding, "message"));
    if (others)
        fprintf(out, ", and %zu more of the same two functions on the same memory", others);
    fputs("</summary>\n\n", out);
    put_text(out, snarl_json_text(finding, "explanation"));
    fputs("\n", out);
    json_array_foreach(json_object_get(finding, "events"), i, event) put_event(out, document, finding, event);
    fputs("\nSuppress with <code>", out);
    put_text(out, snarl_json_text(finding, "suggestion"));
    fputs("</code>, fingerprint <code>", out);
    put_text(out, snarl_json_text(finding, "fingerprint"));
    fputs("</code>\n\n</details>\n\n", out);
}

static void put_table(FILE *out, const json_t *document)
{
    const json_t *findings = json_object_get(document, "findings");
    fputs("| | findings | fail | suppressed | accepted |\n| --- | ---: | ---: | ---: | ---: |\n", out);
    for (size_t k = 0; k < SNARL_KINDS; k++) {
        size_t i, all = 0, fail = 0, suppressed = 0, accepted = 0;
        json_t *finding;
        json_array_foreach(findings, i, finding)
        {
            if (strcmp(snarl_json_text(finding, "kind"), snarl_kinds[k].name))
                continue;
            bool quiet = json_is_true(json_object_get(finding, "suppressed"));
            all++;
            fail += snarl_pick_fails(document, finding);
            suppressed += quiet;
            accepted += !quiet && !strcmp(snarl_json_text(finding, "baseline"), "unchanged");
        }
        if (all)
            fprintf(out, "| %s | %zu | %zu | %zu | %zu |\n", snarl_kinds[k].title, all, fail, suppressed,
                    accepted);
    }
    fputs("\n", out);
}

int snarl_markdown_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    const json_t *findings = json_object_get(document, "findings"), *run = json_object_get(document, "run");
    size_t i, failing = 0, told = 0, notes = json_array_size(json_object_get(document, "notes"));
    json_t *groups = snarl_alike(findings, fails, document), *group;
    (void)options;
    json_array_foreach(groups, i, group) failing += json_array_size(group);
    if (failing)
        fprintf(out, "## snarl: %zu finding%s to look at\n\n", failing, failing == 1 ? "" : "s");
    else
        fprintf(out, "## snarl: %s\n\n", json_array_size(findings) ? "nothing that fails" : "nothing found");
    const char *program = json_string_value(json_array_get(json_object_get(run, "command"), 0));
    if (program)
        put_text(out, snarl_path_base(program));
    fprintf(out, "%s%zu processes, %.1f s\n\n", program ? ", " : "",
            json_array_size(json_object_get(document, "processes")),
            json_number_value(json_object_get(run, "duration_s")));
    if (json_array_size(findings))
        put_table(out, document);
    for (i = 0; i < SHOWN && i < json_array_size(groups); i++) {
        group = json_array_get(groups, i);
        put_group(out, document, group);
        told += json_array_size(group);
    }
    json_decref(groups);
    if (failing > told)
        fprintf(out, "… and %zu more.\n\n", failing - told);
    if (notes)
        fprintf(out, "%zu note%s on what was not seen: see the full report.\n", notes, notes == 1 ? "" : "s");
    return 0;
}

/* A value of a workflow command; properties must not hold ':' and ',' either. */
static void put_value(FILE *out, const char *text, bool property)
{
    for (; *text; text++) {
        if (*text == '%' || *text == '\r' || *text == '\n' || (property && (*text == ':' || *text == ',')))
            fprintf(out, "%%%02X", (unsigned char)*text);
        else
            fputc(*text, out);
    }
}

static void put_annotation(FILE *out, const json_t *document, const json_t *finding)
{
    const struct snarl_kind *kind = snarl_kind_find(snarl_json_text(finding, "kind"));
    const json_t *frame = snarl_event_frame(snarl_pick_primary(finding));
    const char *level = kind ? kind->level : "warning", *file = snarl_json_text(frame, "file");
    const char *cwd = snarl_json_text(json_object_get(document, "run"), "cwd");
    size_t length = strlen(cwd);
    fprintf(out, "::%s ", strcmp(level, "note") ? level : "notice");
    if (*file) {
        bool inside = length && !strncmp(file, cwd, length) && file[length] == '/';
        fputs("file=", out);
        put_value(out, inside ? file + length + 1 : file, true);
        fprintf(out, ",line=%lld,", (long long)snarl_pick_number(frame, "line"));
    }
    fputs("title=snarl%3A ", out);
    put_value(out, kind ? kind->title : snarl_json_text(finding, "kind"), true);
    fputs("::", out);
    put_value(out, snarl_json_text(finding, "message"), false);
    if (*snarl_json_text(finding, "explanation")) {
        fputs(" ", out);
        put_value(out, snarl_json_text(finding, "explanation"), false);
    }
    fputs("\n", out);
}

int snarl_github_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    size_t i, shown = 0;
    json_t *finding;
    (void)options;
    json_array_foreach(json_object_get(document, "findings"), i, finding)
    {
        if (!snarl_pick_fails(document, finding) || shown++ >= ANNOTATIONS)
            continue;
        put_annotation(out, document, finding);
    }
    return 0;
}
