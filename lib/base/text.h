/* text.h - building short texts without libc's printf (which may allocate, lock and be intercepted).
 *
 * A buffer never overflows: what does not fit is cut, the text always ends with '\0'. */
#ifndef SNARL_BASE_TEXT_H
#define SNARL_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct snarl_text {
    char *buffer; /* the caller's */
    size_t size;
    size_t length;
};

static inline struct snarl_text snarl_text_in(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (struct snarl_text){buffer, size, 0};
}

/* All return `text`, so that calls can be nested. A NULL string adds nothing. */
struct snarl_text *snarl_text_add(struct snarl_text *text, const char *string);
struct snarl_text *snarl_text_add_uint(struct snarl_text *text, uint64_t value);
struct snarl_text *snarl_text_add_hex(struct snarl_text *text, uint64_t value);

/* One line on standard error, "snarl: " and three strings (NULL adds nothing). For our own failures and notes. */
void snarl_text_warn(const char *first, const char *second, const char *third);

#endif
