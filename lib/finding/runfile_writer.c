/* runfile_writer.c - see runfile_writer.h; the format is in runfile.h. */
#include "finding/runfile_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/counters.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/options.h"
#include "base/os.h"
#include "base/text.h"
#include "stack/depot.h"
#include "stack/modules.h"

#define BUFFER_BYTES ((size_t)1 << 17)
#define LOWEST_FD 900 /* ours stay out of the way of programs that expect small numbers */

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_RUNFILE};
static int s_fd = -1;
static char s_directory[SNARL_PATH_MAX];
static char s_path[SNARL_PATH_MAX];
static uint64_t s_started; /* monotonic ns */
static uint8_t s_buffer[BUFFER_BYTES];
static size_t s_length;                  /* finished records in the buffer */
static struct snarl_record_head s_head;  /* of the record being built */
static struct snarl_wire_writer s_writer; /* its payload */
static bool s_loss_told;

static void lost(size_t bytes, int error)
{
    snarl_count_add(SNARL_COUNT_WRITE_LOST, bytes);
    if (!s_loss_told)
        snarl_text_warn("cannot write to ", s_path,
                        error == -ENOSPC ? ": no space left; what is found from here on is not recorded"
                                         : ": what is found from here on may not be recorded");
    s_loss_told = true;
}

static void flush(void)
{
    if (s_length == 0 || s_fd < 0) {
        s_length = 0;
        return;
    }
    int result = snarl_os_write_all(s_fd, s_buffer, s_length);
    if (result == -EBADF) { /* the program closed all descriptors it found */
        int fd = snarl_os_open(s_path, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
        s_fd = fd >= 0 && fd < LOWEST_FD ? snarl_os_dup_high(fd, LOWEST_FD) : fd;
        if (fd >= 0 && s_fd != fd)
            snarl_os_close(fd);
        result = s_fd >= 0 ? snarl_os_write_all(s_fd, s_buffer, s_length) : fd;
    }
    if (result < 0)
        lost(s_length, result);
    s_length = 0;
}

void snarl_runfile_begin(void)
{
    snarl_mutex_lock(&s_lock);
}

void snarl_runfile_end(void)
{
    flush();
    snarl_mutex_unlock(&s_lock);
}

struct snarl_wire_writer *snarl_runfile_record(enum snarl_record_type type)
{
    if (s_length > BUFFER_BYTES / 2)
        flush();
    s_head = (struct snarl_record_head){.sync = SNARL_RECORD_SYNC, .type = (uint16_t)type};
    s_writer.at = s_buffer + s_length + sizeof(s_head);
    s_writer.end = s_buffer + BUFFER_BYTES;
    s_writer.overflow = false;
    return &s_writer;
}

void snarl_runfile_finish(void)
{
    uint8_t *record = s_buffer + s_length;
    s_head.length = (uint32_t)(s_writer.at - record - sizeof(s_head));
    memcpy(record, &s_head, sizeof(s_head));
    /* Type, zero and length are contiguous; the checksum's own word is left out by moving the tail over it. */
    uint8_t sum[8];
    memcpy(sum, record + 4, sizeof(sum));
    memcpy(record + 8, sum, sizeof(sum));
    s_head.crc = snarl_wire_crc(record + 8, sizeof(sum) + s_head.length);
    memcpy(record, &s_head, sizeof(s_head));
    if (s_writer.overflow)
        lost(1, 0);
    s_length += sizeof(s_head) + s_head.length;
}

static void write_module(struct snarl_module *module)
{
    if (!module || module->written)
        return;
    module->written = true;
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_MODULE);
    snarl_wire_put_uint(writer, module->id);
    snarl_wire_put_text(writer, module->path);
    snarl_wire_put_bytes(writer, module->build_id, module->build_id_size);
    snarl_wire_put_uint(writer, module->bias);
    snarl_wire_put_uint(writer, module->start);
    snarl_wire_put_uint(writer, module->end);
    snarl_wire_put_uint(writer, module->main);
    snarl_runfile_finish();
}

void snarl_runfile_module_of(uintptr_t address)
{
    write_module(snarl_modules_find(address, false));
}

void snarl_runfile_put_module_value(struct snarl_wire_writer *writer, uintptr_t address)
{
    const struct snarl_module *module = snarl_modules_find(address, false);
    snarl_wire_put_uint(writer, module ? module->id : 0);
    snarl_wire_put_uint(writer, module ? address - module->bias : 0);
}

static void put_frame(struct snarl_wire_writer *writer, uintptr_t frame)
{
    if (frame & SNARL_FRAME_WORDS) {
        const struct snarl_word_frame *words = snarl_stack_words(frame);
        snarl_wire_put_uint(writer, SNARL_FRAME_SYMBOLIC);
        snarl_wire_put_text(writer, words->function);
        snarl_wire_put_text(writer, words->file);
        snarl_wire_put_uint(writer, words->line);
        snarl_wire_put_uint(writer, words->column);
        snarl_wire_put_text(writer, words->language);
        return;
    }
    const struct snarl_module *module = snarl_modules_find(frame, false);
    snarl_wire_put_uint(writer, module ? module->id : 0);
    snarl_wire_put_uint(writer, module ? frame - module->bias : frame);
}

void snarl_runfile_stack(uint32_t id)
{
    struct snarl_stack *stack = snarl_stack_get(id);
    if (!stack || stack->written)
        return;
    stack->written = true;
    for (uint32_t i = 0; i < stack->count; i++)
        if (!(stack->frame[i] & SNARL_FRAME_WORDS))
            write_module(snarl_modules_find(stack->frame[i], true));
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_STACK);
    snarl_wire_put_uint(writer, id);
    snarl_wire_put_uint(writer, (uint64_t)stack->complete | (uint64_t)stack->exact << 1);
    snarl_wire_put_uint(writer, stack->count);
    for (uint32_t i = 0; i < stack->count; i++)
        put_frame(writer, stack->frame[i]);
    snarl_runfile_finish();
}

/* Reads a small file of /proc whole; the length, 0 when it cannot be read. */
static size_t read_proc(const char *path, char *buffer, size_t size)
{
    int fd = snarl_os_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    size_t length = 0;
    ssize_t count;
    while (length < size && (count = snarl_os_read(fd, buffer + length, size - length)) > 0)
        length += (size_t)count;
    snarl_os_close(fd);
    return length;
}

static void put_link(struct snarl_wire_writer *writer, const char *path)
{
    char buffer[SNARL_PATH_MAX];
    ssize_t length = snarl_os_readlink(path, buffer, sizeof(buffer));
    snarl_wire_put_bytes(writer, buffer, length > 0 ? (size_t)length : 0);
}

static void put_arguments(struct snarl_wire_writer *writer)
{
    static char s_arguments[16384]; /* longer command lines are cut; guarded by the session */
    size_t length = read_proc("/proc/self/cmdline", s_arguments, sizeof(s_arguments) - 1);
    s_arguments[length] = '\0';
    uint64_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += s_arguments[i] == '\0' || i + 1 == sizeof(s_arguments) - 1;
    snarl_wire_put_uint(writer, count);
    for (size_t at = 0; count > 0; count--, at += strlen(s_arguments + at) + 1)
        snarl_wire_put_text(writer, s_arguments + at);
}

static void write_process(const char *mode)
{
    struct snarl_wire_writer *writer = snarl_runfile_record(SNARL_RECORD_PROCESS);
    snarl_wire_put_uint(writer, (uint64_t)snarl_os_pid());
    snarl_wire_put_uint(writer, (uint64_t)snarl_os_parent_pid());
    snarl_wire_put_uint(writer, snarl_os_realtime_ns());
    snarl_wire_put_uint(writer, s_started);
    put_link(writer, "/proc/self/exe");
    put_link(writer, "/proc/self/cwd");
    put_arguments(writer);
    snarl_wire_put_text(writer, mode);
    snarl_wire_put_text(writer, SNARL_VERSION);
    snarl_wire_put_text(writer, snarl_options.run_id);
    snarl_runfile_finish();
}

static int create_file(void)
{
    struct snarl_text path = snarl_text_in(s_path, sizeof(s_path));
    snarl_text_add(snarl_text_add(&path, s_directory), "/");
    snarl_text_add(snarl_text_add_uint(&path, (uint64_t)snarl_os_pid()), "-");
    snarl_text_add(snarl_text_add_hex(&path, s_started), ".snarl");
    int fd = snarl_os_open(s_path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return fd;
    int high = snarl_os_dup_high(fd, LOWEST_FD);
    if (high < 0)
        return fd; /* few descriptors allowed: keep what there is */
    snarl_os_close(fd);
    return high;
}

/* Makes `path` and the folders above it. */
static void make_directory(const char *path)
{
    char part[SNARL_PATH_MAX];
    for (size_t i = 0; i < sizeof(part) && (part[i] = path[i]); i++) {
        if (i > 0 && path[i] == '/') {
            part[i] = '\0';
            snarl_os_mkdir(part, 0777);
            part[i] = '/';
        }
    }
    snarl_os_mkdir(path, 0777);
}

static bool start_file(const char *mode)
{
    s_started = snarl_os_monotonic_ns();
    s_fd = create_file();
    if (s_fd == -ENOENT) {
        make_directory(s_directory);
        s_fd = create_file();
    }
    if (s_fd < 0) {
        snarl_text_warn("cannot create a file in the run directory ", s_directory,
                        ": nothing is recorded for this process; choose another with --out");
        return false;
    }
    struct {
        char magic[8];
        uint32_t version, zero;
    } head = {.version = SNARL_RUNFILE_VERSION};
    memcpy(head.magic, SNARL_RUNFILE_MAGIC, sizeof(head.magic));
    memcpy(s_buffer, &head, sizeof(head));
    s_length = sizeof(head);
    write_process(mode);
    flush();
    return true;
}

/* Programs change their working directory: the run directory is kept as a whole path. */
static void keep_directory(const char *directory)
{
    struct snarl_text text = snarl_text_in(s_directory, sizeof(s_directory));
    if (directory[0] != '/') {
        char cwd[SNARL_PATH_MAX];
        ssize_t length = snarl_os_readlink("/proc/self/cwd", cwd, sizeof(cwd) - 1);
        cwd[length > 0 ? length : 0] = '\0';
        snarl_text_add(snarl_text_add(&text, cwd), "/");
    }
    snarl_text_add(&text, directory);
}

bool snarl_runfile_open(const char *directory, const char *mode)
{
    if (!directory || !*directory) {
        s_started = snarl_os_monotonic_ns();
        return true;
    }
    keep_directory(directory);
    snarl_runfile_begin();
    bool opened = start_file(mode);
    snarl_runfile_end();
    return opened;
}

void snarl_runfile_forked(const char *mode)
{
    s_length = 0;
    if (s_fd >= 0)
        snarl_os_close(s_fd);
    s_fd = -1;
    if (s_directory[0]) {
        snarl_runfile_begin();
        start_file(mode);
        snarl_runfile_end();
    }
}

bool snarl_runfile_is_open(void)
{
    return s_fd >= 0;
}

bool snarl_runfile_owns_fd(int fd)
{
    return fd >= 0 && fd == s_fd;
}

int snarl_runfile_fd(void)
{
    return s_fd;
}

void snarl_runfile_move_fd(void)
{
    snarl_mutex_lock(&s_lock);
    int fd = s_fd >= 0 ? snarl_os_dup_high(s_fd, s_fd + 1) : -1;
    if (fd >= 0) {
        snarl_os_close(s_fd);
        s_fd = fd;
    }
    snarl_mutex_unlock(&s_lock);
}

uint64_t snarl_runfile_now(void)
{
    return snarl_os_monotonic_ns() - s_started;
}

const char *snarl_runfile_directory(void)
{
    return s_directory;
}
