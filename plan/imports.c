/* imports.c - see imports.h. */
#include "plan/imports.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const void *file_at(const struct snarl_image *image, uint64_t offset, uint64_t size)
{
    return offset <= image->file_size && size <= image->file_size - offset ? image->file + offset : NULL;
}

static void add(struct snarl_imports *imports, uint64_t slot, const char *name)
{
    if (slot >= imports->image->size)
        return;
    if (imports->count == imports->room) {
        imports->room = imports->room ? imports->room * 2 : 256;
        imports->at = snarl_plan_grow(imports->at, imports->room, sizeof(*imports->at));
    }
    imports->at[imports->count++] = (struct snarl_import){(uint32_t)slot, name};
}

static void read_relocations(struct snarl_imports *imports, const Elf64_Shdr *section, const Elf64_Shdr *symbols,
                             const Elf64_Shdr *names)
{
    const struct snarl_image *image = imports->image;
    const Elf64_Rela *at = section->sh_offset & 7 ? NULL : file_at(image, section->sh_offset, section->sh_size);
    const Elf64_Sym *symbol = symbols->sh_offset & 7 ? NULL : file_at(image, symbols->sh_offset, symbols->sh_size);
    const char *text = file_at(image, names->sh_offset, names->sh_size);
    if (!at || !symbol || !text || !names->sh_size || text[names->sh_size - 1])
        return;
    for (size_t i = 0; i < section->sh_size / sizeof(*at); i++) {
        unsigned type = ELF64_R_TYPE(at[i].r_info);
        size_t number = ELF64_R_SYM(at[i].r_info);
        if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) || number >= symbols->sh_size / sizeof(*symbol) ||
            symbol[number].st_name >= names->sh_size)
            continue;
        add(imports, at[i].r_offset - image->base, text + symbol[number].st_name);
    }
}

static int compare(const void *a, const void *b)
{
    const struct snarl_import *x = a, *y = b;
    return x->slot < y->slot ? -1 : x->slot > y->slot;
}

void snarl_imports_read(struct snarl_imports *imports, const struct snarl_image *image)
{
    memset(imports, 0, sizeof(*imports));
    imports->image = image;
    const Elf64_Ehdr *head = (const void *)image->file;
    const Elf64_Shdr *sections = head->e_shoff & 7 || head->e_shentsize != sizeof(Elf64_Shdr)
                                     ? NULL
                                     : file_at(image, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr));
    for (unsigned i = 0; sections && i < head->e_shnum; i++) {
        const Elf64_Shdr *section = &sections[i];
        if (section->sh_type != SHT_RELA || section->sh_link >= head->e_shnum ||
            sections[section->sh_link].sh_link >= head->e_shnum)
            continue;
        const Elf64_Shdr *symbols = &sections[section->sh_link];
        read_relocations(imports, section, symbols, &sections[symbols->sh_link]);
    }
    if (imports->count)
        qsort(imports->at, imports->count, sizeof(*imports->at), compare);
}

void snarl_imports_free(struct snarl_imports *imports)
{
    free(imports->at);
    memset(imports, 0, sizeof(*imports));
}

static const char *name_of(const struct snarl_imports *imports, uint32_t slot)
{
    struct snarl_import wanted = {.slot = slot};
    const struct snarl_import *found =
        imports->count ? bsearch(&wanted, imports->at, imports->count, sizeof(wanted), compare) : NULL;
    return found ? found->name : NULL;
}

/* A stub is an indirect jump through the slot, maybe behind an endbr64. */
static const char *stub_name(const struct snarl_imports *imports, uint32_t at)
{
    const struct snarl_image *image = imports->image;
    for (int i = 0; i < 2 && at < image->size; i++) {
        struct snarl_instruction x;
        snarl_decode(&x, image->bytes + at, image->size - at, at);
        if (x.kind == SNARL_KIND_JUMP_INDIRECT && x.base == SNARL_REGISTER_RIP)
            return name_of(imports, (uint32_t)x.displacement);
        if (x.shape != SNARL_SHAPE_ENDBR)
            return NULL;
        at += x.length;
    }
    return NULL;
}

const char *snarl_imports_called(const struct snarl_imports *imports, const struct snarl_instruction *call)
{
    bool direct = call->kind == SNARL_KIND_CALL || call->kind == SNARL_KIND_JUMP;
    if (direct)
        return stub_name(imports, call->target);
    return call->base == SNARL_REGISTER_RIP ? name_of(imports, (uint32_t)call->displacement) : NULL;
}
