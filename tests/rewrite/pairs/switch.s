# A table of jumps: every place that it may name is an entry.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    cmp $3, %edi
    ja 9f
    lea 8f(%rip), %rdx
    movslq (%rdx,%rdi,4), %rax
    add %rdx, %rax
    jmp *%rax
1:  mov (%rsi), %eax
    ret
2:  mov 4(%rsi), %eax
    ret
3:  mov 8(%rsi), %eax
    ret
4:  mov 12(%rsi), %eax
    ret
9:  xor %eax, %eax
    ret
    .section .rodata
    .balign 4
8:  .long 1b-8b, 2b-8b, 3b-8b, 4b-8b
    .text
    .cfi_endproc
    .size f, .-f
