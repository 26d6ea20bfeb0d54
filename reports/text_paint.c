/* text_paint.c - see text_paint.h. */
#include "reports/text_paint.h"

#include <stdarg.h>
#include <string.h>

#define RULE "snarl: ===="

static const char *const s_colours[] = {
    [SNARL_PAINT_PLAIN] = "",
    [SNARL_PAINT_TITLE] = "\033[1m",
    [SNARL_PAINT_ERROR] = "\033[1;31m",
    [SNARL_PAINT_WARN] = "\033[1;33m",
    [SNARL_PAINT_THREAD] = "\033[1;36m",
    [SNARL_PAINT_LOCK] = "\033[35m",
    [SNARL_PAINT_FAINT] = "\033[2m",
    [SNARL_PAINT_GOOD] = "\033[32m",
};

/* Control characters, and the two bytes that encode those of ISO 6429 in UTF-8. */
static void clean(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7f)
            *at = '?';
        else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
            at[0] = at[1] = '?';
    }
}

void snarl_paint(const struct snarl_page *page, enum snarl_paint paint, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    clean(text);
    bool coloured = page->options->colour && *s_colours[paint];
    fprintf(page->out, "%s%s%s", coloured ? s_colours[paint] : "", text, coloured ? "\033[0m" : "");
}

unsigned snarl_paint_columns(const char *text)
{
    unsigned columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

void snarl_paint_wrapped(const struct snarl_page *page, unsigned indent, const char *text)
{
    char word[1024];
    unsigned column = 0;
    while (*text) {
        size_t length = strcspn(text, " ");
        snprintf(word, sizeof(word), "%.*s", (int)(length < sizeof(word) ? length : sizeof(word) - 1), text);
        unsigned columns = snarl_paint_columns(word);
        if (column && column + 1 + columns > page->width) {
            fputc('\n', page->out);
            column = 0;
        }
        if (column) {
            fputc(' ', page->out);
            column++;
        } else {
            fprintf(page->out, "%*s", (int)indent, "");
            column = indent;
        }
        snarl_paint(page, SNARL_PAINT_PLAIN, "%s", word);
        column += columns;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', page->out);
}

void snarl_paint_rule(const struct snarl_page *page, const char *title)
{
    unsigned used = strlen(RULE) + (*title ? snarl_paint_columns(title) + 2 : 0);
    snarl_paint(page, SNARL_PAINT_FAINT, RULE);
    if (*title)
        snarl_paint(page, SNARL_PAINT_TITLE, " %s ", title);
    char line[256];
    unsigned rest = page->width > used ? page->width - used : 4;
    rest = rest < sizeof(line) ? rest : sizeof(line) - 1;
    memset(line, '=', rest);
    line[rest] = '\0';
    snarl_paint(page, SNARL_PAINT_FAINT, "%s", line);
    fputc('\n', page->out);
}

void snarl_paint_source(const struct snarl_page *page, unsigned indent, const struct snarl_source_line *line)
{
    char text[512];
    size_t used = 0;
    unsigned room = page->width > indent + 10 ? page->width - indent - 8 : 20;
    for (size_t i = 0; i < line->length && used + 8 < sizeof(text) && used < room; i++) {
        if (line->text[i] == '\t')
            do
                text[used++] = ' ';
            while (used % 4);
        else
            text[used++] = line->text[i];
    }
    while (used && (text[used - 1] & 0xc0) == 0x80) /* not in the middle of a character */
        used--;
    while (used && text[used - 1] == ' ')
        used--;
    text[used] = '\0';
    fprintf(page->out, "%*s", (int)indent, "");
    snarl_paint(page, SNARL_PAINT_FAINT, "%4u |", line->number);
    snarl_paint(page, SNARL_PAINT_PLAIN, " %s", text);
    fputc('\n', page->out);
}

const char *snarl_paint_path(const struct snarl_page *page, const char *path)
{
    size_t length = page->cwd ? strlen(page->cwd) : 0;
    if (length > 1 && !strncmp(path, page->cwd, length) && path[length] == '/')
        return path + length + 1;
    return path;
}
