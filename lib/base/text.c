/* text.c - see text.h. */
#include "base/text.h"

#include <string.h>

#include "base/os.h"

struct snarl_text *snarl_text_add(struct snarl_text *text, const char *string)
{
    while (string && *string && text->length + 1 < text->size)
        text->buffer[text->length++] = *string++;
    text->buffer[text->length] = '\0';
    return text;
}

static struct snarl_text *add_base(struct snarl_text *text, uint64_t value, unsigned base)
{
    char digits[24];
    char *at = digits + sizeof(digits) - 1;
    *at = '\0';
    do {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    return snarl_text_add(text, at);
}

struct snarl_text *snarl_text_add_uint(struct snarl_text *text, uint64_t value)
{
    return add_base(text, value, 10);
}

struct snarl_text *snarl_text_add_hex(struct snarl_text *text, uint64_t value)
{
    return add_base(text, value, 16);
}

void snarl_text_warn(const char *first, const char *second, const char *third)
{
    char line[512];
    struct snarl_text text = snarl_text_in(line, sizeof(line) - 1);
    snarl_text_add(snarl_text_add(snarl_text_add(snarl_text_add(&text, "snarl: "), first), second), third);
    line[text.length++] = '\n';
    snarl_os_write_all(2, line, text.length);
}
