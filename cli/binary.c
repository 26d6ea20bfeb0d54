/* binary.c - see binary.h. The one file of the command that includes libelf. */
#include "cli/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/strings.h"

#define BUILD_ID_MAX 64 /* bytes; the usual ones have 16 or 20 */

/* The text at `offset` of the file, if it ends within `size` bytes. */
static char *copy_raw(Elf *elf, uint64_t offset, uint64_t size)
{
    size_t file_size;
    const char *file = elf_rawfile(elf, &file_size);
    if (!file || offset > file_size || size > file_size - offset || !memchr(file + offset, 0, size))
        return NULL;
    return snarl_string_copy(file + offset);
}

static void read_note(struct snarl_binary *binary, const char *bytes, size_t size)
{
    Elf64_Nhdr head;
    for (size_t at = 0; at + sizeof(head) <= size;) {
        memcpy(&head, bytes + at, sizeof(head));
        size_t name = at + sizeof(head);
        size_t value = name + (((size_t)head.n_namesz + 3) & ~(size_t)3);
        if (value > size || head.n_descsz > size - value)
            return;
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && !memcmp(bytes + name, "GNU", 4) &&
            head.n_descsz <= BUILD_ID_MAX) {
            char text[2 * BUILD_ID_MAX + 1] = "";
            for (size_t i = 0; i < head.n_descsz; i++)
                snprintf(text + 2 * i, 3, "%02x", (unsigned char)bytes[value + i]);
            free(binary->build_id);
            binary->build_id = snarl_string_copy(text);
        }
        at = value + (((size_t)head.n_descsz + 3) & ~(size_t)3);
    }
}

/* What the loader reads: present in every file that can be run, also without sections. */
static void read_segments(struct snarl_binary *binary, Elf *elf)
{
    size_t count = 0;
    if (elf_getphdrnum(elf, &count) || !count) {
        binary->damaged = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (!gelf_getphdr(elf, (int)i, &segment)) {
            binary->damaged = true;
            return;
        }
        size_t file_size;
        const char *file = elf_rawfile(elf, &file_size);
        if (segment.p_type == PT_INTERP) {
            free(binary->interpreter);
            binary->interpreter = copy_raw(elf, segment.p_offset, segment.p_filesz);
            binary->damaged |= !binary->interpreter;
        } else if (segment.p_type == PT_NOTE && file && segment.p_offset <= file_size &&
                   segment.p_filesz <= file_size - segment.p_offset) {
            read_note(binary, file + segment.p_offset, segment.p_filesz);
        }
    }
}

static void read_dynamic(struct snarl_binary *binary, Elf *elf, Elf_Scn *section, const GElf_Shdr *head)
{
    Elf_Data *data = elf_getdata(section, NULL);
    for (size_t i = 0; data && i < head->sh_size / (head->sh_entsize ? head->sh_entsize : 1); i++) {
        GElf_Dyn entry;
        if (!gelf_getdyn(data, (int)i, &entry) || entry.d_tag == DT_NULL)
            return;
        if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_SONAME)
            continue;
        const char *text = elf_strptr(elf, head->sh_link, entry.d_un.d_val);
        if (text && entry.d_tag == DT_NEEDED)
            snarl_texts_add(&binary->needed, snarl_string_copy(text));
        else if (text)
            binary->is_loader = !strncmp(text, "ld-linux", 8);
    }
}

static void read_symbols(struct snarl_binary *binary, Elf *elf, Elf_Scn *section, const GElf_Shdr *head)
{
    Elf_Data *data = elf_getdata(section, NULL);
    for (size_t i = 1; data && i < head->sh_size / (head->sh_entsize ? head->sh_entsize : 1); i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol))
            return;
        const char *name = elf_strptr(elf, head->sh_link, symbol.st_name);
        if (name && *name)
            snarl_texts_add(symbol.st_shndx == SHN_UNDEF ? &binary->imports : &binary->exports,
                            snarl_string_copy(name));
    }
}

static void read_debug_link(struct snarl_binary *binary, Elf_Scn *section)
{
    Elf_Data *data = elf_getdata(section, NULL);
    if (data && data->d_buf && memchr(data->d_buf, 0, data->d_size) && !binary->debug_link)
        binary->debug_link = snarl_string_copy(data->d_buf);
}

static void read_sections(struct snarl_binary *binary, Elf *elf)
{
    size_t names;
    if (elf_getshdrstrndx(elf, &names))
        return; /* no sections: legal, and nothing more to learn */
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        GElf_Shdr head;
        if (!gelf_getshdr(section, &head))
            continue;
        const char *name = elf_strptr(elf, names, head.sh_name);
        if (!name)
            continue;
        bool filled = head.sh_type != SHT_NOBITS;
        binary->has_symbols |= head.sh_type == SHT_SYMTAB;
        binary->has_debug_info |= filled && (!strcmp(name, ".debug_info") || !strcmp(name, ".zdebug_info"));
        binary->has_unwind_tables |= filled && !strcmp(name, ".eh_frame");
        if (head.sh_type == SHT_DYNAMIC)
            read_dynamic(binary, elf, section, &head);
        else if (head.sh_type == SHT_DYNSYM)
            read_symbols(binary, elf, section, &head);
        else if (!strcmp(name, ".gnu_debuglink"))
            read_debug_link(binary, section);
    }
}

static void read_elf(struct snarl_binary *binary, Elf *elf)
{
    GElf_Ehdr head;
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &head)) {
        binary->damaged = true;
        return;
    }
    binary->is_64 = gelf_getclass(elf) == ELFCLASS64;
    binary->machine = head.e_machine;
    read_segments(binary, elf);
    read_sections(binary, elf);
}

int snarl_binary_read(struct snarl_binary *binary, const char *path)
{
    *binary = (struct snarl_binary){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    char magic[SELFMAG];
    ssize_t count = pread(fd, magic, sizeof(magic), 0);
    binary->is_elf = count == (ssize_t)sizeof(magic) && !memcmp(magic, ELFMAG, SELFMAG);
    if (binary->is_elf) {
        elf_version(EV_CURRENT);
        Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
        read_elf(binary, elf);
        elf_end(elf);
    }
    close(fd);
    return count < 0 ? -EIO : 0;
}

static void free_texts(struct snarl_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free((char *)texts->items[i]);
    snarl_texts_free(texts);
}

void snarl_binary_free(struct snarl_binary *binary)
{
    free(binary->interpreter);
    free(binary->build_id);
    free(binary->debug_link);
    free_texts(&binary->needed);
    free_texts(&binary->imports);
    free_texts(&binary->exports);
    *binary = (struct snarl_binary){0};
}

bool snarl_binary_names(const struct snarl_texts *symbols, const char *prefix, bool exact)
{
    size_t length = strlen(prefix) + exact; /* with the terminator it is the whole name */
    for (size_t i = 0; i < symbols->count; i++)
        if (!strncmp(symbols->items[i], prefix, length))
            return true;
    return false;
}

const char *snarl_machine_name(uint16_t machine, char *buffer, size_t size)
{
    switch (machine) {
    case EM_X86_64:
        return "x86-64";
    case EM_386:
        return "32-bit x86";
    case EM_AARCH64:
        return "AArch64";
    case EM_ARM:
        return "32-bit ARM";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "64-bit POWER";
    case EM_S390:
        return "S/390";
    default:
        snprintf(buffer, size, "machine %u", machine);
        return buffer;
    }
}
