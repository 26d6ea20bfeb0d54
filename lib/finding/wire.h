/* wire.h - the encoding of values inside a record of a run file.
 *
 * A payload is a sequence of fields in a fixed order. Unsigned integers are LEB128 varints, strings and byte
 * blocks a varint length and the bytes (no terminator). There are no tags: runfile.h gives each record type
 * its fields. A reader of a newer payload ignores what follows the fields that it knows.
 *
 * The writer runs inside the program under test: it allocates nothing and cuts what does not fit, which
 * sets `overflow`. The reader runs in our own tools on files that may be damaged: it never reads past `end`,
 * and after the first bad field every further one is 0 or empty and `failed` is set. */
#ifndef SNARL_FINDING_WIRE_H
#define SNARL_FINDING_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snarl_wire_writer {
    uint8_t *at;   /* next byte to write; owned by the caller */
    uint8_t *end;  /* one past the last byte that may be written */
    bool overflow; /* something did not fit */
};

struct snarl_wire_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

void snarl_wire_put_uint(struct snarl_wire_writer *writer, uint64_t value);
void snarl_wire_put_bytes(struct snarl_wire_writer *writer, const void *bytes, size_t length);
/* `text` may be NULL, which is written as the empty string. */
void snarl_wire_put_text(struct snarl_wire_writer *writer, const char *text);

uint64_t snarl_wire_get_uint(struct snarl_wire_reader *reader);
/* The bytes stay inside the reader's buffer; *length is 0 and the result NULL on failure. */
const uint8_t *snarl_wire_get_bytes(struct snarl_wire_reader *reader, size_t *length);

/* CRC-32C (Castagnoli, reflected, initial and final value ~0) of `length` bytes. */
uint32_t snarl_wire_crc(const void *bytes, size_t length);

#endif
