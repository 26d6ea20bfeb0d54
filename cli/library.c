/* library.c - see library.h. */
#include "cli/library.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/strings.h"

#define NAME "libsnarl.so"

/* Relative to the command's folder: the build tree, then an installation as it was configured, then one that
 * was moved elsewhere. */
static const char *const s_places[] = {"../preload", "../" SNARL_INSTALL_LIBDIR "/snarl", "../lib/snarl"};

char *snarl_library_own_folder(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length <= 0)
        return snarl_string_copy("/usr/bin");
    path[length] = '\0';
    *strrchr(path, '/') = '\0';
    return snarl_string_copy(path[0] ? path : "/");
}

static char *find_path(void)
{
    const char *told = getenv("SNARL_LIBRARY");
    if (told && *told) {
        char *path = realpath(told, NULL);
        if (!path)
            snarl_complain("SNARL_LIBRARY names %s: %s", told, strerror(errno));
        return path;
    }
    char *folder = snarl_library_own_folder();
    char *path = NULL;
    for (size_t i = 0; !path && i < sizeof(s_places) / sizeof(s_places[0]); i++) {
        char *candidate = snarl_string_format("%s/%s/" NAME, folder, s_places[i]);
        path = realpath(candidate, NULL);
        free(candidate);
    }
    if (!path)
        snarl_complain(NAME " is neither in %s/../preload nor in %s/../" SNARL_INSTALL_LIBDIR
                            "; say where it is with SNARL_LIBRARY=/path/to/" NAME,
                       folder, folder);
    free(folder);
    return path;
}

/* LD_PRELOAD knows no way to say a space or a colon: such a path gets a link elsewhere. */
static int make_link(struct snarl_library *library)
{
    if (!strpbrk(library->path, " :"))
        return 0;
    const char *temporary = getenv("TMPDIR");
    if (!temporary || temporary[0] != '/' || strpbrk(temporary, " :"))
        temporary = "/tmp";
    library->folder = snarl_string_format("%s/snarl-XXXXXX", temporary);
    char *link = NULL;
    if (mkdtemp(library->folder)) {
        link = snarl_string_format("%s/" NAME, library->folder);
        if (!symlink(library->path, link)) {
            free(library->path);
            library->path = link;
            return 0;
        }
        rmdir(library->folder);
    }
    snarl_complain("cannot make a link to %s in %s: %s", library->path, temporary, strerror(errno));
    free(link);
    free(library->folder);
    library->folder = NULL;
    return -1;
}

int snarl_library_find(struct snarl_library *library)
{
    *library = (struct snarl_library){.path = find_path()};
    return library->path ? make_link(library) : -1;
}

void snarl_library_free(struct snarl_library *library)
{
    if (library->folder) {
        unlink(library->path);
        rmdir(library->folder);
    }
    free(library->path);
    free(library->folder);
    *library = (struct snarl_library){0};
}

void snarl_library_option(char **options, const char *key, const char *value)
{
    size_t old = *options ? strlen(*options) : 0;
    char *text = realloc(*options, old + 1 + strlen(key) + 1 + 2 * strlen(value) + 1);
    if (!text)
        snarl_complain_no_memory();
    char *at = text + old;
    at += sprintf(at, "%s%s=", old ? ":" : "", key);
    for (; *value; value++) {
        if (*value == ':' || *value == '\\')
            *at++ = '\\';
        *at++ = *value;
    }
    *at = '\0';
    *options = text;
}

/* "NAME=first<separator>second", without what is missing. */
static char *join_variable(const char *name, const char *first, const char *second, char separator)
{
    if (!first || !*first || !second || !*second)
        return snarl_string_format("%s=%s%s", name, first ? first : "", second ? second : "");
    return snarl_string_format("%s=%s%c%s", name, first, separator, second);
}

static bool is_variable(const char *text, const char *name)
{
    size_t length = strlen(name);
    return !strncmp(text, name, length) && text[length] == '=';
}

/* A library that stands beside libsnarl.so, as an entry of LD_PRELOAD; NULL when it is not there. */
static char *find_companion(const struct snarl_library *library, const char *name)
{
    char *real = realpath(library->path, NULL);
    char *slash = real ? strrchr(real, '/') : NULL;
    char *path = slash ? snarl_string_format("%.*s/%s", (int)(slash - real), real, name) : NULL;
    free(real);
    if (path && !strpbrk(path, " :") && access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* As the library does by itself where it was preloaded alone (preload/early.c): unless it is told otherwise. */
static bool looks_for_races(const char *options)
{
    bool wanted = true;
    for (const char *at = options; at && *at; at = strchr(at, ':'), at = at ? at + 1 : NULL)
        if (!strncmp(at, "races=", strlen("races=")))
            wanted = strncmp(at, "races=off", strlen("races=off")) != 0;
    return wanted;
}

/* libsnarl.so; behind it the interceptors that only races need (preload/access/bridge.h), and the empty library that keeps
 * gcc's sanitizer runtime away (preload/tsan/inert.c). */
static char *preload_list(const struct snarl_library *library, const char *options)
{
    char *list = snarl_string_copy(library->path);
    const char *const names[] = {looks_for_races(options) ? "libsnarl-calls.so" : NULL, "inert/libtsan.so.2"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char *path = names[i] ? find_companion(library, names[i]) : NULL;
        if (!path)
            continue;
        char *longer = snarl_string_format("%s:%s", list, path);
        free(list);
        free(path);
        list = longer;
    }
    return list;
}

char **snarl_library_environment(const struct snarl_library *library, const char *options)
{
    size_t count = 0;
    while (environ[count])
        count++;
    char **result = calloc(count + 3, sizeof(*result));
    if (!result)
        snarl_complain_no_memory();
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_variable(environ[i], "LD_PRELOAD") && !is_variable(environ[i], "SNARL_OPTIONS"))
            result[used++] = environ[i];
    char *list = preload_list(library, options);
    result[used++] = join_variable("LD_PRELOAD", list, getenv("LD_PRELOAD"), ':');
    free(list);
    result[used++] = join_variable("SNARL_OPTIONS", getenv("SNARL_OPTIONS"), options, ':');
    return result;
}
