/* symbolise.c - see symbolise.h. Here: opening modules, their compilation units and their symbol tables.
 *
 * Each module has a Dwfl of its own with base address 0, so that all addresses are link-time ones. Nothing is
 * read before it is asked for: units (the first DIE of each) at the first frame, a unit's functions at the
 * first frame in it, the symbol table when debug information does not answer. */
#include "reports/symbolise_inner.h"

#include "reports/demangle.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct snarl_symboliser {
    struct snarl_symbols *modules;
    char *debug_path;
    Dwfl_Callbacks callbacks;
};

static void *must(void *memory)
{
    if (!memory) {
        fputs("snarl: out of memory\n", stderr);
        exit(125);
    }
    return memory;
}

void snarl_ranges_add(struct snarl_symbol_ranges *ranges, uint64_t low, uint64_t high, size_t index)
{
    if (ranges->count == ranges->room) {
        ranges->room = ranges->room ? 2 * ranges->room : 64;
        ranges->items = must(realloc(ranges->items, ranges->room * sizeof(*ranges->items)));
    }
    ranges->items[ranges->count++] = (struct snarl_symbol_range){low, high, index};
}

/* By start; of equal ones the wider first, then the earlier, so that the narrowest is the last. */
static int compare_ranges(const void *left, const void *right)
{
    const struct snarl_symbol_range *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    if (a->high != b->high)
        return a->high > b->high ? -1 : 1;
    return a->index > b->index ? -1 : a->index < b->index;
}

void snarl_ranges_sort(struct snarl_symbol_ranges *ranges)
{
    if (ranges->count)
        qsort(ranges->items, ranges->count, sizeof(*ranges->items), compare_ranges);
}

const struct snarl_symbol_range *snarl_ranges_find(const struct snarl_symbol_ranges *ranges, uint64_t address)
{
    size_t low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->items[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    /* Ranges may lie in each other: look back a little past those that end too early. */
    for (size_t back = 0; back < 16 && back < low; back++)
        if (address < ranges->items[low - 1 - back].high)
            return &ranges->items[low - 1 - back];
    return NULL;
}

struct snarl_symboliser *snarl_symboliser_new(const char *debug_path)
{
    struct snarl_symboliser *symboliser = must(calloc(1, sizeof(*symboliser)));
    const char *standard = "-:.debug:/usr/lib/debug";
    if (asprintf(&symboliser->debug_path, "%s%s%s", standard, debug_path ? ":" : "",
                 debug_path ? debug_path : "") < 0)
        must(NULL);
    symboliser->callbacks = (Dwfl_Callbacks){
        .find_elf = dwfl_build_id_find_elf,
        .find_debuginfo = dwfl_standard_find_debuginfo,
        .debuginfo_path = &symboliser->debug_path,
    };
    return symboliser;
}

static void free_statics(struct snarl_symbol_statics *statics)
{
    free(statics->ranges.items);
    free(statics->items);
}

static void free_symbols(struct snarl_symbols *symbols)
{
    for (size_t i = 0; i < symbols->unit_count; i++) {
        free(symbols->units[i].ranges.items);
        free(symbols->units[i].functions);
    }
    free(symbols->units);
    free(symbols->unit_ranges.items);
    free(symbols->table_functions.items);
    free(symbols->table_objects.items);
    free(symbols->table_threads.items);
    free_statics(&symbols->variables);
    free_statics(&symbols->thread_variables);
    snarl_idmap_free(&symbols->code_cache);
    snarl_idmap_free(&symbols->frames_cache);
    snarl_idmap_free(&symbols->variables_cache);
    if (symbols->dwfl)
        dwfl_end(symbols->dwfl);
    snarl_arena_free(&symbols->arena);
    free(symbols);
}

void snarl_symboliser_free(struct snarl_symboliser *symboliser)
{
    if (!symboliser)
        return;
    while (symboliser->modules) {
        struct snarl_symbols *symbols = symboliser->modules;
        symboliser->modules = symbols->next;
        free_symbols(symbols);
    }
    free(symboliser->debug_path);
    free(symboliser);
}

static void close_module(struct snarl_symbols *symbols)
{
    if (symbols->dwfl)
        dwfl_end(symbols->dwfl);
    symbols->dwfl = NULL;
    symbols->module = NULL;
}

static void module_build_id(Dwfl_Module *module, char *hexadecimal, size_t size)
{
    const unsigned char *bits;
    GElf_Addr address;
    int length = dwfl_module_build_id(module, &bits, &address);
    hexadecimal[0] = '\0';
    for (int i = 0; i < length && 2 * (size_t)i + 2 < size; i++)
        sprintf(hexadecimal + 2 * i, "%02x", bits[i]);
}

static void set_problem(struct snarl_symbols *symbols, const char *path, const char *found)
{
    char *text;
    int length = asprintf(&text, "%s is another file now (build-id %.12s, the one that ran had %.12s)", path,
                          found[0] ? found : "none", symbols->build_id);
    if (length < 0)
        must(NULL);
    symbols->problem = snarl_arena_text(&symbols->arena, text, length);
    free(text);
}

/* Opens `path` as the module if it is the file that ran. */
static bool open_file(struct snarl_symboliser *symboliser, struct snarl_symbols *symbols, const char *path)
{
    char found[2 * 64 + 1];
    if (access(path, R_OK))
        return false;
    symbols->dwfl = dwfl_begin(&symboliser->callbacks);
    if (!symbols->dwfl)
        return false;
    dwfl_report_begin(symbols->dwfl);
    const char *slash = strrchr(path, '/');
    symbols->module = dwfl_report_elf(symbols->dwfl, slash ? slash + 1 : path, path, -1, 0, true);
    dwfl_report_end(symbols->dwfl, NULL, NULL);
    if (!symbols->module) {
        close_module(symbols);
        return false;
    }
    module_build_id(symbols->module, found, sizeof(found));
    if (*symbols->build_id && strcmp(found, symbols->build_id)) {
        set_problem(symbols, path, found);
        close_module(symbols);
        return false;
    }
    symbols->problem = NULL;
    return true;
}

static void open_module(struct snarl_symboliser *symboliser, struct snarl_symbols *symbols)
{
    char *debug_file;
    if (open_file(symboliser, symbols, symbols->path))
        return;
    const char *problem = symbols->problem;
    if (strlen(symbols->build_id) > 2) {
        if (asprintf(&debug_file, "/usr/lib/debug/.build-id/%.2s/%s.debug", symbols->build_id,
                     symbols->build_id + 2) < 0)
            must(NULL);
        bool opened = open_file(symboliser, symbols, debug_file);
        free(debug_file);
        if (opened)
            return;
    }
    symbols->problem = problem ? problem : "its file is not there any more, or is no ELF file";
}

struct snarl_symbols *snarl_symbols_open(struct snarl_symboliser *symboliser, const char *path,
                                         const char *build_id)
{
    for (struct snarl_symbols *known = symboliser->modules; known; known = known->next)
        if (!strcmp(known->path, path) && !strcmp(known->build_id, build_id))
            return known;
    struct snarl_symbols *symbols = must(calloc(1, sizeof(*symbols)));
    symbols->path = snarl_arena_text(&symbols->arena, path, strlen(path));
    symbols->build_id = snarl_arena_text(&symbols->arena, build_id, strlen(build_id));
    symbols->next = symboliser->modules;
    symboliser->modules = symbols;
    open_module(symboliser, symbols);
    return symbols;
}

const char *snarl_symbols_problem(const struct snarl_symbols *symbols)
{
    return symbols->problem;
}

static struct snarl_symbol_unit *add_unit(struct snarl_symbols *symbols)
{
    if (symbols->unit_count == symbols->unit_room) {
        symbols->unit_room = symbols->unit_room ? 2 * symbols->unit_room : 64;
        symbols->units = must(realloc(symbols->units, symbols->unit_room * sizeof(*symbols->units)));
    }
    struct snarl_symbol_unit *unit = &symbols->units[symbols->unit_count++];
    memset(unit, 0, sizeof(*unit));
    return unit;
}

static void add_unit_ranges(struct snarl_symbols *symbols, Dwarf_Die *die)
{
    Dwarf_Addr base, low, high;
    ptrdiff_t offset = 0;
    while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0)
        if (low && low < high)
            snarl_ranges_add(&symbols->unit_ranges, low, high, symbols->unit_count - 1);
}

bool snarl_symbols_units(struct snarl_symbols *symbols)
{
    if (symbols->units_known || !symbols->module)
        return symbols->unit_count > 0;
    symbols->units_known = true;
    Dwarf_Addr bias;
    symbols->dwarf = dwfl_module_getdwarf(symbols->module, &bias);
    Dwarf_CU *cu = NULL;
    Dwarf_Die die, split;
    uint8_t type;
    while (symbols->dwarf && !dwarf_get_units(symbols->dwarf, cu, &cu, NULL, &type, &die, &split)) {
        if (type != DW_UT_compile && type != DW_UT_skeleton)
            continue;
        struct snarl_symbol_unit *unit = add_unit(symbols);
        unit->unit = die;
        unit->scopes = type == DW_UT_skeleton && split.addr ? split : die;
        add_unit_ranges(symbols, &die);
    }
    snarl_ranges_sort(&symbols->unit_ranges);
    return symbols->unit_count > 0;
}

/* A function without size (assembly) reaches up to the next one. */
static void stretch(struct snarl_symbol_ranges *ranges)
{
    for (size_t i = ranges->count; i-- > 0;) {
        struct snarl_symbol_range *range = &ranges->items[i];
        if (range->high > range->low)
            continue;
        range->high = i + 1 < ranges->count ? ranges->items[i + 1].low : range->low + 1;
        if (i + 1 < ranges->count && range->high == range->low)
            range->high = ranges->items[i + 1].high;
    }
}

void snarl_symbols_table(struct snarl_symbols *symbols)
{
    if (symbols->table_known || !symbols->module)
        return;
    symbols->table_known = true;
    int count = dwfl_module_getsymtab(symbols->module);
    for (int i = 1; i < count; i++) {
        GElf_Sym symbol;
        GElf_Addr address;
        GElf_Word section;
        const char *name =
            dwfl_module_getsym_info(symbols->module, i, &symbol, &address, &section, NULL, NULL);
        int type = GELF_ST_TYPE(symbol.st_info);
        if (!name || !*name || section == SHN_UNDEF)
            continue;
        if (type == STT_FUNC || type == STT_GNU_IFUNC)
            snarl_ranges_add(&symbols->table_functions, address, address + symbol.st_size, i);
        else if (type == STT_OBJECT && symbol.st_size)
            snarl_ranges_add(&symbols->table_objects, address, address + symbol.st_size, i);
        else if (type == STT_TLS && symbol.st_size) /* its value is an offset, whatever address the library makes of it */
            snarl_ranges_add(&symbols->table_threads, symbol.st_value, symbol.st_value + symbol.st_size, i);
    }
    snarl_ranges_sort(&symbols->table_functions);
    stretch(&symbols->table_functions);
    snarl_ranges_sort(&symbols->table_objects);
    snarl_ranges_sort(&symbols->table_threads);
}

const char *snarl_symbols_name(struct snarl_symbols *symbols, size_t index)
{
    GElf_Sym symbol;
    GElf_Addr address;
    const char *name = dwfl_module_getsym_info(symbols->module, index, &symbol, &address, NULL, NULL, NULL);
    return name ? name : "";
}

const char *snarl_symbols_keep(struct snarl_symbols *symbols, const char *text)
{
    return snarl_arena_text(&symbols->arena, text, strlen(text));
}

const char *snarl_symbols_keep_name(struct snarl_symbols *symbols, const char *raw, const char **language)
{
    char *name = must(snarl_demangle(raw, language));
    const char *kept = snarl_arena_text(&symbols->arena, name, strlen(name));
    free(name);
    return kept;
}

/* Drops "." parts, and ".." with the part before it, in place. */
static void clean(char *path)
{
    char *write = path;
    for (const char *part = path; *part;) {
        size_t length = strcspn(part, "/");
        bool last = !part[length];
        if (length == 1 && part[0] == '.' && !last) {
            part += 2;
            continue;
        }
        if (length == 2 && !memcmp(part, "..", 2) && write > path + 1) {
            char *before = write - 1;
            while (before > path && before[-1] != '/')
                before--;
            write = before;
        } else {
            memmove(write, part, length + !last);
            write += length + !last;
        }
        part += length + !last;
    }
    *write = '\0';
}

const char *snarl_symbols_clean_path(struct snarl_symbols *symbols, struct snarl_symbol_unit *unit,
                                     const char *path)
{
    Dwarf_Attribute attribute;
    const char *folder = NULL;
    char *whole = NULL;
    if (path[0] != '/' && dwarf_attr(&unit->unit, DW_AT_comp_dir, &attribute))
        folder = dwarf_formstring(&attribute);
    if (asprintf(&whole, "%s%s%s", folder ? folder : "", folder ? "/" : "", path) < 0)
        must(NULL);
    clean(whole);
    const char *kept = snarl_arena_text(&symbols->arena, whole, strlen(whole));
    free(whole);
    return kept;
}

const char *snarl_symbols_file(struct snarl_symbols *symbols, struct snarl_symbol_unit *unit, size_t index)
{
    Dwarf_Files *files;
    size_t count;
    if (dwarf_getsrcfiles(&unit->scopes, &files, &count) || index >= count)
        return NULL;
    const char *path = dwarf_filesrc(files, index, NULL, NULL);
    return path ? snarl_symbols_clean_path(symbols, unit, path) : NULL;
}
