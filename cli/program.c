/* program.c - see program.h.
 *
 * The search is execvp's, so that what is examined is what will run: a name with a slash is a path; any other
 * is looked for along PATH, where a file without the permission to run it is remembered and the search goes
 * on. */
#include "cli/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cli/complain.h"
#include "cli/strings.h"

#define SCRIPT_LEVELS 5     /* a script whose interpreter is a script: as deep as the kernel goes */
#define SCRIPT_LINE_MAX 256 /* what the kernel reads of the first line */
#define SHELL "/bin/sh"     /* runs executable text without a "#!" line, as execvp has it */

/* 0 when a file at `path` may be executed, else the errno value that execve would give. */
static int try_path(const char *path)
{
    struct stat status;
    if (stat(path, &status))
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES;
    return access(path, X_OK) ? errno : 0;
}

/* The path that execvp would execute, NULL with errno when there is none. */
static char *search_path(const char *name)
{
    const char *directories = getenv("PATH");
    if (!directories)
        directories = "/bin:/usr/bin";
    int failure = ENOENT;
    for (const char *at = directories;; at++) {
        size_t length = strcspn(at, ":");
        char *path =
            length ? snarl_string_format("%.*s/%s", (int)length, at, name) : snarl_string_format("%s", name);
        int result = try_path(path);
        if (!result)
            return path;
        free(path);
        if (result == EACCES)
            failure = EACCES;
        at += length;
        if (!*at)
            break;
    }
    errno = failure;
    return NULL;
}

static int complain_not_found(const char *name, int error)
{
    if (error == ENOENT || error == ENOTDIR) {
        snarl_complain("%s: %s", name, strchr(name, '/') ? strerror(error) : "command not found");
        return SNARL_EXIT_NOT_FOUND;
    }
    struct stat status;
    bool directory = strchr(name, '/') && !stat(name, &status) && S_ISDIR(status.st_mode);
    snarl_complain("%s: cannot be executed: %s", name, directory ? "Is a directory" : strerror(error));
    return SNARL_EXIT_NOT_EXECUTABLE;
}

static int find_path(struct snarl_program *program, const char *name)
{
    if (!*name || !strchr(name, '/')) {
        program->path = *name ? search_path(name) : NULL;
        return program->path ? 0 : complain_not_found(name, *name ? errno : ENOENT);
    }
    int error = try_path(name);
    if (error)
        return complain_not_found(name, error);
    program->path = snarl_string_format("%s", name);
    return 0;
}

/* The first line of a script without "#!", in `line`; false when it has none. */
static bool read_line(const char *path, char line[SCRIPT_LINE_MAX + 1])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t count = read(fd, line, SCRIPT_LINE_MAX);
    close(fd);
    line[count > 0 ? count : 0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] != '#' || line[1] != '!')
        return false;
    memmove(line, line + 2, strlen(line + 2) + 1);
    return true;
}

/* What `env` will execute: the first word that is neither a setting nor an option that we know. NULL: who can tell. */
static char *seen_through_env(char *words)
{
    char *rest = NULL;
    for (char *word = strtok_r(words, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (!strcmp(word, "-S") || !strcmp(word, "-i") || strchr(word, '='))
            continue;
        if (word[0] == '-')
            return NULL;
        char *path = strchr(word, '/') ? snarl_string_format("%s", word) : search_path(word);
        if (path && try_path(path)) {
            free(path);
            path = NULL;
        }
        return path;
    }
    return NULL;
}

/* The interpreter that a script names, or, for `#!/usr/bin/env NAME`, the program of that name; NULL: it is no script with
 * a "#!" line. The caller frees it. */
static char *read_interpreter(const char *path)
{
    char line[SCRIPT_LINE_MAX + 1], *rest = NULL;
    if (!read_line(path, line))
        return NULL;
    char *interpreter = strtok_r(line, " \t", &rest);
    if (!interpreter)
        return NULL;
    const char *slash = strrchr(interpreter, '/');
    char *seen = slash && !strcmp(slash, "/env") && !try_path(interpreter) ? seen_through_env(rest) : NULL;
    return seen ? seen : snarl_string_format("%s", interpreter);
}

/* Follows scripts to the file that the kernel really starts. */
static int find_image(struct snarl_program *program)
{
    program->image = snarl_string_format("%s", program->path);
    for (int level = 0; level < SCRIPT_LEVELS; level++) {
        int error = snarl_binary_read(&program->binary, program->image);
        if (error == -EACCES)
            return 0; /* executable but not readable: nothing is known of it */
        if (error) {
            snarl_complain("%s: cannot be read: %s", program->image, strerror(-error));
            return SNARL_EXIT_NOT_EXECUTABLE;
        }
        if (program->binary.is_elf)
            return 0;
        char *interpreter = read_interpreter(program->image);
        program->is_script = true;
        if (!interpreter)
            interpreter = snarl_string_format("%s", SHELL);
        int missing = try_path(interpreter);
        if (missing) {
            snarl_complain("%s: its interpreter %s cannot be executed: %s", program->image, interpreter,
                           strerror(missing));
            free(interpreter);
            return missing == ENOENT ? SNARL_EXIT_NOT_FOUND : SNARL_EXIT_NOT_EXECUTABLE;
        }
        free(program->image);
        program->image = interpreter;
    }
    snarl_complain("%s: cannot be executed: scripts that interpret scripts, too many of them", program->path);
    return SNARL_EXIT_NOT_EXECUTABLE;
}

int snarl_program_find(struct snarl_program *program, const char *name)
{
    *program = (struct snarl_program){0};
    int result = find_path(program, name);
    if (!result)
        result = find_image(program);
    struct stat status;
    if (!result && !stat(program->image, &status)) {
        program->mode = status.st_mode;
        program->has_capabilities = getxattr(program->image, "security.capability", NULL, 0) > 0;
    }
    return result;
}

/* A short name for the special permission that makes the loader ignore LD_PRELOAD; NULL when there is none.
 */
static const char *special_permission(const struct snarl_program *program)
{
    if (program->mode & S_ISUID)
        return "set-uid";
    if ((program->mode & S_ISGID) && (program->mode & S_IXGRP))
        return "set-gid";
    return program->has_capabilities ? "a file with capabilities" : NULL;
}

bool snarl_program_obstacle(const struct snarl_program *program, char *why, size_t size)
{
    const struct snarl_binary *binary = &program->binary;
    char machine[32];
    const char *permission = special_permission(program);
    if (!binary->is_elf)
        return false;
    if (binary->damaged)
        snprintf(why, size, "is not a sound ELF file (cut short or overwritten?); build or install it again");
    else if (binary->machine != EM_X86_64)
        snprintf(why, size, "is a program for %s; snarl watches x86-64 programs: build it for x86-64",
                 snarl_machine_name(binary->machine, machine, sizeof(machine)));
    else if (!binary->is_64)
        snprintf(why, size, "is a 32-bit program (x32); snarl watches 64-bit ones: build it without -mx32");
    else if (!binary->interpreter && !binary->is_loader)
        snprintf(why, size,
                 "is statically linked, so no library can be loaded into it; link it dynamically "
                 "(without -static)");
    else if (binary->interpreter && strstr(binary->interpreter, "ld-musl"))
        snprintf(why, size,
                 "is linked with musl; snarl watches programs linked with glibc: build it with glibc");
    else if (permission)
        snprintf(why, size,
                 "is %s, and the loader preloads nothing into such a program; run a plain copy: "
                 "cp %s ./copy && snarl run -- ./copy",
                 permission, program->image);
    else
        return false;
    return true;
}

int snarl_program_refuse(const struct snarl_program *program)
{
    char why[1024];
    if (!snarl_program_obstacle(program, why, sizeof(why)))
        return 0;
    if (program->is_script)
        snarl_complain("%s: its interpreter %s %s", program->path, program->image, why);
    else
        snarl_complain("%s %s", program->path, why);
    return program->binary.damaged ? SNARL_EXIT_NOT_EXECUTABLE : SNARL_EXIT_SNARL;
}

void snarl_program_free(struct snarl_program *program)
{
    free(program->path);
    free(program->image);
    snarl_binary_free(&program->binary);
    *program = (struct snarl_program){0};
}
