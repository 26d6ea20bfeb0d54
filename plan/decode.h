/* decode.h - one x86-64 instruction as the planner needs it: the only door to the disassembler.
 *
 * The answer is a flat struct. Registers are numbers 0 (rax) to 15 (r15) in the machine's encoding; a set of them
 * is a mask, in which bit 16 stands for the flags. Branch targets and RIP-relative addresses are image offsets.
 * Whatever is doubtful is answered on the safe side: more read, less written, not checkable. */
#ifndef SNARL_PLAN_DECODE_H
#define SNARL_PLAN_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/shape.h"

enum snarl_instruction_kind {
    SNARL_KIND_PLAIN,
    SNARL_KIND_JUMP,          /* to `target` */
    SNARL_KIND_BRANCH,        /* conditional, to `target` */
    SNARL_KIND_SHORT_BRANCH,  /* jrcxz, loop: conditional with an 8-bit distance only */
    SNARL_KIND_CALL,          /* of `target` */
    SNARL_KIND_CALL_INDIRECT,
    SNARL_KIND_RETURN,
    SNARL_KIND_JUMP_INDIRECT,
    SNARL_KIND_TRAP,          /* ud2, hlt, int3: control does not go on */
    SNARL_KIND_BAD,           /* not an instruction, or one that must stay where it is */
};

enum snarl_instruction_flags {
    SNARL_ACCESS = 1,        /* reads or writes memory through its operand below */
    SNARL_ACCESS_READ = 2,
    SNARL_ACCESS_WRITE = 4,
    SNARL_ACCESS_LOCKED = 8, /* lock-prefixed, or xchg with memory */
    SNARL_ACCESS_STRING = 16, /* movs, stos, cmps …: `base` is the register of the first operand */
    SNARL_ACCESS_REPEATED = 32, /* with a rep prefix */
    SNARL_ACCESS_ODD = 64,   /* memory, but not by an address that lea computes: gather, masked, fs:, 32-bit */
    SNARL_INSTRUCTION_FENCE = 128, /* mfence, or a locked or of nothing into the stack */
};

#define SNARL_REGISTER_RSP 4
#define SNARL_REGISTER_RBP 5
#define SNARL_REGISTER_RIP 16
#define SNARL_REGISTER_NONE 17
#define SNARL_SET_REGISTERS 0xffffu
#define SNARL_SET_FLAGS (1u << 16)
#define SNARL_SET_ALL (SNARL_SET_REGISTERS | SNARL_SET_FLAGS)

struct snarl_instruction {
    uint32_t offset;
    uint32_t target;     /* of a direct branch or call */
    int32_t displacement; /* for RIP: the image offset addressed */
    uint32_t reads, kills; /* sets; kills: wholly overwritten, nothing of the old value left */
    int32_t immediate;   /* when has_immediate: one of 32 bits or more, or any of CMP */
    uint16_t writes;     /* registers changed in any part */
    uint8_t length;
    uint8_t kind;
    uint8_t flags;
    uint8_t shape;
    uint8_t base, index, scale; /* of the memory operand; also for LEA and without SNARL_ACCESS */
    uint8_t size;        /* bytes accessed, at most 255 */
    uint8_t rip_at;      /* where in the instruction its RIP displacement is, 0: none */
    uint8_t condition;   /* of a BRANCH: the machine's condition code */
    bool has_immediate;
    bool checkable;      /* set by the flow: an access worth a check */
    bool atomic;         /* set by atomics.c: a plain access to an atomic object */
};

/* Decodes the instruction at bytes[0], which is at image offset `offset`; `room` bytes may be read. An
 * undecodable one is SNARL_KIND_BAD with length 1. Not for two threads at once. */
void snarl_decode(struct snarl_instruction *instruction, const uint8_t *bytes, uint32_t room, uint32_t offset);
/* Writes "bytes  text" for the instruction; its length, 1 for what is none. */
unsigned snarl_decode_print(char *text, unsigned size, const uint8_t *bytes, uint32_t room, uint64_t address);

#endif
