/* image.c - see image.h. The reader of the ELF file; its unwinding tables are read in frames.c.
 *
 * The format is read here and not through a library because the reader must see what the loader sees (program
 * headers, not sections) and must survive any bytes; it is the part that the fuzzer plays with. */
#include "plan/image.h"

#include "plan/format.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u
#define IMAGE_MAX 0x70000000ull /* a copy must reach all of it within 2 GB */

void *snarl_plan_grow(void *block, size_t count, size_t size)
{
    void *grown = reallocarray(block, count, size);
    if (!grown && count) {
        fprintf(stderr, "snarl-plan: out of memory\n");
        _exit(125);
    }
    return grown;
}

void *snarl_plan_zeroed(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (!block) {
        fprintf(stderr, "snarl-plan: out of memory\n");
        _exit(125);
    }
    return block;
}

void snarl_offsets_add(struct snarl_offsets *offsets, uint32_t offset)
{
    if (offsets->count == offsets->room) {
        offsets->room = offsets->room ? offsets->room * 2 : 64;
        offsets->at = snarl_plan_grow(offsets->at, offsets->room, sizeof(*offsets->at));
    }
    offsets->at[offsets->count++] = offset;
}

static bool in_ranges(const struct snarl_range *ranges, unsigned count, uint64_t offset)
{
    for (unsigned i = 0; i < count; i++)
        if (offset >= ranges[i].start && offset < ranges[i].end)
            return true;
    return false;
}

bool snarl_image_is_exec(const struct snarl_image *image, uint64_t offset)
{
    return in_ranges(image->exec, image->exec_count, offset);
}

bool snarl_image_is_readonly(const struct snarl_image *image, uint64_t offset)
{
    return in_ranges(image->readonly, image->readonly_count, offset);
}

bool snarl_image_is_plt(const struct snarl_image *image, uint32_t offset)
{
    return in_ranges(image->plt, image->plt_count, offset);
}

const uint8_t *snarl_image_at(const struct snarl_image *image, uint64_t offset, uint64_t count)
{
    if (offset > image->size || count > image->size - offset)
        return NULL;
    return image->bytes + offset;
}

static void add_range(struct snarl_range *ranges, unsigned *count, uint64_t start, uint64_t end)
{
    if (*count < SNARL_IMAGE_RANGES && start < end)
        ranges[(*count)++] = (struct snarl_range){(uint32_t)start, (uint32_t)end};
}

/* `count` bytes of the file itself. */
static const void *file_at(const struct snarl_image *image, uint64_t offset, uint64_t count)
{
    if (offset > image->file_size || count > image->file_size - offset)
        return NULL;
    return image->file + offset;
}

static const char *map_file(struct snarl_image *image, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? "it may not be read" : "it cannot be opened";
    struct stat status;
    const char *problem = NULL;
    if (fstat(fd, &status) || !S_ISREG(status.st_mode))
        problem = "it is not a regular file";
    else if (status.st_size < (off_t)sizeof(Elf64_Ehdr))
        problem = "it is too short to be a program";
    if (!problem) {
        void *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED)
            problem = "it cannot be mapped";
        else {
            image->file = at;
            image->file_size = (size_t)status.st_size;
        }
    }
    close(fd);
    return problem;
}

static const char *check_header(const struct snarl_image *image, const Elf64_Phdr **headers)
{
    const Elf64_Ehdr *head = (const void *)image->file;
    if (memcmp(head->e_ident, ELFMAG, SELFMAG))
        return "it is not an ELF file";
    if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_machine != EM_X86_64)
        return "it is not for x86-64";
    if (head->e_type != ET_DYN && head->e_type != ET_EXEC)
        return "it is neither a program nor a shared library";
    if (head->e_phentsize != sizeof(Elf64_Phdr) || head->e_phoff & 7)
        return "its program headers are damaged";
    *headers = file_at(image, head->e_phoff, (uint64_t)head->e_phnum * sizeof(Elf64_Phdr));
    return *headers ? NULL : "its program headers are damaged";
}

/* The lowest page and the end of what is mapped. */
static const char *measure(struct snarl_image *image, const Elf64_Phdr *headers, unsigned count)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (unsigned i = 0; i < count; i++) {
        const Elf64_Phdr *h = &headers[i];
        if (h->p_type != PT_LOAD)
            continue;
        if (h->p_vaddr > UINT64_MAX / 2 || h->p_memsz > IMAGE_MAX || h->p_filesz > h->p_memsz ||
            !file_at(image, h->p_offset, h->p_filesz))
            return "its segments are damaged";
        if ((h->p_vaddr & ~(uint64_t)(PAGE - 1)) < low)
            low = h->p_vaddr & ~(uint64_t)(PAGE - 1);
        if (h->p_vaddr + h->p_memsz > high)
            high = h->p_vaddr + h->p_memsz;
    }
    if (high <= low)
        return "it has nothing to load";
    if (high - low > IMAGE_MAX)
        return "it is larger than a copy can reach";
    image->base = low;
    image->size = (uint32_t)(high - low);
    return NULL;
}

static const char *load_segments(struct snarl_image *image, const Elf64_Phdr *headers, unsigned count)
{
    /* Never touched pages (bss) cost nothing; one page more so that a decoder may look past the end. */
    void *at = mmap(NULL, (size_t)image->size + PAGE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return "it is too large for this machine's memory";
    image->bytes = at;
    for (unsigned i = 0; i < count; i++) {
        const Elf64_Phdr *h = &headers[i];
        if (h->p_type != PT_LOAD)
            continue;
        uint64_t start = h->p_vaddr - image->base, end = start + h->p_memsz;
        memcpy(image->bytes + start, image->file + h->p_offset, h->p_filesz);
        add_range(image->loaded, &image->loaded_count, start, start + h->p_filesz);
        if (h->p_flags & PF_X) {
            if (h->p_flags & PF_W)
                return "its code is writable";
            add_range(image->exec, &image->exec_count, start, start + h->p_filesz);
        }
        if (!(h->p_flags & PF_W))
            add_range(image->readonly, &image->readonly_count, start, end);
    }
    if (!image->exec_count)
        return "it has no code";
    image->text_start = UINT32_MAX;
    for (unsigned i = 0; i < image->exec_count; i++) {
        if (image->exec[i].start < image->text_start)
            image->text_start = image->exec[i].start;
        if (image->exec[i].end > image->text_end)
            image->text_end = image->exec[i].end;
    }
    return NULL;
}

/* The relocations that put code addresses into data: whoever reads them jumps there. */
static void read_relocations(struct snarl_image *image, uint64_t table, uint64_t size)
{
    for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= size; at += sizeof(Elf64_Rela)) {
        const uint8_t *bytes = snarl_image_at(image, table + at, sizeof(Elf64_Rela));
        if (!bytes)
            return;
        Elf64_Rela entry;
        memcpy(&entry, bytes, sizeof(entry));
        uint32_t type = ELF64_R_TYPE(entry.r_info);
        uint64_t target = (uint64_t)entry.r_addend - image->base;
        if ((type == R_X86_64_RELATIVE || type == R_X86_64_IRELATIVE) && snarl_image_is_exec(image, target))
            snarl_offsets_add(&image->code_pointers, (uint32_t)target);
    }
}

/* The compact form of relative relocations (DT_RELR): addresses and bitmaps of words to be relocated. */
static void read_relr(struct snarl_image *image, uint64_t table, uint64_t size)
{
    uint64_t where = 0;
    for (uint64_t at = 0; at + 8 <= size; at += 8) {
        const uint8_t *bytes = snarl_image_at(image, table + at, 8);
        if (!bytes)
            return;
        uint64_t entry;
        memcpy(&entry, bytes, 8);
        uint64_t bits = entry & 1 ? entry >> 1 : 1;
        if (!(entry & 1))
            where = entry - image->base;
        for (unsigned i = 0; i < 63 && bits >> i; i++) {
            const uint8_t *word = bits >> i & 1 ? snarl_image_at(image, where + 8 * i, 8) : NULL;
            uint64_t value;
            if (!word)
                continue;
            memcpy(&value, word, 8);
            if (snarl_image_is_exec(image, value - image->base))
                snarl_offsets_add(&image->code_pointers, (uint32_t)(value - image->base));
        }
        where += entry & 1 ? 63 * 8 : 8;
    }
}

static void read_dynamic(struct snarl_image *image, uint64_t offset, uint64_t size)
{
    uint64_t rela = 0, rela_size = 0, relr = 0, relr_size = 0;
    for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= size; at += sizeof(Elf64_Dyn)) {
        const uint8_t *bytes = snarl_image_at(image, offset + at, sizeof(Elf64_Dyn));
        Elf64_Dyn entry;
        if (!bytes)
            break;
        memcpy(&entry, bytes, sizeof(entry));
        uint64_t value = entry.d_un.d_val;
        switch (entry.d_tag) {
        case DT_RELA:
            rela = value - image->base;
            break;
        case DT_RELASZ:
            rela_size = value;
            break;
        case 36: /* DT_RELR, absent from older headers */
            relr = value - image->base;
            break;
        case 35: /* DT_RELRSZ */
            relr_size = value;
            break;
        case DT_INIT:
        case DT_FINI:
            if (snarl_image_is_exec(image, value - image->base))
                snarl_offsets_add(&image->code_pointers, (uint32_t)(value - image->base));
            break;
        case DT_TEXTREL:
            image->text_relocated = true;
            break;
        case DT_FLAGS:
            image->text_relocated |= (value & DF_TEXTREL) != 0;
            break;
        }
        if (entry.d_tag == DT_NULL)
            break;
    }
    read_relocations(image, rela, rela_size);
    read_relr(image, relr, relr_size);
}

static void read_notes(struct snarl_image *image, uint64_t offset, uint64_t size, uint64_t align)
{
    align = align == 8 ? 8 : 4;
    for (uint64_t at = 0; at + 12 <= size;) {
        const uint8_t *bytes = snarl_image_at(image, offset + at, 12);
        if (!bytes)
            return;
        uint32_t head[3]; /* name size, description size, type */
        memcpy(head, bytes, sizeof(head));
        uint64_t text = at + 12 + (((uint64_t)head[0] + align - 1) & ~(align - 1));
        const uint8_t *name = snarl_image_at(image, offset + at + 12, head[0]);
        const uint8_t *data = snarl_image_at(image, offset + text, head[1]);
        if (!name || !data)
            return;
        bool gnu = head[0] == 4 && !memcmp(name, "GNU", 4);
        if (gnu && head[2] == NT_GNU_BUILD_ID && head[1] >= 8 && head[1] <= SNARL_IMAGE_BUILD_ID_MAX) {
            memcpy(image->build_id, data, head[1]);
            image->build_id_size = head[1];
        }
        for (uint32_t p = 0; gnu && head[2] == 5 && p + 12 <= head[1]; p += 16) { /* GNU properties */
            uint32_t property[3];
            memcpy(property, data + p, sizeof(property));
            image->ibt |= property[0] == 0xc0000002u && (property[2] & 1);
        }
        at = text + (((uint64_t)head[1] + align - 1) & ~(align - 1));
    }
}

static const char *read_segments(struct snarl_image *image, const Elf64_Phdr *headers, unsigned count,
                                 uint32_t *eh_frame_hdr)
{
    for (unsigned i = 0; i < count; i++) {
        const Elf64_Phdr *h = &headers[i];
        uint64_t start = h->p_vaddr - image->base;
        if (start > image->size || h->p_memsz > image->size - start)
            continue;
        image->program |= h->p_type == PT_INTERP;
        if (h->p_type == PT_DYNAMIC)
            read_dynamic(image, start, h->p_memsz);
        else if (h->p_type == PT_NOTE)
            read_notes(image, start, h->p_filesz, h->p_align);
        else if (h->p_type == PT_GNU_EH_FRAME)
            *eh_frame_hdr = (uint32_t)start;
        else if (h->p_type == PT_GNU_RELRO) /* the loader protects whole pages only, from the start on */
            add_range(image->readonly, &image->readonly_count, start,
                      (start + h->p_memsz) & ~(uint64_t)(PAGE - 1));
    }
    return image->text_relocated ? "its code is relocated (text relocations)" : NULL;
}

static int compare_symbols(const void *a, const void *b)
{
    const struct snarl_symbol *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static void read_symbols(struct snarl_image *image, const Elf64_Shdr *section, const Elf64_Shdr *names)
{
    const Elf64_Sym *at = section->sh_offset & 7 ? NULL : file_at(image, section->sh_offset, section->sh_size);
    const char *text = file_at(image, names->sh_offset, names->sh_size);
    if (!at || !text || !names->sh_size || text[names->sh_size - 1])
        return;
    size_t count = section->sh_size / sizeof(*at);
    image->symbols =
        snarl_plan_grow(image->symbols, image->symbol_count + count, sizeof(*image->symbols));
    for (size_t i = 0; i < count; i++) {
        unsigned type = ELF64_ST_TYPE(at[i].st_info);
        uint64_t start = at[i].st_value - image->base;
        if ((type != STT_FUNC && type != STT_GNU_IFUNC) || !snarl_image_is_exec(image, start))
            continue;
        if (at[i].st_size > image->size || at[i].st_name >= names->sh_size)
            continue;
        image->symbols[image->symbol_count++] =
            (struct snarl_symbol){(uint32_t)start, (uint32_t)at[i].st_size, text + at[i].st_name};
    }
}

/* Section headers add names and mark the linkage stubs; they may be missing or wrong. */
static void read_sections(struct snarl_image *image)
{
    const Elf64_Ehdr *head = (const void *)image->file;
    const Elf64_Shdr *sections =
        head->e_shoff & 7 || head->e_shentsize != sizeof(Elf64_Shdr)
            ? NULL
            : file_at(image, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr));
    if (!sections || head->e_shstrndx >= head->e_shnum)
        return;
    const Elf64_Shdr *strings = &sections[head->e_shstrndx];
    const char *names = file_at(image, strings->sh_offset, strings->sh_size);
    if (!names || !strings->sh_size || names[strings->sh_size - 1])
        return;
    for (unsigned i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *s = &sections[i];
        if (s->sh_name < strings->sh_size && !strncmp(names + s->sh_name, ".plt", 4) &&
            s->sh_addr - image->base <= image->size && s->sh_size <= image->size - (s->sh_addr - image->base))
            add_range(image->plt, &image->plt_count, s->sh_addr - image->base,
                      s->sh_addr - image->base + s->sh_size);
        if ((s->sh_type == SHT_SYMTAB || s->sh_type == SHT_DYNSYM) && s->sh_link < head->e_shnum)
            read_symbols(image, s, &sections[s->sh_link]);
    }
    if (image->symbol_count)
        qsort(image->symbols, image->symbol_count, sizeof(*image->symbols), compare_symbols);
}

const char *snarl_image_open(struct snarl_image *image, const char *path)
{
    memset(image, 0, sizeof(*image));
    image->path = path;
    const Elf64_Phdr *headers = NULL;
    const char *problem = map_file(image, path);
    if (!problem)
        problem = check_header(image, &headers);
    if (problem)
        return problem;
    const Elf64_Ehdr *head = (const void *)image->file;
    image->pie = head->e_type == ET_DYN;
    uint32_t eh_frame_hdr = 0;
    problem = measure(image, headers, head->e_phnum);
    if (!problem)
        problem = load_segments(image, headers, head->e_phnum);
    if (!problem)
        problem = read_segments(image, headers, head->e_phnum, &eh_frame_hdr);
    if (problem)
        return problem;
    read_sections(image);
    if (!image->build_id_size) {
        snarl_plan_file_id(image->build_id, image->file, image->file_size);
        image->build_id_size = 16;
    }
    return snarl_image_read_frames(image, eh_frame_hdr);
}

const char *snarl_image_identify(const char *path, uint8_t build_id[SNARL_IMAGE_BUILD_ID_MAX], unsigned *build_id_size,
                                 uint64_t *text_bytes)
{
    struct snarl_image image = {.path = path};
    const Elf64_Phdr *headers = NULL;
    const char *problem = map_file(&image, path);
    if (!problem)
        problem = check_header(&image, &headers);
    *text_bytes = 0;
    if (!problem) {
        unsigned count = ((const Elf64_Ehdr *)(const void *)image.file)->e_phnum;
        image.size = image.file_size < UINT32_MAX ? (uint32_t)image.file_size : UINT32_MAX;
        image.bytes = (uint8_t *)image.file; /* the notes are read where they lie in the file */
        for (unsigned i = 0; i < count; i++) {
            if (headers[i].p_type == PT_NOTE)
                read_notes(&image, headers[i].p_offset, headers[i].p_filesz, headers[i].p_align);
            if (headers[i].p_type == PT_LOAD && headers[i].p_flags & PF_X)
                *text_bytes += headers[i].p_filesz;
        }
        if (!image.build_id_size) {
            snarl_plan_file_id(image.build_id, image.file, image.file_size);
            image.build_id_size = 16;
        }
        memcpy(build_id, image.build_id, sizeof(image.build_id));
        *build_id_size = image.build_id_size;
    }
    if (image.file)
        munmap((void *)image.file, image.file_size);
    return problem;
}

void snarl_image_close(struct snarl_image *image)
{
    if (image->bytes)
        munmap(image->bytes, (size_t)image->size + PAGE);
    if (image->file)
        munmap((void *)image->file, image->file_size);
    free(image->functions);
    free(image->rows);
    free(image->symbols);
    free(image->landing_pads.at);
    free(image->code_pointers.at);
    memset(image, 0, sizeof(*image));
}

int64_t snarl_image_function_at(const struct snarl_image *image, uint32_t offset)
{
    uint32_t low = 0, high = image->function_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (offset >= image->functions[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    return low < image->function_count && offset >= image->functions[low].start ? (int64_t)low : -1;
}

const char *snarl_image_symbol_at(const struct snarl_image *image, uint32_t offset)
{
    uint32_t low = 0, high = image->symbol_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (image->symbols[middle].start <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    for (uint32_t i = low; i > 0 && low - i < 8; i--)
        if (offset - image->symbols[i - 1].start < image->symbols[i - 1].size)
            return image->symbols[i - 1].name;
    return NULL;
}
