# Branches that have no long form.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov %rsi, %rcx
1:  mov (%rdi,%rcx,8), %rax
    loop 1b
    jrcxz 2f
    mov %rax, (%rdi)
2:  ret
    .cfi_endproc
    .size f, .-f
