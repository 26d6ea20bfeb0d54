# What is relative to the instruction keeps its target.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov word(%rip), %eax
    cmpl $7, word(%rip)
    lea word(%rip), %rdx
    mov (%rdx), %ecx
    movb $1, word+2(%rip)
    ret
    .cfi_endproc
    .size f, .-f
    .data
word: .long 5
    .text
g:  .cfi_startproc
    .cfi_endproc
    .size f, .-f
