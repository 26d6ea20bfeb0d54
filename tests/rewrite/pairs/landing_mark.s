# The mark of an indirect branch's target is overwritten.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    endbr64
    mov (%rdi), %rax
    ret
    .cfi_endproc
    .size f, .-f
