/* text.c - the report for people: a block with the findings, then lines that begin with "snarl: " with the
 * sum, what was lost and what is worth knowing. */
#include "reports/text.h"

#include "reports/alike.h"
#include "reports/formats.h"
#include "reports/frames.h"
#include "reports/pick.h"

#include <string.h>

#define TEXT_MAX 600
#define NOTES_TOLD 12u

struct tally {
    size_t shown, suppressed, accepted, other;
    size_t kinds[SNARL_KINDS];
};

static bool is_suppressed(const json_t *finding)
{
    return json_is_true(json_object_get(finding, "suppressed"));
}

static bool is_accepted(const json_t *finding)
{
    return !strcmp(snarl_json_text(finding, "baseline"), "unchanged");
}

static bool is_shown(const json_t *finding, const struct snarl_render_options *options)
{
    return options->show_suppressed || (!is_suppressed(finding) && !is_accepted(finding));
}

static bool is_wanted(const json_t *finding, const void *options)
{
    return is_shown(finding, options);
}

static struct tally count(const json_t *findings, const struct snarl_render_options *options)
{
    struct tally tally = {0};
    size_t index;
    json_t *finding;
    json_array_foreach(findings, index, finding)
    {
        tally.suppressed += is_suppressed(finding);
        tally.accepted += !is_suppressed(finding) && is_accepted(finding);
        if (!is_shown(finding, options))
            continue;
        tally.shown++;
        size_t kind = snarl_kind_rank(snarl_json_text(finding, "kind"));
        if (kind < SNARL_KINDS)
            tally.kinds[kind]++;
        else
            tally.other++;
    }
    return tally;
}

/* The program that all findings shown are in; else, or when one is of several processes, the run's. What was started may
 * only have become it (env, a shell). */
static const char *program_of(const struct snarl_page *page, const json_t *document)
{
    const json_t *command = json_object_get(json_object_get(document, "run"), "command"), *finding;
    const char *run = json_string_value(json_array_get(command, 0)), *only = NULL;
    size_t index;
    json_array_foreach(json_object_get(document, "findings"), index, finding)
    {
        const char *program = snarl_json_text(finding, "program");
        if (!is_shown(finding, page->options))
            continue;
        if (!*program || (only && strcmp(only, program)))
            return run ? snarl_path_base(run) : "this run";
        only = program;
    }
    return only ? only : "this run";
}

static void put_block(const struct snarl_page *page, const json_t *document, size_t shown)
{
    json_t *groups = snarl_alike(json_object_get(document, "findings"), is_wanted, page->options), *group;
    bool with_process = json_array_size(json_object_get(document, "processes")) > 1;
    char title[TEXT_MAX];
    size_t index, number = 0;
    snprintf(title, sizeof(title), "%zu finding%s in %s", shown, shown == 1 ? "" : "s",
             program_of(page, document));
    snarl_paint_rule(page, title);
    json_array_foreach(groups, index, group)
    {
        size_t first = number + 1;
        number += json_array_size(group);
        if (first > 1) {
            int length = snprintf(title, sizeof(title), "%zu", first);
            if (number > first)
                length += snprintf(title + length, sizeof(title) - length, " to %zu", number);
            snprintf(title + length, sizeof(title) - length, " of %zu", shown);
            fputc('\n', page->out);
            snarl_paint_rule(page, title);
        }
        snarl_text_findings(page, group, with_process);
    }
    snarl_paint_rule(page, "end");
    json_decref(groups);
}

static void put_sum(const struct snarl_page *page, const struct tally *tally)
{
    const char *separator = ": ";
    snarl_paint(page, SNARL_PAINT_PLAIN, "snarl: ");
    if (!tally->shown)
        snarl_paint(page, SNARL_PAINT_GOOD, "no findings");
    else
        snarl_paint(page, SNARL_PAINT_TITLE, "%zu finding%s", tally->shown, tally->shown == 1 ? "" : "s");
    for (size_t i = 0; i < SNARL_KINDS; i++) {
        if (!tally->kinds[i])
            continue;
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s%zu %s", separator, tally->kinds[i], snarl_kinds[i].name);
        separator = ", ";
    }
    if (tally->other)
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s%zu of other kinds", separator, tally->other);
    if (tally->suppressed)
        snarl_paint(page, SNARL_PAINT_PLAIN, "; %zu suppressed", tally->suppressed);
    if (tally->accepted)
        snarl_paint(page, SNARL_PAINT_PLAIN, "; %zu accepted by the baseline", tally->accepted);
}

static bool locks_only(const json_t *processes)
{
    const json_t *process;
    size_t index;
    json_array_foreach(processes, index, process)
    {
        const char *mode = json_string_value(json_object_get(process, "mode"));
        if (!mode || strcmp(mode, "off") != 0)
            return false;
    }
    return json_array_size(processes) > 0;
}

static void put_extent(const struct snarl_page *page, const json_t *document)
{
    const json_t *processes = json_object_get(document, "processes"), *process;
    double duration = json_number_value(json_object_get(json_object_get(document, "run"), "duration_s"));
    long long threads = 0;
    size_t index, count_of = json_array_size(processes),
                  runs = json_array_size(json_object_get(document, "runs"));
    json_array_foreach(processes, index, process) threads +=
        json_integer_value(json_object_get(process, "threads"));
    snarl_paint(page, SNARL_PAINT_FAINT, " (%zu process%s, %lld thread%s", count_of,
                count_of == 1 ? "" : "es", threads, threads == 1 ? "" : "s");
    if (runs > 1)
        snarl_paint(page, SNARL_PAINT_FAINT, ", %zu runs", runs);
    snarl_paint(page, SNARL_PAINT_FAINT, ", %.*f s%s)", duration < 10 ? 2 : 0, duration,
                locks_only(processes) ? ", races not looked for" : "");
    fputc('\n', page->out);
}

/* Counters that say that something was not seen, by the ends of their names (lib/base/counters.c). */
static bool tells_a_loss(const char *name)
{
    static const char *const s_ends[] = {"-lost",     "-dropped",  "-full",       "-limit",
                                         "-overflow", "no-memory", "-search-cut", "-uncovered", "-forgotten"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof(s_ends) / sizeof(s_ends[0]); i++) {
        size_t end = strlen(s_ends[i]);
        if (length >= end && !strcmp(name + length - end, s_ends[i]))
            return true;
    }
    return false;
}

static void put_losses(const struct snarl_page *page, const json_t *document)
{
    const json_t *processes = json_object_get(document, "processes"), *process;
    json_t *sums = json_object(), *value;
    const char *name, *separator = "snarl: limits reached, so something may have been missed: ";
    size_t index;
    json_array_foreach(processes, index, process)
        json_object_foreach(json_object_get(process, "counters"), name,
                            value) if (tells_a_loss(name) && json_integer_value(value))
            json_object_set_new(
                sums, name,
                json_integer(json_integer_value(value) + json_integer_value(json_object_get(sums, name))));
    json_object_foreach(sums, name, value)
    {
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s%s %lld", separator, name,
                    (long long)json_integer_value(value));
        separator = ", ";
    }
    if (json_object_size(sums))
        fputc('\n', page->out);
    json_decref(sums);
}

/* Each text once, with the number of processes that say it. */
static void put_notes(const struct snarl_page *page, const json_t *document)
{
    const json_t *notes = json_object_get(document, "notes"), *note;
    json_t *counts = json_object(), *value;
    const char *text;
    size_t index, told = 0;
    json_array_foreach(notes, index, note)
    {
        text = snarl_json_text(note, "text");
        json_object_set_new(counts, text,
                            json_integer(json_integer_value(json_object_get(counts, text)) + 1));
    }
    json_object_foreach(counts, text, value)
    {
        if (told++ >= NOTES_TOLD)
            continue;
        snarl_paint(page, SNARL_PAINT_PLAIN, "snarl: note: %s", text);
        if (json_integer_value(value) > 1)
            snarl_paint(page, SNARL_PAINT_PLAIN, " (%lld times)", (long long)json_integer_value(value));
        fputc('\n', page->out);
    }
    if (told > NOTES_TOLD)
        fprintf(page->out, "snarl: note: and %zu more notes, which run.json holds\n", told - NOTES_TOLD);
    json_decref(counts);
}

int snarl_text_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    const char *cwd = snarl_json_text(json_object_get(document, "run"), "cwd");
    struct snarl_page page = {
        .out = out,
        .options = options,
        .width = options->width ? options->width : 100,
        .cwd = cwd,
        .sources = snarl_sources_new(cwd, options->source_roots),
    };
    if (page.width > 140)
        page.width = 140;
    struct tally tally = count(json_object_get(document, "findings"), options);
    if (tally.shown)
        put_block(&page, document, tally.shown);
    put_sum(&page, &tally);
    put_extent(&page, document);
    put_losses(&page, document);
    put_notes(&page, document);
    snarl_sources_free(page.sources);
    return 0;
}
