/* modules.c - whether a module in memory was compiled with -fsanitize=thread: its dynamic symbols tell before its code runs.
 *
 * gcc's start-up code says so itself before we are initialised; clang's says so after it, too late for the head of the
 * run file. A program into which clang has linked its own runtime keeps that one. Symbols that a module wants of others come first in its table; where its GNU hash table begins they end. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "preload/tsan/tsan.h"
#include "stack/modules.h"

struct tables {
    const Elf64_Sym *symbol;
    const char *name;
    const uint32_t *gnu_hash, *hash;
};

/* The loader has made these addresses absolute, but for the vdso's. */
static uintptr_t absolute(const struct dl_phdr_info *module, uintptr_t pointer)
{
    return pointer < module->dlpi_addr ? pointer + module->dlpi_addr : pointer;
}

static struct tables tables_of(const struct dl_phdr_info *module, const Elf64_Dyn *entry)
{
    struct tables tables = {0};
    for (; entry->d_tag != DT_NULL; entry++) {
        uintptr_t at = absolute(module, entry->d_un.d_ptr);
        if (entry->d_tag == DT_SYMTAB)
            tables.symbol = (const Elf64_Sym *)at;
        else if (entry->d_tag == DT_STRTAB)
            tables.name = (const char *)at;
        else if (entry->d_tag == DT_GNU_HASH)
            tables.gnu_hash = (const uint32_t *)at;
        else if (entry->d_tag == DT_HASH)
            tables.hash = (const uint32_t *)at;
    }
    return tables;
}

/* How many symbols may be of other modules. */
static uint32_t wanted_count(const struct tables *tables)
{
    if (tables->gnu_hash)
        return tables->gnu_hash[1];
    return tables->hash ? tables->hash[1] : 0;
}

static bool wants(const struct tables *tables, const char *function)
{
    for (uint32_t i = 1; tables->symbol && tables->name && i < wanted_count(tables); i++)
        if (!tables->symbol[i].st_shndx && !strcmp(tables->name + tables->symbol[i].st_name, function))
            return true;
    return false;
}

struct search {
    const char *function;
    uintptr_t address; /* only the module there; 0: any */
    bool found;
};

static bool holds(const struct dl_phdr_info *module, uintptr_t address)
{
    for (int i = 0; i < module->dlpi_phnum; i++) {
        uintptr_t start = module->dlpi_addr + module->dlpi_phdr[i].p_vaddr;
        if (module->dlpi_phdr[i].p_type == PT_LOAD && address >= start && address - start < module->dlpi_phdr[i].p_memsz)
            return true;
    }
    return false;
}

static int visit(struct dl_phdr_info *module, size_t size, void *context)
{
    struct search *search = context;
    (void)size;
    if (search->address && !holds(module, search->address))
        return 0;
    for (int i = 0; i < module->dlpi_phnum; i++) {
        if (module->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        struct tables tables =
            tables_of(module, (const Elf64_Dyn *)(module->dlpi_addr + module->dlpi_phdr[i].p_vaddr));
        search->found |= wants(&tables, search->function);
    }
    return search->found;
}

bool snarl_tsan_has_rival(void)
{
    Dl_info rival, own;
    void *init = dlsym(RTLD_DEFAULT, "__tsan_init");
    return init && dladdr(init, &rival) && dladdr(visit, &own) && rival.dli_fbase != own.dli_fbase;
}

void snarl_tsan_tell_of_rival(void)
{
    snarl_engine_note("clang's ThreadSanitizer is linked into the program and looks for races itself, snarl does not: to have "
                      "snarl do it, compile with -fsanitize=thread but link without it and with -lsnarl");
}

bool snarl_tsan_wanted(const char *function)
{
    struct search search = {.function = function};
    dl_iterate_phdr(visit, &search);
    return search.found;
}

/* What is known of each module, by its number. */
enum { UNKNOWN, COMPILED, OUTSIDE };

bool snarl_tsan_outside(uintptr_t pc)
{
    static uint8_t s_known[4096];
    const struct snarl_module *module = snarl_modules_find(pc, true);
    if (!module || module->id >= sizeof(s_known))
        return false;
    if (s_known[module->id] == UNKNOWN) {
        struct search search = {.function = "__tsan_func_entry", .address = pc};
        dl_iterate_phdr(visit, &search);
        s_known[module->id] = search.found ? COMPILED : OUTSIDE;
    }
    return s_known[module->id] == OUTSIDE;
}

bool snarl_tsan_notes(uintptr_t pc)
{
    static uint64_t s_known[512]; /* pc << 1, and whether it does; what is found there is of one store */
    uint64_t *known = &s_known[(pc ^ pc >> 9) % (sizeof(s_known) / sizeof(*s_known))];
    uint64_t entry = __atomic_load_n(known, __ATOMIC_RELAXED);
    if (entry >> 1 != pc) {
        entry = (uint64_t)pc << 1 | !snarl_tsan_outside(pc);
        __atomic_store_n(known, entry, __ATOMIC_RELAXED);
    }
    return entry & 1;
}
