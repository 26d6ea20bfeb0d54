/* planfile.c - see planfile.h. */
#include "plan/planfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool snarl_planfile_path(char *path, size_t size, const char *folder, const uint8_t *build_id,
                         unsigned build_id_size, enum snarl_plan_check check)
{
    char name[SNARL_PLAN_NAME_MAX];
    snarl_plan_name(name, build_id, build_id_size, check);
    int length = snprintf(path, size, "%s/%s", folder, name);
    return length > 0 && (size_t)length < size;
}

/* --- one planner for a module at a time --- */

/* Opens the part file; *current: it still has its name, so nobody finished or gave it up meanwhile. */
static int open_part(const struct snarl_planfile *file, bool wait, bool *current)
{
    struct stat ours, named;
    int fd = open(file->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) && errno != ENOLCK) { /* a file system without locks: go on */
        if (errno == EINTR)
            continue;
        close(fd);
        return -1;
    }
    *current = !fstat(fd, &ours) && !stat(file->part, &named) && ours.st_ino == named.st_ino &&
               ours.st_dev == named.st_dev;
    return fd;
}

const char *snarl_planfile_claim(struct snarl_planfile *file, const char *path, bool wait)
{
    bool current = false;
    file->fd = -1;
    if (snprintf(file->path, sizeof(file->path), "%s", path) >= (int)sizeof(file->path) ||
        snprintf(file->part, sizeof(file->part), "%s.part", path) >= (int)sizeof(file->part))
        return "the cache folder's path is too long";
    while (!current) {
        if (file->fd >= 0)
            close(file->fd);
        file->fd = open_part(file, wait, &current);
        if (file->fd < 0)
            return errno == EWOULDBLOCK ? "another planner is at it"
                                        : "its plan cannot be written to the cache folder";
    }
    return NULL;
}

void snarl_planfile_release(struct snarl_planfile *file)
{
    if (file->fd < 0)
        return;
    if (file->part[0])
        unlink(file->part);
    close(file->fd);
    file->fd = -1;
}

/* --- writing --- */

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

_Static_assert(sizeof(struct snarl_object) == sizeof(struct snarl_plan_object), "objects are written as they are");

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

/* Into the claimed file, which then takes the plan's name. */
static const char *write_file(struct snarl_planfile *file, const struct snarl_plan_head *head, const struct part *parts)
{
    uint64_t end = 0;
    bool good = !ftruncate(file->fd, 0) && write_all(file->fd, head, sizeof(*head), 0);
    for (int i = 0; i < SNARL_SECTION_COUNT && good; i++) {
        good = write_all(file->fd, parts[i].bytes, parts[i].size, head->sections[i].offset);
        end = head->sections[i].offset + parts[i].size;
    }
    /* the code section is mapped by whole pages, which must exist */
    good = good && !ftruncate(file->fd, (off_t)aligned(end, SNARL_PLAN_PAGE));
    if (!good || rename(file->part, file->path))
        return errno == ENOSPC || errno == EDQUOT ? "its plan cannot be written: the disk is full"
                                                  : "its plan cannot be written to the cache folder";
    file->part[0] = '\0';
    return NULL;
}

#define PLACE 0x10000u             /* copies begin at multiples of it */
#define BEHIND 0x20000000u         /* left free for a program's heap, or for what lies above a library */
#define FURTHEST 0x7fe00000u       /* from a module's lowest page to its copy's end; see REACH in preload/rewrite/place.c */

/* From the module's lowest page to its copy. A program that the loader places has room below it; one with a fixed place lies too low for
 * that, and the heap grows behind it. Libraries lie one below the other, and the room above all of them is free up to the stacks: there
 * each has a place of its own, as far as chance allows, so that copies do not meet although libraries are smaller than their copies. */
static int64_t distance_of(const struct snarl_image *image, uint32_t copy_size)
{
    int64_t behind = (int64_t)aligned((uint64_t)image->size + BEHIND, PLACE);
    int64_t last = (int64_t)FURTHEST - (int64_t)aligned(copy_size, PLACE);
    if (image->pie && image->program)
        return -(int64_t)aligned((uint64_t)copy_size + PLACE, PLACE);
    if (!image->pie || last <= behind)
        return behind;
    uint64_t places = (uint64_t)(last - behind) / PLACE;
    return behind + (int64_t)(snarl_plan_hash(image->build_id, image->build_id_size) % places * PLACE);
}

const char *snarl_planfile_write(struct snarl_planfile *file, struct snarl_plan_head *head,
                                 struct snarl_emitter *emitter)
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
    head->distance = distance_of(image, head->copy_size);
    head->thread = SNARL_PLAN_THREAD_USUAL;
    snarl_emit_place(emitter, head->distance, head->thread);
    const struct part parts[SNARL_SECTION_COUNT] = {
        [SNARL_SECTION_CODE] = {emitter->bytes, emitter->size},
        [SNARL_SECTION_PATCHES] = {patches, (uint64_t)patch_count * sizeof(*patches)},
        [SNARL_SECTION_IMAGE_FIXES] = {emitter->image_fixes.at, 4ull * emitter->image_fixes.count},
        [SNARL_SECTION_THREAD_FIXES] = {emitter->thread_fixes.at, 4ull * emitter->thread_fixes.count},
        [SNARL_SECTION_MAP] = {emitter->map, (uint64_t)emitter->map_count * sizeof(*emitter->map)},
        [SNARL_SECTION_ROWS] = {rows, (uint64_t)row_count * sizeof(*rows)},
        [SNARL_SECTION_ATOMICS] = {emitter->code->atomics,
                                   (uint64_t)emitter->code->atomic_count * sizeof(struct snarl_object)},
    };
    uint64_t offset = SNARL_PLAN_PAGE;
    for (int i = 0; i < SNARL_SECTION_COUNT; i++) {
        head->sections[i] = (struct snarl_plan_section){offset, parts[i].size,
                                                        snarl_plan_hash(parts[i].bytes, parts[i].size)};
        offset = aligned(offset + parts[i].size, i == SNARL_SECTION_CODE ? SNARL_PLAN_PAGE : 8);
    }
    head->hash = snarl_plan_hash(head, offsetof(struct snarl_plan_head, hash));
    const char *problem = write_file(file, head, parts);
    free(patches);
    free(rows);
    return problem;
}

/* --- checking --- */

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

static int open_own(const char *path, struct stat *status)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    if (!fstat(fd, status) && S_ISREG(status->st_mode) && status->st_uid == geteuid() && !(status->st_mode & 022) &&
        status->st_size >= (off_t)sizeof(struct snarl_plan_head))
        return fd;
    close(fd);
    return -1;
}

bool snarl_planfile_look(const char *path, const uint8_t *build_id, unsigned build_id_size,
                         enum snarl_plan_check check, struct snarl_plan_head *head)
{
    struct stat status;
    int fd = open_own(path, &status);
    if (fd < 0)
        return false;
    bool good = pread(fd, head, sizeof(*head), 0) == sizeof(*head) && head_fits(head, build_id, build_id_size, check);
    for (int i = 0; i < SNARL_SECTION_COUNT && good; i++)
        good = head->sections[i].offset <= (uint64_t)status.st_size &&
               head->sections[i].size <= (uint64_t)status.st_size - head->sections[i].offset;
    close(fd);
    return good;
}

bool snarl_planfile_check(const char *path, const uint8_t *build_id, unsigned build_id_size,
                          enum snarl_plan_check check, struct snarl_plan_head *head)
{
    struct stat status;
    int fd = open_own(path, &status);
    void *bytes = fd >= 0 ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (bytes == MAP_FAILED)
        return false;
    memcpy(head, bytes, sizeof(*head));
    bool good = head_fits(head, build_id, build_id_size, check) &&
                sections_whole(bytes, (uint64_t)status.st_size, head);
    munmap(bytes, (size_t)status.st_size);
    return good;
}

/* --- tidying --- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);
    return length >= size && !strcmp(text + length - size, end);
}

/* A file of the folder that nobody will miss. */
static bool is_stale(const char *name, const struct stat *status, time_t now)
{
    char ours[64];
    snprintf(ours, sizeof(ours), "-%s-%u.plan", SNARL_VERSION, SNARL_PLAN_VERSION);
    time_t used = status->st_atime > status->st_mtime ? status->st_atime : status->st_mtime;
    double days = difftime(now, used) / 86400;
    if (ends_with(name, ".part") || ends_with(name, ".tmp"))
        return days > 1;
    return ends_with(name, ".plan") && days > (ends_with(name, ours) ? SNARL_PLANFILE_KEPT_DAYS : 7);
}

void snarl_planfile_tidy(const char *folder)
{
    DIR *directory = opendir(folder);
    struct stat status;
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (!fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) && S_ISREG(status.st_mode) &&
            is_stale(entry->d_name, &status, time(NULL)))
            unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
}
