/* binary.h - what an ELF file says about itself: the facts for `snarl doctor` and for the refusals of `snarl
 * run`. */
#ifndef SNARL_CLI_BINARY_H
#define SNARL_CLI_BINARY_H

#include "cli/arguments.h"

#include <stdbool.h>
#include <stdint.h>

struct snarl_binary {
    bool is_elf;
    bool damaged;               /* begins as an ELF file does, but its headers make no sense */
    bool is_64;                 /* ELFCLASS64 */
    uint16_t machine;           /* EM_... */
    bool is_loader;             /* the dynamic loader itself, run as a program */
    char *interpreter;          /* the dynamic loader it asks for; NULL: static */
    char *build_id;             /* hexadecimal, NULL: none */
    char *debug_link;           /* name in .gnu_debuglink, NULL: none */
    bool has_symbols;           /* .symtab */
    bool has_debug_info;        /* .debug_info */
    bool has_unwind_tables;     /* .eh_frame */
    struct snarl_texts needed;  /* libraries it links; the texts are owned */
    struct snarl_texts imports; /* undefined dynamic symbols, without versions; owned */
    struct snarl_texts exports; /* defined dynamic symbols; owned */
};

/* Reads the file at `path`. Returns 0 (a file of another kind: is_elf false) or a negative errno value. */
int snarl_binary_read(struct snarl_binary *binary, const char *path);
void snarl_binary_free(struct snarl_binary *binary);

/* Whether one of the symbols begins with `prefix` (or is it, with `exact`). */
bool snarl_binary_names(const struct snarl_texts *symbols, const char *prefix, bool exact);

/* "AArch64", or "machine 243" for one without a name here. The buffer is the caller's. */
const char *snarl_machine_name(uint16_t machine, char *buffer, size_t size);

#endif
