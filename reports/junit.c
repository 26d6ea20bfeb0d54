/* junit.c - JUnit XML, for what shows test results: a test case per kind, and one per finding.
 *
 * A kind's case fails when a finding of it fails the gate; suppressed and accepted findings are skipped
 * cases. A clean run is seven passed ones. Characters that XML 1.0 cannot hold become U+FFFD. */
#include "reports/formats.h"
#include "reports/frames.h"
#include "reports/pick.h"

#include <string.h>

/* Text with the characters that mean something to XML replaced; `text` is valid UTF-8, as jansson keeps it.
 */
static void put_text(FILE *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        switch (*at) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\n':
            fputs("&#10;", out);
            break;
        case '\t':
            fputs("&#9;", out);
            break;
        case 0xef: /* U+FFFE and U+FFFF are no characters of XML */
            if (at[1] == 0xbf && at[2] >= 0xbe) {
                fputs("\xef\xbf\xbd", out);
                at += 2;
                break;
            }
            fputc(*at, out);
            break;
        default:
            if (*at < 0x20 || *at == 0x7f)
                fputs("\xef\xbf\xbd", out);
            else
                fputc(*at, out);
        }
    }
}

static void put_frames(FILE *out, const json_t *event)
{
    size_t i;
    json_t *frame;
    json_array_foreach(json_object_get(event, "stack"), i, frame)
    {
        char place[1200];
        const char *file = snarl_json_text(frame, "file");
        if (*file)
            snprintf(place, sizeof(place), "    #%zu %s %s:%lld\n", i, snarl_json_text(frame, "function"),
                     file, (long long)snarl_pick_number(frame, "line"));
        else
            snprintf(place, sizeof(place), "    #%zu %s (%s+%s)\n", i, snarl_json_text(frame, "function"),
                     snarl_json_text(frame, "module"), snarl_json_text(frame, "offset"));
        put_text(out, place);
    }
}

static void put_events(FILE *out, const json_t *document, const json_t *finding)
{
    size_t i;
    json_t *event;
    json_array_foreach(json_object_get(finding, "events"), i, event)
    {
        char thread[128], sentence[512];
        snarl_pick_thread(event, thread, sizeof(thread));
        snarl_pick_sentence(document, finding, event, sentence, sizeof(sentence));
        put_text(out, "\n  ");
        put_text(out, thread);
        put_text(out, ": ");
        put_text(out, sentence);
        put_text(out, "\n");
        put_frames(out, event);
    }
}

static void put_failure(FILE *out, const json_t *document, const json_t *finding)
{
    fputs("      <failure type=\"", out);
    put_text(out, snarl_json_text(finding, "kind"));
    fputs("\" message=\"", out);
    put_text(out, snarl_json_text(finding, "message"));
    fputs("\">", out);
    put_text(out, snarl_json_text(finding, "explanation"));
    put_events(out, document, finding);
    put_text(out, "\n  suppress with: ");
    put_text(out, snarl_json_text(finding, "suggestion"));
    fputs("</failure>\n", out);
}

static void put_case(FILE *out, const json_t *document, const json_t *finding)
{
    const json_t *frame = snarl_event_frame(snarl_pick_primary(finding));
    fputs("    <testcase classname=\"snarl.", out);
    put_text(out, snarl_json_text(finding, "kind"));
    fputs("\" name=\"", out);
    put_text(out, snarl_json_text(finding, "fingerprint"));
    fputs(" ", out);
    put_text(out, snarl_json_text(frame, "function"));
    fputs("\" time=\"0\"", out);
    if (*snarl_json_text(frame, "file")) {
        fputs(" file=\"", out);
        put_text(out, snarl_json_text(frame, "file"));
        fprintf(out, "\" line=\"%lld\"", (long long)snarl_pick_number(frame, "line"));
    }
    fputs(">\n", out);
    if (snarl_pick_fails(document, finding)) {
        put_failure(out, document, finding);
    } else {
        bool suppressed = json_is_true(json_object_get(finding, "suppressed"));
        bool accepted = !strcmp(snarl_json_text(finding, "baseline"), "unchanged");
        fprintf(out, "      <skipped message=\"%s\"/>\n",
                suppressed ? "suppressed"
                : accepted ? "accepted by the baseline"
                           : "a kind that does not fail");
    }
    fputs("    </testcase>\n", out);
}

static size_t failing_of(const json_t *document, const char *kind)
{
    size_t i, count = 0;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), i,
                       finding) if ((!kind || !strcmp(snarl_json_text(finding, "kind"), kind)) &&
                                    snarl_pick_fails(document, finding)) count++;
    return count;
}

static void put_kind(FILE *out, const json_t *document, const struct snarl_kind *kind)
{
    size_t count = failing_of(document, kind->name);
    fprintf(out, "    <testcase classname=\"snarl\" name=\"no %s\" time=\"0\"", kind->name);
    if (count)
        fprintf(out, "><failure type=\"%s\" message=\"%zu finding%s\"/></testcase>\n", kind->name, count,
                count == 1 ? "" : "s");
    else
        fputs("/>\n", out);
}

int snarl_junit_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    const json_t *findings = json_object_get(document, "findings"), *run = json_object_get(document, "run");
    size_t i, total = json_array_size(findings), failing = failing_of(document, NULL), failures = failing;
    json_t *finding;
    (void)options;
    for (i = 0; i < SNARL_KINDS; i++)
        failures += failing_of(document, snarl_kinds[i].name) > 0;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"snarl", out);
    const char *program = json_string_value(json_array_get(json_object_get(run, "command"), 0));
    if (program) {
        fputc(' ', out);
        put_text(out, snarl_path_base(program));
    }
    fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"%.3f\" timestamp=\"",
            total + SNARL_KINDS, failures, total - failing,
            json_number_value(json_object_get(run, "duration_s")));
    put_text(out, snarl_json_text(run, "started"));
    fputs("\">\n", out);
    for (i = 0; i < SNARL_KINDS; i++)
        put_kind(out, document, &snarl_kinds[i]);
    json_array_foreach(findings, i, finding) put_case(out, document, finding);
    fputs("  </testsuite>\n</testsuites>\n", out);
    return 0;
}
