/* planfile.c - see planfile.h. */
#include "plan/planfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *check_folder(const char *folder)
{
    struct stat status;
    if (mkdir(folder, 0700) && errno != EEXIST)
        return "it cannot be made";
    if (lstat(folder, &status) || !S_ISDIR(status.st_mode))
        return "it is not a folder";
    if (status.st_uid != geteuid())
        return "it belongs to somebody else";
    if (status.st_mode & 022)
        return "others may write to it";
    return NULL;
}

const char *snarl_planfile_folder(char *folder, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length;
    if (cache && *cache == '/') {
        length = snprintf(folder, size, "%s/snarl", cache);
    } else {
        if (!home || *home != '/')
            return "neither HOME nor XDG_CACHE_HOME names a folder";
        length = snprintf(folder, size, "%s/.cache", home);
        if (length > 0 && (size_t)length < size)
            mkdir(folder, 0700);
        length = snprintf(folder, size, "%s/.cache/snarl", home);
    }
    if (length < 0 || (size_t)length >= size)
        return "its path is too long";
    return check_folder(folder);
}

bool snarl_planfile_path(char *path, size_t size, const char *folder, const uint8_t *build_id,
                         unsigned build_id_size, enum snarl_plan_check check)
{
    char name[SNARL_PLAN_NAME_MAX];
    snarl_plan_name(name, build_id, build_id_size, check);
    int length = snprintf(path, size, "%s/%s", folder, name);
    return length > 0 && (size_t)length < size;
}

static uint64_t aligned(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

static int compare_patches(const void *a, const void *b)
{
    const struct snarl_plan_patch *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void add_patch(const struct snarl_code *code, struct snarl_plan_patch *patches, uint32_t *count,
                      uint32_t offset, uint32_t target, uint8_t size)
{
    struct snarl_plan_patch *patch = &patches[(*count)++];
    memset(patch, 0, sizeof(*patch));
    patch->offset = offset;
    patch->target = target;
    patch->size = size;
    memcpy(patch->old, code->image->bytes + offset, size);
}

/* The jumps that the layout decided on. */
static struct snarl_plan_patch *collect_patches(const struct snarl_code *code, uint32_t *count)
{
    struct snarl_plan_patch *patches = snarl_plan_zeroed(2 * (size_t)code->block_count, sizeof(*patches));
    *count = 0;
    for (uint32_t i = 0; i < code->block_count; i++) {
        const struct snarl_block *block = &code->blocks[i];
        if (!code->functions[block->function].copied)
            continue;
        if (block->flags & SNARL_BLOCK_PATCHED)
            add_patch(code, patches, count, block->start, block->copy, 5);
        if (block->flags & SNARL_BLOCK_SPRUNG) {
            add_patch(code, patches, count, block->springboard, block->copy, 5);
            add_patch(code, patches, count, block->start, block->springboard, 2);
        }
    }
    qsort(patches, *count, sizeof(*patches), compare_patches);
    return patches;
}

static struct snarl_plan_row *collect_rows(const struct snarl_image *image, uint32_t *count)
{
    struct snarl_plan_row *rows = snarl_plan_zeroed((size_t)image->row_count + 2 * (size_t)image->function_count,
                                                    sizeof(*rows));
    *count = 0;
    for (uint32_t i = 0; i < image->function_count; i++) {
        const struct snarl_function_range *function = &image->functions[i];
        for (uint32_t k = 0; k < function->row_count; k++) {
            const struct snarl_unwind_row *row = &image->rows[function->first_row + k];
            rows[(*count)++] = (struct snarl_plan_row){row->start, row->cfa_offset, row->cfa_register, 0,
                                                       row->rbp_offset};
        }
        bool gap = i + 1 == image->function_count || image->functions[i + 1].start != function->end;
        if (!function->row_count)
            rows[(*count)++] = (struct snarl_plan_row){function->start, 0, SNARL_UNWIND_NONE, 0, 0};
        if (gap)
            rows[(*count)++] = (struct snarl_plan_row){function->end, 0, SNARL_UNWIND_NONE, 0, 0};
    }
    return rows;
}

struct part {
    const void *bytes;
    uint64_t size;
};

static bool write_all(int fd, const void *bytes, uint64_t size, uint64_t offset)
{
    while (size) {
        ssize_t done = pwrite(fd, bytes, size, (off_t)offset);
        if (done <= 0 && errno != EINTR)
            return false;
        if (done > 0) {
            bytes = (const uint8_t *)bytes + done;
            size -= (uint64_t)done;
            offset += (uint64_t)done;
        }
    }
    return true;
}

static const char *write_file(const char *path, struct snarl_plan_head *head, const struct part *parts)
{
    char temporary[SNARL_PLAN_PATH_MAX];
    if (snprintf(temporary, sizeof(temporary), "%s.%d.tmp", path, (int)getpid()) >= (int)sizeof(temporary))
        return "its path is too long";
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return "the file cannot be made";
    uint64_t end = 0;
    bool good = write_all(fd, head, sizeof(*head), 0);
    for (int i = 0; i < SNARL_SECTION_COUNT && good; i++) {
        good = write_all(fd, parts[i].bytes, parts[i].size, head->sections[i].offset);
        end = head->sections[i].offset + parts[i].size;
    }
    /* the code section is mapped by whole pages, which must exist */
    good = good && !ftruncate(fd, (off_t)aligned(end, SNARL_PLAN_PAGE));
    good &= close(fd) == 0;
    if (good && rename(temporary, path) == 0)
        return NULL;
    unlink(temporary);
    return "the file cannot be written (is the disk full?)";
}

const char *snarl_planfile_write(const char *path, struct snarl_plan_head *head, struct snarl_emitter *emitter)
{
    const struct snarl_image *image = emitter->code->image;
    uint32_t patch_count, row_count;
    struct snarl_plan_patch *patches = collect_patches(emitter->code, &patch_count);
    struct snarl_plan_row *rows = collect_rows(image, &row_count);
    memcpy(head->magic, SNARL_PLAN_MAGIC, sizeof(head->magic));
    head->version = SNARL_PLAN_VERSION;
    head->check = emitter->check;
    strncpy(head->snarl, SNARL_VERSION, sizeof(head->snarl) - 1);
    memcpy(head->build_id, image->build_id, image->build_id_size);
    head->build_id_size = image->build_id_size;
    head->image_size = image->size;
    head->copy_size = (uint32_t)aligned(SNARL_PLAN_PAGE + emitter->size, SNARL_PLAN_PAGE);
    /* Below the module when its place is chosen by the loader; a fixed one lies too low for that, and the
     * heap grows behind it. */
    head->distance = image->pie ? -(int64_t)aligned(head->copy_size + 0x10000u, 0x10000u)
                                : (int64_t)aligned(image->size + 0x20000000u, 0x10000u);
    head->thread = SNARL_PLAN_THREAD_USUAL;
    snarl_emit_place(emitter, head->distance, head->thread);
    const struct part parts[SNARL_SECTION_COUNT] = {
        [SNARL_SECTION_CODE] = {emitter->bytes, emitter->size},
        [SNARL_SECTION_PATCHES] = {patches, (uint64_t)patch_count * sizeof(*patches)},
        [SNARL_SECTION_IMAGE_FIXES] = {emitter->image_fixes.at, 4ull * emitter->image_fixes.count},
        [SNARL_SECTION_THREAD_FIXES] = {emitter->thread_fixes.at, 4ull * emitter->thread_fixes.count},
        [SNARL_SECTION_MAP] = {emitter->map, (uint64_t)emitter->map_count * sizeof(*emitter->map)},
        [SNARL_SECTION_ROWS] = {rows, (uint64_t)row_count * sizeof(*rows)},
    };
    uint64_t offset = SNARL_PLAN_PAGE;
    for (int i = 0; i < SNARL_SECTION_COUNT; i++) {
        head->sections[i] = (struct snarl_plan_section){offset, parts[i].size,
                                                        snarl_plan_hash(parts[i].bytes, parts[i].size)};
        offset = aligned(offset + parts[i].size, i == SNARL_SECTION_CODE ? SNARL_PLAN_PAGE : 8);
    }
    head->hash = snarl_plan_hash(head, offsetof(struct snarl_plan_head, hash));
    const char *problem = write_file(path, head, parts);
    free(patches);
    free(rows);
    return problem;
}

static bool sections_whole(const uint8_t *bytes, uint64_t size, const struct snarl_plan_head *head)
{
    for (int i = 0; i < SNARL_SECTION_COUNT; i++) {
        const struct snarl_plan_section *section = &head->sections[i];
        if (section->offset > size || section->size > size - section->offset ||
            snarl_plan_hash(bytes + section->offset, section->size) != section->hash)
            return false;
    }
    return true;
}

static bool head_fits(const struct snarl_plan_head *head, const uint8_t *build_id, unsigned build_id_size,
                      enum snarl_plan_check check)
{
    return !memcmp(head->magic, SNARL_PLAN_MAGIC, sizeof(head->magic)) && head->version == SNARL_PLAN_VERSION &&
           head->hash == snarl_plan_hash(head, offsetof(struct snarl_plan_head, hash)) &&
           head->check == (uint32_t)check && head->build_id_size == build_id_size &&
           !memcmp(head->build_id, build_id, build_id_size) &&
           !strncmp(head->snarl, SNARL_VERSION, sizeof(head->snarl));
}

bool snarl_planfile_check(const char *path, const uint8_t *build_id, unsigned build_id_size,
                          enum snarl_plan_check check, struct snarl_plan_head *head)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    struct stat status;
    bool good = !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
                !(status.st_mode & 022) && status.st_size >= (off_t)sizeof(*head);
    void *bytes = good ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (bytes == MAP_FAILED)
        return false;
    memcpy(head, bytes, sizeof(*head));
    good = head_fits(head, build_id, build_id_size, check) &&
           sections_whole(bytes, (uint64_t)status.st_size, head);
    munmap(bytes, (size_t)status.st_size);
    return good;
}
