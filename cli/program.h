/* program.h - the PROGRAM of `snarl run`: where it is, and whether it can be watched. */
#ifndef SNARL_CLI_PROGRAM_H
#define SNARL_CLI_PROGRAM_H

#include "cli/binary.h"

struct snarl_program {
    char *path;            /* as execvp would find it */
    char *image;           /* the ELF file that the kernel starts: `path`, or the interpreter of a script */
    bool is_script;        /* image is the interpreter that it names, or the shell */
    unsigned mode;         /* of image: S_ISUID, S_ISGID */
    bool has_capabilities; /* image has file capabilities */
    struct snarl_binary binary; /* of image */
};

/* Finds `name` and reads it. Returns 0, or the exit status (126, 127) after a line that says why. */
int snarl_program_find(struct snarl_program *program, const char *name);
/* 0 when the detector can be loaded into the program; else 125 (or 126: damaged) after a line that says why
 * not and what to do. */
int snarl_program_refuse(const struct snarl_program *program);
/* The reason that snarl_program_refuse would give, in `why`; false when there is none. */
bool snarl_program_obstacle(const struct snarl_program *program, char *why, size_t size);
void snarl_program_free(struct snarl_program *program);

#endif
