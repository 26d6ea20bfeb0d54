# What a leaf keeps below its stack pointer is not touched.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov %rdi, -8(%rsp)
    mov (%rsi), %rax
    mov -8(%rsp), %rdx
    mov %rax, (%rdx)
    ret
    .cfi_endproc
    .size f, .-f
