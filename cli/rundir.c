/* rundir.c - see rundir.h. */
#include "cli/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/strings.h"

static int fail(const char *doing, const char *path)
{
    snarl_complain("%s %s: %s; choose another folder with --out", doing, path, strerror(errno));
    return -1;
}

/* Local time with its offset, as people read it: 2026-03-01T12:00:00+01:00. */
static char *format_time(time_t when)
{
    struct tm parts;
    char text[32], offset[8];
    localtime_r(&when, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    strftime(offset, sizeof(offset), "%z", &parts);
    return snarl_string_format("%s%.3s:%s", text, offset, offset + 3);
}

static char *usual_name(const char *program)
{
    time_t now = time(NULL);
    struct tm parts;
    char stamp[32];
    localtime_r(&now, &parts);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &parts);
    const char *base = strrchr(program, '/');
    return snarl_string_format("%.100s-%s-%d", base ? base + 1 : program, stamp, getpid());
}

/* `wanted` with the usual name in place of its first %p. */
static char *expand_name(const char *wanted, const char *program)
{
    const char *mark = strstr(wanted, "%p");
    if (!mark)
        return snarl_string_copy(wanted);
    char *usual = usual_name(program);
    char *name = snarl_string_format("%.*s%s%s", (int)(mark - wanted), wanted, usual, mark + 2);
    free(usual);
    return name;
}

/* The folder and those that lead to it. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int result = mkdir(path, 0777);
        *slash = '/';
        if (result && errno != EEXIST)
            return fail("cannot make the folder for", path);
    }
    if (mkdir(path, 0777) && errno != EEXIST)
        return fail("cannot make the folder", path);
    return 0;
}

static int take_lock(struct snarl_rundir *directory)
{
    directory->lock = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->lock < 0)
        return fail("cannot open the folder", directory->path);
    if (flock(directory->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        snarl_complain("%s: another run is writing there; choose another folder with --out", directory->path);
        return -1;
    }
    if (faccessat(directory->lock, ".", W_OK | X_OK, AT_EACCESS))
        return fail("cannot write into", directory->path);
    return 0;
}

static bool is_run_file(const char *name)
{
    size_t length = strlen(name);
    return !strcmp(name, "run.json") || !strcmp(name, "meta.json") ||
           (length > 6 && !strcmp(name + length - 6, ".snarl"));
}

/* Only what a run leaves, and only where one was: a folder of other things is left as it is. */
static int remove_earlier_run(const struct snarl_rundir *directory)
{
    if (faccessat(directory->lock, "meta.json", F_OK, 0))
        return 0;
    int copy = openat(directory->lock, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (!entries)
        return fail("cannot read the folder", directory->path);
    int result = 0;
    for (struct dirent *entry; !result && (entry = readdir(entries));)
        if (is_run_file(entry->d_name) && unlinkat(directory->lock, entry->d_name, 0))
            result = fail("cannot empty", directory->path);
    closedir(entries);
    return result;
}

/* JSON is UTF-8: text in another encoding is shown with its odd bytes as \xNN. */
static json_t *json_text(const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    char *visible = snarl_string_visible(text, true);
    value = json_string(visible);
    free(visible);
    return value;
}

static json_t *describe(const struct snarl_rundir *directory, char *const *command)
{
    char host[256] = "";
    gethostname(host, sizeof(host) - 1);
    char *cwd = getcwd(NULL, 0);
    json_t *words = json_array();
    for (; *command; command++)
        json_array_append_new(words, json_text(*command));
    json_t *meta = json_pack("{s:i s:s s:s s:s s:o s:o s:o s:i}", "schema", 1, "snarl", SNARL_VERSION, "id",
                             directory->id, "started", directory->started, "command", words, "cwd",
                             json_text(cwd ? cwd : ""), "host", json_text(host), "pid", (int)getpid());
    free(cwd);
    return meta;
}

static int write_meta(const struct snarl_rundir *directory, json_t *meta)
{
    char *path = snarl_string_format("%s/meta.json", directory->path);
    char *temporary = snarl_string_format("%s.new", path);
    int result = 0;
    if (!meta || json_dump_file(meta, temporary, JSON_INDENT(2)) || rename(temporary, path)) {
        int error = errno;
        unlink(temporary);
        errno = error;
        result = fail("cannot write", path);
    }
    json_decref(meta);
    free(temporary);
    free(path);
    return result;
}

static void name_run(struct snarl_rundir *directory)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
        number = (uint64_t)getpid();
    time_t now = time(NULL);
    directory->started = format_time(now);
    directory->id = snarl_string_format("%llx-%016llx", (unsigned long long)now, (unsigned long long)number);
}

int snarl_rundir_make(struct snarl_rundir *directory, const char *wanted, char *const *command)
{
    char *name = expand_name(wanted ? wanted : "snarl-out/%p", command[0]);
    *directory = (struct snarl_rundir){.path = snarl_string_absolute(name), .lock = -1};
    free(name);
    name_run(directory);
    if (make_folders(directory->path) || take_lock(directory) || remove_earlier_run(directory))
        return -1;
    return write_meta(directory, describe(directory, command));
}

int snarl_rundir_finish(const struct snarl_rundir *directory, char *const *command,
                        const struct snarl_launch *launch, int exit_status)
{
    json_t *meta = describe(directory, command);
    json_object_set_new(meta, "ended", json_true());
    json_object_set_new(meta, "duration_s", json_real(launch->duration_s));
    json_object_set_new(meta, "exit_status", json_integer(exit_status));
    json_object_set_new(meta, "timed_out", json_boolean(launch->timed_out));
    return write_meta(directory, meta);
}

void snarl_rundir_free(struct snarl_rundir *directory)
{
    free(directory->path);
    free(directory->id);
    free(directory->started);
    if (directory->lock >= 0)
        close(directory->lock);
    *directory = (struct snarl_rundir){.lock = -1};
}
