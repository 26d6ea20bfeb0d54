/* operations.c - see operations.h. The only file of the reports that sees Zydis. One thread only. */
#include "reports/operations.h"

#include <Zydis/Zydis.h>
#include <string.h>

static ZydisDecoder *decoder(void)
{
    static ZydisDecoder s_decoder;
    static bool s_ready;
    if (!s_ready) {
        ZydisDecoderInit(&s_decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        ZydisDecoderEnableMode(&s_decoder, ZYDIS_DECODER_MODE_KNC, ZYAN_FALSE);
        s_ready = true;
    }
    return &s_decoder;
}

/* Of any width; SNARL_NO_REGISTER for others. */
static int general(ZydisRegister reg)
{
    ZydisRegister wide = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    bool known = wide >= ZYDIS_REGISTER_RAX && wide <= ZYDIS_REGISTER_R15;
    return known ? (int)(wide - ZYDIS_REGISTER_RAX) : SNARL_NO_REGISTER;
}

static int whole(const ZydisDecodedOperand *operand)
{
    bool whole = operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->size == 64;
    return whole ? general(operand->reg.value) : SNARL_NO_REGISTER;
}

static void note_writes(struct snarl_operation *operation, const ZydisDecodedInstruction *z,
                        const ZydisDecodedOperand *operands)
{
    for (unsigned i = 0; i < z->operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER || !(operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            continue;
        int reg = general(operand->reg.value);
        if (reg != SNARL_NO_REGISTER)
            operation->writes |= 1u << reg;
    }
}

static void note_memory(struct snarl_operation *operation, const ZydisDecodedInstruction *z,
                        const ZydisDecodedOperand *operands)
{
    for (unsigned i = 0; i < z->operand_count_visible; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
            continue;
        const ZydisRegister segment = operand->mem.segment;
        struct snarl_operand *memory = &operation->memory;
        memory->constant = operand->mem.disp.value;
        memory->scale = operand->mem.scale;
        memory->index = general(operand->mem.index);
        memory->base = general(operand->mem.base);
        memory->used = operand->mem.type != ZYDIS_MEMOP_TYPE_VSIB && segment != ZYDIS_REGISTER_FS &&
                       segment != ZYDIS_REGISTER_GS && z->address_width == 64;
        if (operand->mem.base == ZYDIS_REGISTER_RIP)
            memory->constant += (int64_t)(operation->address + operation->length);
        return;
    }
}

static void note_flow(struct snarl_operation *operation, const ZydisDecodedInstruction *z,
                      const ZydisDecodedOperand *operands)
{
    bool direct = operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    if (direct)
        operation->target = operation->address + operation->length + (uint64_t)operands[0].imm.value.s;
    switch (z->meta.category) {
    case ZYDIS_CATEGORY_CALL:
        operation->kind = SNARL_OPERATION_CALL;
        return;
    case ZYDIS_CATEGORY_RET:
        operation->kind = SNARL_OPERATION_RETURN;
        return;
    case ZYDIS_CATEGORY_UNCOND_BR:
        operation->kind = SNARL_OPERATION_JUMP;
        return;
    case ZYDIS_CATEGORY_COND_BR:
        operation->kind = SNARL_OPERATION_BRANCH;
        return;
    default:
        operation->target = 0;
        if (z->mnemonic == ZYDIS_MNEMONIC_UD2 || z->mnemonic == ZYDIS_MNEMONIC_HLT)
            operation->kind = SNARL_OPERATION_END;
    }
}

static void set(struct snarl_operation *operation, enum snarl_operation_kind kind, int dest, int source,
                int64_t constant)
{
    operation->kind = kind;
    operation->dest = dest;
    operation->source = source;
    operation->constant = constant;
}

static void note_move(struct snarl_operation *operation, const ZydisDecodedOperand *to, const ZydisDecodedOperand *from)
{
    int dest = whole(to), source = whole(from);
    bool immediate = from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    if (dest != SNARL_NO_REGISTER && source != SNARL_NO_REGISTER)
        set(operation, SNARL_OPERATION_COPY, dest, source, 0);
    else if (to->type == ZYDIS_OPERAND_TYPE_MEMORY && source != SNARL_NO_REGISTER && operation->memory.used)
        set(operation, SNARL_OPERATION_STORE, SNARL_NO_REGISTER, source, 0);
    else if (from->type == ZYDIS_OPERAND_TYPE_MEMORY && dest != SNARL_NO_REGISTER && operation->memory.used)
        set(operation, SNARL_OPERATION_LOAD, dest, SNARL_NO_REGISTER, 0);
    else if (immediate && to->type == ZYDIS_OPERAND_TYPE_REGISTER && to->size >= 32)
        set(operation, SNARL_OPERATION_CONSTANT, general(to->reg.value), SNARL_NO_REGISTER, from->imm.value.s);
}

static void note_sum(struct snarl_operation *operation, const ZydisDecodedInstruction *z,
                     const ZydisDecodedOperand *to, const ZydisDecodedOperand *from)
{
    int dest = whole(to), source = whole(from);
    bool minus = z->mnemonic == ZYDIS_MNEMONIC_SUB;
    if (dest == SNARL_NO_REGISTER)
        return;
    if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        set(operation, SNARL_OPERATION_ADD, dest, SNARL_NO_REGISTER, minus ? -from->imm.value.s : from->imm.value.s);
    else if (source != SNARL_NO_REGISTER && !minus)
        set(operation, SNARL_OPERATION_SUM, dest, source, 0);
}

bool snarl_operation_decode(struct snarl_operation *operation, const uint8_t *bytes, size_t room, uint64_t address)
{
    ZydisDecodedInstruction z;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    memset(operation, 0, sizeof(*operation));
    operation->address = address;
    operation->dest = operation->source = operation->memory.base = operation->memory.index = SNARL_NO_REGISTER;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder(), bytes, room, &z, operands)))
        return false;
    operation->length = z.length;
    note_writes(operation, &z, operands);
    note_memory(operation, &z, operands);
    note_flow(operation, &z, operands);
    if (z.mnemonic == ZYDIS_MNEMONIC_MOV)
        note_move(operation, &operands[0], &operands[1]);
    else if (z.mnemonic == ZYDIS_MNEMONIC_LEA && operation->memory.used && whole(&operands[0]) != SNARL_NO_REGISTER)
        set(operation, SNARL_OPERATION_ADDRESS, whole(&operands[0]), SNARL_NO_REGISTER, 0);
    else if (z.mnemonic == ZYDIS_MNEMONIC_ADD || z.mnemonic == ZYDIS_MNEMONIC_SUB)
        note_sum(operation, &z, &operands[0], &operands[1]);
    return true;
}
