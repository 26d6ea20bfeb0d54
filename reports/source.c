/* source.c - see source.h. A file is read whole and indexed by line starts. */
#include "reports/source.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((off_t)16 << 20)
#define LINE_MAX_BYTES 4096u

struct source_file {
    struct source_file *next;
    char *name; /* as recorded */
    char *path; /* where it was found; NULL: nowhere */
    char *text; /* not terminated */
    size_t size;
    uint32_t *starts; /* offset of each line */
    unsigned lines;
};

struct snarl_sources {
    struct source_file *files[256];
    char *cwd;
    char **roots;
    size_t root_count;
};

struct snarl_sources *snarl_sources_new(const char *cwd, const char *const *roots)
{
    struct snarl_sources *sources = calloc(1, sizeof(*sources));
    if (!sources)
        return NULL;
    while (roots && roots[sources->root_count])
        sources->root_count++;
    sources->cwd = cwd ? strdup(cwd) : NULL;
    sources->roots = calloc(sources->root_count + 1, sizeof(char *));
    for (size_t i = 0; sources->roots && i < sources->root_count; i++)
        sources->roots[i] = strdup(roots[i]);
    return sources;
}

void snarl_sources_free(struct snarl_sources *sources)
{
    if (!sources)
        return;
    for (size_t i = 0; i < sizeof(sources->files) / sizeof(sources->files[0]); i++) {
        while (sources->files[i]) {
            struct source_file *file = sources->files[i];
            sources->files[i] = file->next;
            free(file->text);
            free(file->starts);
            free(file->name);
            free(file->path);
            free(file);
        }
    }
    for (size_t i = 0; sources->roots && i < sources->root_count; i++)
        free(sources->roots[i]);
    free(sources->roots);
    free(sources->cwd);
    free(sources);
}

static void index_lines(struct source_file *file)
{
    unsigned count = 0;
    for (size_t at = 0; at < file->size; count++) {
        const char *end = memchr(file->text + at, '\n', file->size - at);
        at = end ? (size_t)(end - file->text) + 1 : file->size;
    }
    file->starts = malloc((count + 1) * sizeof(*file->starts));
    if (!file->starts)
        return;
    size_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        file->starts[i] = at;
        const char *end = memchr(file->text + at, '\n', file->size - at);
        at = end ? (size_t)(end - file->text) + 1 : file->size;
    }
    file->starts[count] = file->size;
    file->lines = count;
}

/* Takes `path` (allocated) when it is a readable regular file. */
static bool take(struct source_file *file, char *path)
{
    struct stat status;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return false;
    bool fits =
        !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size <= FILE_MAX;
    char *text = fits ? malloc(status.st_size) : NULL;
    ssize_t got = text ? 1 : 0;
    while (got > 0 && file->size < (size_t)status.st_size) {
        got = read(fd, text + file->size, status.st_size - file->size);
        file->size += got > 0 ? got : 0;
    }
    close(fd);
    if (!text)
        return false;
    file->text = text;
    file->path = path;
    index_lines(file);
    return true;
}

static bool take_under(struct source_file *file, const char *folder, const char *rest)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, rest) < 0)
        return false;
    if (take(file, path))
        return true;
    free(path);
    return false;
}

static bool take_from_root(struct source_file *file, const char *root)
{
    const char *rest = file->name;
    while (*rest == '/')
        rest++;
    while (!take_under(file, root, rest)) {
        rest = strchr(rest, '/');
        if (!rest)
            return false;
        rest++;
    }
    return true;
}

static void find(struct snarl_sources *sources, struct source_file *file)
{
    bool absolute = file->name[0] == '/';
    if (absolute) {
        char *path = strdup(file->name);
        if (take(file, path))
            return;
        free(path);
    } else if (sources->cwd && take_under(file, sources->cwd, file->name)) {
        return;
    }
    for (size_t i = 0; sources->roots && i < sources->root_count; i++)
        if (sources->roots[i] && take_from_root(file, sources->roots[i]))
            return;
}

static unsigned bucket(const char *name)
{
    unsigned hash = 5381;
    while (*name)
        hash = hash * 33 + (unsigned char)*name++;
    return hash % 256;
}

static struct source_file *get(struct snarl_sources *sources, const char *name)
{
    if (!sources || !name || !*name)
        return NULL;
    struct source_file **slot = &sources->files[bucket(name)];
    for (struct source_file *file = *slot; file; file = file->next)
        if (!strcmp(file->name, name))
            return file;
    struct source_file *file = calloc(1, sizeof(*file));
    if (!file || !(file->name = strdup(name))) {
        free(file);
        return NULL;
    }
    find(sources, file);
    file->next = *slot;
    *slot = file;
    return file;
}

static void fill(const struct source_file *file, unsigned number, struct snarl_source_line *line)
{
    size_t start = file->starts[number - 1];
    size_t length = file->starts[number] - start;
    while (length && (file->text[start + length - 1] == '\n' || file->text[start + length - 1] == '\r'))
        length--;
    line->text = file->text + start;
    line->length = length < LINE_MAX_BYTES ? length : LINE_MAX_BYTES;
    line->number = number;
}

size_t snarl_source_context(struct snarl_sources *sources, const char *name, unsigned line, unsigned before,
                            unsigned after, struct snarl_source_line *lines)
{
    const struct source_file *file = get(sources, name);
    if (!file || !line || line > file->lines)
        return 0;
    unsigned first = line > before ? line - before : 1;
    unsigned last = file->lines - line > after ? line + after : file->lines;
    for (unsigned number = first; number <= last; number++)
        fill(file, number, &lines[number - first]);
    return last - first + 1;
}

const char *snarl_source_path(struct snarl_sources *sources, const char *name)
{
    const struct source_file *file = get(sources, name);
    return file ? file->path : NULL;
}
