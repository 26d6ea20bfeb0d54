/* runfile.h - the format of one process's file in a run directory.
 *
 * A run directory holds one file per process image, `<pid>-<start>.snarl` (start: nanoseconds of the
 * monotonic clock, hexadecimal; an exec starts a new file with the same pid). The process appends to it with
 * single write(2) calls, each holding whole records, so that whatever was found before a crash, a SIGKILL or
 * a full disk is there. Nobody else writes to it. `snarl` reads it after (or while) the process runs.
 *
 *     file   := "SNARLRUN" u32:version u32:0 record*
 *     record := u32:SNARL_RECORD_SYNC u16:type u16:0 u32:length u32:crc payload[length]
 *
 * All fixed-width integers are little-endian. `crc` is CRC-32C over type, the zero, length and the payload (that
 * is, bytes 4..11 of the record head followed by the payload). After damage a reader looks for the next sync
 * word whose record has a correct checksum. The payload's fields are encoded as wire.h says:
 * u = unsigned varint, s = string, b = byte block, x*n = n times x.
 *
 * Identifiers (modules, stacks, threads, locks, findings) count from 1 within the file; 0 means none. A record
 * comes before the first record that names it. MODULE, THREAD, LOCK may come again with the same identifier:
 * the last one counts. Times are nanoseconds since the process's start record (`monotonic`).
 * Code that reads and code that writes share this header and nothing else. */
#ifndef SNARL_FINDING_RUNFILE_H
#define SNARL_FINDING_RUNFILE_H

#include <stdint.h>

#define SNARL_RUNFILE_MAGIC "SNARLRUN"
#define SNARL_RUNFILE_VERSION 1u
#define SNARL_RECORD_SYNC 0x4c524e53u /* "SNRL" */
#define SNARL_RECORD_MAX (1u << 20)   /* longest payload: a writer cuts, a reader refuses longer ones */

struct snarl_record_head {
    uint32_t sync;
    uint16_t type;
    uint16_t zero;
    uint32_t length;
    uint32_t crc;
};
_Static_assert(sizeof(struct snarl_record_head) == 16, "the record head is packed");

enum snarl_record_type {
    /* u:pid u:ppid u:realtime_ns(at start) u:monotonic_ns(at start) s:program(absolute path) s:cwd
     * u:argc s*argc s:mode("full"|"calls"|"off"|"tsan") s:snarl_version s:run_id(may be empty) */
    SNARL_RECORD_PROCESS = 1,
    /* u:module s:path b:build_id u:bias(load address minus link address) u:start u:end(of its mapping)
     * u:flags(1: the program itself) */
    SNARL_RECORD_MODULE = 2,
    /* u:stack u:complete(0|1) u:n frame*n, innermost frame first.
     * frame := u:module u:value | u:0 u:address | u:SYMBOLIC s:function s:file u:line u:column s:language
     * `value` is a link-time virtual address in the module: run-time address minus bias. Every frame but the first is a return
     * address unless its stack's bit says otherwise: a reader looks up value - 1. The innermost one is the
     * return address of the intercepted call, or the accessing instruction itself when `complete` has bit 2 set. */
    SNARL_RECORD_STACK = 3,
    /* u:thread u:tid s:name u:creator(thread) u:create_stack u:start_ns u:end_ns(0: alive)
     * u:flags(1: main thread, 2: detached, 4: joined) */
    SNARL_RECORD_THREAD = 4,
    /* u:lock s:kind(see below) s:name(given by annotation, may be empty) u:address
     * u:module u:value(when the address lies in a module's data: link-time address; else 0 0)
     * u:create_stack u:create_thread u:flags(1: made by a static initialiser or never seen initialised) */
    SNARL_RECORD_LOCK = 5,
    /* u:finding s:kind s:rule s:confidence s:message(may be empty: the reader words it) u:time_ns
     * location u:nlocks u:lock*nlocks u:nevents event*nevents owner
     * location := s:kind("" none|"global"|"heap"|"stack"|"tls"|"mapping"|"fd"|"unknown") u:address u:size
     *             u:module u:value s:symbol u:has_allocated(0|1) event?  (the event's role is "allocate")
     * event := s:role s:what u:flags(1: atomic, 2: write, 4: unordered filler, see "complete" in the stack)
     *          u:thread u:lock(the lock it is about; 0 none) u:stack u:time_ns u:address u:size
     *          u:nheld u:lock*nheld
     * owner := u:byte(of a race: the first address that both accesses touch) u:thread(whose stack or thread-local storage the location is; 0 unknown)
     *          u:module u:value u:offset(thread-local: where in the module's block; `value` is any address of it)
     *          u:stack u:frame u:cfa(on a stack: it lies in frame number `frame` of the stack, which ends at run-time
     *          address `cfa`; 0 0 0 unknown)   (files of before end without it) */
    SNARL_RECORD_FINDING = 6,
    /* u:finding u:count (how often it was seen so far, the last one counts) */
    SNARL_RECORD_COUNT = 7,
    /* u:from(lock) u:to(lock) u:count u:threads(how many different ones) u:hold_stack u:acquire_stack
     * s:mode(of from) s:mode(of to)   mode := "write"|"read"|"try"|"timed"
     * u:thread(one that did it) u:ngates u:lock*ngates(locks held besides from) */
    SNARL_RECORD_EDGE = 8,
    /* u:lock u:acquisitions u:contended u:wait_ns u:hold_max_ns */
    SNARL_RECORD_LOCK_USE = 9,
    /* u:n (s:name u:value)*n */
    SNARL_RECORD_COUNTERS = 10,
    /* u:how(0: exit code, 1: signal, 2: exec into another image, 3: ended by us for a deadlock) u:value
     * u:time_ns u:threads(created over the whole life, the main one included) */
    SNARL_RECORD_EXIT = 11,
    /* u:pid u:status(as waitpid gives it): a child of this process was seen to end so */
    SNARL_RECORD_CHILD = 12,
    /* u:module u:accesses u:instrumented s:reason(why not all; may be empty) */
    SNARL_RECORD_COVERAGE = 13,
    /* s:text: a line that the reports pass on ("module X cannot be instrumented: ...") */
    SNARL_RECORD_NOTE = 14,
};

/* In a STACK frame: the frame is given in words (an interpreter's frame), not as an address. */
#define SNARL_FRAME_SYMBOLIC 0xffffffffu

/* Lock kinds: "mutex", "recursive-mutex", "errorcheck-mutex", "robust-mutex", "rwlock", "spinlock",
 * "semaphore", "condition", "barrier", "once", "static-guard", "custom", "python-lock", "python-rlock",
 * "file-lock". Event roles are those of the contract. */

#endif
