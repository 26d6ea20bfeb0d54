# A jump to another function goes to its beginning.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov (%rdi), %rdi
    jmp g
    .cfi_endproc
    .size f, .-f
g:  .cfi_startproc
    mov (%rdi), %rax
    ret
    .cfi_endproc
    .size f, .-f
