/* symbolise_scopes.c - see symbolise_scopes.h; and local variables by their place in a frame.
 *
 * Frames are measured from their CFA, the stack pointer before the call. gcc gives variables relative to it, clang
 * relative to a register, which the unwinding table relates to the CFA. */
#include "reports/symbolise_scopes.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define RBP 5
#define RSP 4

/* DWARF's numbers of the general registers to the machine's. */
static int machine_register(uint64_t number)
{
    static const int s_numbers[] = {0, 2, 1, 3, 6, 7, RBP, RSP, 8, 9, 10, 11, 12, 13, 14, 15};
    return number < 16 ? s_numbers[number] : -1;
}

bool snarl_scopes_find(struct snarl_symbols *symbols, uint64_t address, struct snarl_scopes *scopes)
{
    scopes->count = snarl_symbols_chain(symbols, address, true, &scopes->unit, scopes->chain);
    return scopes->count > 0;
}

/* "register + offset" of an operation: DW_OP_bregN and DW_OP_bregx. */
static bool based(const Dwarf_Op *operation, int *reg, int64_t *offset)
{
    if (operation->atom >= DW_OP_breg0 && operation->atom <= DW_OP_breg31) {
        *reg = machine_register(operation->atom - DW_OP_breg0);
        *offset = (int64_t)operation->number;
        return *reg >= 0;
    }
    *reg = machine_register(operation->number);
    *offset = (int64_t)operation->number2;
    return operation->atom == DW_OP_bregx && *reg >= 0;
}

bool snarl_scopes_cfa(struct snarl_symbols *symbols, uint64_t address, int *reg, int64_t *offset)
{
    Dwarf_Addr bias;
    Dwarf_Frame *frame = NULL;
    Dwarf_Op *operations;
    size_t count;
    Dwarf_CFI *cfi = dwfl_module_eh_cfi(symbols->module, &bias);
    if (!cfi || dwarf_cfi_addrframe(cfi, address - bias, &frame))
        cfi = dwfl_module_dwarf_cfi(symbols->module, &bias);
    if (!frame && (!cfi || dwarf_cfi_addrframe(cfi, address - bias, &frame)))
        return false;
    bool known = !dwarf_frame_cfa(frame, &operations, &count) && count == 1 && based(operations, reg, offset);
    free(frame);
    return known;
}

/* The offset from the CFA of "register + offset". */
static bool from_cfa(struct snarl_symbols *symbols, uint64_t address, int reg, int64_t offset, int64_t *result)
{
    int cfa_register;
    int64_t cfa_offset;
    if (!snarl_scopes_cfa(symbols, address, &cfa_register, &cfa_offset) || cfa_register != reg)
        return false;
    *result = offset - cfa_offset;
    return true;
}

/* Of the function's frame base. */
static bool frame_base(struct snarl_symbols *symbols, const struct snarl_scopes *scopes, uint64_t address, int64_t *result)
{
    Dwarf_Attribute attribute;
    Dwarf_Op *operations;
    size_t count;
    int reg;
    int64_t offset;
    Dwarf_Die function = scopes->chain[0];
    if (!dwarf_attr(&function, DW_AT_frame_base, &attribute) ||
        dwarf_getlocation_addr(&attribute, address, &operations, &count, 1) != 1 || count != 1)
        return false;
    if (operations[0].atom == DW_OP_call_frame_cfa) {
        *result = 0;
        return true;
    }
    if (operations[0].atom >= DW_OP_reg0 && operations[0].atom <= DW_OP_reg31)
        return from_cfa(symbols, address, machine_register(operations[0].atom - DW_OP_reg0), 0, result);
    return based(operations, &reg, &offset) && from_cfa(symbols, address, reg, offset, result);
}

struct snarl_home snarl_scopes_home(struct snarl_symbols *symbols, const struct snarl_scopes *scopes, Dwarf_Die *variable,
                                    uint64_t address)
{
    struct snarl_home home = {.kind = SNARL_HOME_UNKNOWN};
    Dwarf_Attribute attribute;
    Dwarf_Op *operations;
    size_t count;
    int64_t base;
    if (!dwarf_attr(variable, DW_AT_location, &attribute) ||
        dwarf_getlocation_addr(&attribute, address, &operations, &count, 1) != 1 || !count)
        return home;
    if (count == 1 && operations[0].atom >= DW_OP_reg0 && operations[0].atom <= DW_OP_reg31) {
        home.reg = machine_register(operations[0].atom - DW_OP_reg0);
        home.kind = home.reg >= 0 ? SNARL_HOME_REGISTER : SNARL_HOME_UNKNOWN;
    } else if (count == 2 && operations[1].atom == DW_OP_stack_value && based(&operations[0], &home.reg, &home.offset)) {
        home.kind = SNARL_HOME_REGISTER;
    } else if (count == 1 && operations[0].atom == DW_OP_fbreg && frame_base(symbols, scopes, address, &base)) {
        home.offset = base + (int64_t)operations[0].number;
        home.kind = SNARL_HOME_FRAME;
    } else if (count == 1 && based(&operations[0], &home.reg, &home.offset) &&
               from_cfa(symbols, address, home.reg, home.offset, &home.offset)) {
        home.kind = SNARL_HOME_FRAME;
    }
    return home;
}

void snarl_scopes_each(struct snarl_symbols *symbols, const struct snarl_scopes *scopes,
                       bool (*visit)(Dwarf_Die *variable, void *context), void *context)
{
    (void)symbols;
    for (size_t i = scopes->count; i-- > 0;) {
        Dwarf_Die scope = scopes->chain[i], die;
        if (dwarf_child(&scope, &die))
            continue;
        do {
            int tag = dwarf_tag(&die);
            if ((tag == DW_TAG_variable || tag == DW_TAG_formal_parameter) && !visit(&die, context))
                return;
        } while (!dwarf_siblingof(&die, &die));
    }
}

/* ---- local variables ---- */

struct search {
    struct snarl_symbols *symbols;
    const struct snarl_scopes *scopes;
    uint64_t address, size;
    int64_t offset;
    Dwarf_Die variable;
    struct snarl_type_place place; /* from the variable's type */
    bool found;
};

static bool covers(Dwarf_Die *variable, void *context)
{
    struct search *search = context;
    struct snarl_home home = snarl_scopes_home(search->symbols, search->scopes, variable, search->address);
    struct snarl_type_place place = {.size = search->size};
    if (home.kind != SNARL_HOME_FRAME || !snarl_type_of(variable, &place.type) || search->offset < home.offset)
        return true;
    place.offset = (uint64_t)(search->offset - home.offset);
    uint64_t room = snarl_type_size(&place.type);
    if (place.offset >= (room ? room : 1))
        return true;
    search->variable = *variable;
    search->place = place;
    search->found = true;
    return false;
}

const struct snarl_symbol_variable *snarl_symbols_local(struct snarl_symbols *symbols, uint64_t address, int64_t offset,
                                                        uint64_t size)
{
    struct snarl_scopes scopes;
    if (!snarl_scopes_find(symbols, address, &scopes))
        return NULL;
    struct search search = {.symbols = symbols, .scopes = &scopes, .address = address, .size = size, .offset = offset};
    struct snarl_symbol_variable *variable = snarl_arena_take(&symbols->arena, sizeof(*variable));
    variable->function = snarl_symbols_function_name(symbols, &scopes.chain[0], NULL);
    snarl_scopes_each(symbols, &scopes, covers, &search);
    if (!search.found)
        return variable;
    struct snarl_name name = {""};
    const char *word = dwarf_diename(&search.variable);
    snarl_name_add(&name, word ? word : "?");
    variable->base = snarl_symbols_keep(symbols, name.text);
    variable->size = snarl_type_size(&search.place.type);
    snarl_type_path(&name, &search.place);
    variable->exact = snarl_type_is_exact(&search.place);
    variable->name = snarl_symbols_keep(symbols, name.text);
    snarl_symbols_declared(symbols, &search.variable, variable);
    return variable;
}
