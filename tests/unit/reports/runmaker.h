/* runmaker.h - makes run files for tests, record by record, without the engine. */
#ifndef SNARL_TESTS_RUNMAKER_H
#define SNARL_TESTS_RUNMAKER_H

#include "finding/runfile.h"
#include "finding/wire.h"

#include <stdbool.h>
#include <stddef.h>

struct runmaker {
    uint8_t *bytes; /* the file so far */
    size_t size;
    uint8_t payload[1 << 16];
    struct snarl_wire_writer writer; /* into payload */
};

void runmaker_start(struct runmaker *maker);
void runmaker_free(struct runmaker *maker);

/* Appends one record. `fields` has a letter for each argument that follows: i int, u uint64_t, s text,
 * b pointer and size_t. */
void runmaker_record(struct runmaker *maker, unsigned type, const char *fields, ...);

/* The same in parts, for records with lists: begin, any number of fields, end. */
void runmaker_begin(struct runmaker *maker);
void runmaker_fields(struct runmaker *maker, const char *fields, ...);
void runmaker_end(struct runmaker *maker, unsigned type);

/* Writes the file as `directory`/`name`. False with errno when it cannot. */
bool runmaker_save(const struct runmaker *maker, const char *directory, const char *name);

#endif
