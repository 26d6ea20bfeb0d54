/* decode.c - see decode.h. The only file that sees Zydis. */
#include "plan/decode.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#define FLAGS_USED                                                                                            \
    (ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF | ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_SF |           \
     ZYDIS_CPUFLAG_OF)

static ZydisDecoder s_decoder;
static bool s_ready;

static void prepare(void)
{
    if (s_ready)
        return;
    ZydisDecoderInit(&s_decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(&s_decoder, ZYDIS_DECODER_MODE_KNC, ZYAN_FALSE);
    s_ready = true;
}

/* The number of a general register of any width, -1 for other registers. */
static int general(ZydisRegister reg)
{
    if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
        return reg - ZYDIS_REGISTER_RAX;
    if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D)
        return reg - ZYDIS_REGISTER_EAX;
    if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W)
        return reg - ZYDIS_REGISTER_AX;
    ZydisRegister wide = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    return wide >= ZYDIS_REGISTER_RAX && wide <= ZYDIS_REGISTER_R15 ? (int)(wide - ZYDIS_REGISTER_RAX) : -1;
}

static enum snarl_instruction_kind branch_kind(const ZydisDecodedInstruction *z, bool immediate)
{
    if (z->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        return SNARL_KIND_BAD;
    switch (z->meta.category) {
    case ZYDIS_CATEGORY_CALL:
        return immediate ? SNARL_KIND_CALL : SNARL_KIND_CALL_INDIRECT;
    case ZYDIS_CATEGORY_RET:
        return SNARL_KIND_RETURN;
    case ZYDIS_CATEGORY_UNCOND_BR:
        return immediate ? SNARL_KIND_JUMP : SNARL_KIND_JUMP_INDIRECT;
    default:
        break;
    }
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_JRCXZ:
    case ZYDIS_MNEMONIC_JECXZ:
    case ZYDIS_MNEMONIC_JCXZ:
    case ZYDIS_MNEMONIC_LOOP:
    case ZYDIS_MNEMONIC_LOOPE:
    case ZYDIS_MNEMONIC_LOOPNE:
        return SNARL_KIND_SHORT_BRANCH;
    default:
        return SNARL_KIND_BRANCH;
    }
}

static enum snarl_instruction_kind kind_of(const ZydisDecodedInstruction *z, bool immediate)
{
    switch (z->meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_UNCOND_BR:
    case ZYDIS_CATEGORY_COND_BR:
        break;
    case ZYDIS_CATEGORY_INTERRUPT:
        return z->mnemonic == ZYDIS_MNEMONIC_INT3 ? SNARL_KIND_TRAP : SNARL_KIND_BAD;
    default:
        if (z->mnemonic == ZYDIS_MNEMONIC_HLT || z->mnemonic == ZYDIS_MNEMONIC_UD2 ||
            z->mnemonic == ZYDIS_MNEMONIC_UD0 || z->mnemonic == ZYDIS_MNEMONIC_UD1)
            return SNARL_KIND_TRAP;
        /* our code and libc's rely on the direction flag being clear */
        return z->mnemonic == ZYDIS_MNEMONIC_STD ? SNARL_KIND_BAD : SNARL_KIND_PLAIN;
    }
    if (z->mnemonic == ZYDIS_MNEMONIC_XBEGIN || z->mnemonic == ZYDIS_MNEMONIC_XABORT)
        return SNARL_KIND_BAD;
    return branch_kind(z, immediate);
}

static enum snarl_instruction_shape string_shape(ZydisMnemonic mnemonic)
{
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOVSB:
    case ZYDIS_MNEMONIC_MOVSW:
    case ZYDIS_MNEMONIC_MOVSD:
    case ZYDIS_MNEMONIC_MOVSQ:
        return SNARL_SHAPE_MOVS;
    case ZYDIS_MNEMONIC_STOSB:
    case ZYDIS_MNEMONIC_STOSW:
    case ZYDIS_MNEMONIC_STOSD:
    case ZYDIS_MNEMONIC_STOSQ:
        return SNARL_SHAPE_STOS;
    case ZYDIS_MNEMONIC_CMPSB:
    case ZYDIS_MNEMONIC_CMPSW:
    case ZYDIS_MNEMONIC_CMPSD:
    case ZYDIS_MNEMONIC_CMPSQ:
        return SNARL_SHAPE_CMPS;
    case ZYDIS_MNEMONIC_SCASB:
    case ZYDIS_MNEMONIC_SCASW:
    case ZYDIS_MNEMONIC_SCASD:
    case ZYDIS_MNEMONIC_SCASQ:
        return SNARL_SHAPE_SCAS;
    case ZYDIS_MNEMONIC_LODSB:
    case ZYDIS_MNEMONIC_LODSW:
    case ZYDIS_MNEMONIC_LODSD:
    case ZYDIS_MNEMONIC_LODSQ:
        return SNARL_SHAPE_LODS;
    default:
        return SNARL_SHAPE_OTHER;
    }
}

static enum snarl_instruction_shape shape_of(const ZydisDecodedInstruction *z)
{
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_LEA:
        return SNARL_SHAPE_LEA;
    case ZYDIS_MNEMONIC_MOV:
        return SNARL_SHAPE_MOV;
    case ZYDIS_MNEMONIC_MOVSXD:
        return SNARL_SHAPE_MOVSXD;
    case ZYDIS_MNEMONIC_ADD:
        return SNARL_SHAPE_ADD;
    case ZYDIS_MNEMONIC_CMP:
        return SNARL_SHAPE_CMP;
    case ZYDIS_MNEMONIC_JNBE:
        return SNARL_SHAPE_JA;
    case ZYDIS_MNEMONIC_JNB:
        return SNARL_SHAPE_JAE;
    case ZYDIS_MNEMONIC_JBE:
        return SNARL_SHAPE_JBE;
    case ZYDIS_MNEMONIC_ENDBR64:
        return SNARL_SHAPE_ENDBR;
    case ZYDIS_MNEMONIC_PAUSE:
        return SNARL_SHAPE_PAUSE;
    case ZYDIS_MNEMONIC_SYSCALL:
        return SNARL_SHAPE_SYSCALL;
    case ZYDIS_MNEMONIC_CMPXCHG:
    case ZYDIS_MNEMONIC_CMPXCHG8B:
    case ZYDIS_MNEMONIC_CMPXCHG16B:
        return SNARL_SHAPE_CMPXCHG;
    default:
        break;
    }
    if (z->meta.category == ZYDIS_CATEGORY_NOP || z->meta.category == ZYDIS_CATEGORY_WIDENOP)
        return SNARL_SHAPE_NOP;
    return z->meta.category == ZYDIS_CATEGORY_STRINGOP ? string_shape(z->mnemonic) : SNARL_SHAPE_OTHER;
}

static void register_operand(struct snarl_instruction *x, const ZydisDecodedOperand *operand, bool zeroing)
{
    int number = general(operand->reg.value);
    if (number < 0)
        return;
    uint32_t bit = 1u << number;
    if (!zeroing && operand->actions & (ZYDIS_OPERAND_ACTION_READ | ZYDIS_OPERAND_ACTION_CONDREAD))
        x->reads |= bit;
    if (operand->actions & ZYDIS_OPERAND_ACTION_CONDWRITE)
        x->reads |= bit;
    if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
        x->writes |= (uint16_t)bit;
    if (operand->actions & ZYDIS_OPERAND_ACTION_WRITE) {
        if (operand->size >= 32)
            x->kills |= bit;
        else
            x->reads |= bit; /* a part is changed, the rest lives on */
    }
}

/* Memory instructions whose bytes lea cannot name, or that may leave some of them alone. */
static bool odd_access(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *operands,
                       const ZydisDecodedOperand *memory)
{
    if (memory->mem.type != ZYDIS_MEMOP_TYPE_MEM || z->address_width != 64 || !memory->size)
        return true;
    if (memory->mem.segment == ZYDIS_REGISTER_FS || memory->mem.segment == ZYDIS_REGISTER_GS)
        return true;
    if (memory->mem.index != ZYDIS_REGISTER_NONE && general(memory->mem.index) < 0)
        return true;
    if (z->avx.mask.reg != ZYDIS_REGISTER_NONE && z->avx.mask.reg != ZYDIS_REGISTER_K0)
        return true;
    switch (z->meta.category) {
    case ZYDIS_CATEGORY_BITBYTE: /* bt with a register: the bit's number reaches beyond the operand */
        return operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
    case ZYDIS_CATEGORY_XSAVE:
    case ZYDIS_CATEGORY_XSAVEOPT:
        return true;
    default:
        break;
    }
    switch (z->mnemonic) {
    case ZYDIS_MNEMONIC_VMASKMOVPS:
    case ZYDIS_MNEMONIC_VMASKMOVPD:
    case ZYDIS_MNEMONIC_VPMASKMOVD:
    case ZYDIS_MNEMONIC_VPMASKMOVQ:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_MASKMOVQ:
        return true;
    default:
        return memory->size / 8 > 64;
    }
}

static bool touches_nothing(const ZydisDecodedInstruction *z)
{
    return z->meta.category == ZYDIS_CATEGORY_PREFETCH || z->meta.category == ZYDIS_CATEGORY_PREFETCHWT1 ||
           z->meta.category == ZYDIS_CATEGORY_NOP || z->meta.category == ZYDIS_CATEGORY_WIDENOP ||
           z->meta.category == ZYDIS_CATEGORY_CLFLUSHOPT || z->meta.category == ZYDIS_CATEGORY_CLWB ||
           z->mnemonic == ZYDIS_MNEMONIC_LEA || z->mnemonic == ZYDIS_MNEMONIC_CLFLUSH;
}

static unsigned access_size(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *operand)
{
    bool broadcast = z->avx.broadcast.mode != ZYDIS_BROADCAST_MODE_INVALID && !z->avx.broadcast.is_static;
    unsigned bits = broadcast ? operand->element_size : operand->size;
    return bits / 8 > 255 ? 255 : bits / 8;
}

static void memory_operand(struct snarl_instruction *x, const ZydisDecodedInstruction *z,
                           const ZydisDecodedOperand *operands, const ZydisDecodedOperand *operand)
{
    int base = general(operand->mem.base), index = general(operand->mem.index);
    if (base >= 0)
        x->reads |= 1u << base;
    if (index >= 0)
        x->reads |= 1u << index;
    bool rip = operand->mem.base == ZYDIS_REGISTER_RIP;
    if (rip && z->raw.disp.size == 32)
        x->rip_at = z->raw.disp.offset;
    bool string = z->meta.category == ZYDIS_CATEGORY_STRINGOP;
    if ((operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && !string) || x->size)
        return; /* the stack of push and call; the second operand of a string move */
    x->base = rip ? SNARL_REGISTER_RIP : base < 0 ? SNARL_REGISTER_NONE : (uint8_t)base;
    x->index = index < 0 ? SNARL_REGISTER_NONE : (uint8_t)index;
    x->scale = operand->mem.scale;
    x->displacement = operand->mem.disp.has_displacement ? (int32_t)operand->mem.disp.value : 0;
    if (rip)
        x->displacement += (int32_t)(x->offset + z->length);
    if (touches_nothing(z))
        return;
    x->size = (uint8_t)access_size(z, operand);
    x->flags |= SNARL_ACCESS;
    if (odd_access(z, operands, operand))
        x->flags |= SNARL_ACCESS_ODD;
    if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
        x->flags |= SNARL_ACCESS_READ;
    if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
        x->flags |= SNARL_ACCESS_WRITE;
    if (z->attributes & ZYDIS_ATTRIB_HAS_LOCK || z->mnemonic == ZYDIS_MNEMONIC_XCHG)
        x->flags |= SNARL_ACCESS_LOCKED;
    if (string)
        x->flags |= SNARL_ACCESS_STRING;
}

static void flag_effects(struct snarl_instruction *x, const ZydisDecodedInstruction *z,
                         const ZydisDecodedOperand *operands)
{
    if (z->cpu_flags) {
        uint32_t changed = z->cpu_flags->modified | z->cpu_flags->set_0 | z->cpu_flags->set_1 |
                           z->cpu_flags->undefined;
        bool by_count = (z->meta.category == ZYDIS_CATEGORY_SHIFT || z->meta.category == ZYDIS_CATEGORY_ROTATE) &&
                        (operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER ||
                         operands[2].type == ZYDIS_OPERAND_TYPE_REGISTER); /* none changes for a count of 0 */
        if (z->cpu_flags->tested & FLAGS_USED)
            x->reads |= SNARL_SET_FLAGS;
        if ((changed & FLAGS_USED) == FLAGS_USED && !by_count && !(x->flags & SNARL_ACCESS_REPEATED))
            x->kills |= SNARL_SET_FLAGS;
    }
    if (x->kind == SNARL_KIND_CALL || x->kind == SNARL_KIND_CALL_INDIRECT || x->kind == SNARL_KIND_RETURN) {
        x->reads |= SNARL_SET_REGISTERS; /* whoever is called may use any (-fipa-ra, assembly) */
        x->reads &= ~SNARL_SET_FLAGS;    /* flags across calls: see live.c */
        x->kills |= SNARL_SET_FLAGS;
    }
    if (z->meta.category == ZYDIS_CATEGORY_SYSCALL) {
        x->reads |= SNARL_SET_ALL;
        x->kills = 0;
    }
}

static bool is_zeroing(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *operands)
{
    return (z->mnemonic == ZYDIS_MNEMONIC_XOR || z->mnemonic == ZYDIS_MNEMONIC_SUB) &&
           operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           operands[0].reg.value == operands[1].reg.value && operands[0].size >= 32;
}

static void take_immediate(struct snarl_instruction *x, const ZydisDecodedInstruction *z)
{
    int64_t value = z->raw.imm[0].value.s;
    bool wanted = z->raw.imm[0].size >= 32 || (x->shape == SNARL_SHAPE_CMP && z->raw.imm[0].size);
    bool branch = x->kind != SNARL_KIND_PLAIN;
    if (!wanted || branch || value < INT32_MIN || value > UINT32_MAX)
        return;
    x->immediate = (int32_t)value;
    x->has_immediate = true;
}

void snarl_decode(struct snarl_instruction *x, const uint8_t *bytes, uint32_t room, uint32_t offset)
{
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    prepare();
    memset(x, 0, sizeof(*x));
    x->offset = offset;
    x->base = x->index = SNARL_REGISTER_NONE;
    x->length = 1;
    x->kind = SNARL_KIND_BAD;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&s_decoder, bytes, room, &z, operands)))
        return;
    x->length = z.length;
    bool immediate = z.operand_count && operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    x->kind = (uint8_t)kind_of(&z, immediate);
    x->shape = (uint8_t)shape_of(&z);
    if (x->kind == SNARL_KIND_JUMP || x->kind == SNARL_KIND_BRANCH || x->kind == SNARL_KIND_SHORT_BRANCH ||
        x->kind == SNARL_KIND_CALL)
        x->target = offset + z.length + (uint32_t)operands[0].imm.value.s;
    x->condition = z.opcode & 15;
    if (z.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE))
        x->flags |= SNARL_ACCESS_REPEATED;
    if (z.mnemonic == ZYDIS_MNEMONIC_MFENCE)
        x->flags |= SNARL_INSTRUCTION_FENCE;
    bool zeroing = z.operand_count >= 2 && is_zeroing(&z, operands);
    for (unsigned i = 0; i < z.operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
            register_operand(x, &operands[i], zeroing);
        else if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            memory_operand(x, &z, operands, &operands[i]);
    }
    bool idle = z.mnemonic == ZYDIS_MNEMONIC_OR && z.raw.imm[0].size && !z.raw.imm[0].value.u;
    if (idle && x->flags & SNARL_ACCESS_LOCKED && x->base == SNARL_REGISTER_RSP)
        x->flags |= SNARL_INSTRUCTION_FENCE;
    flag_effects(x, &z, operands);
    take_immediate(x, &z);
}

unsigned snarl_decode_print(char *text, unsigned size, const uint8_t *bytes, uint32_t room, uint64_t address)
{
    static ZydisFormatter s_formatter;
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    prepare();
    ZydisFormatterInit(&s_formatter, ZYDIS_FORMATTER_STYLE_ATT);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&s_decoder, bytes, room, &z, operands))) {
        snprintf(text, size, "%02x  (bad)", bytes[0]);
        return 1;
    }
    unsigned used = 0;
    for (unsigned i = 0; i < z.length && used + 3 < size; i++)
        used += (unsigned)snprintf(text + used, size - used, "%02x", bytes[i]);
    while (used < 24 && used + 2 < size)
        text[used++] = ' ';
    ZydisFormatterFormatInstruction(&s_formatter, &z, operands, z.operand_count_visible, text + used,
                                    size - used, address, NULL);
    return z.length;
}
