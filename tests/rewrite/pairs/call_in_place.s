# A call stays where it was; control comes back to a jump.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov (%rdi), %rax
    call g
    add 8(%rdi), %rax
    ret
    .cfi_endproc
    .size f, .-f
g:  .cfi_startproc
    ret
    .cfi_endproc
    .size f, .-f
