# String instructions, atomic ones, and prefixes.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov $3, %ecx
    rep movsb
    lock incl (%rdx)
    xchg %eax, (%rdx)
    ret
    .cfi_endproc
    .size f, .-f
