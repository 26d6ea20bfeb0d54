/* paths.c - files by name: names that are read, answers that are stored; and folders.
 *
 * A folder's stream is a variable as a file's is (streams.h), but one that readdir changes: its entry is
 * overwritten by the next call. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/access/bridge.h"

static int (*real_access)(const char *, int);
static int (*real_unlink)(const char *);
static int (*real_rmdir)(const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_chdir)(const char *);
static int (*real_chmod)(const char *, mode_t);
static int (*real_truncate)(const char *, off_t);
static int (*real_remove)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_link)(const char *, const char *);
static int (*real_symlink)(const char *, const char *);
static int (*real_stat)(const char *restrict, struct stat *restrict);
static int (*real_lstat)(const char *restrict, struct stat *restrict);
static int (*real_stat64)(const char *restrict, struct stat64 *restrict);
static int (*real_lstat64)(const char *restrict, struct stat64 *restrict);
static int (*real_fstat)(int, struct stat *);
static int (*real_fstat64)(int, struct stat64 *);
static int (*real_fstatat)(int, const char *restrict, struct stat *restrict, int);
static int (*real_fstatat64)(int, const char *restrict, struct stat64 *restrict, int);
static ssize_t (*real_readlink)(const char *restrict, char *restrict, size_t);
static char *(*real_getcwd)(char *, size_t);
static int (*real_gethostname)(char *, size_t);
static ssize_t (*real___readlink_chk)(const char *restrict, char *restrict, size_t, size_t);
static char *(*real___getcwd_chk)(char *, size_t, size_t);
static int (*real___gethostname_chk)(char *, size_t, size_t);
static ssize_t (*real_readlinkat)(int, const char *restrict, char *restrict, size_t);
static char *(*real___realpath_chk)(const char *, char *, size_t);
static int (*real_closedir)(DIR *);
static DIR *(*real_opendir)(const char *);
static DIR *(*real_fdopendir)(int);
static struct dirent *(*real_readdir)(DIR *);
static struct dirent64 *(*real_readdir64)(DIR *);
static void (*real_rewinddir)(DIR *);

static const struct snarl_true s_true[] = {
    {"access", &real_access},
    {"unlink", &real_unlink},
    {"rmdir", &real_rmdir},
    {"mkdir", &real_mkdir},
    {"chdir", &real_chdir},
    {"chmod", &real_chmod},
    {"truncate", &real_truncate},
    {"remove", &real_remove},
    {"rename", &real_rename},
    {"link", &real_link},
    {"symlink", &real_symlink},
    {"stat", &real_stat},
    {"lstat", &real_lstat},
    {"stat64", &real_stat64},
    {"lstat64", &real_lstat64},
    {"fstat", &real_fstat},
    {"fstat64", &real_fstat64},
    {"fstatat", &real_fstatat},
    {"fstatat64", &real_fstatat64},
    {"readlink", &real_readlink},
    {"getcwd", &real_getcwd},
    {"gethostname", &real_gethostname},
    {"__readlink_chk", &real___readlink_chk},
    {"__getcwd_chk", &real___getcwd_chk},
    {"__gethostname_chk", &real___gethostname_chk},
    {"readlinkat", &real_readlinkat},
    {"__realpath_chk", &real___realpath_chk},
    {"closedir", &real_closedir},
    {"opendir", &real_opendir},
    {"fdopendir", &real_fdopendir},
    {"readdir", &real_readdir},
    {"readdir64", &real_readdir64},
    {"rewinddir", &real_rewinddir},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* --- names --- */

SNARL_EXPORT int access(const char *path, int mode)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("access", path, snarl_string_size(path), SNARL_SITE);
    return real_access(path, mode);
}

SNARL_EXPORT int unlink(const char *path)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("unlink", path, snarl_string_size(path), SNARL_SITE);
    return real_unlink(path);
}

SNARL_EXPORT int rmdir(const char *path)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("rmdir", path, snarl_string_size(path), SNARL_SITE);
    return real_rmdir(path);
}

SNARL_EXPORT int mkdir(const char *path, mode_t mode)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("mkdir", path, snarl_string_size(path), SNARL_SITE);
    return real_mkdir(path, mode);
}

SNARL_EXPORT int chdir(const char *path)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("chdir", path, snarl_string_size(path), SNARL_SITE);
    return real_chdir(path);
}

SNARL_EXPORT int chmod(const char *path, mode_t mode)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("chmod", path, snarl_string_size(path), SNARL_SITE);
    return real_chmod(path, mode);
}

SNARL_EXPORT int truncate(const char *path, off_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("truncate", path, snarl_string_size(path), SNARL_SITE);
    return real_truncate(path, size);
}

SNARL_EXPORT int remove(const char *path)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("remove", path, snarl_string_size(path), SNARL_SITE);
    return real_remove(path);
}

SNARL_EXPORT int rename(const char *from, const char *to)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("rename", from, snarl_string_size(from), SNARL_SITE);
        snarl_call_reads("rename", to, snarl_string_size(to), SNARL_SITE);
    }
    return real_rename(from, to);
}

SNARL_EXPORT int link(const char *from, const char *to)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("link", from, snarl_string_size(from), SNARL_SITE);
        snarl_call_reads("link", to, snarl_string_size(to), SNARL_SITE);
    }
    return real_link(from, to);
}

SNARL_EXPORT int symlink(const char *from, const char *to)
{
    prepare();
    if (snarl_calls_wanted()) {
        snarl_call_reads("symlink", from, snarl_string_size(from), SNARL_SITE);
        snarl_call_reads("symlink", to, snarl_string_size(to), SNARL_SITE);
    }
    return real_symlink(from, to);
}

/* --- answers --- */

SNARL_EXPORT int stat(const char *restrict path, struct stat *restrict status)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("stat", path, snarl_string_size(path), SNARL_SITE);
    int result = real_stat(path, status);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("stat", status, sizeof(*status), SNARL_SITE);
    return result;
}

SNARL_EXPORT int lstat(const char *restrict path, struct stat *restrict status)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("lstat", path, snarl_string_size(path), SNARL_SITE);
    int result = real_lstat(path, status);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("lstat", status, sizeof(*status), SNARL_SITE);
    return result;
}

SNARL_EXPORT int stat64(const char *restrict path, struct stat64 *restrict status)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("stat", path, snarl_string_size(path), SNARL_SITE);
    int result = real_stat64(path, status);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("stat", status, sizeof(*status), SNARL_SITE);
    return result;
}

SNARL_EXPORT int lstat64(const char *restrict path, struct stat64 *restrict status)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("lstat", path, snarl_string_size(path), SNARL_SITE);
    int result = real_lstat64(path, status);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("lstat", status, sizeof(*status), SNARL_SITE);
    return result;
}

SNARL_EXPORT int fstat(int fd, struct stat *status)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("fstat", fd, SNARL_SITE);
    int result = real_fstat(fd, status);
    if (snarl_calls_wanted())
        snarl_traffic_written("fstat", fd, result, SNARL_SITE);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("fstat", status, sizeof(*status), SNARL_SITE);
    return result;
}

SNARL_EXPORT int fstat64(int fd, struct stat64 *status)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("fstat", fd, SNARL_SITE);
    int result = real_fstat64(fd, status);
    if (snarl_calls_wanted())
        snarl_traffic_written("fstat", fd, result, SNARL_SITE);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("fstat", status, sizeof(*status), SNARL_SITE);
    return result;
}

SNARL_EXPORT int fstatat(int folder, const char *restrict path, struct stat *restrict status, int flags)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("fstatat", path, snarl_string_size(path), SNARL_SITE);
    int result = real_fstatat(folder, path, status, flags);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("fstatat", status, sizeof(*status), SNARL_SITE);
    return result;
}

SNARL_EXPORT int fstatat64(int folder, const char *restrict path, struct stat64 *restrict status, int flags)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("fstatat", path, snarl_string_size(path), SNARL_SITE);
    int result = real_fstatat64(folder, path, status, flags);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("fstatat", status, sizeof(*status), SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t readlink(const char *restrict path, char *restrict buffer, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("readlink", path, snarl_string_size(path), SNARL_SITE);
    ssize_t result = real_readlink(path, buffer, size);
    if (snarl_calls_wanted() && result > 0)
        snarl_call_writes("readlink", buffer, (size_t)result, SNARL_SITE);
    return result;
}

SNARL_EXPORT char *getcwd(char *buffer, size_t size)
{
    prepare();
    char *result = real_getcwd(buffer, size);
    if (snarl_calls_wanted() && result && buffer)
        snarl_call_writes("getcwd", buffer, snarl_string_size(result), SNARL_SITE);
    return result;
}

SNARL_EXPORT int gethostname(char *buffer, size_t size)
{
    prepare();
    int result = real_gethostname(buffer, size);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("gethostname", buffer, snarl_string_extent(buffer, size), SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t __readlink_chk(const char *restrict path, char *restrict buffer, size_t size,
                                    size_t room);
SNARL_EXPORT ssize_t __readlink_chk(const char *restrict path, char *restrict buffer, size_t size,
                                    size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("readlink", path, snarl_string_size(path), SNARL_SITE);
    ssize_t result = real___readlink_chk(path, buffer, size, room);
    if (snarl_calls_wanted() && result > 0)
        snarl_call_writes("readlink", buffer, (size_t)result, SNARL_SITE);
    return result;
}

SNARL_EXPORT char *__getcwd_chk(char *buffer, size_t size, size_t room);
SNARL_EXPORT char *__getcwd_chk(char *buffer, size_t size, size_t room)
{
    prepare();
    char *result = real___getcwd_chk(buffer, size, room);
    if (snarl_calls_wanted() && result && buffer)
        snarl_call_writes("getcwd", buffer, snarl_string_size(result), SNARL_SITE);
    return result;
}

SNARL_EXPORT int __gethostname_chk(char *buffer, size_t size, size_t room);
SNARL_EXPORT int __gethostname_chk(char *buffer, size_t size, size_t room)
{
    prepare();
    int result = real___gethostname_chk(buffer, size, room);
    if (snarl_calls_wanted() && result == 0)
        snarl_call_writes("gethostname", buffer, snarl_string_extent(buffer, size), SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t readlinkat(int folder, const char *restrict path, char *restrict buffer, size_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("readlinkat", path, snarl_string_size(path), SNARL_SITE);
    ssize_t result = real_readlinkat(folder, path, buffer, size);
    if (snarl_calls_wanted() && result > 0)
        snarl_call_writes("readlinkat", buffer, (size_t)result, SNARL_SITE);
    return result;
}

SNARL_EXPORT char *__realpath_chk(const char *path, char *buffer, size_t room);
SNARL_EXPORT char *__realpath_chk(const char *path, char *buffer, size_t room)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("realpath", path, snarl_string_size(path), SNARL_SITE);
    char *result = real___realpath_chk(path, buffer, room);
    if (snarl_calls_wanted() && result && buffer)
        snarl_call_writes("realpath", buffer, snarl_string_size(result), SNARL_SITE);
    return result;
}

/* The older version wants a buffer; the newer one allocates when there is none. */
static char *(*real_old_realpath)(const char *restrict, char *restrict);
static char *(*real_realpath)(const char *restrict, char *restrict);

static const struct snarl_true s_versions[] = {
    {"realpath@GLIBC_2.2.5", &real_old_realpath},
    {"realpath@GLIBC_2.3", &real_realpath},
};
static bool s_versions_ready;

static char *resolve(char *(**true_one)(const char *restrict, char *restrict), const char *path, char *buffer,
                     struct snarl_site site)
{
    if (__builtin_expect(!s_versions_ready, 0))
        snarl_true_find(s_versions, sizeof(s_versions) / sizeof(*s_versions), &s_versions_ready);
    if (snarl_calls_wanted() && path)
        snarl_call_reads("realpath", path, snarl_string_size(path), site);
    char *result = (*true_one)(path, buffer);
    if (snarl_calls_wanted() && result && buffer)
        snarl_call_writes("realpath", buffer, snarl_string_size(buffer), site);
    return result;
}

SNARL_EXPORT char *new_realpath(const char *restrict path, char *restrict buffer);
SNARL_EXPORT char *old_realpath(const char *restrict path, char *restrict buffer);
__asm__(".symver new_realpath, realpath@@GLIBC_2.3");
__asm__(".symver old_realpath, realpath@GLIBC_2.2.5");

SNARL_EXPORT char *new_realpath(const char *restrict path, char *restrict buffer)
{
    return resolve(&real_realpath, path, buffer, SNARL_SITE);
}

SNARL_EXPORT char *old_realpath(const char *restrict path, char *restrict buffer)
{
    return resolve(&real_old_realpath, path, buffer, SNARL_SITE);
}

/* --- folders --- */

SNARL_EXPORT DIR *opendir(const char *path)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("opendir", path, snarl_string_size(path), SNARL_SITE);
    return real_opendir(path);
}

SNARL_EXPORT DIR *fdopendir(int fd)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_traffic_reading("fdopendir", fd, SNARL_SITE);
    return real_fdopendir(fd);
}

/* What is at a folder's beginning is its descriptor, which stays as it is: it only has to have an address. */
static void *variable_of(DIR *folder)
{
    return folder;
}

SNARL_EXPORT struct dirent *readdir(DIR *folder)
{
    prepare();
    struct dirent *result = real_readdir(folder);
    if (snarl_calls_wanted())
        snarl_call_writes("readdir", variable_of(folder), sizeof(int), SNARL_SITE);
    return result;
}

SNARL_EXPORT struct dirent64 *readdir64(DIR *folder)
{
    prepare();
    struct dirent64 *result = real_readdir64(folder);
    if (snarl_calls_wanted())
        snarl_call_writes("readdir", variable_of(folder), sizeof(int), SNARL_SITE);
    return result;
}

SNARL_EXPORT void rewinddir(DIR *folder)
{
    prepare();
    real_rewinddir(folder);
    if (snarl_calls_wanted())
        snarl_call_writes("rewinddir", variable_of(folder), sizeof(int), SNARL_SITE);
}

SNARL_EXPORT int closedir(DIR *folder)
{
    prepare();
    struct snarl_thread *thr = snarl_calls_wanted() && folder ? snarl_call_enter(SNARL_SITE) : NULL;
    if (thr) {
        snarl_call_end(thr, "closedir", variable_of(folder), sizeof(int), SNARL_SITE);
        snarl_call_leave(thr);
        snarl_port_closing("closedir", dirfd(folder), SNARL_SITE);
    }
    return real_closedir(folder);
}
