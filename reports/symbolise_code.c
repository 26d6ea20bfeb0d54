/* symbolise_code.c - what code says of the memory that it accesses, and of what a call returns; see symbolise.h.
 *
 * The address of an access is an expression of registers. Going backward through the instructions before it, each register
 * is traced to the variable whose value it is, where debug information says that a variable lies in it or in the memory
 * that it was loaded from:
 *
 *     mov rax,[rbp-0x18]       rax is `queue`, a struct queue *
 *     mov rax,[rax+0x8]        rax is `queue->tail`, a struct node *
 *     mov [rax+0x10],edx       the access: `queue->tail->value`
 *
 * Nothing is guessed: tracing ends without an answer at a place that other code jumps to, at calls for registers that
 * they change, at instructions that compute otherwise. A variable found in a register before the access must not be
 * elsewhere at the access: it would have another value by then.
 *
 * Forward likewise from a call's result to the variable or parameter that it becomes. */
#include "reports/operations.h"
#include "reports/symbolise_scopes.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX (1u << 16)  /* bytes of a function looked at */
#define STEPS_BACK 200u      /* instructions, in all, for one access */
#define STEPS_FORWARD 64u
#define DEPTH_MAX 12u
#define KEPT_BY_CALLS 0xf028u /* rbx, rbp, r12 to r15 (rsp: 0x10 besides) */

/* A function's instructions. */
struct code {
    struct snarl_operation *operations;
    bool *joined; /* something jumps there */
    size_t count;
};

enum value_kind { VALUE_UNKNOWN, VALUE_POINTER, VALUE_FRAME, VALUE_STATIC };

/* What a register holds. */
struct value {
    enum value_kind kind;
    struct snarl_name text; /* POINTER: the expression */
    Dwarf_Die type;         /* POINTER: what it points to */
    bool reference;         /* POINTER: of C++, so that members are its own */
    int64_t offset;         /* added to it; FRAME: from the CFA; STATIC: the address */
    unsigned stride;        /* not 0: a multiple of it that is not known was added */
};

struct trace {
    struct snarl_symbols *symbols;
    struct code *code;
    struct snarl_scopes scopes;
    uint64_t address; /* of the access */
    unsigned steps;
};

/* ---- code ---- */

/* The bytes at a link-time address, up to `size`. */
static const uint8_t *bytes_at(struct snarl_symbols *symbols, uint64_t address, size_t size)
{
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(symbols->module, &bias);
    size_t count, length;
    const char *raw = elf ? elf_rawfile(elf, &length) : NULL;
    if (!raw || elf_getphdrnum(elf, &count))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD || address < segment.p_vaddr ||
            address + size > segment.p_vaddr + segment.p_filesz)
            continue;
        uint64_t at = segment.p_offset + (address - segment.p_vaddr);
        return at + size <= length ? (const uint8_t *)raw + at : NULL;
    }
    return NULL;
}

static size_t index_of(const struct code *code, uint64_t address)
{
    size_t low = 0, high = code->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code->operations[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void mark_joins(struct code *code)
{
    for (size_t i = 0; i < code->count; i++) {
        const struct snarl_operation *operation = &code->operations[i];
        if (operation->kind != SNARL_OPERATION_JUMP && operation->kind != SNARL_OPERATION_BRANCH)
            continue;
        size_t to = index_of(code, operation->target);
        if (to < code->count)
            code->joined[to] = true;
    }
}

static struct code *decode(struct snarl_symbols *symbols, uint64_t low, uint64_t high)
{
    struct code *code = snarl_arena_take(&symbols->arena, sizeof(*code));
    size_t size = high - low;
    const uint8_t *bytes = size <= CODE_MAX ? bytes_at(symbols, low, size) : NULL;
    if (!bytes)
        return code;
    code->operations = snarl_arena_take(&symbols->arena, size * sizeof(*code->operations));
    for (size_t at = 0; at < size; code->count++) {
        struct snarl_operation *operation = &code->operations[code->count];
        if (!snarl_operation_decode(operation, bytes + at, size - at, low + at))
            break;
        at += operation->length;
    }
    code->joined = snarl_arena_take(&symbols->arena, code->count + 1);
    mark_joins(code);
    return code;
}

/* Of the function around the address; never NULL, perhaps empty. */
static struct code *code_at(struct snarl_symbols *symbols, uint64_t address)
{
    static struct code s_none;
    uint64_t low, high;
    if (!snarl_symbols_function(symbols, address, &low, &high))
        return &s_none;
    struct code *code = snarl_idmap_get(&symbols->code_cache, low + 1);
    if (code)
        return code;
    code = decode(symbols, low, high);
    snarl_idmap_set(&symbols->code_cache, low + 1, code);
    return code;
}

/* ---- values ---- */

static void trace_register(struct trace *trace, int reg, size_t at, unsigned depth, struct value *value);

static void set_pointer(struct value *value, Dwarf_Die *type, const char *text, int64_t offset)
{
    memset(value, 0, sizeof(*value));
    snarl_name_add(&value->text, text);
    value->offset = offset;
    value->reference = snarl_type_is_reference(type);
    if (snarl_type_is_pointer(type) && snarl_type_of(type, &value->type))
        value->kind = VALUE_POINTER;
}

/* Variables of a library's insides ("__new_start") say nothing to its user. */
static bool is_reserved(const char *word)
{
    return word[0] == '_' && (word[1] == '_' || (word[1] >= 'A' && word[1] <= 'Z'));
}

struct in_register {
    struct trace *trace;
    uint64_t address;
    int reg;
    bool found;
    Dwarf_Die variable;
    int64_t offset; /* the variable's value is the register's and this */
};

static bool lies_in_register(Dwarf_Die *variable, void *context)
{
    struct in_register *search = context;
    struct trace *trace = search->trace;
    struct snarl_home home = snarl_scopes_home(trace->symbols, &trace->scopes, variable, search->address);
    Dwarf_Die type, target;
    if (home.kind != SNARL_HOME_REGISTER || home.reg != search->reg || !dwarf_diename(variable) ||
        !snarl_type_of(variable, &type) || !snarl_type_is_pointer(&type) || !snarl_type_of(&type, &target) ||
        !snarl_type_size(&target))
        return true; /* a void pointer or a number may have the register too */
    if (search->address != trace->address) {
        struct snarl_home later = snarl_scopes_home(trace->symbols, &trace->scopes, variable, trace->address);
        if (later.kind != SNARL_HOME_UNKNOWN &&
            (later.kind != home.kind || later.reg != home.reg || later.offset != home.offset))
            return true;
    }
    search->found = true;
    search->variable = *variable;
    search->offset = home.offset;
    return false;
}

/* The pointer variable that the register holds before instruction `at`. */
static bool variable_in(struct trace *trace, int reg, size_t at, struct value *value)
{
    struct in_register search = {.trace = trace, .address = trace->code->operations[at].address, .reg = reg};
    Dwarf_Die type;
    snarl_scopes_each(trace->symbols, &trace->scopes, lies_in_register, &search);
    if (!search.found || !snarl_type_of(&search.variable, &type))
        return false;
    const char *word = dwarf_diename(&search.variable);
    if (is_reserved(word))
        return false;
    set_pointer(value, &type, word, -search.offset);
    return value->kind == VALUE_POINTER;
}

/* rsp, and rbp where frames are measured from it. */
static bool frame_register(struct trace *trace, int reg, size_t at, struct value *value)
{
    int cfa_register;
    int64_t offset;
    if ((reg != SNARL_RSP && reg != SNARL_RBP) ||
        !snarl_scopes_cfa(trace->symbols, trace->code->operations[at].address, &cfa_register, &offset) ||
        cfa_register != reg)
        return false;
    memset(value, 0, sizeof(*value));
    value->kind = VALUE_FRAME;
    value->offset = -offset;
    return true;
}

/* The address of a memory operand of instruction `at`. */
static void trace_operand(struct trace *trace, const struct snarl_operand *operand, size_t at, unsigned depth,
                          struct value *value)
{
    memset(value, 0, sizeof(*value));
    int base = operand->base, index = operand->index;
    unsigned stride = index != SNARL_NO_REGISTER ? operand->scale : 0;
    if (base == SNARL_NO_REGISTER && index == SNARL_NO_REGISTER) {
        value->kind = VALUE_STATIC;
        value->offset = operand->constant;
        return;
    }
    if (base == SNARL_NO_REGISTER)
        return; /* a table at a constant address: it is told by the address */
    trace_register(trace, base, at, depth, value);
    if (value->kind == VALUE_UNKNOWN && index != SNARL_NO_REGISTER && operand->scale <= 1)
        trace_register(trace, index, at, depth, value);
    if (stride && value->stride)
        value->kind = VALUE_UNKNOWN; /* two indices */
    value->offset += operand->constant;
    value->stride = stride ? stride : value->stride;
}

/* "queue->tail.next": what lies where a pointer's value points. *type: of that. False: nothing certain. */
static bool name_target(const struct value *value, uint64_t size, struct snarl_name *name, Dwarf_Die *type)
{
    uint64_t whole = snarl_type_size((Dwarf_Die *)&value->type);
    if (value->kind != VALUE_POINTER || value->offset < 0 || !whole)
        return false;
    struct snarl_name path = {""};
    struct snarl_type_place place = {
        .type = value->type, .offset = (uint64_t)value->offset % whole, .size = size, .stride = value->stride};
    uint64_t index = (uint64_t)value->offset / whole;
    bool aggregate = snarl_type_is_aggregate(&place.type);
    snarl_type_path(&path, &place);
    *type = place.type;
    bool indexed = value->stride && !place.strided;
    if (place.cut || (indexed && value->stride > 1 && value->stride != whole) ||
        (indexed && aggregate && strchr(path.text, '[')) || (place.strided && index))
        return false; /* an index, but of what? */
    char text[32];
    snprintf(text, sizeof(text), indexed ? "[?]" : "[%llu]", (unsigned long long)index);
    if (strlen(value->text.text) + strlen(path.text) + sizeof(text) > SNARL_NAME_MAX)
        return false;
    bool plain = !indexed && !index;
    if (plain && !*path.text)
        snarl_name_add(name, value->reference ? "" : "*");
    snarl_name_add(name, value->text.text);
    if (!plain)
        snarl_name_add(name, text);
    if (plain && !value->reference && path.text[0] == '.')
        snarl_name_add(name, "->");
    snarl_name_add(name, path.text + (plain && !value->reference && path.text[0] == '.'));
    return true;
}

/* The pointer variable in the frame whose value an instruction loads. */
static bool load_local(struct trace *trace, int64_t offset, struct value *value);
static bool load_static(struct trace *trace, uint64_t address, struct value *value);

/* The 8 bytes at `from`. */
static void trace_load(struct trace *trace, const struct value *from, struct value *value)
{
    struct snarl_name name = {""};
    Dwarf_Die type;
    memset(value, 0, sizeof(*value));
    if (from->kind == VALUE_FRAME && !from->stride)
        load_local(trace, from->offset, value);
    else if (from->kind == VALUE_STATIC && !from->stride)
        load_static(trace, (uint64_t)from->offset, value);
    else if (name_target(from, 8, &name, &type) && snarl_type_is_pointer(&type) && *name.text != '*')
        set_pointer(value, &type, name.text, 0);
}

struct at_frame {
    struct trace *trace;
    int64_t offset;
    struct value *value;
};

/* A pointer, or the part of a variable that is one, 8 bytes at the offset. */
static bool pointer_at(Dwarf_Die *variable, void *context)
{
    struct at_frame *search = context;
    struct trace *trace = search->trace;
    struct snarl_home home = snarl_scopes_home(trace->symbols, &trace->scopes, variable, trace->address);
    struct snarl_type_place place = {.size = 8};
    struct snarl_name name = {""};
    const char *word = dwarf_diename(variable);
    if (home.kind != SNARL_HOME_FRAME || search->offset < home.offset || !snarl_type_of(variable, &place.type))
        return true;
    place.offset = (uint64_t)(search->offset - home.offset);
    if (place.offset >= snarl_type_size(&place.type))
        return true;
    snarl_name_add(&name, word ? word : "?");
    snarl_type_path(&name, &place);
    if (word && !is_reserved(word) && !place.cut && !place.offset && snarl_type_is_pointer(&place.type))
        set_pointer(search->value, &place.type, name.text, 0);
    return false;
}

static bool load_local(struct trace *trace, int64_t offset, struct value *value)
{
    struct at_frame search = {.trace = trace, .offset = offset, .value = value};
    snarl_scopes_each(trace->symbols, &trace->scopes, pointer_at, &search);
    return value->kind == VALUE_POINTER;
}

static bool load_static(struct trace *trace, uint64_t address, struct value *value)
{
    struct snarl_type_place place = {.size = 8};
    const struct snarl_symbol_variable *variable = snarl_symbols_variable(trace->symbols, address, 8);
    const struct snarl_symbol_range *range = snarl_ranges_find(&trace->symbols->variables.ranges, address);
    struct snarl_name unused = {""};
    if (!variable || !range || !snarl_type_of(&trace->symbols->variables.items[range->index].die, &place.type))
        return false;
    place.offset = address - range->low;
    snarl_type_path(&unused, &place);
    if (!place.cut && !place.offset && snarl_type_is_pointer(&place.type))
        set_pointer(value, &place.type, variable->name, 0);
    return value->kind == VALUE_POINTER;
}

/* The register was set by instruction `at`. */
static void trace_write(struct trace *trace, size_t at, unsigned depth, struct value *value)
{
    const struct snarl_operation *operation = &trace->code->operations[at];
    struct value from;
    memset(value, 0, sizeof(*value));
    switch (operation->kind) {
    case SNARL_OPERATION_COPY:
        trace_register(trace, operation->source, at, depth, value);
        return;
    case SNARL_OPERATION_ADDRESS:
        trace_operand(trace, &operation->memory, at, depth, value);
        return;
    case SNARL_OPERATION_CONSTANT:
        value->kind = VALUE_STATIC;
        value->offset = operation->constant;
        return;
    case SNARL_OPERATION_ADD:
        trace_register(trace, operation->dest, at, depth, value);
        value->offset += operation->constant;
        return;
    case SNARL_OPERATION_SUM:
        trace_register(trace, operation->dest, at, depth, value);
        if (value->kind == VALUE_UNKNOWN)
            trace_register(trace, operation->source, at, depth, value);
        if (value->stride)
            value->kind = VALUE_UNKNOWN;
        value->stride = 1;
        return;
    case SNARL_OPERATION_LOAD:
        trace_operand(trace, &operation->memory, at, depth, &from);
        trace_load(trace, &from, value);
        return;
    default:
        return;
    }
}

/* What the register holds before instruction `at`. */
static void trace_register(struct trace *trace, int reg, size_t at, unsigned depth, struct value *value)
{
    memset(value, 0, sizeof(*value));
    if (depth > DEPTH_MAX)
        return;
    for (;; at--) {
        if (frame_register(trace, reg, at, value) || variable_in(trace, reg, at, value))
            return;
        if (!at || trace->code->joined[at] || trace->steps++ > STEPS_BACK) {
            value->kind = VALUE_UNKNOWN;
            return;
        }
        const struct snarl_operation *before = &trace->code->operations[at - 1];
        if (before->kind == SNARL_OPERATION_JUMP || before->kind == SNARL_OPERATION_RETURN ||
            before->kind == SNARL_OPERATION_END ||
            (before->kind == SNARL_OPERATION_CALL && !(1u << reg & (KEPT_BY_CALLS | 1u << SNARL_RSP))))
            return;
        if (before->writes >> reg & 1 && before->kind != SNARL_OPERATION_CALL) {
            trace_write(trace, at - 1, depth + 1, value);
            return;
        }
    }
}

/* ---- accesses ---- */

/* The instruction at the place, or the call that ends there and is told of an access. */
static bool access_at(struct trace *trace, uint64_t place, size_t *at, bool *hook)
{
    struct code *code = trace->code = code_at(trace->symbols, place);
    size_t index = index_of(code, place);
    *hook = false;
    if (index < code->count && code->operations[index].address == place && code->operations[index].memory.used) {
        *at = index;
        return true;
    }
    if (!index || index > code->count)
        return false;
    const struct snarl_operation *operation = &code->operations[index - 1];
    *at = index - 1;
    *hook = operation->kind == SNARL_OPERATION_CALL && operation->address + operation->length == place + 1;
    return *hook;
}

static void fill_target(struct trace *trace, const struct value *value, uint64_t size, struct snarl_symbol_target *target)
{
    struct snarl_name name = {""}, type_name = {""};
    Dwarf_Die type;
    if (value->kind == VALUE_FRAME && !value->stride) {
        target->local = snarl_symbols_local(trace->symbols, trace->address, value->offset, size);
        target->name = target->local ? target->local->name : NULL;
        return;
    }
    if (!name_target(value, size, &name, &type))
        return;
    target->name = snarl_symbols_keep(trace->symbols, name.text);
    snarl_type_name(trace->symbols, (Dwarf_Die *)&value->type, &type_name);
    if (*type_name.text && snarl_type_is_aggregate((Dwarf_Die *)&value->type))
        target->type = snarl_symbols_keep(trace->symbols, type_name.text);
}

const struct snarl_symbol_target *snarl_symbols_target(struct snarl_symbols *symbols, uint64_t address, uint64_t size)
{
    struct trace trace = {.symbols = symbols};
    struct value value = {.kind = VALUE_UNKNOWN};
    struct snarl_symbol_target *target = snarl_arena_take(&symbols->arena, sizeof(*target));
    size_t at;
    bool hook;
    if (!symbols->module || !snarl_symbols_units(symbols) || !access_at(&trace, address, &at, &hook))
        return target;
    trace.address = trace.code->operations[at].address;
    if (!snarl_scopes_find(symbols, trace.address, &trace.scopes))
        return target;
    if (hook)
        trace_register(&trace, SNARL_RDI, at, 0, &value);
    else
        trace_operand(&trace, &trace.code->operations[at].memory, at, 0, &value);
    fill_target(&trace, &value, size, target);
    return target;
}

/* ---- names of functions called ---- */

/* The symbol that the dynamic linker puts at an address, or NULL. */
static const char *relocated(struct snarl_symbols *symbols, uint64_t address)
{
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(symbols->module, &bias);
    for (Elf_Scn *section = elf ? elf_nextscn(elf, NULL) : NULL; section; section = elf_nextscn(elf, section)) {
        GElf_Shdr header, names;
        GElf_Rela entry;
        GElf_Sym symbol;
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA || !(header.sh_flags & SHF_ALLOC))
            continue;
        Elf_Data *data = elf_getdata(section, NULL);
        Elf_Scn *table = elf_getscn(elf, header.sh_link);
        if (!data || !table || !gelf_getshdr(table, &names))
            continue;
        for (int i = 0; gelf_getrela(data, i, &entry); i++)
            if (entry.r_offset == address && gelf_getsym(elf_getdata(table, NULL), (int)GELF_R_SYM(entry.r_info), &symbol))
                return elf_strptr(elf, names.sh_link, symbol.st_name);
    }
    return NULL;
}

/* Of a call to a library: through the linkage table's stub, or by its entry in the table of addresses. */
static const char *called_library(struct snarl_symbols *symbols, const struct snarl_operation *call)
{
    struct snarl_operation operation = *call;
    const uint8_t *bytes = call->target ? bytes_at(symbols, call->target, 16) : NULL;
    uint64_t at = call->target;
    for (int i = 0; bytes && i < 2; i++) { /* endbr64 may come first */
        if (!snarl_operation_decode(&operation, bytes + (at - call->target), 8, at))
            return NULL;
        at += operation.length;
        if (operation.kind == SNARL_OPERATION_JUMP)
            break;
    }
    bool indirect = operation.memory.used && operation.memory.base == SNARL_NO_REGISTER &&
                    operation.memory.index == SNARL_NO_REGISTER;
    return indirect ? relocated(symbols, (uint64_t)operation.memory.constant) : NULL;
}

/* Functions whose result is an array of what it becomes. */
static bool makes_array(const char *function)
{
    return !strcmp(function, "calloc") || !strcmp(function, "reallocarray") || !strncmp(function, "_Zna", 4);
}

bool snarl_symbols_makes_array(struct snarl_symbols *symbols, uint64_t address)
{
    struct code *code = address ? code_at(symbols, address - 1) : NULL;
    size_t at = code ? index_of(code, address) : 0;
    if (!at || at > code->count || code->operations[at - 1].kind != SNARL_OPERATION_CALL)
        return false;
    const char *function = called_library(symbols, &code->operations[at - 1]);
    return function && makes_array(function);
}

/* ---- results of calls ---- */

struct following {
    struct trace trace;
    uint32_t aliases; /* registers that hold the result */
    bool has_slot;    /* and a place in the frame, where it was put as a void pointer */
    int64_t slot;
    struct snarl_symbol_result *result;
    uint64_t block_size;
    Dwarf_Die type; /* what the result points to */
    bool found;
    bool array;     /* the block is known to be an array of that, however many */
};

/* A pointer takes the result. An object and its base have one address, so that what a function or `this` points to may be
 * only a part of the block: then its size must be right. */
static bool take_type(struct following *following, Dwarf_Die *pointer, const char *variable, bool whole)
{
    Dwarf_Die type;
    uint64_t size = snarl_type_is_pointer(pointer) && snarl_type_of(pointer, &type) ? snarl_type_size(&type) : 0;
    if (!size || size > following->block_size || (whole && size != following->block_size))
        return false;
    following->type = type;
    following->found = true;
    if (variable && *variable && !is_reserved(variable) && strcmp(variable, "this"))
        following->result->variable = snarl_symbols_keep(following->trace.symbols, variable);
    return true;
}

/* A variable whose register the result has come to. */
static bool becomes_variable(struct following *following, size_t at)
{
    for (int reg = 0; reg < 16; reg++) {
        struct in_register search = {
            .trace = &following->trace, .address = following->trace.code->operations[at].address, .reg = reg};
        Dwarf_Die type;
        if (!(following->aliases >> reg & 1))
            continue;
        following->trace.address = search.address;
        snarl_scopes_each(following->trace.symbols, &following->trace.scopes, lies_in_register, &search);
        if (search.found && !search.offset && snarl_type_of(&search.variable, &type) &&
            take_type(following, &type, dwarf_diename(&search.variable),
                      !strcmp(dwarf_diename(&search.variable), "this")))
            return true;
    }
    return false;
}

/* The declared type of what a store of the result goes to. */
static bool becomes_stored(struct following *following, size_t at)
{
    struct value to, pointer = {.kind = VALUE_UNKNOWN};
    struct snarl_name name = {""};
    Dwarf_Die type;
    struct trace *trace = &following->trace;
    trace->address = trace->code->operations[at].address;
    trace->steps = 0;
    trace_operand(trace, &trace->code->operations[at].memory, at, 0, &to);
    if (name_target(&to, 8, &name, &type))
        return take_type(following, &type, name.text, false);
    trace_load(trace, &to, &pointer);
    uint64_t size = pointer.kind == VALUE_POINTER ? snarl_type_size(&pointer.type) : 0;
    if (!size || size > following->block_size) {
        following->has_slot |= to.kind == VALUE_FRAME && !to.stride;
        following->slot = to.offset;
        return false;
    }
    following->type = pointer.type;
    following->found = true;
    following->result->variable = snarl_symbols_keep(trace->symbols, pointer.text.text);
    return true;
}

/* The n-th parameter of the function that is called. */
static bool parameter_type(struct snarl_symbols *symbols, uint64_t function, unsigned n, Dwarf_Die *type)
{
    struct snarl_scopes scopes;
    Dwarf_Die die;
    if (!function || !snarl_scopes_find(symbols, function, &scopes) || dwarf_child(&scopes.chain[0], &die))
        return false;
    do {
        if (dwarf_tag(&die) == DW_TAG_formal_parameter && n-- == 0)
            return snarl_type_of(&die, type);
    } while (!dwarf_siblingof(&die, &die));
    return false;
}

/* `init(result, …)`, and the constructor of what was made by operator new. */
static bool becomes_argument(struct following *following, const struct snarl_operation *call)
{
    static const int s_arguments[] = {SNARL_RDI, SNARL_RSI, 2, 1, 8, 9};
    Dwarf_Die type;
    for (unsigned i = 0; i < sizeof(s_arguments) / sizeof(s_arguments[0]); i++)
        if (following->aliases >> s_arguments[i] & 1 &&
            parameter_type(following->trace.symbols, call->target, i, &type) && take_type(following, &type, NULL, true))
            return true;
    return false;
}

static void becomes_returned(struct following *following)
{
    Dwarf_Die type;
    Dwarf_Die function = following->trace.scopes.chain[0];
    if (!(following->aliases >> SNARL_RAX & 1))
        return;
    bool typed = snarl_type_of(&function, &type) && take_type(following, &type, NULL, false);
    following->array |= typed; /* an allocator of just these */
    following->result->passed_on = !typed;
}

/* Whether the instruction loads the result back. */
static bool is_slot(struct following *following, size_t at)
{
    struct value from;
    if (!following->has_slot)
        return false;
    following->trace.address = following->trace.code->operations[at].address;
    following->trace.steps = 0;
    trace_operand(&following->trace, &following->trace.code->operations[at].memory, at, 0, &from);
    return from.kind == VALUE_FRAME && !from.stride && from.offset == following->slot;
}

/* One instruction further: false at the end of the way. */
static bool follow_one(struct following *following, size_t at)
{
    const struct snarl_operation *operation = &following->trace.code->operations[at];
    if (!snarl_scopes_find(following->trace.symbols, operation->address, &following->trace.scopes) ||
        becomes_variable(following, at))
        return false;
    switch (operation->kind) {
    case SNARL_OPERATION_STORE:
        return !(following->aliases >> operation->source & 1) || !becomes_stored(following, at);
    case SNARL_OPERATION_COPY: {
        bool alias = following->aliases >> operation->source & 1;
        following->aliases &= ~operation->writes;
        following->aliases |= alias ? 1u << operation->dest : 0;
        return following->aliases || following->has_slot;
    }
    case SNARL_OPERATION_LOAD: {
        bool alias = is_slot(following, at);
        following->aliases &= ~operation->writes;
        following->aliases |= alias ? 1u << operation->dest : 0;
        return following->aliases || following->has_slot;
    }
    case SNARL_OPERATION_CALL:
        if (becomes_argument(following, operation))
            return false;
        following->aliases &= KEPT_BY_CALLS;
        return following->aliases || following->has_slot;
    case SNARL_OPERATION_RETURN:
        becomes_returned(following);
        return false;
    case SNARL_OPERATION_END:
        return false;
    default:
        following->aliases &= ~operation->writes;
        return following->aliases || following->has_slot;
    }
}

/* Along the way that the code takes when no branch is taken; jumps forward are followed. */
static void follow(struct following *following, size_t at)
{
    struct code *code = following->trace.code;
    for (unsigned steps = 0; steps < STEPS_FORWARD && at < code->count && follow_one(following, at); steps++) {
        const struct snarl_operation *operation = &code->operations[at++];
        if (operation->kind != SNARL_OPERATION_JUMP)
            continue;
        size_t to = index_of(code, operation->target);
        if (to >= code->count || code->operations[to].address != operation->target)
            return;
        at = to;
    }
}

/* Whether the type ends in an array without a size, which makes blocks larger than it. */
static bool is_open_ended(Dwarf_Die *type)
{
    Dwarf_Die member, member_type;
    bool open = false;
    if (!snarl_type_is_aggregate(type) || dwarf_child(type, &member))
        return false;
    do {
        if (dwarf_tag(&member) == DW_TAG_member)
            open = snarl_type_of(&member, &member_type) && dwarf_tag(&member_type) == DW_TAG_array_type &&
                   !snarl_type_size(&member_type);
    } while (!dwarf_siblingof(&member, &member));
    return open;
}

static void describe_block(struct following *following, uint64_t offset, uint64_t size)
{
    struct snarl_symbols *symbols = following->trace.symbols;
    struct snarl_name name = {""}, path = {""};
    uint64_t whole = snarl_type_size(&following->type), room = following->block_size;
    bool open = is_open_ended(&following->type);
    bool many = room >= 2 * whole && room % whole == 0 && !open &&
                (following->array || !snarl_type_is_aggregate(&following->type));
    snarl_type_name(symbols, &following->type, &name);
    if (!*name.text)
        return;
    struct snarl_type_place place = {.type = following->type, .offset = many ? offset % whole : offset, .size = size};
    char index[32];
    snprintf(index, sizeof(index), "[%llu]", (unsigned long long)(offset / whole));
    if (many)
        snarl_name_add(&path, index);
    if (open || many || offset < whole) {
        snarl_type_path(&path, &place);
        following->result->exact = snarl_type_is_exact(&place);
    }
    following->result->type = snarl_symbols_keep(symbols, name.text);
    following->result->path = snarl_symbols_keep(symbols, path.text);
    following->result->inside = open || many || offset < whole;
}

const struct snarl_symbol_result *snarl_symbols_result(struct snarl_symbols *symbols, uint64_t address,
                                                       uint64_t block_size, bool array, uint64_t offset, uint64_t size)
{
    struct snarl_symbol_result *result = snarl_arena_take(&symbols->arena, sizeof(*result));
    if (!symbols->module || !snarl_symbols_units(symbols) || !address)
        return result;
    struct following following = {
        .trace = {.symbols = symbols, .code = code_at(symbols, address - 1)}, .aliases = 1u << SNARL_RAX,
        .result = result, .block_size = block_size, .array = array};
    size_t at = index_of(following.trace.code, address);
    if (at >= following.trace.code->count || following.trace.code->operations[at].address != address)
        return result;
    follow(&following, at);
    if (following.found)
        describe_block(&following, offset, size);
    return result;
}
