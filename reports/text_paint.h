/* text_paint.h - the page of the text report: colours, wrapping, and nothing that could drive a terminal.
 *
 * Everything from outside (names, paths, source lines) goes through these functions, which replace control
 * characters: a symbol name cannot move the cursor or fake a line of the report. */
#ifndef SNARL_REPORTS_TEXT_PAINT_H
#define SNARL_REPORTS_TEXT_PAINT_H

#include "reports/reports.h"
#include "reports/source.h"

enum snarl_paint {
    SNARL_PAINT_PLAIN,
    SNARL_PAINT_TITLE,  /* what the reader must see first */
    SNARL_PAINT_ERROR,  /* the kind of what happened */
    SNARL_PAINT_WARN,   /* the kind of what could happen */
    SNARL_PAINT_THREAD, /* headings */
    SNARL_PAINT_LOCK,
    SNARL_PAINT_FAINT, /* what may be skipped */
    SNARL_PAINT_GOOD,
};

struct snarl_page {
    FILE *out;
    const struct snarl_render_options *options;
    unsigned width;
    const char *cwd; /* paths below it are shown relative to it */
    struct snarl_sources *sources;
    bool name_processes; /* threads are of several processes: say which */
};

/* printf in a colour, cleaned. At most 4 kB. */
__attribute__((format(printf, 3, 4))) void snarl_paint(const struct snarl_page *page, enum snarl_paint paint,
                                                       const char *format, ...);
/* Words wrapped to the page's width, each line after `indent` spaces; ends the line. */
void snarl_paint_wrapped(const struct snarl_page *page, unsigned indent, const char *text);
/* "snarl: ====[ title ]=======" over the whole width. */
void snarl_paint_rule(const struct snarl_page *page, const char *title);
/* A source line cut to the width, tabs as spaces. */
void snarl_paint_source(const struct snarl_page *page, unsigned indent, const struct snarl_source_line *line);
/* The path for people: relative to the page's cwd where it is below it. Belongs to `path`. */
const char *snarl_paint_path(const struct snarl_page *page, const char *path);
/* How many columns a text takes: characters, not bytes. */
unsigned snarl_paint_columns(const char *text);

#endif
