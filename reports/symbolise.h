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

/* Where the function around an instruction begins, as far as can be told without its name; 0: not known. */
uint64_t snarl_symbols_entry(struct snarl_symbols *symbols, uint64_t address);

struct snarl_symbol_variable {
    const char *name; /* with the path to the member that lies there: "queue.mutex", "table[3].lock" */
    const char *base; /* the variable alone: "queue" */
    const char *function; /* that it is local to; NULL: to none */
    const char *file; /* where it is declared; NULL: unknown */
    unsigned line;
    uint64_t address; /* of the variable; of a thread-local one its offset, of one on a stack 0 */
    uint64_t size;    /* of the variable; 0: unknown */
    bool exact;       /* the bytes asked for are one scalar */
    bool section;     /* no variable is known: `name` is made of the section's */
};

/* The static variable that `size` bytes at `address` (link-time) lie in, or NULL. `size` 0: any that begin there. Without
 * symbols its name is made of the section's: ".bss+0x40". */
const struct snarl_symbol_variable *snarl_symbols_variable(struct snarl_symbols *symbols, uint64_t address,
                                                           uint64_t size);
/* The thread-local variable at an offset into the module's thread-local block. */
const struct snarl_symbol_variable *snarl_symbols_thread_local(struct snarl_symbols *symbols, uint64_t offset,
                                                               uint64_t size);
/* The local variable that lies `offset` bytes above the frame's CFA (so it is negative) while the instruction at `address` is
 * in progress; and the function alone when no variable is known there: then `name` is NULL. */
const struct snarl_symbol_variable *snarl_symbols_local(struct snarl_symbols *symbols, uint64_t address,
                                                        int64_t offset, uint64_t size);

/* What an instruction's own code says of the memory that it accesses: "queue->head". */
struct snarl_symbol_target {
    const char *name; /* NULL: not known */
    const char *type; /* of what the pointer points to: "struct queue" */
    const struct snarl_symbol_variable *local; /* it is a variable in a frame of this function; `name` is its too */
};

/* `address`: of the last byte before the place that an access's stack names (a return address - 1): an instruction that accesses
 * memory begins there; or a call ends there that tells of the access (-fsanitize=thread): its first argument is the address
 * accessed. Never NULL. */
const struct snarl_symbol_target *snarl_symbols_target(struct snarl_symbols *symbols, uint64_t address, uint64_t size);

/* What the result of the call that returns to `address` becomes: the type of a heap block from its allocation. */
struct snarl_symbol_result {
    bool passed_on;   /* the function returns it as it is: its caller tells */
    const char *variable; /* "queue" of `queue = malloc(…)`; NULL: not known */
    const char *type; /* "struct queue"; NULL: not known */
    bool inside;      /* the bytes asked for are known to be of such a thing, */
    bool exact;       /* and to be one scalar in it */
    const char *path; /* of them: ".head", "[3].next"; "" when they are more or no member */
};

/* Whether the call that returns to `address` is one that makes arrays: calloc, new[]. */
bool snarl_symbols_makes_array(struct snarl_symbols *symbols, uint64_t address);

const struct snarl_symbol_result *snarl_symbols_result(struct snarl_symbols *symbols, uint64_t address,
                                                       uint64_t block_size, bool array, uint64_t offset,
                                                       uint64_t size);

#endif
