/* symbolise_variables.c - an address of static data to the variable and the member that lie there.
 *
 * There is no index of variables by address in debug information, so the variables of the units are listed:
 * first the unit's that frames were looked up in, then all others for as long as SCAN_SECONDS allows. Where
 * that ends too early, or without debug information, the symbol table names the variable and an offset. */
#include "reports/symbolise_types.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCAN_SECONDS 1.5
#define NESTING_MAX 24

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* The variable's static address; false for those in registers, on stacks and in thread-local storage. */
static bool static_address(Dwarf_Attribute *attribute, Dwarf_Op *operations, size_t count, uint64_t *address)
{
    Dwarf_Attribute result;
    Dwarf_Addr value;
    if (count != 1)
        return false;
    if (operations[0].atom == DW_OP_addr) {
        *address = operations[0].number;
        return *address != 0;
    }
    if ((operations[0].atom != DW_OP_addrx && operations[0].atom != DW_OP_GNU_addr_index) ||
        dwarf_getlocation_attr(attribute, operations, &result) || dwarf_formaddr(&result, &value))
        return false;
    *address = value;
    return value != 0;
}

/* A thread-local variable's offset into the module's block. */
static bool thread_offset(Dwarf_Attribute *attribute, Dwarf_Op *operations, size_t count, uint64_t *offset)
{
    Dwarf_Attribute result;
    Dwarf_Word value;
    if (count != 2 ||
        (operations[1].atom != DW_OP_form_tls_address && operations[1].atom != DW_OP_GNU_push_tls_address))
        return false;
    if ((operations[0].atom == DW_OP_constx || operations[0].atom == DW_OP_GNU_const_index) &&
        !dwarf_getlocation_attr(attribute, operations, &result) && !dwarf_formudata(&result, &value)) {
        *offset = value;
        return true;
    }
    *offset = operations[0].number;
    return operations[0].atom == DW_OP_const8u || operations[0].atom == DW_OP_const4u || operations[0].atom == DW_OP_addr;
}

static void add_static(struct snarl_symbol_statics *statics, uint64_t address, uint64_t size,
                       struct snarl_symbol_static variable)
{
    snarl_ranges_add(&statics->ranges, address, address + (size ? size : 1), statics->count);
    if (statics->count == statics->room) {
        size_t room = statics->room ? 2 * statics->room : 64;
        struct snarl_symbol_static *bigger = realloc(statics->items, room * sizeof(*bigger));
        if (!bigger)
            abort();
        statics->items = bigger;
        statics->room = room;
    }
    statics->items[statics->count++] = variable;
}

static void add_variable(struct snarl_symbols *symbols, Dwarf_Die *die, const Dwarf_Die *function)
{
    uint64_t address;
    Dwarf_Die type;
    Dwarf_Attribute attribute;
    Dwarf_Op *operations;
    size_t count;
    struct snarl_symbol_static variable = {.die = *die};
    if (!dwarf_attr(die, DW_AT_location, &attribute) || dwarf_getlocation(&attribute, &operations, &count) ||
        !snarl_type_of(die, &type))
        return;
    if (function)
        variable.function = *function;
    if (static_address(&attribute, operations, count, &address))
        add_static(&symbols->variables, address, snarl_type_size(&type), variable);
    else if (thread_offset(&attribute, operations, count, &address))
        add_static(&symbols->thread_variables, address, snarl_type_size(&type), variable);
}

static void list_variables(struct snarl_symbols *symbols, Dwarf_Die *parent, const Dwarf_Die *function, unsigned depth)
{
    Dwarf_Die die;
    if (depth > NESTING_MAX || dwarf_child(parent, &die))
        return;
    do {
        switch (dwarf_tag(&die)) {
        case DW_TAG_variable:
            add_variable(symbols, &die, function);
            break;
        case DW_TAG_subprogram: /* static variables in functions */
            list_variables(symbols, &die, &die, depth + 1);
            break;
        case DW_TAG_inlined_subroutine: { /* gcc places them there when the function itself is gone */
            Dwarf_Attribute attribute;
            Dwarf_Die origin;
            bool known = dwarf_attr(&die, DW_AT_abstract_origin, &attribute) && dwarf_formref_die(&attribute, &origin);
            list_variables(symbols, &die, known ? &origin : function, depth + 1);
            break;
        }
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_lexical_block:
            list_variables(symbols, &die, function, depth + 1);
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
    list_variables(symbols, &unit->scopes, NULL, 0);
}

static void sort(struct snarl_symbols *symbols)
{
    snarl_ranges_sort(&symbols->variables.ranges);
    snarl_ranges_sort(&symbols->thread_variables.ranges);
}

static const struct snarl_symbol_range *find_variable(struct snarl_symbols *symbols,
                                                      struct snarl_symbol_statics *statics, uint64_t address)
{
    snarl_symbols_units(symbols);
    size_t before = symbols->variables.count + symbols->thread_variables.count;
    for (size_t i = 0; i < symbols->unit_count; i++)
        if (symbols->units[i].functions_known)
            list_unit(symbols, &symbols->units[i]);
    if (symbols->variables.count + symbols->thread_variables.count != before)
        sort(symbols);
    const struct snarl_symbol_range *found = snarl_ranges_find(&statics->ranges, address);
    if (found || symbols->variables_known)
        return found;
    symbols->variables_known = true;
    double start = now();
    for (size_t i = 0; i < symbols->unit_count && now() - start < SCAN_SECONDS; i++)
        list_unit(symbols, &symbols->units[i]);
    sort(symbols);
    return snarl_ranges_find(&statics->ranges, address);
}

/* "counter.3" of a static variable in a C function is "counter". */
static void drop_number(char *name)
{
    char *dot = strrchr(name, '.');
    if (dot && dot != name && dot[1] && dot[1 + strspn(dot + 1, "0123456789")] == '\0')
        *dot = '\0';
}

void snarl_symbols_declared(struct snarl_symbols *symbols, Dwarf_Die *die, struct snarl_symbol_variable *variable)
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

static void add_offset(struct snarl_name *name, uint64_t offset)
{
    char text[32];
    snprintf(text, sizeof(text), "+%llu", (unsigned long long)offset);
    if (offset)
        snarl_name_add(name, text);
}

/* ".bss+0x40": all that is left to say without symbols. */
static bool name_by_section(struct snarl_symbols *symbols, uint64_t address, struct snarl_symbol_variable *variable,
                            struct snarl_name *name)
{
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(symbols->module, &bias);
    size_t names;
    if (!elf || elf_getshdrstrndx(elf, &names))
        return false;
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC) || (header.sh_flags & SHF_TLS) ||
            address < header.sh_addr || address - header.sh_addr >= header.sh_size)
            continue;
        char text[32];
        const char *word = elf_strptr(elf, names, header.sh_name);
        snprintf(text, sizeof(text), "+0x%llx", (unsigned long long)(address - header.sh_addr));
        snarl_name_add(name, word ? word : "?");
        snarl_name_add(name, text);
        variable->address = address;
        variable->section = true;
        return true;
    }
    return false;
}

/* A static of a C++ function has the function in its demangled name: "worker()::counter" is "counter". */
static const char *own_word(const char *name, bool in_function)
{
    const char *paren = in_function ? strrchr(name, ')') : NULL;
    return paren && !strncmp(paren, ")::", 3) ? paren + 3 : name;
}

static void name_by_debug(struct snarl_symbols *symbols, struct snarl_symbol_static *found, uint64_t low, uint64_t high,
                          uint64_t address, uint64_t size, struct snarl_symbol_variable *variable,
                          struct snarl_name *name)
{
    struct snarl_type_place place = {.offset = address - low, .size = size};
    const char *word = dwarf_diename(&found->die);
    if (found->function.addr) {
        variable->function = snarl_symbols_function_name(symbols, &found->function, NULL);
        if (word)
            snprintf(name->text, sizeof(name->text), "%s", word);
    }
    if (!*name->text)
        snarl_name_add(name, word ? word : "?");
    variable->base = snarl_symbols_keep(symbols, name->text);
    variable->address = low;
    variable->size = high - low;
    if (snarl_type_of(&found->die, &place.type))
        snarl_type_path(name, &place);
    variable->exact = place.type.addr && snarl_type_is_exact(&place);
    snarl_symbols_declared(symbols, &found->die, variable);
}

/* Without what compilers append to the parts of a variable that they have taken apart: "_ZL7account.2.0". */
static const char *symbol_name(struct snarl_symbols *symbols, size_t index)
{
    const char *raw = snarl_symbols_name(symbols, index);
    char plain[SNARL_NAME_MAX];
    snprintf(plain, sizeof(plain), "%s", raw);
    if (!strncmp(plain, "_Z", 2))
        plain[strcspn(plain, ".")] = '\0';
    return snarl_symbols_keep_name(symbols, plain, NULL);
}

/* In static storage, or with `thread` at an offset into the module's thread-local block. */
static struct snarl_symbol_variable *look_up(struct snarl_symbols *symbols, bool thread, uint64_t address, uint64_t size)
{
    struct snarl_name name = {""};
    struct snarl_symbol_variable *variable = snarl_arena_take(&symbols->arena, sizeof(*variable));
    struct snarl_symbol_statics *statics = thread ? &symbols->thread_variables : &symbols->variables;
    snarl_symbols_table(symbols);
    const struct snarl_symbol_range *symbol =
        snarl_ranges_find(thread ? &symbols->table_threads : &symbols->table_objects, address);
    const struct snarl_symbol_range *range = find_variable(symbols, statics, address);
    if (symbol) {
        const char *whole = symbol_name(symbols, symbol->index);
        snarl_name_add(&name, own_word(whole, range && statics->items[range->index].function.addr));
        drop_number(name.text);
        variable->address = symbol->low;
        variable->size = symbol->high - symbol->low;
    }
    if (range) {
        name_by_debug(symbols, &statics->items[range->index], range->low, range->high, address, size, variable, &name);
    } else if (symbol) {
        variable->base = snarl_symbols_keep(symbols, name.text);
        add_offset(&name, address - variable->address);
    } else if (thread || !name_by_section(symbols, address, variable, &name)) {
        return NULL;
    }
    variable->name = snarl_symbols_keep(symbols, name.text);
    if (!variable->base)
        variable->base = variable->name;
    return variable;
}

static const struct snarl_symbol_variable *cached(struct snarl_symbols *symbols, bool thread, uint64_t address,
                                                  uint64_t size)
{
    uint64_t key = (address << 8 | (size < 127 ? size : 127) << 1 | thread) + 1;
    struct snarl_symbol_variable *known = snarl_idmap_get(&symbols->variables_cache, key);
    if (!known && symbols->module) {
        known = look_up(symbols, thread, address, size);
        if (!known) /* remembered as a variable without a name */
            known = snarl_arena_take(&symbols->arena, sizeof(*known));
        snarl_idmap_set(&symbols->variables_cache, key, known);
    }
    return known && known->name ? known : NULL;
}

const struct snarl_symbol_variable *snarl_symbols_variable(struct snarl_symbols *symbols, uint64_t address,
                                                           uint64_t size)
{
    return cached(symbols, false, address, size);
}

const struct snarl_symbol_variable *snarl_symbols_thread_local(struct snarl_symbols *symbols, uint64_t offset,
                                                               uint64_t size)
{
    return cached(symbols, true, offset, size);
}
