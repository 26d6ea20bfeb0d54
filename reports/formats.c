/* formats.c - the table of report formats: one line each. */
#include "reports/formats.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct snarl_report_format snarl_report_formats[] = {
    {"text", "for people, on a terminal", snarl_text_render},
    {"json", "the whole document, schema 1", snarl_json_render},
    {"html", "one self-contained page for a browser", snarl_html_render},
    {"sarif", "SARIF 2.1.0, for code scanning", snarl_sarif_render},
    {"junit", "JUnit XML, for test results", snarl_junit_render},
    {"dot", "the lock-order graph for Graphviz", snarl_dot_render},
    {"markdown", "a page for job summaries and review comments", snarl_markdown_render},
    {"github", "GitHub's workflow annotations", snarl_github_render},
    {NULL, NULL, NULL},
};

const struct snarl_report_format *snarl_report_format_find(const char *name)
{
    for (const struct snarl_report_format *format = snarl_report_formats; format->name; format++)
        if (!strcmp(format->name, name))
            return format;
    return NULL;
}

struct snarl_render_options snarl_render_options_for(FILE *stream)
{
    struct snarl_render_options options = {.width = 100};
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    struct winsize size;
    if (!isatty(fileno(stream)))
        return options;
    options.colour = !(no_colour && *no_colour) && !(terminal && !strcmp(terminal, "dumb"));
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        options.width = size.ws_col;
    return options;
}
