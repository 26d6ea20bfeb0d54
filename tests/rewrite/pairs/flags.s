# Flags that are alive across an access are kept.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    cmp %rsi, %rdx
    mov (%rdi), %rax
    jb 1f
    mov 8(%rdi), %rax
1:  ret
    .cfi_endproc
    .size f, .-f
