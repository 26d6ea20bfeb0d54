/* symbolise_entry.c - where functions begin, by .eh_frame_hdr (the Linux Standard Base's "Exception Frames"): a sorted table of the first
 * addresses of all functions that can be unwound. Compilers and linkers write it for every program, and strip leaves it. */
#include "reports/symbolise_inner.h"

#include <dwarf.h>
#include <gelf.h>
#include <string.h>

#define HEAD 12u       /* bytes before the table: version, three encodings, two words of 4 bytes */
#define ROW 8u         /* two signed distances from the section: of the function, and of its description */
#define ENCODING (DW_EH_PE_datarel | DW_EH_PE_sdata4)

static int32_t word_at(const uint8_t *bytes)
{
    int32_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* The section's bytes; NULL when there is none of the usual form. */
static const Elf_Data *find_section(Elf *elf, GElf_Shdr *header)
{
    Elf_Scn *section = NULL;
    size_t names;
    if (!elf || elf_getshdrstrndx(elf, &names))
        return NULL;
    while ((section = elf_nextscn(elf, section))) {
        const char *name = gelf_getshdr(section, header) ? elf_strptr(elf, names, header->sh_name) : NULL;
        if (!name || strcmp(name, ".eh_frame_hdr") || header->sh_type == SHT_NOBITS)
            continue;
        const Elf_Data *data = elf_rawdata(section, NULL);
        const uint8_t *bytes = data ? data->d_buf : NULL;
        bool usual = bytes && data->d_size >= HEAD && bytes[0] == 1 && (bytes[1] & 0x0f) == DW_EH_PE_sdata4 &&
                     bytes[2] == DW_EH_PE_udata4 && bytes[3] == ENCODING;
        return usual ? data : NULL;
    }
    return NULL;
}

uint64_t snarl_symbols_entry(struct snarl_symbols *symbols, uint64_t address)
{
    GElf_Shdr header;
    GElf_Addr bias;
    const Elf_Data *data = symbols->module ? find_section(dwfl_module_getelf(symbols->module, &bias), &header) : NULL;
    if (!data)
        return 0;
    const uint8_t *bytes = data->d_buf, *table = bytes + HEAD;
    uint32_t count = (uint32_t)word_at(bytes + 8), low = 0, high = count;
    int64_t wanted = (int64_t)(address - bias - header.sh_addr);
    if (count > (data->d_size - HEAD) / ROW)
        return 0;
    while (low < high) { /* the last row that is not above it */
        uint32_t middle = low + (high - low) / 2;
        if (word_at(table + middle * ROW) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? header.sh_addr + bias + (uint64_t)(int64_t)word_at(table + (low - 1) * ROW) : 0;
}
