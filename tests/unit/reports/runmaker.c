/* runmaker.c - see runmaker.h. */
#include "runmaker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct runmaker *maker, const void *bytes, size_t size)
{
    maker->bytes = realloc(maker->bytes, maker->size + size);
    memcpy(maker->bytes + maker->size, bytes, size);
    maker->size += size;
}

void runmaker_start(struct runmaker *maker)
{
    const uint32_t head[2] = {SNARL_RUNFILE_VERSION, 0};
    maker->bytes = NULL;
    maker->size = 0;
    append(maker, SNARL_RUNFILE_MAGIC, 8);
    append(maker, head, sizeof(head));
}

void runmaker_free(struct runmaker *maker)
{
    free(maker->bytes);
    maker->bytes = NULL;
}

void runmaker_begin(struct runmaker *maker)
{
    maker->writer =
        (struct snarl_wire_writer){maker->payload, maker->payload + sizeof(maker->payload), false};
}

static void put(struct runmaker *maker, const char *fields, va_list arguments)
{
    for (; *fields; fields++) {
        if (*fields == 'i') {
            snarl_wire_put_uint(&maker->writer, va_arg(arguments, int));
        } else if (*fields == 'u') {
            snarl_wire_put_uint(&maker->writer, va_arg(arguments, uint64_t));
        } else if (*fields == 's') {
            snarl_wire_put_text(&maker->writer, va_arg(arguments, const char *));
        } else if (*fields == 'b') {
            const void *bytes = va_arg(arguments, const void *);
            snarl_wire_put_bytes(&maker->writer, bytes, va_arg(arguments, size_t));
        } else {
            abort();
        }
    }
}

void runmaker_fields(struct runmaker *maker, const char *fields, ...)
{
    va_list arguments;
    va_start(arguments, fields);
    put(maker, fields, arguments);
    va_end(arguments);
}

void runmaker_end(struct runmaker *maker, unsigned type)
{
    uint32_t length = maker->writer.at - maker->payload;
    struct snarl_record_head head = {SNARL_RECORD_SYNC, type, 0, length, 0};
    size_t start = maker->size;
    append(maker, &head, sizeof(head));
    append(maker, maker->payload, length);
    uint8_t *joined = malloc(8 + length);
    memcpy(joined, maker->bytes + start + 4, 8);
    memcpy(joined + 8, maker->payload, length);
    uint32_t crc = snarl_wire_crc(joined, 8 + length);
    memcpy(maker->bytes + start + 12, &crc, sizeof(crc));
    free(joined);
}

void runmaker_record(struct runmaker *maker, unsigned type, const char *fields, ...)
{
    va_list arguments;
    va_start(arguments, fields);
    runmaker_begin(maker);
    put(maker, fields, arguments);
    runmaker_end(maker, type);
    va_end(arguments);
}

bool runmaker_save(const struct runmaker *maker, const char *directory, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool good = fwrite(maker->bytes, 1, maker->size, file) == maker->size;
    return !fclose(file) && good;
}
