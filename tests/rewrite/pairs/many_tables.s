# Ten tables, of which the jump uses one that is chosen far before it: all are read, and each target is an entry, also the last table's, three bytes
# behind another one.
    .text
    .globl f
    .type f, @function
f:
    .cfi_startproc
    lea table0(%rip), %rcx
    cmp $0, %edi
    je 1f
    lea table1(%rip), %rcx
    cmp $1, %edi
    je 1f
    lea table2(%rip), %rcx
    cmp $2, %edi
    je 1f
    lea table3(%rip), %rcx
    cmp $3, %edi
    je 1f
    lea table4(%rip), %rcx
    cmp $4, %edi
    je 1f
    lea table5(%rip), %rcx
    cmp $5, %edi
    je 1f
    lea table6(%rip), %rcx
    cmp $6, %edi
    je 1f
    lea table7(%rip), %rcx
    cmp $7, %edi
    je 1f
    lea table8(%rip), %rcx
    cmp $8, %edi
    je 1f
    lea table9(%rip), %rcx
    cmp $9, %edi
    je 1f
1:
    movslq (%rcx,%rsi,4), %rdx
    add %rcx, %rdx
    jmp *%rdx
20:
    mov $0, %al
    inc %rax
30:
    ret
21:
    mov $1, %al
    inc %rax
31:
    ret
22:
    mov $2, %al
    inc %rax
32:
    ret
23:
    mov $3, %al
    inc %rax
33:
    ret
24:
    mov $4, %al
    inc %rax
34:
    ret
25:
    mov $5, %al
    inc %rax
35:
    ret
26:
    mov $6, %al
    inc %rax
36:
    ret
27:
    mov $7, %al
    inc %rax
37:
    ret
28:
    mov $8, %al
    inc %rax
38:
    ret
29:
    mov $9, %al
    inc %rax
39:
    ret
    .cfi_endproc
    .size f, . - f
    .section .rodata
    .align 4
table0:
    .long 20b - table0
    .long 30b - table0
table1:
    .long 21b - table1
    .long 31b - table1
table2:
    .long 22b - table2
    .long 32b - table2
table3:
    .long 23b - table3
    .long 33b - table3
table4:
    .long 24b - table4
    .long 34b - table4
table5:
    .long 25b - table5
    .long 35b - table5
table6:
    .long 26b - table6
    .long 36b - table6
table7:
    .long 27b - table7
    .long 37b - table7
table8:
    .long 28b - table8
    .long 38b - table8
table9:
    .long 29b - table9
    .long 39b - table9
    .section .note.GNU-stack, "", @progbits
