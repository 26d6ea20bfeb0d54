/* format.h - the plan file: how the planner tells the applier what to do to one module.
 *
 *     head | sections, each at a multiple of 8; CODE at a multiple of a page
 *
 * The planner (an executable of ours) writes it, the shim inside the program maps it; they share this header and
 * nothing else. All integers are little-endian. Offsets named "image" count from the module's lowest mapped
 * page, offsets named "copy" from the start of the copy, a region of head.copy_size bytes:
 *
 *     copy + 0      the linkage page: one jump per enum snarl_link, written by the applier
 *     copy + 4096   the CODE section, mapped from the file as it is
 *
 * The code is written for a copy that starts `head.distance` bytes after the module's lowest page (before it, when
 * negative) and for a per-thread area at `head.thread` from the thread pointer. Where the process has it otherwise,
 * the applier adds the difference to the 32-bit words that IMAGE_FIXES and THREAD_FIXES name; where it has both so,
 * the pages of the file are used untouched.
 *
 * The file is trusted only when it belongs to the user and the hashes are right: head.hash covers the head up to
 * itself, each section's hash its bytes. A reader believes no count and no offset that it has not compared with sizes. */
#ifndef SNARL_PLAN_FORMAT_H
#define SNARL_PLAN_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define SNARL_PLAN_MAGIC "SNARLPLN"
#define SNARL_PLAN_VERSION 15u
#define SNARL_PLAN_PAGE 4096u

enum snarl_plan_check { /* what stands before an access */
    SNARL_CHECK_NONE,   /* nothing: relocation only, for tests */
    SNARL_CHECK_COUNT,  /* a counter of the thread, for tests */
    SNARL_CHECK_RACE,
};

enum snarl_plan_section_kind {
    SNARL_SECTION_CODE,
    SNARL_SECTION_PATCHES,      /* struct snarl_plan_patch, by offset */
    SNARL_SECTION_IMAGE_FIXES,  /* u32: copy offset of a word from which the copy's distance was subtracted */
    SNARL_SECTION_THREAD_FIXES, /* u32: copy offset of a word that holds an offset in the thread's area */
    SNARL_SECTION_MAP,          /* struct snarl_plan_map, by copy offset */
    SNARL_SECTION_ROWS,         /* struct snarl_plan_row, by offset */
    SNARL_SECTION_ATOMICS,      /* struct snarl_plan_object, by offset: objects that are atomic */
    SNARL_SECTION_COUNT,
};

enum snarl_link { /* entries of the linkage page, SNARL_LINK_SIZE bytes each; see check.c for the calls */
    SNARL_LINK_ACCESS, /* an access whose inlined check did not pass; may change the flags, all others keep them */
    SNARL_LINK_STRING, /* a string instruction */
    SNARL_LINK_BEFORE_ATOMIC,
    SNARL_LINK_AFTER_ATOMIC,
    SNARL_LINK_PLAIN_ATOMIC, /* a plain load or store of an atomic object */
    SNARL_LINK_COUNT,
};
#define SNARL_LINK_SIZE 16u

enum snarl_plan_reason { /* index of head.missed: why accesses stay unchecked; equals enum snarl_reason */
    SNARL_PLAN_REASONS = 8,
};

struct snarl_plan_section {
    uint64_t offset; /* in the file */
    uint64_t size;   /* in bytes */
    uint64_t hash;   /* snarl_plan_hash */
};

struct snarl_plan_head {
    char magic[8];
    uint32_t version;
    uint32_t check; /* enum snarl_plan_check */
    char snarl[24]; /* the version of snarl that wrote it */
    uint8_t build_id[32];
    uint32_t build_id_size;
    uint32_t image_size; /* bytes from the lowest page to the end of the last segment */
    int64_t distance;
    int32_t thread;
    uint32_t copy_size;
    uint64_t accesses;   /* worth a check */
    uint64_t instrumented;
    uint64_t missed[SNARL_PLAN_REASONS];
    struct snarl_plan_section sections[SNARL_SECTION_COUNT];
    uint64_t hash;
};

struct snarl_plan_patch {
    uint32_t offset; /* image */
    uint32_t target; /* copy offset for a long jump, image offset for a short one */
    uint8_t size;    /* 5: jmp rel32; 2: jmp rel8 */
    uint8_t old[5];  /* what must stand there */
    uint16_t zero;
};

enum snarl_plan_map_kind {
    SNARL_MAP_RUN,   /* from here on copy and original advance together */
    SNARL_MAP_BRANCH, /* the copy of the one branch or call at `original`, of whatever length */
    SNARL_MAP_NOTHING, /* no code */
    SNARL_MAP_CHECK, /* inside a check of the instruction at `original`: nothing of it has happened yet */
    SNARL_MAP_STUB,  /* the same, in the part of the check that lies outside the line */
    SNARL_MAP_AFTER, /* after the instruction at `original`, in what follows it; it has happened */
};
#define SNARL_MAP_NO_REGISTER 0xff

enum snarl_plan_map_flags {
    SNARL_MAP_FLAGS_SAVED = 1, /* slot 2 holds the flags: rax as lahf and seto %al left it */
    SNARL_MAP_LOWERED = 2,     /* rsp is 128 bytes too low */
    SNARL_MAP_PUSHED = 4,      /* and another 8 */
};

/* What an address in the copy stands for, up to the next record. A register in saved[i] has its true value in the
 * thread's slot i. */
struct snarl_plan_map {
    uint32_t copy;
    uint32_t original; /* image */
    uint8_t kind;
    uint8_t saved[2];
    uint8_t flags; /* enum snarl_plan_map_flags */
};

/* How to unwind from an address of the module (see snarl_unwind_row). */
struct snarl_plan_row {
    uint32_t start; /* image */
    int32_t cfa_offset;
    uint8_t cfa_register; /* 6 rbp, 7 rsp, 0xff unknown */
    uint8_t zero;
    int16_t rbp_offset; /* 0: rbp is unchanged */
};

enum snarl_plan_part { SNARL_PART_1, SNARL_PART_2, SNARL_PARTS }; /* of one and of two bytes */

/* `count` adjacent atomic objects of `size` bytes in the module's data. */
struct snarl_plan_object {
    uint32_t offset; /* image */
    uint32_t size;
    uint32_t count;
};

/* The per-thread area that checks use, at a fixed offset from the thread pointer. Two-word values hold the same
 * 32 bits twice, so that one comparison serves two cells. */
struct snarl_plan_thread {
    uint64_t slot[3]; /* registers and flags that a check borrowed */
    uint64_t count;   /* SNARL_CHECK_COUNT */
    uint64_t first;   /* SNARL_CHECK_RACE: a cell's word minus this ... */
    uint64_t outside; /* ... has none of these bits when the access is known already */
    uint64_t writes;  /* from a cell of reads to that of writes */
    uint64_t atomic;  /* the address of the atomic operation in progress */
    /* For parts of a cell, by the place of the first byte: what makes a word that covers them look like one that covers all. */
    uint32_t others[SNARL_PARTS][4];
};
/* Where the area is from the thread pointer, so that plans can be executed as they are. The shim aligns it to a page, and it has between one
 * and two pages of thread-local storage from there on: then a program's own, up to some 2.5 KB, does not move it. */
#define SNARL_PLAN_THREAD_ALIGN 4096
#define SNARL_PLAN_THREAD_USUAL (-2 * SNARL_PLAN_THREAD_ALIGN)

enum snarl_site_flags {
    SNARL_SITE_WRITE = 1,
    SNARL_SITE_READ = 2,
    SNARL_SITE_LOCKED = 4,
    SNARL_SITE_REPEATED = 8,
    SNARL_SITE_UNHEEDED = 16, /* a locked instruction that leaves nothing the program looks at but what is in memory */
};

/* Stands in the copy SNARL_SITE_AT bytes after the return address of a call into the linkage page. */
struct snarl_plan_site {
    int32_t original; /* the accessing instruction, from the address of this field */
    uint8_t size;
    uint8_t flags; /* enum snarl_site_flags */
    uint8_t shape; /* of a string or locked instruction: enum snarl_instruction_shape */
    uint8_t zero;
};
#define SNARL_SITE_AT 13

_Static_assert(sizeof(struct snarl_plan_patch) == 16, "a patch record is packed");
_Static_assert(sizeof(struct snarl_plan_map) == 12, "a map record is packed");
_Static_assert(sizeof(struct snarl_plan_row) == 12, "an unwinding record is packed");
_Static_assert(sizeof(struct snarl_plan_site) == 8, "a site is packed");
_Static_assert(sizeof(struct snarl_plan_head) % 8 == 0, "the head has no tail");

static inline uint64_t snarl_plan_mix(uint64_t lane, const uint8_t *at)
{
    uint64_t word;
    __builtin_memcpy(&word, at, 8);
    lane = (lane ^ word) * 0x9e3779b97f4a7c15ull;
    return lane ^ lane >> 29;
}

/* A hash against damage, not against malice: four lanes of multiply and rotate, words of 8 bytes. Every byte of a plan goes
 * through it whenever one is applied, so the lanes are kept in registers while a piece is added. */
struct snarl_plan_lanes {
    uint64_t a, b, c, d;
};

static inline struct snarl_plan_lanes snarl_plan_hash_begin(size_t size)
{
    return (struct snarl_plan_lanes){size, 1, 2, 3};
}

/* Each piece but the last is a multiple of 32 bytes long. */
static inline void snarl_plan_hash_add(struct snarl_plan_lanes *lanes, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t a = lanes->a, b = lanes->b, c = lanes->c, d = lanes->d;
    for (; size >= 32; size -= 32, at += 32) {
        a = snarl_plan_mix(a, at);
        b = snarl_plan_mix(b, at + 8);
        c = snarl_plan_mix(c, at + 16);
        d = snarl_plan_mix(d, at + 24);
    }
    for (; size; size--, at++)
        a = (a ^ *at) * 0x100000001b3ull;
    *lanes = (struct snarl_plan_lanes){a, b, c, d};
}

static inline uint64_t snarl_plan_hash_end(const struct snarl_plan_lanes *lanes)
{
    uint64_t a = lanes->a;
    a = (a ^ lanes->b) * 0xff51afd7ed558ccdull ^ a >> 31;
    a = (a ^ lanes->c) * 0xff51afd7ed558ccdull ^ a >> 31;
    return (a ^ lanes->d) * 0xff51afd7ed558ccdull ^ a >> 31;
}

static inline uint64_t snarl_plan_hash(const void *bytes, size_t size)
{
    struct snarl_plan_lanes lanes = snarl_plan_hash_begin(size);
    snarl_plan_hash_add(&lanes, bytes, size);
    return snarl_plan_hash_end(&lanes);
}

#define SNARL_PLAN_NAME_MAX 128

/* The name of a plan in the cache folder. */
static inline void snarl_plan_name(char name[SNARL_PLAN_NAME_MAX], const uint8_t *build_id, uint32_t size,
                                   enum snarl_plan_check check)
{
    static const char *const s_kind[] = {"-none-", "-count-", "-race-"};
    const char *tail[] = {s_kind[check], SNARL_VERSION, "-", NULL};
    uint32_t at = 0;
    for (uint32_t i = 0; i < size && i < 32; i++) {
        name[at++] = "0123456789abcdef"[build_id[i] >> 4];
        name[at++] = "0123456789abcdef"[build_id[i] & 15];
    }
    for (int i = 0; tail[i]; i++)
        for (const char *c = tail[i]; *c; c++)
            name[at++] = *c;
    name[at++] = '0' + SNARL_PLAN_VERSION / 10;
    name[at++] = '0' + SNARL_PLAN_VERSION % 10;
    __builtin_memcpy(name + at, ".plan", 6);
}

/* What stands for a build-id in a file that has none: two FNV-1a hashes over words, 16 bytes. */
static inline void snarl_plan_file_id(uint8_t id[16], const uint8_t *bytes, size_t size)
{
    uint64_t hash[2] = {0xcbf29ce484222325ull, 0x9ae16a3b2f90404full};
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        __builtin_memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
        hash[0] = (hash[0] ^ word) * 0x100000001b3ull;
        hash[1] = ((hash[1] << 7 | hash[1] >> 57) ^ word) * 0x9e3779b97f4a7c15ull;
    }
    __builtin_memcpy(id, hash, sizeof(hash));
}

_Static_assert(SNARL_PLAN_VERSION >= 10 && SNARL_PLAN_VERSION < 100, "a plan's name has two digits for it");

#endif
