/* format.c - see format.h. */
#include "preload/access/format.h"

#include <wchar.h>

enum length { NO_LENGTH, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LONGER, LENGTH_SIZE };

struct reader {
    struct snarl_format *format;
    const void *text;
    bool wide, gnu;
    size_t at;
    uint32_t next; /* argument, when they have no numbers */
    uint16_t stored;
    bool reached; /* scan: nothing since the last stored conversion could have failed */
};

/* One conversion. Numbers of arguments are counted from 1; 0: the next one. */
struct conversion {
    uint32_t position, width_argument, precision_argument;
    uint32_t width, precision; /* SNARL_FORMAT_NO_LIMIT: none */
    bool width_given;          /* by `*`; in scanf: not stored */
    bool precision_given;      /* by `.*` */
    bool allocates;
    enum length length;
    uint32_t letter;
};

static uint32_t peek(const struct reader *reader)
{
    if (reader->wide)
        return (uint32_t)((const wchar_t *)reader->text)[reader->at];
    return ((const unsigned char *)reader->text)[reader->at];
}

static bool take(struct reader *reader, char letter)
{
    bool same = peek(reader) == (unsigned char)letter;
    reader->at += same;
    return same;
}

static bool is_digit(uint32_t letter)
{
    return letter >= '0' && letter <= '9';
}

static bool is_one_of(uint32_t letter, const char *set)
{
    for (; *set; set++)
        if (letter == (unsigned char)*set)
            return true;
    return false;
}

static uint32_t number(struct reader *reader)
{
    uint32_t value = 0;
    for (; is_digit(peek(reader)); reader->at++)
        value = value < 100000000u ? value * 10 + (peek(reader) - '0') : value;
    return value;
}

/* "12$": the number, or 0 and nothing taken. */
static uint32_t position(struct reader *reader)
{
    size_t start = reader->at;
    uint32_t value = number(reader);
    if (value && take(reader, '$'))
        return value;
    reader->at = start;
    return 0;
}

static enum length length(struct reader *reader)
{
    if (take(reader, 'h'))
        return take(reader, 'h') ? LENGTH_CHAR : LENGTH_SHORT;
    if (take(reader, 'l'))
        return take(reader, 'l') ? LENGTH_LONGER : LENGTH_LONG;
    if (take(reader, 'L') || take(reader, 'q'))
        return LENGTH_LONGER;
    if (take(reader, 'j') || take(reader, 'z') || take(reader, 't') || take(reader, 'Z'))
        return LENGTH_SIZE;
    return NO_LENGTH;
}

static uint32_t integer_size(enum length length)
{
    switch (length) {
    case LENGTH_CHAR:
        return 1;
    case LENGTH_SHORT:
        return sizeof(short);
    case NO_LENGTH:
        return sizeof(int);
    default:
        return sizeof(long);
    }
}

/* The index of an argument of that type, or SNARL_FORMAT_ARGUMENTS: there are too many. */
static uint32_t argument(struct reader *reader, uint32_t position, enum snarl_format_type type)
{
    struct snarl_format *format = reader->format;
    uint32_t index = position ? position - 1 : reader->next++;
    if (index >= SNARL_FORMAT_ARGUMENTS)
        return SNARL_FORMAT_ARGUMENTS;
    while (format->argument_count <= index) /* gaps are taken for int, as libc does */
        format->type[format->argument_count++] = SNARL_FORMAT_INT;
    format->type[index] = (uint8_t)type;
    return index;
}

static void add(struct reader *reader, struct snarl_format_use use)
{
    struct snarl_format *format = reader->format;
    if (use.argument < SNARL_FORMAT_ARGUMENTS && format->use_count < SNARL_FORMAT_USES)
        format->use[format->use_count++] = use;
}

/* --- printf --- */

/* "*" or "*3$" into `index` + 1, or a number. */
static uint32_t amount(struct reader *reader, bool *given, uint32_t *index)
{
    if (!take(reader, '*'))
        return number(reader);
    *given = true;
    *index = argument(reader, position(reader), SNARL_FORMAT_INT) + 1;
    return SNARL_FORMAT_NO_LIMIT;
}

static void read_print(struct reader *reader, struct conversion *found)
{
    *found = (struct conversion){.precision = SNARL_FORMAT_NO_LIMIT};
    found->position = position(reader);
    while (is_one_of(peek(reader), "-+ #0'I"))
        reader->at++;
    found->width = amount(reader, &found->width_given, &found->width_argument);
    if (take(reader, '.')) {
        take(reader, '-'); /* as if there were none */
        found->precision = amount(reader, &found->precision_given, &found->precision_argument);
    }
    found->length = length(reader);
    found->letter = peek(reader);
}

static void print_string(struct reader *reader, const struct conversion *found)
{
    bool wide = found->letter == 'S' || found->length == LENGTH_LONG || found->length == LENGTH_LONGER;
    uint32_t index = argument(reader, found->position, SNARL_FORMAT_LONG);
    add(reader, (struct snarl_format_use){.what = wide ? SNARL_FORMAT_WIDE_STRING : SNARL_FORMAT_STRING,
                                          .argument = (uint8_t)index,
                                          .limit_argument = (uint8_t)found->precision_argument,
                                          .limit = found->precision});
}

/* False: it is not known. */
static bool print_one(struct reader *reader, const struct conversion *found)
{
    uint32_t letter = found->letter;
    if (is_one_of(letter, "diouxXbB"))
        argument(reader, found->position,
                 integer_size(found->length) > 4 ? SNARL_FORMAT_LONG : SNARL_FORMAT_INT);
    else if (is_one_of(letter, "eEfFgGaA"))
        argument(reader, found->position,
                 found->length == LENGTH_LONGER ? SNARL_FORMAT_LONG_DOUBLE : SNARL_FORMAT_DOUBLE);
    else if (letter == 'c' || letter == 'C')
        argument(reader, found->position, SNARL_FORMAT_INT);
    else if (letter == 's' || letter == 'S')
        print_string(reader, found);
    else if (letter == 'p')
        argument(reader, found->position, SNARL_FORMAT_LONG);
    else if (letter == 'n')
        add(reader, (struct snarl_format_use){
                        .what = SNARL_FORMAT_COUNT,
                        .argument = (uint8_t)argument(reader, found->position, SNARL_FORMAT_LONG),
                        .certain = true,
                        .limit = integer_size(found->length)});
    else
        return letter == 'm' || letter == '%';
    return true;
}

void snarl_format_print(struct snarl_format *format, const void *text, bool wide)
{
    struct reader reader = {.format = format, .text = text, .wide = wide};
    struct conversion found;
    format->argument_count = format->use_count = 0;
    while (peek(&reader)) {
        if (!take(&reader, '%')) {
            reader.at++;
            continue;
        }
        read_print(&reader, &found);
        if (!found.letter || !print_one(&reader, &found))
            return;
        reader.at++;
    }
}

/* --- scanf --- */

static void read_scan(struct reader *reader, struct conversion *found)
{
    *found = (struct conversion){0};
    found->position = position(reader);
    while (is_one_of(peek(reader), "*'Im")) {
        found->width_given |= peek(reader) == '*';
        found->allocates |= peek(reader) == 'm';
        reader->at++;
    }
    found->width = number(reader);
    found->allocates |= take(reader, 'm');
    found->length = length(reader);
    found->letter = peek(reader);
    if (found->letter != 'a' || !reader->gnu)
        return;
    reader->at++;
    if (is_one_of(peek(reader), "sS[")) {
        found->allocates = true;
        found->letter = peek(reader);
    } else {
        reader->at--;
    }
}

/* From `[` to the `]` that ends the set. */
static void skip_set(struct reader *reader)
{
    reader->at++;
    take(reader, '^');
    take(reader, ']');
    while (peek(reader) && peek(reader) != ']')
        reader->at++;
    if (!peek(reader))
        reader->at--; /* no end: the caller steps onto the terminator */
}

static uint32_t float_size(enum length length)
{
    if (length == LENGTH_LONGER)
        return sizeof(long double);
    return length == LENGTH_LONG ? sizeof(double) : sizeof(float);
}

/* What a conversion stores, in `use`. False: it is not known. */
static bool scan_what(const struct conversion *found, struct snarl_format_use *use)
{
    uint32_t letter = found->letter;
    bool wide =
        found->length == LENGTH_LONG || found->length == LENGTH_LONGER || letter == 'C' || letter == 'S';
    *use = (struct snarl_format_use){.what = SNARL_FORMAT_BYTES, .limit = sizeof(void *)};
    if (is_one_of(letter, "diouxXbB"))
        use->limit = integer_size(found->length);
    else if (is_one_of(letter, "eEfFgGaA"))
        use->limit = float_size(found->length);
    else if (letter == 'n')
        *use = (struct snarl_format_use){.what = SNARL_FORMAT_COUNT, .limit = integer_size(found->length)};
    else if (!is_one_of(letter, "cCsS[p"))
        return false;
    else if (letter == 'p' || found->allocates)
        use->limit = sizeof(void *);
    else if (letter == 'c' || letter == 'C')
        use->limit = (found->width ? found->width : 1) * (wide ? (uint32_t)sizeof(wchar_t) : 1);
    else
        *use = (struct snarl_format_use){.what = wide ? SNARL_FORMAT_WIDE_STRING : SNARL_FORMAT_STRING,
                                         .limit = SNARL_FORMAT_NO_LIMIT};
    return true;
}

static bool scan_one(struct reader *reader, const struct conversion *found)
{
    struct snarl_format_use use;
    if (found->letter == '%') {
        reader->reached = false;
        return true;
    }
    if (!scan_what(found, &use))
        return false;
    if (found->letter == '[')
        skip_set(reader);
    if (found->width_given) {
        reader->reached = reader->reached && found->letter == 'n';
        return true;
    }
    use.argument = (uint8_t)argument(reader, found->position, SNARL_FORMAT_LONG);
    if (use.what != SNARL_FORMAT_COUNT) {
        reader->stored++;
        reader->reached = true;
    }
    use.certain = reader->reached;
    use.order = reader->stored;
    add(reader, use);
    return true;
}

void snarl_format_scan(struct snarl_format *format, const void *text, bool wide, bool gnu)
{
    struct reader reader = {.format = format, .text = text, .wide = wide, .gnu = gnu, .reached = true};
    struct conversion found;
    format->argument_count = format->use_count = 0;
    while (peek(&reader)) {
        if (!take(&reader, '%')) {
            reader.reached = reader.reached && is_one_of(peek(&reader), " \t\n\v\f\r");
            reader.at++;
            continue;
        }
        read_scan(&reader, &found);
        if (!found.letter || !scan_one(&reader, &found))
            return;
        reader.at++;
    }
}
