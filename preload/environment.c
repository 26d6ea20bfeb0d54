/* environment.c - see environment.h. */
#include "preload/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/text.h"
#include "finding/runfile_writer.h"
#include "preload/shim.h"

#define PRELOAD "LD_PRELOAD="
#define OPTIONS "SNARL_OPTIONS="
#define REPORTED "SNARL_REPORTED_BY="

static char s_options[SNARL_PATH_MAX * 2 + 64]; /* "SNARL_OPTIONS=…" as children shall have it */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Escapes what options.h treats as special. */
static void add_escaped(struct snarl_text *text, const char *value)
{
    for (; *value; value++) {
        char part[3] = {'\\', *value, '\0'};
        snarl_text_add(text, *value == ':' || *value == '\\' ? part : part + 1);
    }
}

static bool ends(const char *entry, size_t size, const char *with)
{
    size_t length = strlen(with);
    return size >= length && strncmp(entry + size - length, with, length) == 0;
}

/* Whether an entry is of use only together with us. One stands for gcc's sanitizer runtime: children without us need the
 * true one. */
static bool is_companion(const char *entry, size_t size)
{
    return ends(entry, size, "/inert/libtsan.so.2") || ends(entry, size, "/libsnarl-calls.so");
}

/* The library list of a LD_PRELOAD entry without us; entries are separated by spaces or colons. */
static size_t others(const char *list, char *result)
{
    size_t length = 0;
    while (*list) {
        size_t size = strcspn(list, " :");
        if (size && !(size == strlen(snarl_own_path()) && strncmp(list, snarl_own_path(), size) == 0) &&
            (snarl_options.follow || !is_companion(list, size))) {
            if (length)
                result[length++] = ':';
            memcpy(result + length, list, size);
            length += size;
        }
        list += size + (list[size] != '\0');
    }
    result[length] = '\0';
    return length;
}

/* libc starts programs by itself, too (system, popen), with our own environment as it is: it is made to say the same. */
static void adjust_own(void)
{
    setenv("SNARL_OPTIONS", s_options + strlen(OPTIONS), 1);
    const char *list = getenv("LD_PRELOAD");
    char rest[SNARL_PATH_MAX];
    if (snarl_options.follow || !list || strlen(list) >= sizeof(rest))
        return;
    if (others(list, rest))
        setenv("LD_PRELOAD", rest, 1);
    else
        unsetenv("LD_PRELOAD");
}

void snarl_environment_prepare(void)
{
    char out[SNARL_PATH_MAX];
    struct snarl_text last = snarl_text_in(out, sizeof(out));
    add_escaped(snarl_text_add(&last, "out="), snarl_runfile_directory());
    const char *given = getenv("SNARL_OPTIONS");
    size_t length = given ? strlen(given) : 0;
    bool said = length >= last.length && strcmp(given + length - last.length, out) == 0; /* by our parent */
    struct snarl_text text = snarl_text_in(s_options, sizeof(s_options));
    snarl_text_add(snarl_text_add(&text, OPTIONS), given);
    if (!said) /* of a key that comes twice the last one counts */
        snarl_text_add(snarl_text_add(&text, length ? ":" : ""), out);
    adjust_own();
}

struct snarl_environment_size snarl_environment_measure(char *const environment[])
{
    struct snarl_environment_size size = {4, strlen(snarl_own_path()) + sizeof(PRELOAD) + 2};
    for (; environment && *environment; environment++) {
        size.pointers++;
        if (begins(*environment, PRELOAD))
            size.bytes += strlen(*environment) + 1;
    }
    return size;
}

/* LD_PRELOAD with us first, what was there behind. False: there is nothing to say. */
static bool write_preload(const char *list, char *bytes)
{
    char *at = stpcpy(bytes, PRELOAD);
    if (snarl_options.follow)
        at = stpcpy(at, snarl_own_path());
    char *start = at;
    if (snarl_options.follow)
        *at++ = ':';
    size_t length = others(list, at);
    if (!length)
        *start = '\0';
    return snarl_options.follow || length;
}

void snarl_environment_fill(char *const environment[], char **pointers, char *bytes)
{
    const char *list = "", *options = s_options;
    for (; environment && *environment; environment++) {
        if (begins(*environment, PRELOAD))
            list = *environment + strlen(PRELOAD);
        else if (begins(*environment, s_options)) /* more than we say: a `snarl run` that we watch */
            options = *environment;
        else if (!begins(*environment, OPTIONS) && !begins(*environment, REPORTED))
            *pointers++ = *environment;
    }
    if (write_preload(list, bytes))
        *pointers++ = bytes;
    if (snarl_options.follow) {
        *pointers++ = (char *)options;
        *pointers++ = (char *)REPORTED "parent";
    }
    *pointers = NULL;
}
