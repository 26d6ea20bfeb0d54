/* symbolise.h - addresses of a module's file to functions, lines and variables.
 *
 * Debug information is looked for in the file itself, through its .gnu_debuglink and build-id under
 * /usr/lib/debug, and in the extra folders given; without any, the symbol tables serve (.symtab,
 * .gnu_debugdata, .dynsym). Only the compilation units that an address falls into are read, so a lookup in a
 * binary of a hundred megabytes takes milliseconds. All results live as long as the symboliser. One thread
 * only. */
#ifndef SNARL_REPORTS_SYMBOLISE_H
#define SNARL_REPORTS_SYMBOLISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snarl_symboliser;
struct snarl_symbols; /* what is known of one module */

/* `debug_path`: more folders with debug files, ':' between; may be NULL. Ends the command without memory. */
struct snarl_symboliser *snarl_symboliser_new(const char *debug_path);
void snarl_symboliser_free(struct snarl_symboliser *symboliser);

/* The module's symbols, opened at the first call. Never NULL. `build_id` in hexadecimal, "" when unknown. */
struct snarl_symbols *snarl_symbols_open(struct snarl_symboliser *symboliser, const char *path,
                                         const char *build_id);
/* Why nothing can be looked up ("... is another file now: build-id ...") or NULL. */
const char *snarl_symbols_problem(const struct snarl_symbols *symbols);

struct snarl_symbol_frame {
    const char *function; /* demangled */
    const char *file;     /* NULL: unknown */
    unsigned line, column;
    const char *language; /* "c", "c++", "rust", ...; NULL: unknown */
    bool inlined;         /* into the next one */
};

struct snarl_symbol_frames {
    size_t count;                      /* 0: nothing is known of the address */
    struct snarl_symbol_frame *frames; /* innermost first */
};

/* `address`: link-time, of an instruction (not a return address: that one's instruction is at address - 1).
 */
const struct snarl_symbol_frames *snarl_symbols_frames(struct snarl_symbols *symbols, uint64_t address);

struct snarl_symbol_variable {
    const char
        *name; /* with the path to the member that lies at the address: "queue.mutex", "table[3].lock" */
    const char *base; /* the variable alone: "queue" */
    const char *file; /* where it is declared; NULL: unknown */
    unsigned line;
    uint64_t address; /* of the variable */
    uint64_t size;    /* of the variable; 0: unknown */
};

/* The static variable that `address` (link-time) lies in, or NULL. */
const struct snarl_symbol_variable *snarl_symbols_variable(struct snarl_symbols *symbols, uint64_t address);

#endif
