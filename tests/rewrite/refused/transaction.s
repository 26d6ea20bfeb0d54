# A transaction. reason: instructions that cannot be moved
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    xbegin 1f
    mov (%rdi), %rax
    xend
1:  ret
    .cfi_endproc
    .size f, .-f
