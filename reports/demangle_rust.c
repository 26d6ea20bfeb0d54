/* demangle_rust.c - see demangle_rust.h. A recursive descent over the grammar of RFC 2603.
 *
 * Left out of the result, as too long to read: crate hashes, lifetimes, the parameters of function types and
 * the bounds of trait objects behind the first. Names in punycode stay encoded. Depth, back references and
 * the output's length are bounded, because symbols come from files that nobody vouches for. */
#include "reports/demangle_rust.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define OUTPUT_MAX 4096
#define STEPS_MAX 20000 /* back references to back references would double the work at each one */

struct demangler {
    const char *start; /* after "_R": back references count from here */
    const char *at;
    char *out;
    size_t length;
    unsigned depth, steps;
    bool failed;
    bool silent; /* parse, but write nothing */
};

static void path(struct demangler *d, bool in_value);
static void type(struct demangler *d, bool in_value);

static void put_bytes(struct demangler *d, const char *text, size_t length)
{
    if (d->silent || d->failed)
        return;
    if (d->length + length >= OUTPUT_MAX) {
        d->failed = true;
        return;
    }
    memcpy(d->out + d->length, text, length);
    d->length += length;
}

static void put(struct demangler *d, const char *text)
{
    put_bytes(d, text, strlen(text));
}

static bool enter(struct demangler *d)
{
    if (d->failed || ++d->depth > DEPTH_MAX || ++d->steps > STEPS_MAX)
        d->failed = true;
    return !d->failed;
}

static bool eat(struct demangler *d, char letter)
{
    if (d->failed || *d->at != letter)
        return false;
    d->at++;
    return true;
}

static uint64_t decimal(struct demangler *d)
{
    uint64_t value = 0;
    if (!isdigit((unsigned char)*d->at))
        d->failed = true;
    if (eat(d, '0'))
        return 0;
    while (isdigit((unsigned char)*d->at) && value < 1u << 20)
        value = value * 10 + (*d->at++ - '0');
    return value;
}

/* "_" is 0, "0_" is 1, ... Crate hashes fill all 64 bits; a larger one wraps, and is left out anyway. */
static uint64_t base62(struct demangler *d)
{
    uint64_t value = 0;
    if (eat(d, '_'))
        return 0;
    while (!d->failed && *d->at != '_') {
        char digit = *d->at;
        if (!isalnum((unsigned char)digit)) {
            d->failed = true;
            return 0;
        }
        d->at++;
        value = value * 62 + (isdigit((unsigned char)digit)   ? digit - '0'
                              : islower((unsigned char)digit) ? digit - 'a' + 10
                                                              : digit - 'A' + 36);
    }
    eat(d, '_');
    return value + 1;
}

static uint64_t disambiguator(struct demangler *d)
{
    return eat(d, 's') ? base62(d) + 1 : 0;
}

static void identifier(struct demangler *d, char namespace)
{
    uint64_t which = disambiguator(d);
    eat(d, 'u');
    size_t length = decimal(d);
    eat(d, '_');
    if (d->failed || strnlen(d->at, length) < length) {
        d->failed = true;
        return;
    }
    if (isupper((unsigned char)namespace)) {
        char text[40];
        put(d, namespace == 'C' ? "{closure" : namespace == 'S' ? "{shim" : "{");
        if (length)
            put(d, ":");
        put_bytes(d, d->at, length);
        snprintf(text, sizeof(text), "#%llu}", (unsigned long long)which);
        put(d, text);
    } else {
        put_bytes(d, d->at, length);
    }
    d->at += length;
}

/* Parses what the back reference names, then goes on behind it. */
static bool back_reference(struct demangler *d, void (*parse)(struct demangler *, bool), bool in_value)
{
    const char *here = d->at;
    if (!eat(d, 'B'))
        return false;
    uint64_t offset = base62(d);
    const char *after = d->at;
    if (offset >= (uint64_t)(here - d->start))
        d->failed = true;
    if (!d->failed) {
        d->at = d->start + offset;
        parse(d, in_value);
    }
    d->at = after;
    return true;
}

/* The path of an impl block: only where it is, not what it says. */
static void impl_path(struct demangler *d)
{
    bool silent = d->silent;
    d->silent = true;
    disambiguator(d);
    path(d, false);
    d->silent = silent;
}

static void constant(struct demangler *d, bool in_value)
{
    (void)in_value;
    if (!enter(d))
        return;
    if (eat(d, 'p')) {
        put(d, "_");
    } else if (!back_reference(d, constant, false)) {
        const char kind = *d->at;
        if (!d->failed && kind)
            d->at++;
        if (eat(d, 'n'))
            put(d, "-");
        const char *digits = d->at;
        while (isxdigit((unsigned char)*d->at))
            d->at++;
        uint64_t value = strtoull(digits, NULL, 16);
        if (!eat(d, '_'))
            d->failed = true;
        char text[24];
        snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
        put(d, kind == 'b' ? (value ? "true" : "false") : text);
    }
    d->depth--;
}

static void generic_arguments(struct demangler *d)
{
    bool first = true;
    put(d, "<");
    while (!d->failed && !eat(d, 'E')) {
        if (eat(d, 'L')) {
            base62(d);
            continue;
        }
        put(d, first ? "" : ", ");
        first = false;
        if (eat(d, 'K'))
            constant(d, false);
        else
            type(d, false);
    }
    put(d, ">");
}

static void nested_path(struct demangler *d, bool in_value)
{
    char namespace = *d->at;
    if (!isalpha((unsigned char)namespace)) {
        d->failed = true;
        return;
    }
    d->at++;
    path(d, in_value);
    put(d, "::");
    identifier(d, namespace);
}

static void path(struct demangler *d, bool in_value)
{
    if (!enter(d))
        return;
    if (eat(d, 'C')) {
        identifier(d, 0);
    } else if (eat(d, 'N')) {
        nested_path(d, in_value);
    } else if (eat(d, 'M')) {
        impl_path(d);
        put(d, "<");
        type(d, false);
        put(d, ">");
    } else if (*d->at == 'X' || *d->at == 'Y') {
        if (*d->at++ == 'X')
            impl_path(d);
        put(d, "<");
        type(d, false);
        put(d, " as ");
        path(d, false);
        put(d, ">");
    } else if (eat(d, 'I')) {
        path(d, in_value);
        put(d, in_value ? "::" : "");
        generic_arguments(d);
    } else if (!back_reference(d, path, in_value)) {
        d->failed = true;
    }
    d->depth--;
}

static const char *basic_type(char letter)
{
    static const char *const s_names[26] = {
        "i8",   "bool", "char", "f64", "str", "f32", NULL,  "u8", "isize", "usize", NULL,  "i32", "u32",
        "i128", "u128", "_",    NULL,  NULL,  "i16", "u16", "()", "...",   NULL,    "i64", "u64", "!",
    };
    return letter >= 'a' && letter <= 'z' ? s_names[letter - 'a'] : NULL;
}

static void tuple(struct demangler *d)
{
    put(d, "(");
    for (bool first = true; !d->failed && !eat(d, 'E'); first = false) {
        put(d, first ? "" : ", ");
        type(d, false);
    }
    put(d, ")");
}

static void function_type(struct demangler *d)
{
    bool silent = d->silent;
    put(d, "fn(..)");
    d->silent = true;
    if (eat(d, 'G'))
        base62(d);
    eat(d, 'U');
    if (eat(d, 'K') && !eat(d, 'C'))
        identifier(d, 0);
    while (!d->failed && !eat(d, 'E'))
        type(d, false);
    type(d, false);
    d->silent = silent;
}

static void trait_object(struct demangler *d)
{
    bool silent = d->silent;
    put(d, "dyn ");
    if (eat(d, 'G'))
        base62(d);
    while (!d->failed && !eat(d, 'E')) {
        path(d, false);
        d->silent = true;
        while (eat(d, 'p')) {
            identifier(d, 0);
            type(d, false);
        }
    }
    d->silent = silent;
    if (eat(d, 'L'))
        base62(d);
}

static void type(struct demangler *d, bool in_value)
{
    (void)in_value;
    if (!enter(d))
        return;
    const char *basic = basic_type(*d->at);
    char letter = *d->at;
    if (basic) {
        d->at++;
        put(d, basic);
    } else if (strchr("RQPOAS", letter) && letter) {
        d->at++;
        put(d, letter == 'R'   ? "&"
               : letter == 'Q' ? "&mut "
               : letter == 'P' ? "*const "
               : letter == 'O' ? "*mut "
                               : "[");
        if ((letter == 'R' || letter == 'Q') && eat(d, 'L'))
            base62(d);
        type(d, false);
        if (letter == 'A') {
            put(d, "; ");
            constant(d, false);
        }
        put(d, letter == 'A' || letter == 'S' ? "]" : "");
    } else if (eat(d, 'T')) {
        tuple(d);
    } else if (eat(d, 'F')) {
        function_type(d);
    } else if (eat(d, 'D')) {
        trait_object(d);
    } else if (!back_reference(d, type, false)) {
        path(d, false);
    }
    d->depth--;
}

char *snarl_demangle_rust(const char *symbol)
{
    struct demangler d = {.start = symbol + 2, .at = symbol + 2};
    if (strncmp(symbol, "_R", 2) || !isupper((unsigned char)symbol[2]))
        return NULL;
    d.out = malloc(OUTPUT_MAX);
    if (!d.out)
        return NULL;
    path(&d, true);
    if (d.failed) {
        free(d.out);
        return NULL;
    }
    d.out[d.length] = '\0';
    return d.out;
}
