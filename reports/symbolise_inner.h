/* symbolise_inner.h - between symbolise.c (modules, symbols), symbolise_frames.c and symbolise_variables.c.
 * The only files that see elfutils. */
#ifndef SNARL_REPORTS_SYMBOLISE_INNER_H
#define SNARL_REPORTS_SYMBOLISE_INNER_H

#include "reports/arena.h"
#include "reports/symbolise.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

/* An address range of code and what it belongs to. */
struct snarl_symbol_range {
    uint64_t low, high; /* high is one past */
    size_t index;
};

struct snarl_symbol_ranges {
    struct snarl_symbol_range *items;
    size_t count, room;
};

void snarl_ranges_add(struct snarl_symbol_ranges *ranges, uint64_t low, uint64_t high, size_t index);
void snarl_ranges_sort(struct snarl_symbol_ranges *ranges);
/* The narrowest late-starting range around the address, or NULL. */
const struct snarl_symbol_range *snarl_ranges_find(const struct snarl_symbol_ranges *ranges,
                                                   uint64_t address);

/* A compilation unit. `scopes` differs from `unit` for split DWARF only: the unit of the .dwo file. */
struct snarl_symbol_unit {
    Dwarf_Die unit, scopes;
    bool functions_known;
    bool variables_known;
    struct snarl_symbol_ranges ranges; /* of functions; index into `functions` */
    Dwarf_Die *functions;
    size_t function_count, function_room;
};

/* A variable of static storage or, in thread_variables, a thread-local one; `function`: the one that it is local to, or no DIE. */
struct snarl_symbol_static {
    Dwarf_Die die, function;
};

struct snarl_symbol_statics {
    struct snarl_symbol_ranges ranges; /* index into `items` */
    struct snarl_symbol_static *items;
    size_t count, room;
};

struct snarl_symbols {
    struct snarl_symbols *next;
    struct snarl_arena arena;
    const char *path, *build_id, *problem;
    Dwfl *dwfl;
    Dwfl_Module *module;
    Dwarf *dwarf;
    bool units_known, table_known, variables_known;
    struct snarl_symbol_unit *units;
    size_t unit_count, unit_room;
    struct snarl_symbol_ranges unit_ranges;                    /* index into `units` */
    struct snarl_symbol_ranges table_functions, table_objects; /* index: of the ELF symbol */
    struct snarl_symbol_ranges table_threads;                  /* the same, of thread-local ones: by offset */
    struct snarl_symbol_statics variables, thread_variables;
    struct snarl_idmap frames_cache, variables_cache; /* by address + 1; by address and size */
    struct snarl_idmap code_cache;                    /* functions decoded, by address + 1: symbolise_code.c */
};

/* Fills units and unit_ranges; false when there is no debug information. */
bool snarl_symbols_units(struct snarl_symbols *symbols);
/* The unit and the functions around an instruction, the outermost first, with the blocks between them when `blocks` is set.
 * The number of `chain`, of which SNARL_CHAIN_MAX have room. 0: no debug information. */
#define SNARL_CHAIN_MAX 256
size_t snarl_symbols_chain(struct snarl_symbols *symbols, uint64_t address, bool blocks, struct snarl_symbol_unit **unit,
                           Dwarf_Die *chain);
/* The part of the function around the address that is in one piece. */
bool snarl_symbols_function(struct snarl_symbols *symbols, uint64_t address, uint64_t *low, uint64_t *high);
/* Demangled. */
const char *snarl_symbols_function_name(struct snarl_symbols *symbols, Dwarf_Die *die, const char **language);
/* What a variable, its path having been found, is; kept in the arena. */
void snarl_symbols_declared(struct snarl_symbols *symbols, Dwarf_Die *die, struct snarl_symbol_variable *variable);
const char *snarl_symbols_keep(struct snarl_symbols *symbols, const char *text);
/* Fills table_functions, table_objects and table_threads. */
void snarl_symbols_table(struct snarl_symbols *symbols);
/* The raw name of an ELF symbol. */
const char *snarl_symbols_name(struct snarl_symbols *symbols, size_t index);
/* A demangled, valid copy in the arena. */
const char *snarl_symbols_keep_name(struct snarl_symbols *symbols, const char *raw, const char **language);
/* The file of a unit's file table, in full and without "." and ".." parts; NULL when there is none. */
const char *snarl_symbols_file(struct snarl_symbols *symbols, struct snarl_symbol_unit *unit, size_t index);
const char *snarl_symbols_clean_path(struct snarl_symbols *symbols, struct snarl_symbol_unit *unit,
                                     const char *path);

#endif
