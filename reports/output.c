/* output.c - rendering into a file that appears whole or not at all: written under another name, then
 * renamed.
 *
 * A target that is no regular file (a pipe, /dev/stderr) is written to directly. */
#include "reports/reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(char *error, size_t error_size, const char *path, int number)
{
    snprintf(error, error_size, "cannot write %s: %s", path, strerror(number));
    return -1;
}

static int render_to(FILE *out, const json_t *document, const struct snarl_report_format *format,
                     const struct snarl_render_options *options)
{
    errno = 0;
    if (format->render(document, options, out) || fflush(out) || ferror(out)) {
        if (!errno)
            errno = EIO;
        return -1;
    }
    return 0;
}

static int render_direct(const json_t *document, const struct snarl_report_format *format,
                         const struct snarl_render_options *options, const char *path, char *error,
                         size_t error_size)
{
    bool standard = !strcmp(path, "-");
    FILE *out = standard ? stdout : fopen(path, "w");
    if (!out)
        return fail(error, error_size, path, errno);
    int result = render_to(out, document, format, options);
    if (result)
        fail(error, error_size, standard ? "standard output" : path, errno);
    if (!standard && fclose(out) && !result)
        result = fail(error, error_size, path, errno);
    return result;
}

/* What chmod would have given a file made in the usual way. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static int render_renamed(const json_t *document, const struct snarl_report_format *format,
                          const struct snarl_render_options *options, const char *path, char *error,
                          size_t error_size)
{
    char *temporary;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return fail(error, error_size, path, ENOMEM);
    int fd = mkstemp(temporary);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    int result = -1;
    if (!out) {
        fail(error, error_size, path, errno);
    } else {
        fchmod(fd, usual_mode());
        result = render_to(out, document, format, options);
        int number = errno;
        if (fclose(out) && !result) {
            result = -1;
            number = errno;
        }
        if (!result && rename(temporary, path)) {
            result = -1;
            number = errno;
        }
        if (result) {
            fail(error, error_size, path, number);
            unlink(temporary);
        }
    }
    free(temporary);
    return result;
}

int snarl_report_write(const json_t *document, const char *format_name,
                       const struct snarl_render_options *options, const char *path, char *error,
                       size_t error_size)
{
    static const struct snarl_render_options s_plain = {.width = 100};
    const struct snarl_report_format *format = snarl_report_format_find(format_name);
    struct stat status;
    if (!format) {
        snprintf(error, error_size, "there is no report format '%s'", format_name);
        return -1;
    }
    if (!options)
        options = &s_plain;
    if (!strcmp(path, "-") || (!stat(path, &status) && !S_ISREG(status.st_mode)))
        return render_direct(document, format, options, path, error, error_size);
    return render_renamed(document, format, options, path, error, error_size);
}

int snarl_report_keep(const json_t *document, const char *directory, char *error, size_t error_size)
{
    char *path;
    if (asprintf(&path, "%s/run.json", directory) < 0)
        return fail(error, error_size, directory, ENOMEM);
    int result = snarl_report_write(document, "json", NULL, path, error, error_size);
    free(path);
    return result;
}
