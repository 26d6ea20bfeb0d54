/* runfile_writer.h - appending records to this process's file of the run directory.
 *
 * Records are gathered in one buffer and written by one write(2), so that a crash between leaves whole records.
 * A session (begin … end) holds the writer's lock: describe everything that a finding names, then the finding,
 * then end. What cannot be written (disk full) is counted, told once, and the program goes on. */
#ifndef SNARL_FINDING_RUNFILE_WRITER_H
#define SNARL_FINDING_RUNFILE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "finding/runfile.h"
#include "finding/wire.h"

/* Creates the file in `directory` (made when missing; NULL or "": nothing is written) and its PROCESS record.
 * `mode` is the word of that record. False when the file cannot be made: the reason was told on standard error. */
bool snarl_runfile_open(const char *directory, const char *mode);
/* After fork, in the child: a file of its own, the parent's is closed. */
void snarl_runfile_forked(const char *mode);
bool snarl_runfile_is_open(void);
/* Our descriptor, -1 when there is none; whether `fd` is it; and giving its number up for another. (If it is closed
 * all the same, by a raw system call, the next write opens the file again.) */
int snarl_runfile_fd(void);
bool snarl_runfile_owns_fd(int fd);
void snarl_runfile_move_fd(void);

void snarl_runfile_begin(void);
void snarl_runfile_end(void);

/* Within a session: starts a record; put its fields into the writer returned; then finish it. */
struct snarl_wire_writer *snarl_runfile_record(enum snarl_record_type type);
void snarl_runfile_finish(void);

/* Within a session, not inside a record: writes STACK (with its MODULE records) unless it was written before. */
void snarl_runfile_stack(uint32_t stack);
/* Puts `u:module u:value` for an address: the module's id and its link-time address, or 0 and 0. Its module
 * must have been described. */
void snarl_runfile_module_of(uintptr_t address);
void snarl_runfile_put_module_value(struct snarl_wire_writer *writer, uintptr_t address);

/* Nanoseconds since the PROCESS record. */
uint64_t snarl_runfile_now(void);
/* The whole path of the directory in use, "" when none. */
const char *snarl_runfile_directory(void);

#endif
