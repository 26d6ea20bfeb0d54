# An entry without room stays in place, and what it leads to becomes an entry.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    call g
    pop %rax
    call g
    mov (%rdi), %rax
    ret
    .cfi_endproc
    .size f, .-f
g:  .cfi_startproc
    ret
    .cfi_endproc
    .size f, .-f
