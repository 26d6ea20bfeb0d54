# Bytes that are no instruction. reason: instructions that cannot be moved
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov (%rdi), %rax
    test %rax, %rax
    je 1f
    .byte 0x06, 0x06
1:  ret
    .cfi_endproc
    .size f, .-f
