# A direction flag that is set. reason: instructions that cannot be moved
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    std
    rep stosb
    cld
    ret
    .cfi_endproc
    .size f, .-f
