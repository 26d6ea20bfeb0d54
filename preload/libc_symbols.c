/* libc_symbols.c - the address of a function of libc, from libc's own symbol table.
 *
 * Not dlsym: a handle that it takes must come from dlopen, which allocates and runs constructors out of turn, and we may
 * be here inside the first allocation of the process, before any constructor has run; and without a handle it finds
 * another runtime's interceptor first. So the table (the GNU hash table of the ELF file, and its versions) is read here.
 * Nothing is allocated or locked; what is read never changes. */
#include <dlfcn.h>
#include <elf.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "preload/real.h"

#define VERSION_HIDDEN 0x8000u /* not the default version of its name */

struct table {
    uintptr_t base;
    const ElfW(Sym) *symbols;
    const char *strings;
    const uint32_t *hash; /* buckets, first symbol, filter words, filter shift; filter; buckets; chains */
    const ElfW(Half) *versions;
    const ElfW(Verdef) *definitions;
};

/* The loader has relocated these pointers in place, on most machines. */
static const void *pointer_of(const struct link_map *map, const ElfW(Dyn) *entry)
{
    uintptr_t address = entry->d_un.d_ptr;
    return (const void *)(address < map->l_addr ? address + map->l_addr : address);
}

static bool read_table(struct table *table)
{
    Dl_info info;
    struct link_map *map = NULL;
    if (!dladdr1((const void *)gnu_get_libc_version, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
        return false;
    table->base = map->l_addr;
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            table->symbols = pointer_of(map, entry);
        else if (entry->d_tag == DT_STRTAB)
            table->strings = pointer_of(map, entry);
        else if (entry->d_tag == DT_GNU_HASH)
            table->hash = pointer_of(map, entry);
        else if (entry->d_tag == DT_VERSYM)
            table->versions = pointer_of(map, entry);
        else if (entry->d_tag == DT_VERDEF)
            table->definitions = pointer_of(map, entry);
    }
    return table->symbols && table->strings && table->hash && table->versions && table->definitions;
}

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

/* The index that stands for `version` in table->versions; 0 when there is no such version. */
static unsigned version_index(const struct table *table, const char *version)
{
    const ElfW(Verdef) *definition = table->definitions;
    for (;;) {
        const ElfW(Verdaux) *name = (const void *)((const char *)definition + definition->vd_aux);
        if (strcmp(table->strings + name->vda_name, version) == 0)
            return definition->vd_ndx;
        if (!definition->vd_next)
            return 0;
        definition = (const void *)((const char *)definition + definition->vd_next);
    }
}

static bool matches(const struct table *table, uint32_t index, const char *name, const char *version)
{
    const ElfW(Sym) *symbol = &table->symbols[index];
    if (symbol->st_shndx == SHN_UNDEF || strcmp(table->strings + symbol->st_name, name) != 0)
        return false;
    unsigned of_symbol = table->versions[index];
    return version ? (of_symbol & ~VERSION_HIDDEN) == version_index(table, version) : !(of_symbol & VERSION_HIDDEN);
}

static void *address_of(const struct table *table, const ElfW(Sym) *symbol)
{
    void *address = (void *)(table->base + symbol->st_value);
    if (ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
        return ((void *(*)(void))address)();
    return address;
}

/* `version` NULL: the default one. NULL when this libc has no such function. */
static void *look_up(const char *name, const char *version)
{
    static struct table s_table; /* filled twice at the same time, it gets the same values */
    if (!s_table.definitions && !read_table(&s_table))
        return NULL;
    const uint32_t *hash = s_table.hash;
    uint32_t buckets = hash[0], first = hash[1], wanted = hash_of(name);
    const uint32_t *bucket = hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    uint32_t index = bucket[wanted % buckets];
    if (index < first)
        return NULL;
    for (;; index++) {
        uint32_t found = chain[index - first];
        if ((found | 1) == (wanted | 1) && matches(&s_table, index, name, version))
            return address_of(&s_table, &s_table.symbols[index]);
        if (found & 1) /* the last one of its chain */
            return NULL;
    }
}

void *snarl_real_find(const char *name)
{
    return look_up(name, NULL);
}

void *snarl_real_find_version(const char *name, const char *version)
{
    return look_up(name, version);
}
