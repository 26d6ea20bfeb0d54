# A table as LLVM makes it, without a bound: what cannot happen leads behind the function's end, into padding, and the table goes on.
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    lea 8f(%rip), %rdx
    movslq (%rdx,%rdi,4), %rax
    add %rdx, %rax
    jmp *%rax
1:  mov (%rsi), %eax
    ret
2:  mov $1, %al
3:  mov $2, %ah
    ret
    .cfi_endproc
    .size f, .-f
7:  nopw 0(%rax,%rax,1)
    .section .rodata
    .balign 4
8:  .long 1b-8b, 7b-8b, 2b-8b, 3b-8b
