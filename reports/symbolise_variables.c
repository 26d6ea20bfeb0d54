/* symbolise_variables.c - an address of static data to the variable and the member that lie there.
 *
 * There is no index of variables by address in debug information, so the variables of the units are listed:
 * first the unit's that frames were looked up in, then all others for as long as SCAN_SECONDS allows. Where
 * that ends too early, or without debug information, the symbol table names the variable and an offset. */
#include "reports/symbolise_inner.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCAN_SECONDS 1.5
#define NESTING_MAX 24
#define NAME_MAX_BYTES 400

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* The variable's static address; false for those in registers, on stacks and in thread-local storage. */
static bool static_address(Dwarf_Die *die, uint64_t *address)
{
    Dwarf_Attribute attribute, result;
    Dwarf_Op *operations;
    size_t count;
    if (!dwarf_attr(die, DW_AT_location, &attribute) || dwarf_getlocation(&attribute, &operations, &count) ||
        count != 1)
        return false;
    if (operations[0].atom == DW_OP_addr) {
        *address = operations[0].number;
        return true;
    }
    Dwarf_Addr value;
    if ((operations[0].atom != DW_OP_addrx && operations[0].atom != DW_OP_GNU_addr_index) ||
        dwarf_getlocation_attr(&attribute, operations, &result) || dwarf_formaddr(&result, &value))
        return false;
    *address = value;
    return true;
}

/* The type without typedefs and qualifiers. False for void and on damage. */
static bool bare_type(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute attribute;
    return dwarf_attr_integrate(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, type) &&
           !dwarf_peel_type(type, type);
}

static uint64_t size_of(Dwarf_Die *type)
{
    Dwarf_Word size;
    return dwarf_aggregate_size(type, &size) ? 0 : size;
}

static void add_variable(struct snarl_symbols *symbols, Dwarf_Die *die)
{
    uint64_t address;
    Dwarf_Die type;
    if (!static_address(die, &address) || !address || !bare_type(die, &type))
        return;
    uint64_t size = size_of(&type);
    snarl_ranges_add(&symbols->variables, address, address + (size ? size : 1), symbols->variable_count);
    if (symbols->variable_count == symbols->variable_room) {
        size_t room = symbols->variable_room ? 2 * symbols->variable_room : 64;
        Dwarf_Die *bigger = realloc(symbols->variable_dies, room * sizeof(*bigger));
        if (!bigger)
            abort();
        symbols->variable_dies = bigger;
        symbols->variable_room = room;
    }
    symbols->variable_dies[symbols->variable_count++] = *die;
}

static void list_variables(struct snarl_symbols *symbols, Dwarf_Die *parent, unsigned depth)
{
    Dwarf_Die die;
    if (depth > NESTING_MAX || dwarf_child(parent, &die))
        return;
    do {
        switch (dwarf_tag(&die)) {
        case DW_TAG_variable:
            add_variable(symbols, &die);
            break;
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_subprogram: /* static variables in functions */
        case DW_TAG_lexical_block:
            list_variables(symbols, &die, depth + 1);
            break;
        default:
            break;
        }
    } while (!dwarf_siblingof(&die, &die));
}

static void list_unit(struct snarl_symbols *symbols, struct snarl_symbol_unit *unit)
{
    if (unit->variables_known)
        return;
    unit->variables_known = true;
    list_variables(symbols, &unit->scopes, 0);
}

static const struct snarl_symbol_range *find_variable(struct snarl_symbols *symbols, uint64_t address)
{
    snarl_symbols_units(symbols);
    size_t before = symbols->variable_count;
    for (size_t i = 0; i < symbols->unit_count; i++)
        if (symbols->units[i].functions_known)
            list_unit(symbols, &symbols->units[i]);
    if (symbols->variable_count != before)
        snarl_ranges_sort(&symbols->variables);
    const struct snarl_symbol_range *found = snarl_ranges_find(&symbols->variables, address);
    if (found || symbols->variables_known)
        return found;
    symbols->variables_known = true;
    double start = now();
    for (size_t i = 0; i < symbols->unit_count && now() - start < SCAN_SECONDS; i++)
        list_unit(symbols, &symbols->units[i]);
    snarl_ranges_sort(&symbols->variables);
    return snarl_ranges_find(&symbols->variables, address);
}

static bool member_at(Dwarf_Die *type, uint64_t offset, Dwarf_Die *member, uint64_t *start)
{
    Dwarf_Die die, member_type;
    if (dwarf_child(type, &die))
        return false;
    do {
        int tag = dwarf_tag(&die);
        Dwarf_Attribute attribute;
        Dwarf_Word value = 0;
        if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) ||
            !dwarf_attr(&die, DW_AT_data_member_location, &attribute) ||
            dwarf_formudata(&attribute, &value) || !bare_type(&die, &member_type))
            continue;
        uint64_t size = size_of(&member_type);
        if (offset >= value && offset < value + (size ? size : 1)) {
            *member = die;
            *start = value;
            return true;
        }
    } while (!dwarf_siblingof(&die, &die));
    return false;
}

/* Appends to a name of NAME_MAX_BYTES; what does not fit is left out. */
static void append(char *name, const char *text)
{
    size_t length = strlen(name);
    snprintf(name + length, NAME_MAX_BYTES - length, "%s", text);
}

static void append_index(char *name, Dwarf_Die *array, uint64_t *offset)
{
    Dwarf_Die die, element;
    uint64_t counts[8];
    size_t dimensions = 0;
    uint64_t size = bare_type(array, &element) ? size_of(&element) : 0;
    if (!size || dwarf_child(array, &die))
        return;
    do {
        Dwarf_Attribute attribute;
        Dwarf_Word value = 0;
        if (dwarf_tag(&die) != DW_TAG_subrange_type || dimensions == 8)
            continue;
        if (dwarf_attr(&die, DW_AT_upper_bound, &attribute) && !dwarf_formudata(&attribute, &value))
            value++;
        else if (dwarf_attr(&die, DW_AT_count, &attribute))
            dwarf_formudata(&attribute, &value);
        counts[dimensions++] = value ? value : 1;
    } while (!dwarf_siblingof(&die, &die));
    uint64_t index = *offset / size;
    *offset %= size;
    uint64_t below = 1;
    for (size_t i = 1; i < dimensions; i++)
        below *= counts[i];
    for (size_t i = 0; i < dimensions && below; i++) {
        char text[32];
        snprintf(text, sizeof(text), "[%llu]", (unsigned long long)(index / below));
        append(name, text);
        index %= below;
        below = i + 1 < dimensions ? below / counts[i + 1] : 0;
    }
}

/* Names of a library's insides ("_M_mutex", "__data") say nothing to its user: the path ends before them. */
static bool is_inner(const char *member)
{
    return member[0] == '_' && (member[1] == '_' || (member[1] == 'M' && member[2] == '_'));
}

static void append_path(char *name, Dwarf_Die type, uint64_t offset)
{
    for (unsigned depth = 0; depth < NESTING_MAX; depth++) {
        int tag = dwarf_tag(&type);
        if (tag == DW_TAG_array_type) {
            append_index(name, &type, &offset);
            if (!bare_type(&type, &type))
                return;
            continue;
        }
        Dwarf_Die member;
        uint64_t start;
        if ((tag != DW_TAG_structure_type && tag != DW_TAG_class_type) ||
            !member_at(&type, offset, &member, &start))
            return;
        const char *word = dwarf_tag(&member) == DW_TAG_member ? dwarf_diename(&member) : NULL;
        if (word && is_inner(word))
            return;
        if (word) {
            append(name, ".");
            append(name, word);
        }
        offset -= start;
        if (!bare_type(&member, &type))
            return;
    }
}

/* "counter.3" of a static variable in a C function is "counter". */
static void drop_number(char *name)
{
    char *dot = strrchr(name, '.');
    if (dot && dot != name && dot[1] && dot[1 + strspn(dot + 1, "0123456789")] == '\0')
        *dot = '\0';
}

static void declared(struct snarl_symbols *symbols, Dwarf_Die *die, struct snarl_symbol_variable *variable)
{
    Dwarf_Attribute attribute;
    Dwarf_Word line = 0;
    Dwarf_Word file = 0;
    struct snarl_symbol_unit unit = {0};
    if (dwarf_attr_integrate(die, DW_AT_decl_line, &attribute))
        dwarf_formudata(&attribute, &line);
    if (!dwarf_attr_integrate(die, DW_AT_decl_file, &attribute) || dwarf_formudata(&attribute, &file) ||
        !dwarf_diecu(die, &unit.scopes, NULL, NULL))
        return;
    unit.unit = unit.scopes;
    variable->file = snarl_symbols_file(symbols, &unit, file);
    variable->line = line;
}

static const char *keep(struct snarl_symbols *symbols, const char *text)
{
    return snarl_arena_text(&symbols->arena, text, strlen(text));
}

static struct snarl_symbol_variable *look_up(struct snarl_symbols *symbols, uint64_t address)
{
    char name[NAME_MAX_BYTES] = "";
    struct snarl_symbol_variable *variable = snarl_arena_take(&symbols->arena, sizeof(*variable));
    snarl_symbols_table(symbols);
    const struct snarl_symbol_range *symbol = snarl_ranges_find(&symbols->table_objects, address);
    const struct snarl_symbol_range *range = find_variable(symbols, address);
    if (!symbol && !range)
        return NULL;
    if (symbol) {
        append(name, snarl_symbols_keep_name(symbols, snarl_symbols_name(symbols, symbol->index), NULL));
        drop_number(name);
        variable->address = symbol->low;
        variable->size = symbol->high - symbol->low;
    }
    if (range) {
        Dwarf_Die *die = &symbols->variable_dies[range->index], type;
        const char *word = dwarf_diename(die);
        if (!symbol)
            append(name, word ? word : "?");
        variable->base = keep(symbols, name);
        variable->address = range->low;
        variable->size = range->high - range->low;
        if (bare_type(die, &type))
            append_path(name, type, address - range->low);
        declared(symbols, die, variable);
    } else {
        variable->base = keep(symbols, name);
        char text[32];
        snprintf(text, sizeof(text), "+%llu", (unsigned long long)(address - variable->address));
        if (address != variable->address)
            append(name, text);
    }
    variable->name = keep(symbols, name);
    return variable;
}

const struct snarl_symbol_variable *snarl_symbols_variable(struct snarl_symbols *symbols, uint64_t address)
{
    struct snarl_symbol_variable *known = snarl_idmap_get(&symbols->variables_cache, address + 1);
    if (!known && symbols->module) {
        known = look_up(symbols, address);
        if (!known) /* remembered as a variable without a name */
            known = snarl_arena_take(&symbols->arena, sizeof(*known));
        snarl_idmap_set(&symbols->variables_cache, address + 1, known);
    }
    return known && known->name ? known : NULL;
}
