/* runfile_reader.c - see runfile_reader.h. Framing and damage are here, the fields of the records are in
 * runfile_records.c.
 *
 * The search for the next good record after damage computes checksums of whatever looks like a record; RESYNC
 * bounds that work, so that no file of sync words makes reading it quadratic. */
#include "reports/runfile_reader.h"

#include "finding/wire.h"
#include "reports/runfile_records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_HEAD 16u
#define FILE_MAX ((size_t)2 << 30)
#define RESYNC (4 * (size_t)SNARL_RECORD_MAX)

static uint32_t word(const uint8_t *at)
{
    return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The checksum is over type, zero, length (bytes 4..11) and the payload, which do not lie side by side. */
static uint32_t record_crc(const uint8_t *head, uint32_t length)
{
    static uint8_t s_joined[8 + SNARL_RECORD_MAX];
    memcpy(s_joined, head + 4, 8);
    memcpy(s_joined + 8, head + 16, length);
    return snarl_wire_crc(s_joined, 8 + (size_t)length);
}

/* Whether a whole, undamaged record starts at `at`. `*spent` grows by the bytes looked at. */
static bool good_record(const uint8_t *at, size_t left, size_t *spent)
{
    if (left < 16 || word(at) != SNARL_RECORD_SYNC)
        return false;
    uint32_t length = word(at + 8);
    if (length > SNARL_RECORD_MAX || length > left - 16)
        return false;
    *spent += length + 16;
    return record_crc(at, length) == word(at + 12);
}

static void add_damage(struct snarl_runfile *file, uint64_t offset, uint64_t length, const char *what)
{
    struct snarl_run_damage *damage = snarl_arena_take(&file->inner->arena, sizeof(*damage));
    damage->offset = offset;
    damage->length = length;
    damage->what = what;
    snarl_list_append(&file->inner->damage_end, damage, &damage->next);
}

/* The offset of the next good record after the bad one at `from`; `size` when there is none. */
static size_t resync(const uint8_t *bytes, size_t from, size_t size, size_t *budget)
{
    static const uint8_t s_sync[4] = {0x53, 0x4e, 0x52, 0x4c};
    for (size_t at = from + 1; at < size && *budget; at++) {
        const uint8_t *found = memmem(bytes + at, size - at, s_sync, sizeof(s_sync));
        if (!found)
            return size;
        at = found - bytes;
        size_t spent = 0;
        if (good_record(found, size - at, &spent))
            return at;
        *budget -= spent < *budget ? spent : *budget;
    }
    return size;
}

static const char *damage_word(const uint8_t *at, size_t left)
{
    if (left < 16)
        return "the last record is cut off";
    if (word(at) != SNARL_RECORD_SYNC)
        return "no record where one should start";
    if (word(at + 8) > SNARL_RECORD_MAX)
        return "a record's length is impossible";
    return word(at + 8) > left - 16 ? "the last record is cut off" : "a record's checksum is wrong";
}

static void parse_records(struct snarl_runfile *file, const uint8_t *bytes, size_t size)
{
    size_t budget = RESYNC + 4 * size;
    for (size_t at = FILE_HEAD; at < size;) {
        size_t spent = 0;
        if (!good_record(bytes + at, size - at, &spent)) {
            size_t next = resync(bytes, at, size, &budget);
            add_damage(file, at, next - at, damage_word(bytes + at, size - at));
            at = next;
            continue;
        }
        uint32_t length = word(bytes + at + 8);
        unsigned type = bytes[at + 4] | bytes[at + 5] << 8;
        struct snarl_wire_reader payload = {.at = bytes + at + 16, .end = bytes + at + 16 + length};
        if (!snarl_runfile_record(file, type, &payload))
            add_damage(file, at, length + 16, "a record's fields do not fit its length");
        at += length + 16;
    }
}

static struct snarl_runfile *new_runfile(const char *path)
{
    struct snarl_arena arena = {0};
    struct snarl_runfile *file = snarl_arena_take(&arena, sizeof(*file));
    file->inner = snarl_arena_take(&arena, sizeof(*file->inner));
    file->path = snarl_arena_text(&arena, path, strlen(path));
    file->exit.how = SNARL_RUN_EXIT_UNKNOWN;
    file->process.program = file->process.cwd = file->process.mode = "";
    file->process.version = file->process.run_id = "";
    file->inner->arena = arena;
    snarl_runfile_lists(file);
    return file;
}

struct snarl_runfile *snarl_runfile_parse(const char *path, const void *bytes, size_t size, char *error,
                                          size_t error_size)
{
    const uint8_t *head = bytes;
    size_t magic = sizeof(SNARL_RUNFILE_MAGIC) - 1;
    if (size < FILE_HEAD || memcmp(head, SNARL_RUNFILE_MAGIC, magic)) {
        snprintf(error, error_size, "%s: not a run file of snarl (its first %u bytes are %s)", path,
                 FILE_HEAD, size < FILE_HEAD ? "not all there" : "others");
        return NULL;
    }
    if (word(head + magic) != SNARL_RUNFILE_VERSION) {
        snprintf(error, error_size,
                 "%s: a run file of version %u, and this snarl reads version %u: use the snarl "
                 "that made it",
                 path, word(head + magic), SNARL_RUNFILE_VERSION);
        return NULL;
    }
    struct snarl_runfile *file = new_runfile(path);
    parse_records(file, head, size);
    return file;
}

/* All bytes of the file, which may grow meanwhile. NULL with errno. */
static uint8_t *read_all(const char *path, size_t *size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    uint8_t *bytes = NULL;
    *size = 0;
    errno = EINVAL;
    if (!fstat(fd, &status) && S_ISREG(status.st_mode)) {
        size_t room = (size_t)status.st_size < FILE_MAX ? (size_t)status.st_size : FILE_MAX;
        bytes = malloc(room + 1);
        ssize_t got = 1;
        while (bytes && *size < room && got > 0) {
            got = read(fd, bytes + *size, room - *size);
            *size += got > 0 ? got : 0;
        }
    }
    int number = errno;
    close(fd);
    errno = number;
    return bytes;
}

struct snarl_runfile *snarl_runfile_read(const char *path, char *error, size_t error_size)
{
    size_t size;
    uint8_t *bytes = read_all(path, &size);
    if (!bytes) {
        snprintf(error, error_size, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    struct snarl_runfile *file = snarl_runfile_parse(path, bytes, size, error, error_size);
    free(bytes);
    return file;
}

void snarl_runfile_free(struct snarl_runfile *file)
{
    if (!file)
        return;
    struct snarl_runfile_inner inner = *file->inner;
    snarl_idmap_free(&inner.modules);
    snarl_idmap_free(&inner.stacks);
    snarl_idmap_free(&inner.threads);
    snarl_idmap_free(&inner.locks);
    snarl_idmap_free(&inner.findings);
    snarl_idmap_free(&inner.coverage);
    snarl_arena_free(&inner.arena);
}

const struct snarl_run_module *snarl_runfile_module(const struct snarl_runfile *file, uint64_t id)
{
    return snarl_idmap_get(&file->inner->modules, id);
}

const struct snarl_run_stack *snarl_runfile_stack(const struct snarl_runfile *file, uint64_t id)
{
    return snarl_idmap_get(&file->inner->stacks, id);
}

const struct snarl_run_thread *snarl_runfile_thread(const struct snarl_runfile *file, uint64_t id)
{
    return snarl_idmap_get(&file->inner->threads, id);
}

const struct snarl_run_lock *snarl_runfile_lock(const struct snarl_runfile *file, uint64_t id)
{
    return snarl_idmap_get(&file->inner->locks, id);
}
