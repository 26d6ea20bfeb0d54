/* toml.c - see toml.h. One pass, one character of look-ahead; arrays do not nest deeper than DEPTH_MAX. */
#include "reports/toml.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 256u
#define VALUE_MAX 4096u
#define DEPTH_MAX 8

struct reader {
    const char *name;
    const char *at, *end;
    const char *line_start;
    unsigned line;
    char table[KEY_MAX]; /* with a final dot, or empty */
    json_t *seen;        /* keys so far, and tables with a final dot */
    char *error;
    size_t error_size;
};

static unsigned column(const struct reader *reader)
{
    return reader->at - reader->line_start + 1;
}

static int fail_at(const struct reader *reader, unsigned line, unsigned at, const char *what)
{
    snprintf(reader->error, reader->error_size, "%s:%u:%u: %s", reader->name, line, at, what);
    return -1;
}

static int fail(const struct reader *reader, const char *what)
{
    return fail_at(reader, reader->line, column(reader), what);
}

static int peek(const struct reader *reader)
{
    return reader->at < reader->end ? (unsigned char)*reader->at : EOF;
}

static void skip_blanks(struct reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t')
        reader->at++;
}

/* True when a line ends here; goes past its end. */
static bool take_newline(struct reader *reader)
{
    if (peek(reader) == '\r' && reader->at + 1 < reader->end && reader->at[1] == '\n')
        reader->at++;
    if (peek(reader) != '\n')
        return false;
    reader->at++;
    reader->line++;
    reader->line_start = reader->at;
    return true;
}

static void skip_comment(struct reader *reader)
{
    if (peek(reader) == '#')
        while (peek(reader) != EOF && peek(reader) != '\n')
            reader->at++;
}

/* Blanks, comments and line ends. */
static void skip_all(struct reader *reader)
{
    do {
        skip_blanks(reader);
        skip_comment(reader);
    } while (take_newline(reader));
}

static int put_utf8(char *text, size_t *length, unsigned long code)
{
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || !code)
        return -1;
    if (code < 0x80) {
        text[(*length)++] = code;
    } else if (code < 0x800) {
        text[(*length)++] = 0xc0 | code >> 6;
        text[(*length)++] = 0x80 | (code & 63);
    } else if (code < 0x10000) {
        text[(*length)++] = 0xe0 | code >> 12;
        text[(*length)++] = 0x80 | (code >> 6 & 63);
        text[(*length)++] = 0x80 | (code & 63);
    } else {
        text[(*length)++] = 0xf0 | code >> 18;
        text[(*length)++] = 0x80 | (code >> 12 & 63);
        text[(*length)++] = 0x80 | (code >> 6 & 63);
        text[(*length)++] = 0x80 | (code & 63);
    }
    return 0;
}

/* Behind a backslash. */
static int read_escape(struct reader *reader, char *text, size_t *length)
{
    static const char names[] = "btnfr\"\\e", values[] = "\b\t\n\f\r\"\\\033";
    const char *simple = peek(reader) == EOF || !peek(reader) ? NULL : strchr(names, peek(reader));
    if (simple) {
        text[(*length)++] = values[simple - names];
        reader->at++;
        return 0;
    }
    int digits = peek(reader) == 'u' ? 4 : peek(reader) == 'U' ? 8 : 0;
    char hex[9] = "";
    if (digits && reader->end - reader->at > digits)
        memcpy(hex, reader->at + 1, digits);
    if (!digits || strspn(hex, "0123456789abcdefABCDEF") != (size_t)digits ||
        put_utf8(text, length, strtoul(hex, NULL, 16)))
        return fail(reader, "expected an escape: \\\" \\\\ \\n \\t \\r \\b \\f \\e \\uXXXX or \\UXXXXXXXX");
    reader->at += digits + 1;
    return 0;
}

/* A string in the quotes that stand here. */
static int read_string(struct reader *reader, char *text, size_t size)
{
    int quote = peek(reader);
    unsigned start = column(reader);
    size_t length = 0;
    reader->at++;
    if (reader->end - reader->at >= 2 && reader->at[0] == quote && reader->at[1] == quote)
        return fail_at(reader, reader->line, start,
                       "strings over several lines are not read: expected one line");
    while (peek(reader) != quote) {
        int c = peek(reader);
        if (c == EOF || c == '\n' || c == '\r')
            return fail_at(reader, reader->line, start, "this string has no closing quote on its line");
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return fail(reader, "control characters in a string must be escaped");
        if (length + 5 > size)
            return fail_at(reader, reader->line, start, "this string is too long");
        reader->at++;
        if (c == '\\' && quote == '"') {
            if (read_escape(reader, text, &length))
                return -1;
        } else {
            text[length++] = c;
        }
    }
    reader->at++;
    text[length] = '\0';
    return 0;
}

static bool bare(int c)
{
    return isalnum(c) || c == '_' || c == '-';
}

/* A key, dotted or not, is appended to `key`, which holds its table. */
static int read_key(struct reader *reader, char *key)
{
    for (;;) {
        size_t length = strlen(key);
        skip_blanks(reader);
        if (peek(reader) == '"' || peek(reader) == '\'') {
            if (read_string(reader, key + length, KEY_MAX - length))
                return -1;
        } else {
            const char *start = reader->at;
            while (peek(reader) != EOF && bare(peek(reader)))
                reader->at++;
            if (reader->at == start)
                return fail(reader, "expected a key: letters, digits, - and _, or a quoted one");
            if (length + (reader->at - start) + 2 > KEY_MAX)
                return fail(reader, "this key is too long");
            memcpy(key + length, start, reader->at - start);
            key[length + (reader->at - start)] = '\0';
        }
        skip_blanks(reader);
        if (peek(reader) != '.')
            return 0;
        reader->at++;
        if (strlen(key) + 2 > KEY_MAX)
            return fail(reader, "this key is too long");
        strcat(key, ".");
    }
}

/* Takes the underscores out of a number: each must stand between digits. */
static int clean_number(char *text)
{
    char *out = text;
    for (char *in = text; *in; in++) {
        if (*in != '_')
            *out++ = *in;
        else if (in == text || !isxdigit((unsigned char)in[-1]) || !isxdigit((unsigned char)in[1]))
            return -1;
    }
    *out = '\0';
    return 0;
}

static json_t *number_of(char *text)
{
    char *digits = text + (*text == '+' || *text == '-'), *stop;
    bool hexadecimal = digits[0] == '0' && digits[1] == 'x';
    if (clean_number(text) || !*digits)
        return NULL;
    if (!strcmp(digits, "inf") || !strcmp(digits, "nan"))
        return NULL; /* no setting can be one */
    if (!hexadecimal && strpbrk(digits, ".eE")) {
        double value = strtod(text, &stop);
        bool good = isdigit((unsigned char)digits[0]) && isdigit((unsigned char)stop[-1]) && !*stop;
        const char *dot = strchr(digits, '.');
        return good && !(dot && !isdigit((unsigned char)dot[1])) ? json_real(value) : NULL;
    }
    int base = 10;
    if (digits[0] == '0' && digits[1]) {
        base = digits[1] == 'x' ? 16 : digits[1] == 'o' ? 8 : digits[1] == 'b' ? 2 : 0;
        if (!base || digits != text)
            return NULL; /* 007, +0x1: not TOML */
        digits += 2;
    }
    if (!isxdigit((unsigned char)*digits))
        return NULL;
    errno = 0;
    long long value = strtoll(digits, &stop, base);
    return *stop || errno ? NULL : json_integer(*text == '-' ? -value : value);
}

static json_t *read_word(struct reader *reader)
{
    char word[128];
    const char *start = reader->at;
    while (peek(reader) != EOF && (bare(peek(reader)) || strchr("+.:", peek(reader))))
        reader->at++;
    snprintf(word, sizeof(word), "%.*s", (int)(reader->at - start), start);
    reader->at = start;
    json_t *value = NULL;
    if (!strcmp(word, "true") || !strcmp(word, "false"))
        value = json_boolean(*word == 't');
    else if (isdigit((unsigned char)*word) || *word == '+' || *word == '-')
        value = number_of(word);
    if (!value)
        fail(reader,
             strchr(word, ':') || (strlen(word) >= 10 && word[4] == '-')
                 ? "dates and times are not read: expected a string, a number, true, false or an array"
                 : "expected a value: a string in quotes, a number, true, false or an array");
    else
        while (peek(reader) != EOF && (bare(peek(reader)) || strchr("+.:", peek(reader))))
            reader->at++;
    return value;
}

static json_t *read_value(struct reader *reader, int depth);

static json_t *read_array(struct reader *reader, int depth)
{
    unsigned line = reader->line, start = column(reader);
    json_t *array = json_array();
    reader->at++;
    for (;;) {
        skip_all(reader);
        if (peek(reader) == ']')
            break;
        if (peek(reader) == EOF) {
            fail_at(reader, line, start, "this array has no closing bracket");
            json_decref(array);
            return NULL;
        }
        json_t *item = read_value(reader, depth + 1);
        if (!item || json_array_append_new(array, item)) {
            json_decref(array);
            return NULL;
        }
        skip_all(reader);
        if (peek(reader) == ',') {
            reader->at++;
        } else if (peek(reader) != ']' && peek(reader) != EOF) {
            fail(reader, "expected a comma or the closing bracket of the array");
            json_decref(array);
            return NULL;
        }
    }
    reader->at++;
    return array;
}

static json_t *read_value(struct reader *reader, int depth)
{
    char text[VALUE_MAX];
    unsigned line = reader->line, start = column(reader);
    int c = peek(reader);
    if (c == '"' || c == '\'') {
        if (read_string(reader, text, sizeof(text)))
            return NULL;
        json_t *value = json_string(text);
        if (!value)
            fail_at(reader, line, start, "this string is not UTF-8");
        return value;
    }
    if (c == '[' && depth < DEPTH_MAX)
        return read_array(reader, depth);
    if (c == '{' || c == '[') {
        fail(reader,
             c == '{' ? "tables in braces are not read: expected a string, a number, true, false or an array"
                      : "arrays nest too deeply");
        return NULL;
    }
    return read_word(reader);
}

static int end_line(struct reader *reader)
{
    skip_blanks(reader);
    skip_comment(reader);
    if (peek(reader) == EOF || take_newline(reader))
        return 0;
    return fail(reader, "expected the end of the line");
}

static int once(struct reader *reader, const char *key, unsigned line, unsigned start)
{
    if (json_object_get(reader->seen, key))
        return fail_at(reader, line, start, "this name was already given above");
    return json_object_set_new(reader->seen, key, json_true()) ? fail(reader, "this name is not UTF-8") : 0;
}

static int read_table(struct reader *reader)
{
    unsigned start = column(reader);
    reader->at++;
    if (peek(reader) == '[')
        return fail_at(reader, reader->line, start,
                       "arrays of tables are not read: expected [table] or key = value");
    reader->table[0] = '\0';
    if (read_key(reader, reader->table))
        return -1;
    if (peek(reader) != ']')
        return fail(reader, "expected the closing bracket of the table's name");
    reader->at++;
    if (strlen(reader->table) + 2 > KEY_MAX)
        return fail(reader, "this name is too long");
    strcat(reader->table, ".");
    return once(reader, reader->table, reader->line, start) ? -1 : end_line(reader);
}

static int read_entry(struct reader *reader,
                      const char *(*each)(const struct snarl_toml_entry *entry, int *at_value, void *context),
                      void *context)
{
    char key[KEY_MAX];
    struct snarl_toml_entry entry = {.key = key, .line = reader->line, .column = column(reader)};
    strcpy(key, reader->table);
    if (read_key(reader, key))
        return -1;
    if (peek(reader) != '=')
        return fail(reader, "expected = after the key");
    reader->at++;
    skip_blanks(reader);
    entry.value_line = reader->line;
    entry.value_column = column(reader);
    entry.value = read_value(reader, 0);
    if (!entry.value)
        return -1;
    int at_value = 0, result = once(reader, key, entry.line, entry.column);
    const char *wrong = result ? NULL : each(&entry, &at_value, context);
    if (wrong)
        result = fail_at(reader, at_value ? entry.value_line : entry.line,
                         at_value ? entry.value_column : entry.column, wrong);
    json_decref(entry.value);
    return result ? result : end_line(reader);
}

int snarl_toml_read(const char *name, const char *text, size_t length,
                    const char *(*each)(const struct snarl_toml_entry *entry, int *at_value, void *context),
                    void *context, char *error, size_t error_size)
{
    struct reader reader = {.name = name,
                            .at = text,
                            .end = text + length,
                            .line_start = text,
                            .line = 1,
                            .seen = json_object(),
                            .error = error,
                            .error_size = error_size};
    int result = 0;
    if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        reader.at = reader.line_start = text + 3;
    for (skip_all(&reader); !result && peek(&reader) != EOF; skip_all(&reader))
        result = peek(&reader) == '[' ? read_table(&reader) : read_entry(&reader, each, context);
    json_decref(reader.seen);
    return result;
}
