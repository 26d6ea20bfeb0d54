/* symbolise_types.h - from a type and an offset to the member that lies there. For the symbolise_*.c files. */
#ifndef SNARL_REPORTS_SYMBOLISE_TYPES_H
#define SNARL_REPORTS_SYMBOLISE_TYPES_H

#include "reports/symbolise_inner.h"

#define SNARL_NAME_MAX 400

/* A name in the making; what does not fit is left out. */
struct snarl_name {
    char text[SNARL_NAME_MAX];
};

void snarl_name_add(struct snarl_name *name, const char *text);

/* The type of a variable, member, parameter or pointer without typedefs and qualifiers. False for void and on damage. */
bool snarl_type_of(Dwarf_Die *die, Dwarf_Die *type);
/* 0: not known. */
uint64_t snarl_type_size(Dwarf_Die *type);
bool snarl_type_is_pointer(Dwarf_Die *type);   /* or a C++ reference */
bool snarl_type_is_reference(Dwarf_Die *type);
bool snarl_type_is_aggregate(Dwarf_Die *type); /* struct, class, union, array */
/* "struct queue", "bank::Account", "int"; "" when it has no name. */
void snarl_type_name(struct snarl_symbols *symbols, Dwarf_Die *type, struct snarl_name *name);

struct snarl_type_place {
    Dwarf_Die type;  /* in: where the path starts; out: of what lies at its end */
    uint64_t offset; /* in: of the bytes looked for; out: of them in that */
    uint64_t size;   /* how many bytes; 0 or 1: what holds the byte at `offset` */
    unsigned stride; /* not 0: a multiple of it that is not known was added to `offset` */
    bool strided;    /* out: the path went through an array to which that multiple belongs */
    bool cut;        /* out: the path ends in the insides of a library */
};

/* Appends the path to what lies at the place, ".state.mutex", "[3].next": the smallest member that holds all of the bytes.
 * It ends early where that is not certain (unions). */
void snarl_type_path(struct snarl_name *name, struct snarl_type_place *place);

/* Whether the path has ended at something that is just those bytes. */
bool snarl_type_is_exact(struct snarl_type_place *place);

#endif
