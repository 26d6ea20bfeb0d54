/* translate.c - see translate.h. */
#include "preload/rewrite/translate.h"

#include <string.h>

#define FLAG_BITS 0x8d5 /* CF PF AF ZF SF OF */

static const int s_greg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                               REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

/* The record that covers a copy offset, NULL: none. */
static const struct snarl_plan_map *record_at(const struct snarl_rewrite_module *module, uint32_t copy)
{
    uint32_t low = 0, high = module->map_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (module->map[middle].copy <= copy)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &module->map[low - 1] : NULL;
}

static uintptr_t original_of(const struct snarl_rewrite_module *module, uint32_t copy,
                             const struct snarl_plan_map *record)
{
    uint32_t offset = record->original;
    if (record->kind == SNARL_MAP_RUN)
        offset += copy - record->copy;
    return module->base + offset;
}

uintptr_t snarl_translate_to_original(uintptr_t pc)
{
    const struct snarl_rewrite_module *module = snarl_rewrite_module_of_copy(pc);
    const struct snarl_plan_map *record = module ? record_at(module, (uint32_t)(pc - module->copy)) : NULL;
    return record ? original_of(module, (uint32_t)(pc - module->copy), record) : 0;
}

/* The first record of a place is the beginning of its check or, without one, the run that holds it or its branch. */
uintptr_t snarl_translate_to_copy(uintptr_t pc)
{
    const struct snarl_rewrite_module *module = snarl_rewrite_module_at(pc);
    if (!module)
        return 0;
    uint32_t offset = (uint32_t)(pc - module->base);
    for (uint32_t i = 0; i + 1 < module->map_count; i++) {
        const struct snarl_plan_map *record = &module->map[i];
        if (record->kind == SNARL_MAP_STUB || record->kind == SNARL_MAP_AFTER || record->kind == SNARL_MAP_NOTHING)
            continue;
        uint32_t length = record->kind == SNARL_MAP_RUN ? record[1].copy - record->copy : 1;
        if (offset - record->original < length)
            return module->copy + record->copy + (offset - record->original);
    }
    return 0;
}

static void show_registers(ucontext_t *context, const struct snarl_plan_map *record,
                           const struct snarl_plan_thread *area)
{
    greg_t *registers = context->uc_mcontext.gregs;
    for (int i = 0; i < 2; i++)
        if (record->saved[i] < 16)
            registers[s_greg[record->saved[i]]] = (greg_t)area->slot[i];
    if (record->flags & SNARL_MAP_LOWERED)
        registers[REG_RSP] += 128;
    if (record->flags & SNARL_MAP_PUSHED)
        registers[REG_RSP] += 8;
    if (record->flags & SNARL_MAP_FLAGS_SAVED) {
        uint64_t low = area->slot[2] >> 8 & 0xd5, overflow = area->slot[2] & 1;
        registers[REG_EFL] = (greg_t)(((uint64_t)registers[REG_EFL] & ~(uint64_t)FLAG_BITS) | low | overflow << 11);
    }
}

/* In the linkage page: the call that led there has pushed its return address, and nothing else has changed. */
static uint32_t leave_linkage(const struct snarl_rewrite_module *module, ucontext_t *context, uint32_t copy)
{
    greg_t *registers = context->uc_mcontext.gregs;
    uint64_t back;
    memcpy(&back, (const void *)registers[REG_RSP], sizeof(back));
    if (copy >= SNARL_PLAN_PAGE || back <= module->copy + SNARL_PLAN_PAGE || back >= module->copy_end)
        return copy;
    registers[REG_RSP] += 8;
    return (uint32_t)(back - 1 - module->copy);
}

void snarl_translate_in(struct snarl_translated *kept, ucontext_t *context, struct snarl_plan_thread *area)
{
    greg_t *registers = context->uc_mcontext.gregs;
    uintptr_t pc = (uintptr_t)registers[REG_RIP];
    kept->has_slots = area != NULL;
    if (area) {
        memcpy(kept->slots, area->slot, sizeof(kept->slots));
        kept->atomic = area->atomic;
    }
    kept->module = snarl_rewrite_module_of_copy(pc);
    if (!kept->module)
        return;
    memcpy(kept->registers, registers, sizeof(kept->registers));
    uint32_t copy = leave_linkage(kept->module, context, (uint32_t)(pc - kept->module->copy));
    const struct snarl_plan_map *record = record_at(kept->module, copy);
    if (!record) {
        memcpy(registers, kept->registers, sizeof(kept->registers));
        kept->module = NULL;
        return;
    }
    if (area)
        show_registers(context, record, area);
    registers[REG_RIP] = (greg_t)original_of(kept->module, copy, record);
    memcpy(kept->shown, registers, sizeof(kept->shown));
}

void snarl_translate_out(const struct snarl_translated *kept, ucontext_t *context, struct snarl_plan_thread *area)
{
    greg_t *registers = context->uc_mcontext.gregs;
    if (area && kept->has_slots) {
        memcpy(area->slot, kept->slots, sizeof(kept->slots));
        area->atomic = kept->atomic;
    }
    if (!kept->module)
        return;
    bool same = true;
    for (int i = REG_R8; i <= REG_EFL; i++)
        same &= registers[i] == kept->shown[i];
    if (same) {
        memcpy(registers, kept->registers, sizeof(kept->registers[0]) * (REG_EFL + 1));
        return;
    }
    uintptr_t copy = snarl_translate_to_copy((uintptr_t)registers[REG_RIP]);
    if (copy)
        registers[REG_RIP] = (greg_t)copy;
}
