/* image.h - a program or shared library as the planner sees it: its bytes as the loader would map them, and
 * what is known about its code.
 *
 * All places are offsets from the lowest page that the file maps ("image offsets", 32 bits): bytes[offset] is
 * the byte that the process has at load address + offset. Only what the loader itself reads is trusted (program
 * headers, the dynamic section, .eh_frame through PT_GNU_EH_FRAME); section headers and symbols add names and
 * functions without unwinding information, and may be missing.
 *
 * The file may be damaged or hostile: every read is bounded, and the answer to nonsense is a reason in words. */
#ifndef SNARL_PLAN_IMAGE_H
#define SNARL_PLAN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNARL_IMAGE_RANGES 16
#define SNARL_IMAGE_BUILD_ID_MAX 32

struct snarl_range {
    uint32_t start;
    uint32_t end;
};

/* One row of an unwinding table: how to find the caller's frame from `start` to the next row. */
struct snarl_unwind_row {
    uint32_t start;
    int32_t cfa_offset;  /* the frame's address is cfa_register + cfa_offset */
    uint8_t cfa_register; /* a register number of DWARF (6 rbp, 7 rsp), SNARL_UNWIND_NONE: unknown */
    uint8_t zero;
    int16_t rbp_offset; /* where the caller's rbp is, from the frame's address; 0: still in rbp */
};
#define SNARL_UNWIND_NONE 0xff

struct snarl_function_range {
    uint32_t start;
    uint32_t end;
    uint32_t lsda; /* offset of its exception table, 0: none */
    uint32_t first_row;
    uint32_t row_count;
    bool odd_frame; /* unwinding by a DWARF expression (a PLT, a signal trampoline): not ordinary code */
};

struct snarl_symbol {
    uint32_t start;
    uint32_t size;
    const char *name; /* in the file's mapping */
};

struct snarl_offsets {
    uint32_t *at;
    uint32_t count;
    uint32_t room;
};

struct snarl_image {
    const char *path; /* borrowed */
    uint8_t *bytes;
    uint32_t size;
    uint64_t base; /* link address of offset 0 */
    bool pie;      /* position-independent: absolute addresses in code mean nothing */
    bool program;  /* names a loader: a program, or a library that can be run as one */
    bool text_relocated;
    bool ibt; /* marked for indirect branch tracking */
    struct snarl_range exec[SNARL_IMAGE_RANGES];
    unsigned exec_count;
    struct snarl_range readonly[SNARL_IMAGE_RANGES];
    unsigned readonly_count;
    struct snarl_range loaded[SNARL_IMAGE_RANGES]; /* what comes from the file, for address scans */
    unsigned loaded_count;
    struct snarl_range plt[SNARL_IMAGE_RANGES]; /* linkage stubs, where section headers name them */
    unsigned plt_count;
    uint32_t text_start, text_end; /* all executable ranges lie inside */

    struct snarl_function_range *functions; /* sorted, disjoint */
    uint32_t function_count, function_room;
    struct snarl_unwind_row *rows; /* each function's rows sorted by start */
    uint32_t row_count, row_room;
    struct snarl_symbol *symbols; /* functions only, sorted by start */
    uint32_t symbol_count;
    struct snarl_offsets landing_pads;   /* where the unwinder enters functions */
    struct snarl_offsets code_pointers; /* code addresses that relocated data holds */

    uint8_t build_id[SNARL_IMAGE_BUILD_ID_MAX];
    unsigned build_id_size; /* when the file has none: a hash of its bytes, and this is 16 */
    const uint8_t *file;    /* the mapped file */
    size_t file_size;
};

/* Reads the file. Returns NULL or, when it cannot be planned, why in words (a constant string); the image
 * is then to be released all the same. */
const char *snarl_image_open(struct snarl_image *image, const char *path);
void snarl_image_close(struct snarl_image *image);

/* The build-id (or what stands for it) and the amount of code, without reading more than that. */
const char *snarl_image_identify(const char *path, uint8_t build_id[SNARL_IMAGE_BUILD_ID_MAX], unsigned *build_id_size,
                                 uint64_t *text_bytes);

/* The .eh_frame records: fills functions, rows and landing pads. Called by snarl_image_open. */
const char *snarl_image_read_frames(struct snarl_image *image, uint32_t eh_frame_hdr);

bool snarl_image_is_exec(const struct snarl_image *image, uint64_t offset);
bool snarl_image_is_readonly(const struct snarl_image *image, uint64_t offset);
bool snarl_image_is_plt(const struct snarl_image *image, uint32_t offset);
/* `count` bytes at `offset`, NULL when they are not all inside the image. */
const uint8_t *snarl_image_at(const struct snarl_image *image, uint64_t offset, uint64_t count);
/* The index of the function that holds `offset`, -1: none. */
int64_t snarl_image_function_at(const struct snarl_image *image, uint32_t offset);
/* The name of the function symbol at or before `offset` that covers it, NULL: none. */
const char *snarl_image_symbol_at(const struct snarl_image *image, uint32_t offset);

/* Memory of the planner: like realloc and calloc but ending the process with a line when there is none. */
void *snarl_plan_grow(void *block, size_t count, size_t size);
void *snarl_plan_zeroed(size_t count, size_t size);
void snarl_offsets_add(struct snarl_offsets *offsets, uint32_t offset);

#endif
