# A branch into the middle of an instruction. reason: jump into an instruction
    .text
    .globl f
    .type f, @function
f:  .cfi_startproc
    mov (%rdi), %rax
    jmp 1f+2
1:  mov $0xc3909090, %ecx
    ret
    .cfi_endproc
    .size f, .-f
