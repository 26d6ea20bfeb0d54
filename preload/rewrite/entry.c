/* entry.c - see entry.h. */
#include "preload/rewrite/entry.h"

#include "plan/shape.h"

/* `before` and `after` keep the flags or only their place on the stack. */
#define ENTRY(name, handler, before, after)                                                                   \
    __asm__(".text\n.globl " name "\n.hidden " name "\n.type " name ", @function\n" name ":\n"                \
            "    " before "\n"                                                                                \
            "    push %rax\n    push %rcx\n    push %rdx\n    push %rsi\n    push %rdi\n"                     \
            "    push %r8\n    push %r9\n    push %r10\n    push %r11\n    push %rbp\n"                       \
            "    mov %rsp, %rdi\n    mov %rsp, %rbp\n    and $-16, %rsp\n"                                    \
            "    call " handler "\n"                                                                          \
            "    mov %rbp, %rsp\n"                                                                            \
            "    pop %rbp\n    pop %r11\n    pop %r10\n    pop %r9\n    pop %r8\n"                            \
            "    pop %rdi\n    pop %rsi\n    pop %rdx\n    pop %rcx\n    pop %rax\n"                          \
            "    " after "\n    ret\n"                                                                        \
            ".size " name ", .-" name "\n")

/* Most checks that end here pass after all (unaligned, of several cells with different stories): what finds that out
 * keeps all registers by itself. */
__asm__(".text\n.globl snarl_entry_access\n.hidden snarl_entry_access\n.type snarl_entry_access, @function\n"
        "snarl_entry_access:\n"
        "    push %rdi\n    push %rsi\n    push %rax\n"
        "    mov 32(%rsp), %rdi\n    mov 24(%rsp), %rsi\n"
        "    call snarl_entry_passes\n"
        "    test %al, %al\n"
        "    pop %rax\n    pop %rsi\n    pop %rdi\n"
        "    je snarl_entry_access_fully\n"
        "    ret\n"
        ".size snarl_entry_access, .-snarl_entry_access\n");

ENTRY("snarl_entry_access_fully", "snarl_entry_on_access", "lea -8(%rsp), %rsp", "lea 8(%rsp), %rsp");
ENTRY("snarl_entry_string", "snarl_entry_on_string", "pushfq", "popfq");
ENTRY("snarl_entry_before_atomic", "snarl_entry_on_before_atomic", "pushfq", "popfq");
ENTRY("snarl_entry_after_atomic", "snarl_entry_on_after_atomic", "pushfq", "popfq");

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
