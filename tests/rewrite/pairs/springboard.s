# Two entries too near for long jumps: one jumps through dead bytes.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov (%rdi), %rax
    mov 8(%rdi), %rdx
    mov 16(%rdi), %rsi
    add %rdx, %rax
    jmp 1f
    nopw 0(%rax,%rax)
1:  call g
    cmp (%rdi), %rax
    call g
    mov %rax, (%rdi)
    ret
    .cfi_endproc
    .size f, .-f
g:  .cfi_startproc
    ret
    .cfi_endproc
    .size f, .-f
