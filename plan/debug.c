/* debug.c - see debug.h. The only file of the planner that sees libdw.
 *
 * What is looked for:
 *   - code that was inlined from a function of std::atomic and its like, of C++ or Rust: what it accesses is atomic;
 *   - the blocks that gcc's <stdatomic.h> makes: their variable `__atomic_load_ptr` or `__atomic_store_ptr` has the type
 *     of the object;
 *   - variables at fixed places whose type is atomic or has atomic parts.
 *
 * A plain variable's debug information is no proof that it is not atomic: gcc's builtins work on plain types.
 * Reading all of it costs time, so units are left out that can have none of these: those not of C++ or Rust whose
 * abbreviations do not name an atomic type. The file may be damaged: libdw checks what it reads, depth is bounded here. */
#include "plan/debug.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 48
#define TYPE_DEPTH 8
#define ELEMENTS_MAX 256
#define KNOWN_FUNCTIONS (1u << 14)
#define OBJECT_MAX 16

enum direction { LOADS = 1, STORES = 2 };

/* Code that belongs to an access of an atomic object. */
struct range {
    uint32_t start, end;
    uint32_t size; /* of the object, 0: any */
    uint32_t directions;
};

struct reader {
    struct snarl_code *code;
    uint64_t known[KNOWN_FUNCTIONS]; /* offset of a function's entry << 1 | whether it is an accessor, plus 2; 0: none */
};

/* --- names --- */

static const char *name_of(Dwarf_Die *die)
{
    const char *name = dwarf_diename(die);
    return name ? name : "";
}

static const char *linkage_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Attribute *found = dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute);
    if (!found)
        found = dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute);
    return found ? dwarf_formstring(found) : NULL;
}

static bool origin_of(Dwarf_Die *die, Dwarf_Die *origin)
{
    Dwarf_Attribute attribute;
    return dwarf_attr(die, DW_AT_abstract_origin, &attribute) && dwarf_formref_die(&attribute, origin);
}

/* Asked for each piece of inlined code, of which most come from few functions. */
static bool is_accessor(struct reader *reader, Dwarf_Die *die)
{
    Dwarf_Die origin = *die;
    origin_of(die, &origin);
    uint64_t offset = dwarf_dieoffset(&origin);
    uint64_t *known = &reader->known[(offset * 0x9e3779b97f4a7c15ull) >> 50];
    if (*known && (*known - 2) >> 1 == offset)
        return (*known - 2) & 1;
    bool is = snarl_atomics_is_accessor(linkage_name(&origin));
    *known = (offset << 1 | is) + 2;
    return is;
}

/* --- types --- */

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute attribute;
    return dwarf_attr_integrate(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, type);
}

static bool is_class(int tag)
{
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static bool is_atomic_class(Dwarf_Die *type)
{
    static const char *const s_starts[] = {"atomic<", "__atomic_base<", "__atomic_float<", "atomic_flag", "__atomic_flag_base",
                                           "__cxx_atomic_impl<", "AtomicBool", "AtomicU", "AtomicI", "AtomicPtr<", NULL};
    const char *name = name_of(type);
    for (int i = 0; is_class(dwarf_tag(type)) && s_starts[i]; i++)
        if (!strncmp(name, s_starts[i], strlen(s_starts[i])))
            return true;
    return false;
}

static uint64_t size_of(Dwarf_Die *type)
{
    Dwarf_Word size = 0;
    return dwarf_aggregate_size(type, &size) == 0 ? size : 0;
}

/* Peels typedef, const and volatile; *atomic: an atomic type was among them, or it is an atomic class. */
static bool peel(Dwarf_Die *type, bool *atomic)
{
    *atomic = false;
    for (int depth = 0; depth < TYPE_DEPTH; depth++) {
        int tag = dwarf_tag(type);
        *atomic |= tag == DW_TAG_atomic_type || is_atomic_class(type);
        bool wrapper = tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
                       tag == DW_TAG_atomic_type || tag == DW_TAG_restrict_type;
        if (!wrapper)
            return true;
        Dwarf_Die inner;
        if (!type_of(type, &inner))
            return *atomic;
        *type = inner;
    }
    return false;
}

/* Of a type: `count` adjacent atomic objects of `size` bytes, at `offset`. */
typedef void add_part(void *context, uint64_t offset, uint32_t size, uint32_t count);

static void add_parts(Dwarf_Die *type, uint64_t offset, int depth, add_part *add, void *context);

static void add_members(Dwarf_Die *type, uint64_t offset, int depth, add_part *add, void *context)
{
    Dwarf_Die member;
    if (dwarf_child(type, &member) != 0)
        return;
    do {
        int tag = dwarf_tag(&member);
        Dwarf_Attribute attribute;
        Dwarf_Word at = 0;
        Dwarf_Die inner;
        if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || dwarf_hasattr(&member, DW_AT_external) ||
            dwarf_hasattr(&member, DW_AT_data_bit_offset) || dwarf_hasattr(&member, DW_AT_bit_size))
            continue;
        if (dwarf_attr(&member, DW_AT_data_member_location, &attribute) && dwarf_formudata(&attribute, &at) != 0)
            continue; /* of a virtual base: not at a fixed distance */
        if (type_of(&member, &inner))
            add_parts(&inner, offset + at, depth - 1, add, context);
    } while (dwarf_siblingof(&member, &member) == 0);
}

static void add_elements(Dwarf_Die *array, uint64_t offset, int depth, add_part *add, void *context)
{
    Dwarf_Die element;
    bool atomic;
    uint64_t whole = size_of(array);
    if (!type_of(array, &element) || !peel(&element, &atomic))
        return;
    uint64_t size = size_of(&element), count = size ? whole / size : 0;
    if (atomic && size <= OBJECT_MAX && count) {
        add(context, offset, (uint32_t)size, (uint32_t)(count > UINT32_MAX / 2 ? 1 : count));
        return;
    }
    for (uint64_t i = 0; i < count && i < ELEMENTS_MAX && is_class(dwarf_tag(&element)); i++)
        add_parts(&element, offset + i * size, depth - 1, add, context);
}

/* Calls `add` for the atomic parts of an object of the type that lies at `offset`. */
static void add_parts(Dwarf_Die *given, uint64_t offset, int depth, add_part *add, void *context)
{
    Dwarf_Die type = *given;
    bool atomic;
    if (depth <= 0 || !peel(&type, &atomic))
        return;
    uint64_t size = size_of(&type);
    if (atomic && size && size <= OBJECT_MAX)
        add(context, offset, (uint32_t)size, 1);
    else if (dwarf_tag(&type) == DW_TAG_array_type)
        add_elements(&type, offset, depth, add, context);
    else if (is_class(dwarf_tag(&type)))
        add_members(&type, offset, depth, add, context);
}

static bool pointee_of(Dwarf_Die *variable, Dwarf_Die *pointee)
{
    Dwarf_Die type;
    bool atomic;
    if (!type_of(variable, &type) || !peel(&type, &atomic) || atomic)
        return false;
    int tag = dwarf_tag(&type);
    return (tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type) && type_of(&type, pointee);
}

/* --- code --- */

static bool belongs(const struct snarl_code *code, const struct snarl_instruction *x, const struct range *range)
{
    const uint32_t plain = SNARL_ACCESS_LOCKED | SNARL_ACCESS_STRING | SNARL_ACCESS_ODD;
    if (!(x->flags & SNARL_ACCESS) || x->flags & plain || (range->size && x->size != range->size))
        return false;
    int64_t function = snarl_image_function_at(code->image, x->offset);
    bool local = function >= 0 && !code->functions[function].frame_pointer && x->base == SNARL_REGISTER_RSP;
    uint32_t directions = (x->flags & SNARL_ACCESS_READ ? LOADS : 0) |
                          (x->flags & SNARL_ACCESS_WRITE ? STORES : 0);
    return (x->checkable || local) && !(directions & ~range->directions);
}

static void mark_range(struct snarl_code *code, const struct range *range)
{
    uint32_t end = range->end < code->image->text_end ? range->end : code->image->text_end;
    for (uint32_t at = range->start; at < end; at++) {
        struct snarl_instruction *x = snarl_code_at(code, at);
        if (!x)
            continue;
        if (belongs(code, x, range))
            snarl_atomics_mark(code, x);
        at += x->length - 1u;
    }
}

/* All of the code that the entry describes. */
static void mark_code(struct reader *reader, Dwarf_Die *die, uint32_t size, uint32_t directions)
{
    Dwarf_Addr base, start, end;
    const struct snarl_image *image = reader->code->image;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &start, &end)) > 0;) {
        struct range range = {(uint32_t)(start - image->base), (uint32_t)(end - image->base), size, directions};
        if (start >= image->base && end > start && end - image->base <= image->size)
            mark_range(reader->code, &range);
    }
}

/* The statement expressions of gcc's <stdatomic.h>. */
static void look_at_local(struct reader *reader, Dwarf_Die *block, Dwarf_Die *variable)
{
    const char *name = name_of(variable);
    bool load = !strcmp(name, "__atomic_load_ptr"), store = !strcmp(name, "__atomic_store_ptr");
    Dwarf_Die object;
    bool atomic;
    if ((!load && !store) || !pointee_of(variable, &object) || !peel(&object, &atomic))
        return;
    uint64_t size = size_of(&object);
    if (size && size <= OBJECT_MAX)
        mark_code(reader, block, (uint32_t)size, load ? LOADS : STORES);
}

/* --- variables at fixed places --- */

struct place {
    struct snarl_code *code;
    uint64_t offset;
};

static void add_object(void *context, uint64_t offset, uint32_t size, uint32_t count)
{
    const struct place *place = context;
    uint64_t at = place->offset + offset;
    if (at < place->code->image->size)
        snarl_atomics_add(place->code, (uint32_t)at, size, count);
}

static void look_at_variable(struct reader *reader, Dwarf_Die *variable)
{
    Dwarf_Attribute attribute, indexed;
    Dwarf_Op *expression;
    Dwarf_Addr address;
    size_t length;
    Dwarf_Die type;
    if (!dwarf_attr(variable, DW_AT_location, &attribute) || dwarf_whatform(&attribute) != DW_FORM_exprloc ||
        dwarf_getlocation(&attribute, &expression, &length) != 0 || length != 1)
        return;
    address = expression[0].number;
    bool in_table = expression[0].atom == DW_OP_addrx && dwarf_getlocation_attr(&attribute, expression, &indexed) == 0 &&
                    dwarf_formaddr(&indexed, &address) == 0;
    if (expression[0].atom != DW_OP_addr && !in_table)
        return;
    struct place place = {reader->code, address - reader->code->image->base};
    if (type_of(variable, &type))
        add_parts(&type, 0, TYPE_DEPTH, add_object, &place);
}

/* --- the tree --- */

static void walk(struct reader *reader, Dwarf_Die *parent, int depth);

static void look_at(struct reader *reader, Dwarf_Die *parent, Dwarf_Die *die, int depth)
{
    switch (dwarf_tag(die)) {
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_lexical_block:
        walk(reader, die, depth - 1);
        break;
    case DW_TAG_subprogram:
        if (!dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges))
            break; /* a declaration, or inlined everywhere */
        __attribute__((fallthrough));
    case DW_TAG_inlined_subroutine:
        if (is_accessor(reader, die))
            mark_code(reader, die, 0, LOADS | STORES);
        else
            walk(reader, die, depth - 1);
        break;
    case DW_TAG_variable:
        look_at_variable(reader, die);
        if (dwarf_tag(parent) == DW_TAG_lexical_block)
            look_at_local(reader, parent, die);
        break;
    default:
        break;
    }
}

static void walk(struct reader *reader, Dwarf_Die *parent, int depth)
{
    Dwarf_Die child;
    if (depth <= 0 || dwarf_child(parent, &child) != 0)
        return;
    do
        look_at(reader, parent, &child, depth);
    while (dwarf_siblingof(&child, &child) == 0);
}

/* Whether the unit's abbreviations name an atomic type. */
static bool has_atomic_type(Dwarf_Die *unit)
{
    Dwarf_Off at = 0;
    for (;;) {
        size_t length;
        Dwarf_Abbrev *abbreviation = dwarf_getabbrev(unit, at, &length);
        if (!abbreviation || abbreviation == (void *)-1 || !length)
            return false;
        if (dwarf_getabbrevtag(abbreviation) == DW_TAG_atomic_type)
            return true;
        at += length;
    }
}

static bool has_classes(Dwarf_Die *unit)
{
    int language = dwarf_srclang(unit);
    return language == DW_LANG_C_plus_plus || language == DW_LANG_C_plus_plus_03 ||
           language == DW_LANG_C_plus_plus_11 || language == DW_LANG_C_plus_plus_14 || language == 0x2b || language == 0x3a ||
           language == DW_LANG_Rust;
}

static void read_units(struct reader *reader, Dwarf *dwarf)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die die, sub;
    while (dwarf_get_units(dwarf, unit, &unit, &version, &type, &die, &sub) == 0)
        if (type != DW_UT_type && type != DW_UT_split_type && (has_classes(&die) || has_atomic_type(&die)))
            walk(reader, &die, DEPTH_MAX);
}

/* --- where it is --- */

static Dwarf *open_debug(const char *path, int *fd)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    Dwarf *dwarf = *fd < 0 ? NULL : dwarf_begin(*fd, DWARF_C_READ);
    Dwarf_CU *unit = NULL;
    if (dwarf && dwarf_get_units(dwarf, unit, &unit, NULL, NULL, NULL, NULL) == 0)
        return dwarf;
    if (dwarf)
        dwarf_end(dwarf);
    if (*fd >= 0)
        close(*fd);
    return NULL;
}

static Dwarf *open_beside(const struct snarl_image *image, int *fd)
{
    char path[64 + 2 * SNARL_IMAGE_BUILD_ID_MAX];
    int used = snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/");
    for (unsigned i = 0; i < image->build_id_size; i++)
        used += snprintf(path + used, sizeof(path) - (size_t)used, i == 0 ? "%02x/" : "%02x", image->build_id[i]);
    snprintf(path + used, sizeof(path) - (size_t)used, ".debug");
    return open_debug(path, fd);
}

void snarl_debug_find(struct snarl_code *code)
{
    int fd;
    Dwarf *dwarf = open_debug(code->image->path, &fd);
    if (!dwarf)
        dwarf = open_beside(code->image, &fd);
    if (!dwarf)
        return;
    struct reader *reader = snarl_plan_zeroed(1, sizeof(*reader));
    reader->code = code;
    read_units(reader, dwarf);
    free(reader);
    dwarf_end(dwarf);
    close(fd);
}
