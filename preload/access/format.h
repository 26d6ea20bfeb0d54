/* format.h - what the formats of printf and scanf say of their arguments.
 *
 * A format is taken apart without looking at any argument: the result lists the arguments' types, so that a va_list can be walked, and
 * of them those that are pointers to memory which the call reads or writes. It knows what glibc knows: positional
 * arguments, `*` for width and precision, all length modifiers, `%m`, `%ms` and `%as`, `%C` and `%S`, `%b`.
 * A conversion that it does not know (the program's own, or a wrong one) ends it: what comes after has no known
 * place among the arguments. Nothing is allocated; it may run in a signal handler. */
#ifndef SNARL_PRELOAD_ACCESS_FORMAT_H
#define SNARL_PRELOAD_ACCESS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNARL_FORMAT_ARGUMENTS 64 /* what goes beyond is not told */
#define SNARL_FORMAT_USES 64

enum snarl_format_type { SNARL_FORMAT_INT, SNARL_FORMAT_LONG, SNARL_FORMAT_DOUBLE, SNARL_FORMAT_LONG_DOUBLE };

enum snarl_format_what {
    SNARL_FORMAT_STRING,      /* char, up to its end or `limit` bytes */
    SNARL_FORMAT_WIDE_STRING, /* wchar_t, the same in characters */
    SNARL_FORMAT_BYTES,       /* `limit` bytes, written */
    SNARL_FORMAT_COUNT        /* %n: `limit` bytes, written if the call came so far */
};

#define SNARL_FORMAT_NO_LIMIT UINT32_MAX

/* One argument that points to what is read (printf) or written (scanf). */
struct snarl_format_use {
    uint8_t what;
    uint8_t argument;       /* its index */
    uint8_t limit_argument; /* of `.*`: index + 1; 0: `limit` says it */
    bool certain;           /* %n of scanf: it is reached when the conversions before it have been */
    uint16_t order;         /* of scanf's conversions that are stored and counted, from 1; %n: how many are before it */
    uint32_t limit;
};

struct snarl_format {
    uint32_t argument_count, use_count;
    uint8_t type[SNARL_FORMAT_ARGUMENTS];
    struct snarl_format_use use[SNARL_FORMAT_USES];
};

/* `wide`: of wchar_t. */
void snarl_format_print(struct snarl_format *format, const void *text, bool wide);
/* `gnu`: `a` before s, S or [ means that memory is allocated, as it did before C99. */
void snarl_format_scan(struct snarl_format *format, const void *text, bool wide, bool gnu);

#endif
