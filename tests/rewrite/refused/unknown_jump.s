# A jump that nothing explains. reason: indirect jump not understood
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov (%rsi), %rax
    imul $16, %rdi, %rdi
    add %rdi, %rax
    jmp *%rax
    .cfi_endproc
    .size f, .-f
