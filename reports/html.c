/* html.c - the report as one self-contained page.
 *
 * The page is a fixed style, a fixed script (reports/html/) and a data block of JSON that the script shows.
 *
 * Nothing of the program's can become markup: in the data block every < > & is written as a JSON escape, so
 * that neither </script> nor <!-- can occur in it; the script puts texts into text nodes only; the title and
 * the part for browsers without scripts are escaped as HTML; and the page's content security policy allows
 * the one style and the one script by their SHA-256, and no network at all. */
#include "reports/formats.h"
#include "reports/html_parts.h"

#include <stdlib.h>
#include <string.h>

/* A digest in hexadecimal as base64, which the policy wants. */
static void put_digest(FILE *out, const char *hex)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[33] = {0};
    for (size_t i = 0; i < 32; i++)
        sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
    for (size_t i = 0; i < 33; i += 3) {
        unsigned group = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
        fprintf(out, "%c%c%c%c", digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63],
                i == 30 ? '=' : digits[group & 63]);
    }
}

static void put_escaped(FILE *out, const char *text)
{
    for (; text && *text; text++) {
        switch (*text) {
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
        default:
            fputc(*text, out);
        }
    }
}

/* Writes a piece of JSON with the characters that mean something to an HTML parser as \u escapes. They occur
 * in JSON inside strings only, so this never changes its meaning. */
static int put_json(const char *text, size_t size, void *context)
{
    FILE *out = context;
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '<' && text[i] != '>' && text[i] != '&')
            continue;
        fwrite(text + start, 1, i - start, out);
        fprintf(out, "\\u%04x", text[i]);
        start = i + 1;
    }
    fwrite(text + start, 1, size - start, out);
    return ferror(out) ? -1 : 0;
}

static void put_title(FILE *out, const json_t *document)
{
    const json_t *command = json_object_get(json_object_get(document, "run"), "command");
    size_t runs = json_array_size(json_object_get(document, "runs"));
    const char *program = json_string_value(json_array_get(command, 0));
    const char *slash = program ? strrchr(program, '/') : NULL;
    size_t count = json_array_size(json_object_get(document, "findings"));
    fprintf(out, "<title>%zu finding%s", count, count == 1 ? "" : "s");
    if (runs > 1) {
        fprintf(out, " in %zu runs", runs);
    } else if (program) {
        fputs(" in ", out);
        put_escaped(out, slash ? slash + 1 : program);
    }
    fputs(" - snarl</title>\n", out);
}

static void put_head(FILE *out, const json_t *document)
{
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
          "base-uri 'none'; form-action 'none'; script-src 'sha256-",
          out);
    put_digest(out, snarl_html_script_digest);
    fputs("'; style-src 'sha256-", out);
    put_digest(out, snarl_html_style_digest);
    fputs("'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n",
          out);
    put_title(out, document);
    fputs("<style>", out);
    fwrite(snarl_html_style, 1, snarl_html_style_size, out);
    fputs("</style>\n</head>\n<body>\n", out);
}

/* What a browser without scripts shows: each finding in a sentence. */
static void put_plain(FILE *out, const json_t *document)
{
    size_t i;
    json_t *finding;
    fputs("<noscript><h1>snarl: findings</h1><ul>", out);
    json_array_foreach(json_object_get(document, "findings"), i, finding)
    {
        fputs("<li>", out);
        put_escaped(out, json_string_value(json_object_get(finding, "kind")));
        fputs(": ", out);
        put_escaped(out, json_string_value(json_object_get(finding, "message")));
        fputs("</li>\n", out);
    }
    fputs("</ul></noscript>\n", out);
}

int snarl_html_render(const json_t *document, const struct snarl_render_options *options, FILE *out)
{
    const char *cwd = json_string_value(json_object_get(json_object_get(document, "run"), "cwd"));
    struct snarl_sources *sources = snarl_sources_new(cwd, options ? options->source_roots : NULL);
    json_t *data = sources ? snarl_html_data(document, sources) : NULL;
    int result = -1;
    if (data) {
        put_head(out, document);
        put_plain(out, document);
        fputs("<script type=\"application/json\" id=\"data\">", out);
        result = json_dump_callback(data, put_json, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
        fputs("</script>\n<script>", out);
        fwrite(snarl_html_script, 1, snarl_html_script_size, out);
        fputs("</script>\n</body>\n</html>\n", out);
    }
    json_decref(data);
    snarl_sources_free(sources);
    return result;
}
