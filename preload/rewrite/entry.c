/* entry.c - see entry.h. */
#include "preload/rewrite/entry.h"

#include "plan/shape.h"

/* For the unwinder the caller is the program's code at the access, with its registers: a thread that is cancelled while it is in
 * here has its cleanup handlers run. CFA: the stack pointer at the access. The return address is worked out of the site:
 * back = *(CFA - 144), site = back + SNARL_SITE_AT, site + the signed 32 bits there. */
#define CALLER                                                                                                \
    "    .cfi_startproc\n    .cfi_signal_frame\n    .cfi_def_cfa rsp, 144\n"                                   \
    "    .cfi_escape 0x16, 16, 16, 0x08, 144, 0x1c, 0x06, 0x23, 13, 0x12, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, "  \
    "0x26, 0x22\n"
_Static_assert(SNARL_SITE_AT == 13, "the expression above has it");
#define PUSH(register) "    push %" register "\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset " register ", 0\n"
#define POP(register) "    pop %" register "\n    .cfi_adjust_cfa_offset -8\n    .cfi_same_value " register "\n"

/* `before` and `after` keep the flags or only their place on the stack. */
#define ENTRY(name, handler, before, after)                                                                   \
    __asm__(".text\n.globl " name "\n.hidden " name "\n.type " name ", @function\n" name ":\n" CALLER         \
            "    " before "\n    .cfi_adjust_cfa_offset 8\n"                                                  \
            PUSH("rax") PUSH("rcx") PUSH("rdx") PUSH("rsi") PUSH("rdi")                                       \
            PUSH("r8") PUSH("r9") PUSH("r10") PUSH("r11") PUSH("rbp")                                         \
            "    mov %rsp, %rdi\n    mov %rsp, %rbp\n    .cfi_def_cfa_register rbp\n    and $-16, %rsp\n"      \
            "    call " handler "\n"                                                                          \
            "    mov %rbp, %rsp\n    .cfi_def_cfa_register rsp\n"                                             \
            POP("rbp") POP("r11") POP("r10") POP("r9") POP("r8")                                              \
            POP("rdi") POP("rsi") POP("rdx") POP("rcx") POP("rax")                                            \
            "    " after "\n    .cfi_adjust_cfa_offset -8\n    ret\n    .cfi_endproc\n"                        \
            ".size " name ", .-" name "\n")

/* Most checks that end here need no more than a simple change of one cell, or pass after all (unaligned, of several cells with different
 * stories). */
__asm__(".text\n.globl snarl_entry_access\n.hidden snarl_entry_access\n.type snarl_entry_access, @function\n"
        "snarl_entry_access:\n" CALLER
        PUSH("rax") PUSH("rcx") PUSH("rdx") PUSH("rsi") PUSH("rdi")
        PUSH("r8") PUSH("r9") PUSH("r10") PUSH("r11")
        "    lea 72(%rsp), %rdi\n    mov %rbp, %rsi\n"
        "    call snarl_entry_is_small\n"
        "    test %al, %al\n"
        "    jne 1f\n"
        "    lea 72(%rsp), %rdi\n    mov %rbp, %rsi\n"
        "    call snarl_entry_passes\n"
        "    test %al, %al\n"
        "1:\n"
        POP("r11") POP("r10") POP("r9") POP("r8")
        POP("rdi") POP("rsi") POP("rdx") POP("rcx") POP("rax")
        "    je snarl_entry_access_fully\n"
        "    ret\n    .cfi_endproc\n"
        ".size snarl_entry_access, .-snarl_entry_access\n");

ENTRY("snarl_entry_access_fully", "snarl_entry_on_access", "lea -8(%rsp), %rsp", "lea 8(%rsp), %rsp");
ENTRY("snarl_entry_string", "snarl_entry_on_string", "pushfq", "popfq");
ENTRY("snarl_entry_plain_atomic", "snarl_entry_on_plain_atomic", "pushfq", "popfq");
ENTRY("snarl_entry_before_atomic", "snarl_entry_on_before_atomic", "pushfq", "popfq");
ENTRY("snarl_entry_after_atomic", "snarl_entry_on_after_locked", "pushfq", "popfq");

#define ZERO_FLAG 0x40

/* Called by snarl_entry_after_atomic only. */
__attribute__((visibility("hidden"))) void snarl_entry_on_after_locked(struct snarl_entry_frame *frame);
void snarl_entry_on_after_locked(struct snarl_entry_frame *frame)
{
    snarl_entry_on_after_atomic(frame);
    if (snarl_entry_site(frame)->shape == SNARL_SHAPE_CMPXCHG && !(frame->flags & ZERO_FLAG))
        snarl_entry_on_refused(frame);
}

/* Comparing and scanning may stop anywhere: only the first element is certain to be read. */
unsigned snarl_entry_ranges(const struct snarl_entry_frame *frame, struct snarl_entry_range ranges[2])
{
    const struct snarl_plan_site *site = snarl_entry_site(frame);
    uint64_t count = site->flags & SNARL_SITE_REPEATED ? frame->rcx : 1, element = site->size;
    bool from = site->shape == SNARL_SHAPE_MOVS || site->shape == SNARL_SHAPE_CMPS || site->shape == SNARL_SHAPE_LODS;
    bool to = site->shape != SNARL_SHAPE_LODS;
    bool writes = site->shape == SNARL_SHAPE_MOVS || site->shape == SNARL_SHAPE_STOS;
    bool stops = site->shape == SNARL_SHAPE_CMPS || site->shape == SNARL_SHAPE_SCAS;
    unsigned n = 0;
    if (!count || site->shape < SNARL_SHAPE_MOVS || site->shape > SNARL_SHAPE_LODS)
        return 0;
    uint64_t size = (stops ? 1 : count) * element;
    if (from)
        ranges[n++] = (struct snarl_entry_range){frame->rsi, size, 0};
    if (to)
        ranges[n++] = (struct snarl_entry_range){frame->rdi, size, writes};
    return n;
}
