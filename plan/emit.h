/* emit.h - writes the copy of an image's functions.
 *
 * The emitter owns the growing code and the lists that go with it (fix-ups, the map, the branches to be filled in).
 * What stands before an access is written by check.c, through the small writers declared here. Addresses in the
 * copy are offsets from its start, of which the first page is the linkage page. */
#ifndef SNARL_PLAN_EMIT_H
#define SNARL_PLAN_EMIT_H

#include "plan/flow.h"
#include "plan/format.h"

struct snarl_branch {
    uint32_t site;   /* copy offset of the 32-bit distance */
    uint32_t target; /* image offset */
};

/* A check whose rest lies after its function. */
struct snarl_stub {
    const struct snarl_instruction *instruction;
    uint32_t at;   /* image offset of the instruction in front of which the check stands */
    uint32_t sites[4]; /* copy offsets of the 32-bit distances that lead to the stub; 0: none */
    uint32_t back; /* copy offset where it goes on */
    uint8_t reg;   /* may be used for the address */
    uint8_t saved[2]; /* registers in the slots while the stub runs, SNARL_MAP_NO_REGISTER: none */
    uint8_t saved_flags;
    uint8_t link;  /* enum snarl_link */
    bool unheeded; /* for SNARL_SITE_UNHEEDED */
};

struct snarl_emitter {
    const struct snarl_code *code;
    enum snarl_plan_check check;
    uint8_t *bytes; /* of the code section: copy offset SNARL_PLAN_PAGE is bytes[0] */
    uint32_t size, room;
    struct snarl_offsets image_fixes;
    struct snarl_offsets thread_fixes;
    struct snarl_plan_map *map;
    uint32_t map_count, map_room;
    struct snarl_branch *branches;
    uint32_t branch_count, branch_room;
    struct snarl_stub *stubs;
    uint32_t stub_count, stub_room;
    uint32_t checks, repeated; /* written, and left out because another check covers the access */
};

/* Emits all copied functions and sets the blocks' copy offsets. False: the copy would be too large. */
bool snarl_emit(struct snarl_emitter *emitter, const struct snarl_code *code, enum snarl_plan_check check);
/* Adds `distance` to what depends on where the copy is, and the thread's area to what depends on that. */
void snarl_emit_place(struct snarl_emitter *emitter, int64_t distance, int32_t thread);
void snarl_emit_free(struct snarl_emitter *emitter);

/* For check.c. The next copy offset: */
uint32_t snarl_emit_here(const struct snarl_emitter *emitter);
void snarl_emit_byte(struct snarl_emitter *emitter, unsigned byte);
void snarl_emit_word(struct snarl_emitter *emitter, uint32_t word);
/* A 32-bit distance from the end of itself to an image offset. */
void snarl_emit_distance(struct snarl_emitter *emitter, uint32_t image_offset);
/* What the code from here on stands for; the record's `copy` is filled in. */
void snarl_emit_map(struct snarl_emitter *emitter, struct snarl_plan_map record);
/* op r64, %fs:(area + field); opcode 0x89 stores, 0x8b loads, 0x3b compares. */
void snarl_emit_thread_op(struct snarl_emitter *emitter, unsigned opcode, unsigned reg, unsigned field);
/* lea EA, reg: the address that the instruction accesses. */
void snarl_emit_lea(struct snarl_emitter *emitter, unsigned reg, const struct snarl_instruction *x);
/* jmp rel32 to a copy offset. */
void snarl_emit_jump(struct snarl_emitter *emitter, uint32_t copy_offset);
void snarl_emit_patch(struct snarl_emitter *emitter, uint32_t site, uint32_t copy_offset);
struct snarl_stub *snarl_emit_stub(struct snarl_emitter *emitter);

#endif
