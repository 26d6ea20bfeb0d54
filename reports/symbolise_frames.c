/* symbolise_frames.c - an instruction's address to the functions it belongs to, inlined ones first.
 *
 * Of a unit only the function DIEs are listed (namespaces are entered, bodies are not), once; below the
 * function around the address only the DIEs around the address are entered. The line table gives the
 * innermost line, each inlined call's own attributes the line in the function around it. */
#include "reports/symbolise_inner.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 256 /* bounds the walk of damaged files */

static void add_function(struct snarl_symbol_unit *unit, Dwarf_Die *die)
{
    Dwarf_Addr base, low, high;
    ptrdiff_t offset = 0;
    bool any = false;
    while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0) {
        if (!low || low >= high)
            continue;
        snarl_ranges_add(&unit->ranges, low, high, unit->function_count);
        any = true;
    }
    if (!any)
        return;
    if (unit->function_count == unit->function_room) {
        size_t room = unit->function_room ? 2 * unit->function_room : 32;
        Dwarf_Die *bigger = realloc(unit->functions, room * sizeof(*bigger));
        if (!bigger)
            abort();
        unit->functions = bigger;
        unit->function_room = room;
    }
    unit->functions[unit->function_count++] = *die;
}

static void list_functions(struct snarl_symbol_unit *unit, Dwarf_Die *parent, unsigned depth)
{
    Dwarf_Die die;
    if (depth > NESTING_MAX || dwarf_child(parent, &die))
        return;
    do {
        switch (dwarf_tag(&die)) {
        case DW_TAG_subprogram:
            add_function(unit, &die);
            break;
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_structure_type: /* Rust and Ada put functions with code there */
            list_functions(unit, &die, depth + 1);
            break;
        default:
            break;
        }
    } while (!dwarf_siblingof(&die, &die));
}

/* The functions around the address from the outermost one, `chain[0]`, to the innermost inlined one; with `blocks`, the
 * blocks too. */
static size_t nesting(Dwarf_Die *function, uint64_t address, bool blocks, Dwarf_Die *chain)
{
    size_t count = 0;
    Dwarf_Die scope = *function, die;
    chain[count++] = scope;
    while (count < SNARL_CHAIN_MAX && !dwarf_child(&scope, &die)) {
        bool found = false;
        do {
            int tag = dwarf_tag(&die);
            bool block = tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine ||
                         tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
            if (!block || dwarf_haspc(&die, address) != 1)
                continue;
            if (blocks || tag == DW_TAG_inlined_subroutine)
                chain[count++] = die;
            found = true;
            scope = die;
            break;
        } while (!dwarf_siblingof(&die, &die));
        if (!found)
            break;
    }
    return count;
}

static const struct snarl_symbol_range *function_at(struct snarl_symbols *symbols, uint64_t address,
                                                    struct snarl_symbol_unit **found)
{
    if (!snarl_symbols_units(symbols))
        return NULL;
    const struct snarl_symbol_range *range = snarl_ranges_find(&symbols->unit_ranges, address);
    if (!range)
        return NULL;
    struct snarl_symbol_unit *unit = *found = &symbols->units[range->index];
    if (!unit->functions_known) {
        unit->functions_known = true;
        list_functions(unit, &unit->scopes, 0);
        snarl_ranges_sort(&unit->ranges);
    }
    return snarl_ranges_find(&unit->ranges, address);
}

size_t snarl_symbols_chain(struct snarl_symbols *symbols, uint64_t address, bool blocks, struct snarl_symbol_unit **unit,
                           Dwarf_Die *chain)
{
    const struct snarl_symbol_range *range = function_at(symbols, address, unit);
    return range ? nesting(&(*unit)->functions[range->index], address, blocks, chain) : 0;
}

bool snarl_symbols_function(struct snarl_symbols *symbols, uint64_t address, uint64_t *low, uint64_t *high)
{
    struct snarl_symbol_unit *unit;
    const struct snarl_symbol_range *range = function_at(symbols, address, &unit);
    if (!range)
        return false;
    *low = range->low;
    *high = range->high;
    return true;
}

static const char *unit_language(struct snarl_symbol_unit *unit)
{
    switch (dwarf_srclang(&unit->scopes)) {
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case 0x3e: /* C17, newer than this elfutils */
        return "c";
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case 0x2b: /* C++17 */
    case 0x2c: /* C++20 */
        return "c++";
    case DW_LANG_Rust:
        return "rust";
    case DW_LANG_Go:
        return "go";
    case DW_LANG_D:
        return "d";
    case DW_LANG_Fortran77:
    case DW_LANG_Fortran90:
    case DW_LANG_Fortran95:
    case DW_LANG_Fortran03:
    case DW_LANG_Fortran08:
        return "fortran";
    case DW_LANG_Ada83:
    case DW_LANG_Ada95:
        return "ada";
    case DW_LANG_Swift:
        return "swift";
    case DW_LANG_Mips_Assembler:
        return "asm";
    default:
        return NULL;
    }
}

/* Lambdas have no linkage name: they are called after the function they stand in. */
static const char *lambda_name(struct snarl_symbols *symbols, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Die body = *die, *scopes = NULL;
    const char *outer = NULL;
    if (dwarf_attr(die, DW_AT_abstract_origin, &attribute))
        dwarf_formref_die(&attribute, &body);
    if (dwarf_attr(&body, DW_AT_specification, &attribute))
        dwarf_formref_die(&attribute, &body);
    int count = dwarf_getscopes_die(&body, &scopes);
    for (int i = 1; i < count && !outer; i++)
        if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
            outer = dwarf_diename(&scopes[i]);
    char name[300];
    snprintf(name, sizeof(name), "%s%s{lambda}", outer ? outer : "", outer ? "::" : "");
    free(scopes);
    return snarl_arena_text(&symbols->arena, name, strlen(name));
}

const char *snarl_symbols_function_name(struct snarl_symbols *symbols, Dwarf_Die *die, const char **language)
{
    Dwarf_Attribute attribute;
    const char *raw = NULL;
    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
        dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
        raw = dwarf_formstring(&attribute);
    if (raw)
        return snarl_symbols_keep_name(symbols, raw, language);
    raw = dwarf_diename(die);
    if (raw && !strcmp(raw, "operator()"))
        return lambda_name(symbols, die);
    return snarl_symbols_keep_name(symbols, raw ? raw : "", language);
}

static unsigned number_of(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) || value > 0x7fffffff)
        return 0;
    return value;
}

static void innermost_line(struct snarl_symbols *symbols, struct snarl_symbol_unit *unit, uint64_t address,
                           struct snarl_symbol_frame *frame)
{
    Dwarf_Line *line = dwarf_getsrc_die(&unit->unit, address);
    int number, column;
    if (!line)
        return;
    const char *path = dwarf_linesrc(line, NULL, NULL);
    if (path)
        frame->file = snarl_symbols_clean_path(symbols, unit, path);
    if (!dwarf_lineno(line, &number) && number > 0)
        frame->line = number;
    if (!dwarf_linecol(line, &column) && column > 0)
        frame->column = column;
}

static bool debug_frames(struct snarl_symbols *symbols, uint64_t address, struct snarl_symbol_frames *result)
{
    struct snarl_symbol_unit *unit;
    Dwarf_Die chain[SNARL_CHAIN_MAX];
    size_t count = snarl_symbols_chain(symbols, address, false, &unit, chain);
    if (!count)
        return false;
    const char *language = unit_language(unit);
    result->frames = snarl_arena_take(&symbols->arena, count * sizeof(*result->frames));
    result->count = count;
    for (size_t i = 0; i < count; i++) {
        struct snarl_symbol_frame *frame = &result->frames[i];
        Dwarf_Die *die = &chain[count - 1 - i];
        frame->language = language;
        frame->function = snarl_symbols_function_name(symbols, die, &frame->language);
        frame->inlined = i + 1 < count;
        if (i == 0) {
            innermost_line(symbols, unit, address, frame);
        } else {
            Dwarf_Die *call = &chain[count - i];
            frame->file = snarl_symbols_file(symbols, unit, number_of(call, DW_AT_call_file));
            frame->line = number_of(call, DW_AT_call_line);
            frame->column = number_of(call, DW_AT_call_column);
        }
    }
    return true;
}

/* By the symbol table; the line may be known all the same (assembly). */
static void table_frames(struct snarl_symbols *symbols, uint64_t address, struct snarl_symbol_frames *result)
{
    snarl_symbols_table(symbols);
    const struct snarl_symbol_range *range = snarl_ranges_find(&symbols->table_functions, address);
    if (!range)
        return;
    struct snarl_symbol_frame *frame = snarl_arena_take(&symbols->arena, sizeof(*frame));
    frame->function =
        snarl_symbols_keep_name(symbols, snarl_symbols_name(symbols, range->index), &frame->language);
    range = snarl_ranges_find(&symbols->unit_ranges, address);
    if (range) {
        struct snarl_symbol_unit *unit = &symbols->units[range->index];
        innermost_line(symbols, unit, address, frame);
        frame->language = unit_language(unit);
    }
    result->frames = frame;
    result->count = 1;
}

const struct snarl_symbol_frames *snarl_symbols_frames(struct snarl_symbols *symbols, uint64_t address)
{
    struct snarl_symbol_frames *known = snarl_idmap_get(&symbols->frames_cache, address + 1);
    if (known)
        return known;
    struct snarl_symbol_frames *result = snarl_arena_take(&symbols->arena, sizeof(*result));
    if (symbols->module && !debug_frames(symbols, address, result))
        table_frames(symbols, address, result);
    snarl_idmap_set(&symbols->frames_cache, address + 1, result);
    return result;
}
