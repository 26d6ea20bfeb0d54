/* wire.c - see wire.h. Runs in the program under test: no allocation, no library calls but memcpy. */
#include "finding/wire.h"

#include <string.h>

void snarl_wire_put_uint(struct snarl_wire_writer *writer, uint64_t value)
{
    uint8_t bytes[10];
    size_t count = 0;
    do {
        uint8_t low = value & 0x7f;
        value >>= 7;
        bytes[count++] = low | (value ? 0x80 : 0);
    } while (value);
    if ((size_t)(writer->end - writer->at) < count) {
        writer->overflow = true;
        return;
    }
    memcpy(writer->at, bytes, count);
    writer->at += count;
}

void snarl_wire_put_bytes(struct snarl_wire_writer *writer, const void *bytes, size_t length)
{
    size_t room = writer->end - writer->at;
    if (room < length + 10) {
        writer->overflow = true;
        length = room > 10 ? room - 10 : 0;
        if (room <= 10)
            return;
    }
    snarl_wire_put_uint(writer, length);
    if (length)
        memcpy(writer->at, bytes, length);
    writer->at += length;
}

void snarl_wire_put_text(struct snarl_wire_writer *writer, const char *text)
{
    snarl_wire_put_bytes(writer, text ? text : "", text ? strlen(text) : 0);
}

uint64_t snarl_wire_get_uint(struct snarl_wire_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !reader->failed; shift += 7) {
        if (reader->at == reader->end)
            break;
        uint8_t byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader->failed = true;
    return 0;
}

const uint8_t *snarl_wire_get_bytes(struct snarl_wire_reader *reader, size_t *length)
{
    uint64_t count = snarl_wire_get_uint(reader);
    if (reader->failed || count > (uint64_t)(reader->end - reader->at)) {
        reader->failed = true;
        *length = 0;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += count;
    *length = count;
    return bytes;
}

uint32_t snarl_wire_crc(const void *bytes, size_t length)
{
    /* Castagnoli's polynomial, bit-reversed; four bits at a time from a 16-entry table. */
    static const uint32_t s_table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    const uint8_t *at = bytes;
    uint32_t crc = ~0u;
    for (size_t i = 0; i < length; i++) {
        crc ^= at[i];
        crc = (crc >> 4) ^ s_table[crc & 15];
        crc = (crc >> 4) ^ s_table[crc & 15];
    }
    return ~crc;
}
