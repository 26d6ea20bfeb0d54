# Branches go copy to copy, in their long forms.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    xor %eax, %eax
    test %esi, %esi
    jle 2f
1:  add (%rdi), %eax
    add $4, %rdi
    dec %esi
    jne 1b
2:  ret
    .cfi_endproc
    .size f, .-f
