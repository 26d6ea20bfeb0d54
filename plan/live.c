/* live.c - see live.h. The sets only grow from round to round, so the iteration ends. */
#include "plan/live.h"

#include <stdlib.h>
#include <string.h>

/* What the block's last instruction reads beyond what the decoder says. */
static uint32_t passed_flags(const struct snarl_code *code, const struct snarl_block *block)
{
    if (block->callee >= 0 && code->functions[code->blocks[block->callee].function].copied)
        return code->blocks[block->callee].live_in & SNARL_SET_FLAGS;
    return block->ending == SNARL_KIND_RETURN && code->functions[block->function].returns_flags ? SNARL_SET_FLAGS : 0;
}

/* What is live where the block goes on in another function: a call in last place, or a part that lies elsewhere. A linkage stub is a
 * call, whatever it leads to. */
static uint32_t live_elsewhere(const struct snarl_code *code, int32_t way)
{
    if (way < 0)
        return SNARL_SET_ALL;
    const struct snarl_block *block = &code->blocks[way];
    if (snarl_image_is_plt(code->image, block->start))
        return SNARL_SET_REGISTERS;
    bool known = code->functions[block->function].copied;
    return SNARL_SET_REGISTERS | (known ? block->live_in & SNARL_SET_FLAGS : SNARL_SET_FLAGS);
}

static uint32_t live_after(const struct snarl_code *code, const struct snarl_block *block)
{
    if (block->ending == SNARL_KIND_JUMP_INDIRECT || block->ending == SNARL_KIND_TRAP)
        return SNARL_SET_ALL;
    if (block->ending == SNARL_KIND_RETURN)
        return SNARL_SET_REGISTERS;
    uint32_t live = 0;
    int32_t ways[2] = {block->next, block->target};
    for (int i = 0; i < 2; i++) {
        if (ways[i] == SNARL_NO_BLOCK)
            continue;
        bool inside = ways[i] >= 0 && code->blocks[ways[i]].function == block->function;
        live |= inside ? code->blocks[ways[i]].live_in : live_elsewhere(code, ways[i]);
    }
    return live;
}

void snarl_live_trace(const struct snarl_code *code, const struct snarl_block *block, uint32_t *live)
{
    uint32_t after = block->live_out;
    for (uint32_t i = block->count; i-- > 0;) {
        const struct snarl_instruction *x = &code->instructions[block->first + i];
        after = (after & ~x->kills) | x->reads;
        if (i + 1 == block->count)
            after |= passed_flags(code, block);
        live[i] = after;
    }
}

static void summarise(const struct snarl_code *code, struct snarl_block *block)
{
    block->reads = block->kills = 0;
    block->ending = code->instructions[block->first + block->count - 1].kind;
    for (uint32_t i = block->count; i-- > 0;) {
        const struct snarl_instruction *x = &code->instructions[block->first + i];
        block->reads = (block->reads & ~x->kills) | x->reads;
        block->kills |= x->kills;
    }
}

/* Flags that the last instruction reads as well are live before it, and so before the block if nothing in front of it
 * sets them. */
static uint32_t live_before(const struct snarl_code *code, const struct snarl_block *block)
{
    uint32_t live = (block->live_out & ~block->kills) | block->reads;
    if (!passed_flags(code, block))
        return live;
    uint32_t before = SNARL_SET_FLAGS;
    for (uint32_t i = block->count - 1; i-- > 0;) {
        const struct snarl_instruction *x = &code->instructions[block->first + i];
        before = (before & ~x->kills) | (x->reads & SNARL_SET_FLAGS);
    }
    return live | before;
}

static bool compute_function(struct snarl_code *code, const struct snarl_function *function)
{
    bool changed = true, any = false;
    while (changed) {
        changed = false;
        for (uint32_t i = function->first_block + function->block_count; i-- > function->first_block;) {
            struct snarl_block *block = &code->blocks[i];
            block->live_out = live_after(code, block);
            uint32_t live = live_before(code, block);
            if (live != block->live_in) {
                block->live_in = live;
                changed = any = true;
            }
        }
    }
    return any;
}

static bool leads_flags(const struct snarl_code *code, const struct snarl_block *block, int32_t way)
{
    return way >= 0 && code->blocks[way].function != block->function && code->blocks[way].live_in & SNARL_SET_FLAGS;
}

/* Flags pass between functions in three ways: a return site that reads flags was given them by the function called, a
 * function that reads flags at its beginning is given them by its callers, and so is what is jumped to. All are rare; whom they concern is
 * computed again. */
static void note_passed_flags(struct snarl_code *code, bool *stale)
{
    for (uint32_t i = 0; i < code->block_count; i++) {
        const struct snarl_block *block = &code->blocks[i];
        if (!code->functions[block->function].copied)
            continue;
        if (leads_flags(code, block, block->next) || leads_flags(code, block, block->target))
            stale[block->function] = true;
        if (block->callee < 0)
            continue;
        uint32_t callee = code->blocks[block->callee].function;
        if (code->blocks[block->callee].live_in & SNARL_SET_FLAGS)
            stale[block->function] = true;
        if (block->next >= 0 && code->blocks[block->next].live_in & SNARL_SET_FLAGS && !code->functions[callee].returns_flags)
            stale[callee] = code->functions[callee].returns_flags = true;
    }
}

void snarl_live_compute(struct snarl_code *code)
{
    bool *stale = snarl_plan_zeroed(code->function_count, sizeof(*stale));
    for (uint32_t i = 0; i < code->block_count; i++) {
        if (!code->functions[code->blocks[i].function].copied)
            continue;
        code->blocks[i].live_in = 0;
        summarise(code, &code->blocks[i]);
        stale[code->blocks[i].function] = true;
    }
    for (bool again = true; again;) {
        again = false;
        for (uint32_t i = 0; i < code->function_count; i++)
            if (stale[i] && code->functions[i].copied)
                again |= compute_function(code, &code->functions[i]);
        memset(stale, 0, code->function_count * sizeof(*stale));
        note_passed_flags(code, stale);
    }
    free(stale);
}
