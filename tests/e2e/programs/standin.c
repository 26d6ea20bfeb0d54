/* standin.c - a stand-in for libsnarl.so that detects nothing: tests of the command alone use it, so that
 * what a run has found is for the test to say.
 *
 * At start it writes the process's file with its PROCESS record, and one finding for each kind that the
 * variable STANDIN_FINDINGS names ("deadlock,thread-leak"). STANDIN_SILENT: it writes nothing at all. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "finding/runfile.h"
#include "finding/wire.h"

static FILE *s_file;
static uint8_t s_payload[8192];
static struct snarl_wire_writer s_writer;

static void begin(void)
{
    s_writer = (struct snarl_wire_writer){s_payload, s_payload + sizeof(s_payload), false};
}

static void end(enum snarl_record_type type)
{
    struct snarl_record_head head = {.sync = SNARL_RECORD_SYNC, .type = (uint16_t)type};
    uint8_t checked[8 + sizeof(s_payload)]; /* type, zero, length, payload */
    head.length = (uint32_t)(s_writer.at - s_payload);
    memcpy(checked, &head.type, 8);
    memcpy(checked + 8, s_payload, head.length);
    head.crc = snarl_wire_crc(checked, 8 + head.length);
    fwrite(&head, sizeof(head), 1, s_file);
    fwrite(s_payload, head.length, 1, s_file);
}

static void put_numbers(int count, const uint64_t *numbers)
{
    for (int i = 0; i < count; i++)
        snarl_wire_put_uint(&s_writer, numbers[i]);
}

static uint64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void write_process(void)
{
    char program[4096] = "", cwd[4096] = "";
    if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0 || !getcwd(cwd, sizeof(cwd)))
        return;
    begin();
    put_numbers(
        4, (uint64_t[]){(uint64_t)getpid(), (uint64_t)getppid(), now(CLOCK_REALTIME), now(CLOCK_MONOTONIC)});
    snarl_wire_put_text(&s_writer, program);
    snarl_wire_put_text(&s_writer, cwd);
    put_numbers(1, (uint64_t[]){1});
    snarl_wire_put_text(&s_writer, program);
    snarl_wire_put_text(&s_writer, "off");
    snarl_wire_put_text(&s_writer, SNARL_VERSION);
    snarl_wire_put_text(&s_writer, "");
    end(SNARL_RECORD_PROCESS);
}

/* Stack 1: one frame, given in words. */
static void write_stack(void)
{
    begin();
    put_numbers(4, (uint64_t[]){1, 1, 1, SNARL_FRAME_SYMBOLIC});
    snarl_wire_put_text(&s_writer, "made_up");
    snarl_wire_put_text(&s_writer, "standin.c");
    put_numbers(2, (uint64_t[]){1, 1});
    snarl_wire_put_text(&s_writer, "c");
    end(SNARL_RECORD_STACK);
}

static void write_finding(uint64_t number, const char *kind)
{
    begin();
    put_numbers(1, &number);
    snarl_wire_put_text(&s_writer, kind);
    snarl_wire_put_text(&s_writer, "");
    snarl_wire_put_text(&s_writer, "observed");
    snarl_wire_put_text(&s_writer, "made up by the stand-in");
    put_numbers(1, (uint64_t[]){1000});
    snarl_wire_put_text(&s_writer, ""); /* no location */
    put_numbers(4, (uint64_t[]){0, 0, 0, 0});
    snarl_wire_put_text(&s_writer, "");
    put_numbers(3, (uint64_t[]){0, 0, 1}); /* not allocated, no locks, one event */
    snarl_wire_put_text(&s_writer, "wait");
    snarl_wire_put_text(&s_writer, "");
    put_numbers(8, (uint64_t[]){0, 0, 0, 1, 1000, 0, 0, 0});
    end(SNARL_RECORD_FINDING);
}

static void open_file(const char *options)
{
    const char *out = options ? strstr(options, "out=") : NULL;
    char path[5000];
    size_t length = 0;
    if (!out)
        return;
    for (out += 4; *out && *out != ':' && length < 4096; out++) {
        out += *out == '\\';
        path[length++] = *out;
    }
    snprintf(path + length, sizeof(path) - length, "/%d-%llx.snarl", getpid(),
             (unsigned long long)now(CLOCK_MONOTONIC));
    s_file = fopen(path, "we");
}

__attribute__((constructor)) static void start(void)
{
    if (getenv("STANDIN_SILENT"))
        return;
    open_file(getenv("SNARL_OPTIONS"));
    if (!s_file)
        return;
    uint32_t version[] = {SNARL_RUNFILE_VERSION, 0};
    fwrite(SNARL_RUNFILE_MAGIC, 8, 1, s_file);
    fwrite(version, sizeof(version), 1, s_file);
    write_process();
    write_stack();
    char kinds[256] = "", *rest = kinds;
    snprintf(kinds, sizeof(kinds), "%s", getenv("STANDIN_FINDINGS") ? getenv("STANDIN_FINDINGS") : "");
    uint64_t number = 1;
    for (char *kind; (kind = strsep(&rest, ","));)
        if (*kind)
            write_finding(number++, kind);
    fclose(s_file);
}
