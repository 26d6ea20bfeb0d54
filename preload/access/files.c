/* files.c - reading from and writing to descriptors, and how they come about.
 *
 * On this machine off_t has 64 bits: the calls with 64 in their names are the same. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload/access/bridge.h"

static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_readv)(int, const struct iovec *, int);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_preadv)(int, const struct iovec *, int, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real___read_chk)(int, void *, size_t, size_t);
static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_open_2)(const char *, int);
static int (*real_openat_2)(int, const char *, int);
static ssize_t (*real_pread_chk)(int, void *, size_t, off_t, size_t);
static int (*real_pipe2)(int *, int);
static int (*real_eventfd)(unsigned, int);
static int (*real_fcntl)(int, int, ...);

static const struct snarl_true s_true[] = {
    {"read", &real_read},
    {"write", &real_write},
    {"pread", &real_pread},
    {"pwrite", &real_pwrite},
    {"readv", &real_readv},
    {"writev", &real_writev},
    {"preadv", &real_preadv},
    {"pwritev", &real_pwritev},
    {"__read_chk", &real___read_chk},
    {"open", &real_open},
    {"openat", &real_openat},
    {"__open64_2", &real_open_2},
    {"__openat64_2", &real_openat_2},
    {"__pread_chk", &real_pread_chk},
    {"pipe2", &real_pipe2},
    {"eventfd", &real_eventfd},
    {"fcntl", &real_fcntl},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* --- reading and writing --- */

SNARL_EXPORT ssize_t read(int fd, void *buffer, size_t size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_read(fd, buffer, size);
    snarl_traffic_reading("read", fd, SNARL_SITE);
    ssize_t result = real_read(fd, buffer, size);
    snarl_traffic_read("read", fd, buffer, result, SNARL_SITE);
    snarl_handle_read(fd, buffer, result);
    return result;
}

SNARL_EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
SNARL_EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
    prepare();
    if (!snarl_calls_wanted())
        return real___read_chk(fd, buffer, size, room);
    snarl_traffic_reading("read", fd, SNARL_SITE);
    ssize_t result = real___read_chk(fd, buffer, size, room);
    snarl_traffic_read("read", fd, buffer, result, SNARL_SITE);
    snarl_handle_read(fd, buffer, result);
    return result;
}

SNARL_EXPORT ssize_t write(int fd, const void *buffer, size_t size)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_write(fd, buffer, size);
    snarl_traffic_writing("write", fd, buffer, size, SNARL_SITE);
    ssize_t result = real_write(fd, buffer, size);
    snarl_traffic_written("write", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_pread(fd, buffer, size, offset);
    snarl_traffic_reading("pread", fd, SNARL_SITE);
    ssize_t result = real_pread(fd, buffer, size, offset);
    snarl_traffic_read("pread", fd, buffer, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_pwrite(fd, buffer, size, offset);
    snarl_traffic_writing("pwrite", fd, buffer, size, SNARL_SITE);
    ssize_t result = real_pwrite(fd, buffer, size, offset);
    snarl_traffic_written("pwrite", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t pread64(int fd, void *buffer, size_t size, off_t offset)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_pread(fd, buffer, size, offset);
    snarl_traffic_reading("pread", fd, SNARL_SITE);
    ssize_t result = real_pread(fd, buffer, size, offset);
    snarl_traffic_read("pread", fd, buffer, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t size, off_t offset)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_pwrite(fd, buffer, size, offset);
    snarl_traffic_writing("pwrite", fd, buffer, size, SNARL_SITE);
    ssize_t result = real_pwrite(fd, buffer, size, offset);
    snarl_traffic_written("pwrite", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);
SNARL_EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_pread_chk(fd, buffer, size, offset, room);
    snarl_traffic_reading("pread", fd, SNARL_SITE);
    ssize_t result = real_pread_chk(fd, buffer, size, offset, room);
    snarl_traffic_read("pread", fd, buffer, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);
SNARL_EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t offset, size_t room)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_pread_chk(fd, buffer, size, offset, room);
    snarl_traffic_reading("pread", fd, SNARL_SITE);
    ssize_t result = real_pread_chk(fd, buffer, size, offset, room);
    snarl_traffic_read("pread", fd, buffer, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t readv(int fd, const struct iovec *part, int count)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_readv(fd, part, count);
    snarl_traffic_reading("readv", fd, SNARL_SITE);
    ssize_t result = real_readv(fd, part, count);
    snarl_traffic_read("readv", fd, NULL, result, SNARL_SITE);
    snarl_traffic_scatter("readv", part, (size_t)count, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t writev(int fd, const struct iovec *part, int count)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_writev(fd, part, count);
    snarl_traffic_gather("writev", part, (size_t)count, SNARL_SITE);
    snarl_traffic_writing("writev", fd, NULL, 0, SNARL_SITE);
    ssize_t result = real_writev(fd, part, count);
    snarl_traffic_written("writev", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t preadv(int fd, const struct iovec *part, int count, off_t offset)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_preadv(fd, part, count, offset);
    snarl_traffic_reading("preadv", fd, SNARL_SITE);
    ssize_t result = real_preadv(fd, part, count, offset);
    snarl_traffic_read("preadv", fd, NULL, result, SNARL_SITE);
    snarl_traffic_scatter("preadv", part, (size_t)count, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t pwritev(int fd, const struct iovec *part, int count, off_t offset)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_pwritev(fd, part, count, offset);
    snarl_traffic_gather("pwritev", part, (size_t)count, SNARL_SITE);
    snarl_traffic_writing("pwritev", fd, NULL, 0, SNARL_SITE);
    ssize_t result = real_pwritev(fd, part, count, offset);
    snarl_traffic_written("pwritev", fd, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t preadv64(int fd, const struct iovec *part, int count, off_t offset)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_preadv(fd, part, count, offset);
    snarl_traffic_reading("preadv", fd, SNARL_SITE);
    ssize_t result = real_preadv(fd, part, count, offset);
    snarl_traffic_read("preadv", fd, NULL, result, SNARL_SITE);
    snarl_traffic_scatter("preadv", part, (size_t)count, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t pwritev64(int fd, const struct iovec *part, int count, off_t offset)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_pwritev(fd, part, count, offset);
    snarl_traffic_gather("pwritev", part, (size_t)count, SNARL_SITE);
    snarl_traffic_writing("pwritev", fd, NULL, 0, SNARL_SITE);
    ssize_t result = real_pwritev(fd, part, count, offset);
    snarl_traffic_written("pwritev", fd, result, SNARL_SITE);
    return result;
}

/* --- new descriptors --- */

static void tell_path(const char *name, const char *path, struct snarl_site site)
{
    if (snarl_calls_wanted())
        snarl_call_reads(name, path, snarl_string_size(path), site);
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

SNARL_EXPORT int open(const char *path, int flags, ...)
{
    prepare();
    tell_path("open", path, SNARL_SITE);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return snarl_traffic_opened(real_open(path, flags, mode), SNARL_SITE);
}

SNARL_EXPORT int openat(int folder, const char *path, int flags, ...)
{
    prepare();
    tell_path("openat", path, SNARL_SITE);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return snarl_traffic_opened(real_openat(folder, path, flags, mode), SNARL_SITE);
}

SNARL_EXPORT int creat(const char *path, mode_t mode)
{
    prepare();
    tell_path("creat", path, SNARL_SITE);
    return snarl_traffic_opened(real_open(path, O_CREAT | O_WRONLY | O_TRUNC, mode), SNARL_SITE);
}

SNARL_EXPORT int open64(const char *path, int flags, ...)
{
    prepare();
    tell_path("open", path, SNARL_SITE);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return snarl_traffic_opened(real_open(path, flags, mode), SNARL_SITE);
}

SNARL_EXPORT int openat64(int folder, const char *path, int flags, ...)
{
    prepare();
    tell_path("openat", path, SNARL_SITE);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return snarl_traffic_opened(real_openat(folder, path, flags, mode), SNARL_SITE);
}

SNARL_EXPORT int creat64(const char *path, mode_t mode)
{
    prepare();
    tell_path("creat", path, SNARL_SITE);
    return snarl_traffic_opened(real_open(path, O_CREAT | O_WRONLY | O_TRUNC, mode), SNARL_SITE);
}

/* The fortified forms, whose flags do not say that a file is made. */
SNARL_EXPORT int __open_2(const char *path, int flags);
SNARL_EXPORT int __open_2(const char *path, int flags)
{
    prepare();
    tell_path("open", path, SNARL_SITE);
    return snarl_traffic_opened(real_open_2(path, flags), SNARL_SITE);
}

SNARL_EXPORT int __open64_2(const char *path, int flags);
SNARL_EXPORT int __open64_2(const char *path, int flags)
{
    prepare();
    tell_path("open", path, SNARL_SITE);
    return snarl_traffic_opened(real_open_2(path, flags), SNARL_SITE);
}

SNARL_EXPORT int __openat_2(int folder, const char *path, int flags);
SNARL_EXPORT int __openat_2(int folder, const char *path, int flags)
{
    prepare();
    tell_path("openat", path, SNARL_SITE);
    return snarl_traffic_opened(real_openat_2(folder, path, flags), SNARL_SITE);
}

SNARL_EXPORT int __openat64_2(int folder, const char *path, int flags);
SNARL_EXPORT int __openat64_2(int folder, const char *path, int flags)
{
    prepare();
    tell_path("openat", path, SNARL_SITE);
    return snarl_traffic_opened(real_openat_2(folder, path, flags), SNARL_SITE);
}

SNARL_EXPORT int pipe2(int ends[2], int flags)
{
    prepare();
    int result = real_pipe2(ends, flags);
    if (result == 0) {
        snarl_traffic_opened(ends[0], SNARL_SITE);
        snarl_traffic_opened(ends[1], SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT int pipe(int ends[2])
{
    prepare();
    int result = real_pipe2(ends, 0);
    if (result == 0) {
        snarl_traffic_opened(ends[0], SNARL_SITE);
        snarl_traffic_opened(ends[1], SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT int eventfd(unsigned value, int flags)
{
    prepare();
    return snarl_traffic_opened(real_eventfd(value, flags), SNARL_SITE);
}

SNARL_EXPORT int eventfd_read(int fd, eventfd_t *value)
{
    return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

SNARL_EXPORT int eventfd_write(int fd, eventfd_t value)
{
    return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

static int control(int fd, int command, void *argument, struct snarl_site site)
{
    int result = real_fcntl(fd, command, argument);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        snarl_traffic_opened(result, site);
    return result;
}

SNARL_EXPORT int fcntl(int fd, int command, ...)
{
    prepare();
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return control(fd, command, argument, SNARL_SITE);
}

SNARL_EXPORT int fcntl64(int fd, int command, ...)
{
    prepare();
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return control(fd, command, argument, SNARL_SITE);
}
