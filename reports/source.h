/* source.h - lines of source files for renderers.
 *
 * A file is looked for as recorded, then relative to `cwd` (where the program ran), then under each source
 * root with ever fewer leading folders of the recorded path ("/build/x/src/a.c": root/build/x/src/a.c,
 * root/x/src/a.c, root/src/a.c, root/a.c). Files are read once and kept until snarl_sources_free. */
#ifndef SNARL_REPORTS_SOURCE_H
#define SNARL_REPORTS_SOURCE_H

#include <stddef.h>

struct snarl_sources; /* the files read so far */

/* `cwd` may be NULL; `roots` ends with NULL and may be NULL. Both are copied. NULL when memory is short. */
struct snarl_sources *snarl_sources_new(const char *cwd, const char *const *roots);
void snarl_sources_free(struct snarl_sources *sources);

struct snarl_source_line {
    const char *text; /* not terminated, without the line's end; lives as long as `sources` */
    size_t length;
    unsigned number; /* counts from 1 */
};

/* Fills `lines` (room for before + 1 + after) with the lines around `line` that exist, and says how many;
 * 0 when the file or the line is not there. Files past 16 MB and lines' bytes past 4096 are left out. */
size_t snarl_source_context(struct snarl_sources *sources, const char *file, unsigned line, unsigned before,
                            unsigned after, struct snarl_source_line *lines);

/* The path under which the file was found, or NULL. Lives as long as `sources`. */
const char *snarl_source_path(struct snarl_sources *sources, const char *file);

#endif
