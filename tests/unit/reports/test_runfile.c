/* test_runfile.c - the reader of run files: every record's fields, and every kind of damage. */
#include "reports/runfile_reader.h"
#include "runmaker.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct runmaker s_maker;

/* One record of each type, with another value in every field. */
static void make_file(void)
{
    struct runmaker *m = &s_maker;
    runmaker_start(m);
    runmaker_record(m, SNARL_RECORD_PROCESS, "iiuississsss", 77, 76, (uint64_t)1700000000000000000, 5,
                    "/bin/prog", "/home/u", 2, "prog", "--go", "full", "0.1.0", "run-1");
    runmaker_record(m, SNARL_RECORD_MODULE, "isbuuui", 1, "/bin/prog", "\xab\x01", (size_t)2,
                    (uint64_t)0x5000, (uint64_t)0x6000, (uint64_t)0x9000, 1);
    runmaker_record(m, SNARL_RECORD_STACK, "iiiiiiiussiis", 3, 3, 3, 1, 0x120, 0, 0x7777,
                    (uint64_t)SNARL_FRAME_SYMBOLIC, "go", "go.py", 12, 4, "python");
    runmaker_record(m, SNARL_RECORD_THREAD, "iisiiiii", 2, 1002, "worker", 1, 3, 50, 60, 6);
    runmaker_record(m, SNARL_RECORD_LOCK, "issiiiiii", 4, "rwlock", "the_lock", 0x6010, 1, 0x1010, 3, 2, 1);
    runmaker_record(m, SNARL_RECORD_LOCK_USE, "iiiii", 4, 100, 7, 2000, 300);
    runmaker_record(m, SNARL_RECORD_FINDING,
                    "issssi"
                    "siiiisi"
                    "ssiiiiiiii"
                    "ii"
                    "i"
                    "ssiiiiiiiii",
                    1, "data-race", "use-after-free", "observed", "words", 1234, /* */
                    "heap", 0x9999, 24, 0, 0, "sym", 1,                          /* location */
                    "allocate", "malloc", 0, 2, 0, 3, 40, 0x9999, 24, 0,         /* allocated */
                    1, 4,                                                        /* locks */
                    1, "access", "write of 4 bytes", 2, 2, 0, 3, 1200, 0x999a, 4, 1, 4 /* events */);
    runmaker_record(m, SNARL_RECORD_COUNT, "ii", 1, 17);
    runmaker_record(m, SNARL_RECORD_EDGE, "iiiiiissiii", 4, 5, 9, 2, 3, 3, "read", "try", 2, 1, 6);
    runmaker_record(m, SNARL_RECORD_COUNTERS, "isi", 1, "old", 1);
    runmaker_record(m, SNARL_RECORD_COUNTERS, "isisi", 2, "locks", 3, "threads", 2);
    runmaker_record(m, SNARL_RECORD_CHILD, "ii", 78, 9);
    runmaker_record(m, SNARL_RECORD_COVERAGE, "iiis", 1, 1000, 990, "why");
    runmaker_record(m, SNARL_RECORD_NOTE, "s", "a note \xff.");
    runmaker_record(m, 999, "s", "from a newer snarl");
    runmaker_record(m, SNARL_RECORD_EXIT, "iiii", 1, 11, 5000, 3);
}

static struct snarl_runfile *parse(void)
{
    char error[200] = "";
    struct snarl_runfile *file =
        snarl_runfile_parse("x.snarl", s_maker.bytes, s_maker.size, error, sizeof(error));
    cr_assert(file, "%s", error);
    return file;
}

Test(runfile, reads_process_module_stack)
{
    make_file();
    struct snarl_runfile *file = parse();
    cr_assert(file->process.known && file->process.pid == 77 && file->process.ppid == 76);
    cr_assert_str_eq(file->process.cwd, "/home/u");
    cr_assert_eq(file->process.argument_count, 2);
    cr_assert_str_eq(file->process.arguments[1], "--go");
    cr_assert_str_eq(file->process.mode, "full");
    cr_assert_str_eq(file->process.run_id, "run-1");
    const struct snarl_run_module *module = snarl_runfile_module(file, 1);
    cr_assert_str_eq(module->build_id, "ab01");
    cr_assert(module->bias == 0x5000 && module->end == 0x9000 && module->program);
    const struct snarl_run_stack *stack = snarl_runfile_stack(file, 3);
    cr_assert(stack->complete && stack->exact && stack->count == 3);
    cr_assert(stack->frames[0].kind == SNARL_RUN_FRAME_MODULE && stack->frames[0].value == 0x120);
    cr_assert(stack->frames[1].kind == SNARL_RUN_FRAME_ADDRESS && stack->frames[1].value == 0x7777);
    cr_assert_str_eq(stack->frames[2].function, "go");
    cr_assert_eq(stack->frames[2].line, 12);
    cr_assert_null(file->damage);
    snarl_runfile_free(file);
}

Test(runfile, reads_thread_lock_finding)
{
    make_file();
    struct snarl_runfile *file = parse();
    const struct snarl_run_thread *thread = snarl_runfile_thread(file, 2);
    cr_assert(thread->tid == 1002 && thread->creator == 1 && thread->detached && thread->joined &&
              !thread->main);
    const struct snarl_run_lock *lock = snarl_runfile_lock(file, 4);
    cr_assert(lock->value == 0x1010 && lock->acquisitions == 100 && lock->hold_max_ns == 300 && lock->unseen);
    const struct snarl_run_finding *finding = file->findings;
    cr_assert_str_eq(finding->rule, "use-after-free");
    cr_assert_eq(finding->count, 17);
    cr_assert_str_eq(finding->location.allocated->what, "malloc");
    cr_assert(finding->lock_count == 1 && finding->locks[0] == 4 && finding->event_count == 1);
    cr_assert(finding->events[0].write && !finding->events[0].atomic && finding->events[0].address == 0x999a);
    cr_assert(finding->events[0].held_count == 1 && finding->events[0].held[0] == 4);
    snarl_runfile_free(file);
}

Test(runfile, reads_the_rest)
{
    make_file();
    struct snarl_runfile *file = parse();
    cr_assert(file->edges->to == 5 && file->edges->gate_count == 1 && file->edges->gates[0] == 6);
    cr_assert_str_eq(file->edges->mode_to, "try");
    cr_assert_str_eq(file->counters->name, "locks");
    cr_assert_str_eq(file->counters->next->name, "threads");
    cr_assert(file->children->pid == 78 && file->children->status == 9);
    cr_assert_str_eq(file->coverage->reason, "why");
    cr_assert_str_eq(file->notes->text, "a note ?.", "no UTF-8 is mended");
    cr_assert(file->exit.how == SNARL_RUN_EXIT_SIGNAL && file->exit.value == 11 && file->exit.threads == 3);
    cr_assert_eq(file->last_ns, 5000);
    snarl_runfile_free(file);
}

Test(runfile, a_later_record_counts)
{
    runmaker_start(&s_maker);
    runmaker_record(&s_maker, SNARL_RECORD_THREAD, "iisiiiii", 2, 1, "old", 0, 0, 0, 0, 0);
    runmaker_record(&s_maker, SNARL_RECORD_THREAD, "iisiiiii", 2, 1, "new", 0, 0, 0, 0, 4);
    struct snarl_runfile *file = parse();
    cr_assert_str_eq(snarl_runfile_thread(file, 2)->name, "new");
    cr_assert_null(file->threads->next);
    snarl_runfile_free(file);
}

/* Ten notes "0".."9"; the one at `damaged` has a byte changed. */
static size_t ten_notes(int damaged)
{
    size_t start = 0;
    runmaker_start(&s_maker);
    for (int i = 0; i < 10; i++) {
        char text[2] = {'0' + i};
        if (i == damaged)
            start = s_maker.size;
        runmaker_record(&s_maker, SNARL_RECORD_NOTE, "s", text);
    }
    return start;
}

Test(runfile, goes_on_after_damage_and_says_where)
{
    for (size_t byte = 0; byte < 18; byte++) {
        size_t start = ten_notes(4);
        s_maker.bytes[start + byte] ^= 0x10;
        struct snarl_runfile *file = parse();
        cr_assert(file->damage && !file->damage->next, "one part is bad: byte %zu", byte);
        cr_assert(file->damage->offset == start && file->damage->length == 18);
        int notes = 0;
        for (struct snarl_run_note *note = file->notes; note; note = note->next, notes++)
            cr_assert_neq(note->text[0], '4');
        cr_assert_eq(notes, 9);
        snarl_runfile_free(file);
    }
}

Test(runfile, a_cut_end_is_damage_and_no_more)
{
    size_t start = ten_notes(9);
    for (s_maker.size = start + 1; s_maker.size < start + 18; s_maker.size++) {
        struct snarl_runfile *file = parse();
        cr_assert(file->damage && file->damage->offset == start && !file->damage->next);
        snarl_runfile_free(file);
    }
}

Test(runfile, counts_that_lie_are_damage)
{
    runmaker_start(&s_maker);
    runmaker_record(&s_maker, SNARL_RECORD_STACK, "iiu", 1, 1, (uint64_t)1 << 60);
    runmaker_record(&s_maker, SNARL_RECORD_NOTE, "s", "after");
    struct snarl_runfile *file = parse();
    cr_assert(file->damage && file->damage->offset == 16);
    cr_assert_null(snarl_runfile_stack(file, 1));
    cr_assert_str_eq(file->notes->text, "after");
    snarl_runfile_free(file);
}

Test(runfile, other_files_are_refused)
{
    char error[300] = "";
    cr_assert_null(snarl_runfile_parse("x", "hello", 5, error, sizeof(error)));
    cr_assert(strstr(error, "x: not a run file"), "%s", error);
    make_file();
    s_maker.bytes[8] = 9;
    cr_assert_null(snarl_runfile_parse("x", s_maker.bytes, s_maker.size, error, sizeof(error)));
    cr_assert(strstr(error, "version 9"), "%s", error);
    cr_assert_null(snarl_runfile_read("/does/not/exist", error, sizeof(error)));
    cr_assert(strstr(error, "/does/not/exist: No such file"), "%s", error);
}

/* Small deterministic generator: a failing file can be made again. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Gives every record that still has its sync word a correct checksum, so that damage reaches the fields. */
static void mend_checksums(uint8_t *bytes, size_t size)
{
    uint8_t joined[4096];
    for (size_t at = 16; at + 16 <= size; at++) {
        struct snarl_record_head head;
        memcpy(&head, bytes + at, sizeof(head));
        if (head.sync != SNARL_RECORD_SYNC || head.length > size - at - 16 ||
            head.length > sizeof(joined) - 8)
            continue;
        memcpy(joined, bytes + at + 4, 8);
        memcpy(joined + 8, bytes + at + 16, head.length);
        head.crc = snarl_wire_crc(joined, 8 + head.length);
        memcpy(bytes + at, &head, sizeof(head));
    }
}

/* Reads every string and follows every pointer. */
static size_t walk(const struct snarl_runfile *file)
{
    size_t sum = strlen(file->process.program);
    for (size_t i = 0; i < file->process.argument_count; i++)
        sum += strlen(file->process.arguments[i]);
    for (struct snarl_run_finding *finding = file->findings; finding; finding = finding->next)
        for (size_t i = 0; i < finding->event_count; i++) {
            const struct snarl_run_stack *stack = snarl_runfile_stack(file, finding->events[i].stack);
            for (size_t k = 0; stack && k < stack->count; k++)
                sum += strlen(stack->frames[k].function);
            for (size_t k = 0; k < finding->events[i].held_count; k++)
                sum += finding->events[i].held[k];
        }
    for (struct snarl_run_damage *damage = file->damage; damage; damage = damage->next)
        sum += strlen(damage->what);
    return sum;
}

Test(runfile, arbitrary_bytes_never_crash, .timeout = 60)
{
    char error[300];
    uint32_t state = 42;
    make_file();
    uint8_t *bytes = malloc(s_maker.size);
    size_t sum = 0;
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, s_maker.bytes, s_maker.size);
        unsigned changes = 1 + next_random(&state) % 6;
        for (unsigned i = 0; i < changes; i++)
            bytes[16 + next_random(&state) % (s_maker.size - 16)] = next_random(&state);
        size_t size = round % 3 ? s_maker.size : 16 + next_random(&state) % (s_maker.size - 16);
        if (round % 2)
            mend_checksums(bytes, size);
        struct snarl_runfile *file = snarl_runfile_parse("x", bytes, size, error, sizeof(error));
        cr_assert(file);
        sum += walk(file);
        snarl_runfile_free(file);
    }
    cr_assert(sum);
    free(bytes);
}

Test(runfile, a_file_of_sync_words_is_read_in_time, .timeout = 20)
{
    size_t size = 8u << 20;
    runmaker_start(&s_maker);
    uint8_t *bytes = malloc(size);
    memcpy(bytes, s_maker.bytes, 16);
    for (size_t at = 16; at < size; at += 16)
        memcpy(bytes + at, (uint32_t[4]){SNARL_RECORD_SYNC, 1, SNARL_RECORD_MAX - 1, 0}, 16);
    char error[100];
    struct snarl_runfile *file = snarl_runfile_parse("x", bytes, size, error, sizeof(error));
    cr_assert(file && file->damage);
    snarl_runfile_free(file);
    free(bytes);
}
