/* symbolise_types.c - see symbolise_types.h.
 *
 * A path goes down from an aggregate to the member around the bytes, again and again. Bit-fields that share the bytes
 * are named together, ".{ready, busy}". In a union only a member that fits the bytes exactly and alone is named. */
#include "reports/symbolise_types.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 24
#define DIMENSIONS_MAX 8
#define FIELDS_TOLD 4

void snarl_name_add(struct snarl_name *name, const char *text)
{
    size_t length = strlen(name->text);
    snprintf(name->text + length, sizeof(name->text) - length, "%s", text);
}

bool snarl_type_of(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute attribute;
    return dwarf_attr_integrate(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, type) &&
           !dwarf_peel_type(type, type);
}

uint64_t snarl_type_size(Dwarf_Die *type)
{
    Dwarf_Word size;
    return dwarf_aggregate_size(type, &size) ? 0 : size;
}

bool snarl_type_is_reference(Dwarf_Die *type)
{
    int tag = dwarf_tag(type);
    return tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type;
}

bool snarl_type_is_pointer(Dwarf_Die *type)
{
    return dwarf_tag(type) == DW_TAG_pointer_type || snarl_type_is_reference(type);
}

static bool is_record(Dwarf_Die *type)
{
    int tag = dwarf_tag(type);
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

bool snarl_type_is_aggregate(Dwarf_Die *type)
{
    return is_record(type) || dwarf_tag(type) == DW_TAG_array_type;
}

/* "bank::" for a type in a namespace or class. */
static void add_scope(struct snarl_name *name, Dwarf_Die *type)
{
    Dwarf_Die *scopes = NULL;
    int count = dwarf_getscopes_die(type, &scopes);
    for (int i = count - 1; i > 0; i--) {
        int tag = dwarf_tag(&scopes[i]);
        const char *word = dwarf_diename(&scopes[i]);
        if ((tag != DW_TAG_namespace && tag != DW_TAG_structure_type && tag != DW_TAG_class_type) || !word)
            continue;
        snarl_name_add(name, word);
        snarl_name_add(name, "::");
    }
    free(scopes);
}

static bool is_c(struct snarl_symbols *symbols, Dwarf_Die *type)
{
    Dwarf_Die unit;
    (void)symbols;
    if (!dwarf_diecu(type, &unit, NULL, NULL))
        return false;
    switch (dwarf_srclang(&unit)) {
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
        return true;
    default:
        return false;
    }
}

void snarl_type_name(struct snarl_symbols *symbols, Dwarf_Die *type, struct snarl_name *name)
{
    const char *word = dwarf_diename(type);
    Dwarf_Die element;
    if (dwarf_tag(type) == DW_TAG_array_type && snarl_type_of(type, &element)) {
        snarl_type_name(symbols, &element, name);
        snarl_name_add(name, "[]");
        return;
    }
    if (snarl_type_is_pointer(type)) {
        if (snarl_type_of(type, &element))
            snarl_type_name(symbols, &element, name);
        else
            snarl_name_add(name, "void");
        snarl_name_add(name, snarl_type_is_reference(type) ? " &" : " *");
        return;
    }
    if (!word)
        return;
    if (is_record(type) && is_c(symbols, type))
        snarl_name_add(name, dwarf_tag(type) == DW_TAG_union_type ? "union " : "struct ");
    else if (is_record(type))
        add_scope(name, type);
    snarl_name_add(name, word);
}

static bool number_of(Dwarf_Die *die, unsigned which, uint64_t *value)
{
    Dwarf_Attribute attribute;
    Dwarf_Word word;
    if (!dwarf_attr_integrate(die, which, &attribute) || dwarf_formudata(&attribute, &word))
        return false;
    *value = word;
    return true;
}

/* The bits of a bit-field, counted from the start of the record. DWARF 3's form counts from the other end of its unit. */
static bool bits_of(Dwarf_Die *member, uint64_t *first, uint64_t *count)
{
    uint64_t start = 0, unit, from_top;
    if (!number_of(member, DW_AT_bit_size, count))
        return false;
    if (number_of(member, DW_AT_data_bit_offset, first))
        return true;
    number_of(member, DW_AT_data_member_location, &start);
    if (!number_of(member, DW_AT_bit_offset, &from_top))
        return false;
    Dwarf_Die type;
    if (!number_of(member, DW_AT_byte_size, &unit))
        unit = snarl_type_of(member, &type) ? snarl_type_size(&type) : 0;
    *first = start * 8 + unit * 8 - from_top - *count;
    return unit != 0;
}

/* Where the member lies; false for what has no place (static members, virtual bases). A union's need none. */
static bool member_start(Dwarf_Die *record, Dwarf_Die *member, uint64_t *start)
{
    *start = 0;
    if (dwarf_tag(member) != DW_TAG_member && dwarf_tag(member) != DW_TAG_inheritance)
        return false;
    return number_of(member, DW_AT_data_member_location, start) || dwarf_tag(record) == DW_TAG_union_type;
}

/* Names the bit-fields that share bits with the bytes. */
static bool add_fields(struct snarl_name *name, Dwarf_Die *record, uint64_t offset, uint64_t size)
{
    Dwarf_Die member;
    struct snarl_name list = {""};
    unsigned told = 0;
    if (dwarf_child(record, &member))
        return false;
    do {
        uint64_t first, count;
        const char *word = dwarf_diename(&member);
        if (dwarf_tag(&member) != DW_TAG_member || !word || !bits_of(&member, &first, &count) ||
            first + count <= offset * 8 || first >= (offset + (size ? size : 1)) * 8)
            continue;
        if (told++ && told <= FIELDS_TOLD)
            snarl_name_add(&list, ", ");
        snarl_name_add(&list, told <= FIELDS_TOLD ? word : told == FIELDS_TOLD + 1 ? ", …" : "");
    } while (!dwarf_siblingof(&member, &member));
    if (!told)
        return false;
    snarl_name_add(name, told > 1 ? ".{" : ".");
    snarl_name_add(name, list.text);
    snarl_name_add(name, told > 1 ? "}" : "");
    return true;
}

bool snarl_type_is_exact(struct snarl_type_place *place)
{
    return !place->offset && !place->cut && !snarl_type_is_aggregate(&place->type) &&
           snarl_type_size(&place->type) == place->size;
}

/* Whether something of exactly these bytes begins at the offset. */
static bool fits(Dwarf_Die *type, uint64_t offset, uint64_t size)
{
    struct snarl_name unused = {""};
    struct snarl_type_place place = {.type = *type, .offset = offset, .size = size};
    snarl_type_path(&unused, &place);
    return snarl_type_is_exact(&place);
}

static bool member_at(Dwarf_Die *record, const struct snarl_type_place *place, Dwarf_Die *found, uint64_t *found_start)
{
    Dwarf_Die member, type;
    bool is_union = dwarf_tag(record) == DW_TAG_union_type;
    unsigned count = 0;
    uint64_t start, bits, size = place->size ? place->size : 1;
    if ((is_union && !place->size) || dwarf_child(record, &member))
        return false;
    do {
        if (!member_start(record, &member, &start) || number_of(&member, DW_AT_bit_size, &bits) ||
            !snarl_type_of(&member, &type) || place->offset < start)
            continue;
        uint64_t room = snarl_type_size(&type);
        if (!room && dwarf_tag(&type) == DW_TAG_array_type)
            room = UINT64_MAX - start; /* a flexible array: the last member */
        if (place->offset + size > start + room || (is_union && !fits(&type, place->offset - start, size)))
            continue;
        *found = member;
        *found_start = start;
        count++;
    } while (!dwarf_siblingof(&member, &member));
    return is_union ? count == 1 : count > 0;
}

/* Names of a library's insides ("_M_mutex", "__data") say nothing to its user: the path ends before them. */
static bool is_inner(const char *member)
{
    return member[0] == '_' && (member[1] == '_' || (member[1] == 'M' && member[2] == '_'));
}

static size_t dimensions_of(Dwarf_Die *array, uint64_t *counts)
{
    Dwarf_Die die;
    size_t dimensions = 0;
    if (dwarf_child(array, &die))
        return 0;
    do {
        uint64_t value = 0;
        if (dwarf_tag(&die) != DW_TAG_subrange_type || dimensions == DIMENSIONS_MAX)
            continue;
        if (number_of(&die, DW_AT_upper_bound, &value))
            value++;
        else
            number_of(&die, DW_AT_count, &value);
        counts[dimensions++] = value ? value : 1;
    } while (!dwarf_siblingof(&die, &die));
    return dimensions;
}

static void add_indices(struct snarl_name *name, const uint64_t *counts, size_t dimensions, uint64_t index, bool known)
{
    uint64_t below = 1;
    for (size_t i = 1; i < dimensions; i++)
        below *= counts[i];
    for (size_t i = 0; i < dimensions && below; i++) {
        char text[32];
        snprintf(text, sizeof(text), "[%llu]", (unsigned long long)(index / below));
        snarl_name_add(name, known ? text : "[?]");
        index %= below;
        below = i + 1 < dimensions ? below / counts[i + 1] : 0;
    }
}

/* Into an element. False: the bytes are more than one element. */
static bool enter_array(struct snarl_name *name, struct snarl_type_place *place)
{
    Dwarf_Die element;
    uint64_t counts[DIMENSIONS_MAX];
    uint64_t size = snarl_type_of(&place->type, &element) ? snarl_type_size(&element) : 0;
    if (!size || place->offset % size + place->size > size)
        return false;
    size_t dimensions = dimensions_of(&place->type, counts);
    bool strided = place->stride && !place->strided && place->stride % size == 0;
    add_indices(name, counts, dimensions, place->offset / size, !strided);
    place->strided |= strided;
    place->offset %= size;
    place->type = element;
    return true;
}

static bool enter_member(struct snarl_name *name, struct snarl_type_place *place)
{
    Dwarf_Die member, type;
    uint64_t start = 0;
    if (!member_at(&place->type, place, &member, &start)) {
        if (dwarf_tag(&place->type) != DW_TAG_union_type)
            add_fields(name, &place->type, place->offset, place->size);
        return false;
    }
    const char *word = dwarf_tag(&member) == DW_TAG_member ? dwarf_diename(&member) : NULL;
    if (word && is_inner(word)) {
        place->cut = true;
        return false;
    }
    if (!snarl_type_of(&member, &type))
        return false;
    if (word) {
        snarl_name_add(name, ".");
        snarl_name_add(name, word);
    }
    place->offset -= start;
    place->type = type;
    return true;
}

void snarl_type_path(struct snarl_name *name, struct snarl_type_place *place)
{
    for (unsigned depth = 0; depth < NESTING_MAX; depth++) {
        if (place->size && !place->offset && snarl_type_size(&place->type) == place->size &&
            !is_record(&place->type))
            return;
        if (dwarf_tag(&place->type) == DW_TAG_array_type ? !enter_array(name, place)
            : is_record(&place->type)                    ? !enter_member(name, place)
                                                         : true)
            return;
    }
}
