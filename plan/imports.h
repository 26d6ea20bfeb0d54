/* imports.h - the names of the functions that an image calls in other modules.
 *
 * A call of another module's function goes to a linkage stub, or through a word of the global offset table; the relocation of
 * that word has the name. Known only where section headers lead to the relocations: names are used for hints, never for safety. */
#ifndef SNARL_PLAN_IMPORTS_H
#define SNARL_PLAN_IMPORTS_H

#include "plan/decode.h"
#include "plan/image.h"

struct snarl_import {
    uint32_t slot; /* image offset of the word */
    const char *name;
};

struct snarl_imports {
    const struct snarl_image *image;
    struct snarl_import *at; /* sorted by slot */
    uint32_t count, room;
};

void snarl_imports_read(struct snarl_imports *imports, const struct snarl_image *image);
void snarl_imports_free(struct snarl_imports *imports);
/* The name of what the call or jump goes to in another module; NULL: not there, or not known. */
const char *snarl_imports_called(const struct snarl_imports *imports, const struct snarl_instruction *call);

#endif
