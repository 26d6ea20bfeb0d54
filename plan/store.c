/* store.c - see store.h. */
#include "plan/store.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define GLOB_MAX 1024

/* --- which modules --- */

bool snarl_store_matches(const char *globs, const char *module)
{
    char glob[GLOB_MAX];
    const char *slash = strrchr(module, '/');
    while (*globs) {
        size_t size = strcspn(globs, ",");
        if (size && size < sizeof(glob)) {
            memcpy(glob, globs, size);
            glob[size] = '\0';
            if (fnmatch(glob, module, 0) == 0 || fnmatch(glob, slash ? slash + 1 : module, 0) == 0)
                return true;
        }
        globs += size + (globs[size] == ',');
    }
    return false;
}

enum snarl_treatment snarl_store_treatment(const char *module)
{
    static const char s_never[] = "linux-vdso*,libsnarl.so*,libsnarl-calls.so*,libtsan.so*,libasan.so*,libubsan.so*";
    static const char s_tables[] = "ld-linux*,libc.so*,libm.so*,libpthread.so*,libdl.so*,librt.so*,libresolv.so*,"
                                   "libnss_*,libgcc_s.so*,libstdc++.so*,libgomp.so*,libjemalloc*,libtcmalloc*,"
                                   "libmimalloc*,libunwind*";
    if (!*module || snarl_store_matches(s_never, module))
        return SNARL_TREAT_NOT;
    return snarl_store_matches(s_tables, module) ? SNARL_TREAT_TABLES : SNARL_TREAT_CODE;
}

/* --- where --- */

const char *snarl_store_check(const char *folder)
{
    struct stat status;
    if (mkdir(folder, 0700) && errno != EEXIST)
        return errno == EROFS ? "it would be on a read-only file system" : "it cannot be made";
    if (lstat(folder, &status) || !S_ISDIR(status.st_mode))
        return "it is not a folder";
    if (status.st_uid != geteuid())
        return "it belongs to somebody else";
    if (status.st_mode & 022)
        return "others may write to it";
    if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS))
        return "it cannot be written to";
    return NULL;
}

/* Three parts joined, and what is before the last one made. NULL, or why not. */
static const char *try(char *folder, const char *first, const char *between, const char *last)
{
    struct snarl_text text = snarl_text_in(folder, SNARL_STORE_PATH_MAX);
    snarl_text_add(&text, first);
    if (*between) {
        snarl_text_add(&text, between);
        mkdir(folder, 0700);
    }
    snarl_text_add(&text, last);
    if (text.length + 1 >= SNARL_STORE_PATH_MAX)
        return "its path is too long";
    return snarl_store_check(folder);
}

static const char *try_home(char *folder)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    folder[0] = '\0';
    if (cache && *cache == '/') {
        mkdir(cache, 0700);
        return try(folder, cache, "", "/snarl");
    }
    if (home && *home == '/')
        return try(folder, home, "/.cache", "/snarl");
    return "neither HOME nor XDG_CACHE_HOME names a folder";
}

static const char *try_temporary(char *folder)
{
    const char *temporary = getenv("TMPDIR");
    char last[48];
    struct snarl_text text = snarl_text_in(last, sizeof(last));
    snarl_text_add_uint(snarl_text_add(&text, "/snarl-plans-"), geteuid());
    return try(folder, temporary && *temporary == '/' ? temporary : "/tmp", "", last);
}

bool snarl_store_find(struct snarl_store *store)
{
    int saved = errno;
    store->refused[0] = '\0';
    store->problem = try_home(store->folder);
    bool found = !store->problem;
    if (!found) {
        memcpy(store->refused, store->folder, sizeof(store->refused));
        found = !try_temporary(store->folder);
    }
    if (!found)
        store->folder[0] = '\0';
    errno = saved;
    return found;
}
