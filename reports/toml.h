/* toml.h - reads the part of TOML 1.0 that settings need.
 *
 * Read: comments; `key = value` with bare, quoted and dotted keys; [tables]; basic and literal strings on one
 * line; integers (decimal, hexadecimal, octal, binary); floats; booleans; arrays, also over several lines.
 * Refused with a line that says so: dates, strings and tables of other forms ("""…""", {…}, [[…]]), and what
 * TOML itself forbids (a key twice, values without a key, control characters). A dotted key or a table [a.b]
 * gives names such as "a.b.key". */
#ifndef SNARL_REPORTS_TOML_H
#define SNARL_REPORTS_TOML_H

#include <jansson.h>
#include <stddef.h>

struct snarl_toml_entry {
    const char *key;       /* with its table: "table.key" */
    json_t *value;         /* belongs to the reader */
    unsigned line, column; /* of the key */
    unsigned value_line, value_column;
};

/* Calls `each` for every entry. It returns NULL, or what is wrong with the key (or, with *at_value set, with
 * the value): the reader says where. Returns 0, or -1 with `error` as "name:line:column: ...". */
int snarl_toml_read(const char *name, const char *text, size_t length,
                    const char *(*each)(const struct snarl_toml_entry *entry, int *at_value, void *context),
                    void *context, char *error, size_t error_size);

#endif
