/* layout.c - see layout.h. */
#include "plan/layout.h"

#include <stdlib.h>
#include <string.h>

#define JUMP_SIZE 5u
#define SHORT_SIZE 2u
#define SHORT_REACH 127
#define ROUNDS_MAX 400

enum { DEAD, KEPT, START, JUMP, SPRING };

struct layout {
    struct snarl_code *code;
    struct snarl_function *function;
    uint8_t *bytes; /* kinds, by offset from the function's start up to its padding's end */
    uint32_t size;
};

static struct snarl_block *block_at(const struct layout *layout, uint32_t number)
{
    return &layout->code->blocks[layout->function->first_block + number];
}

static const struct snarl_instruction *last_of(const struct layout *layout, const struct snarl_block *block)
{
    return &layout->code->instructions[block->first + block->count - 1];
}

static bool wants_jump(const struct snarl_block *block)
{
    return block->flags & SNARL_BLOCK_ENTRY && !(block->flags & SNARL_BLOCK_STAYS);
}

static bool is_placed(const struct snarl_block *block)
{
    return block->flags & (SNARL_BLOCK_PATCHED | SNARL_BLOCK_SPRUNG);
}

uint32_t snarl_layout_missed(const struct snarl_code *code, const struct snarl_block *block)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < block->count && block->flags & SNARL_BLOCK_STAYS; i++)
        count += code->instructions[block->first + i].checkable;
    return count;
}

/* Where a block that stays leads to, control arrives at the original address. */
static void make_entry(struct layout *layout, int32_t number, bool *changed)
{
    if (number < 0 || layout->code->blocks[number].function != layout->code->blocks[layout->function->first_block].function)
        return;
    struct snarl_block *block = &layout->code->blocks[number];
    if (!(block->flags & SNARL_BLOCK_ENTRY)) {
        block->flags |= SNARL_BLOCK_ENTRY;
        *changed = true;
    }
}

static void spread_entries(struct layout *layout)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < layout->function->block_count; i++) {
            const struct snarl_block *block = block_at(layout, i);
            if (!(block->flags & SNARL_BLOCK_STAYS))
                continue;
            make_entry(layout, block->next, &changed);
            make_entry(layout, block->target, &changed);
        }
    }
}

/* A block without accesses that ends where control leaves anyhow may as well run in place. */
static bool keep_idle_ends(struct layout *layout)
{
    bool changed = false;
    for (uint32_t i = 0; i < layout->function->block_count; i++) {
        struct snarl_block *block = block_at(layout, i);
        if (!wants_jump(block))
            continue;
        uint32_t accesses = 0;
        for (uint32_t k = 0; k < block->count; k++)
            accesses += layout->code->instructions[block->first + k].checkable;
        uint8_t kind = last_of(layout, block)->kind;
        bool leaves = kind == SNARL_KIND_RETURN || kind == SNARL_KIND_TRAP || kind == SNARL_KIND_CALL ||
                      kind == SNARL_KIND_CALL_INDIRECT || kind == SNARL_KIND_JUMP_INDIRECT ||
                      (kind == SNARL_KIND_JUMP && block->target == SNARL_OUTSIDE_BLOCK);
        if (!accesses && leaves) {
            block->flags |= SNARL_BLOCK_STAYS;
            changed = true;
        }
    }
    return changed;
}

static void mark_kept(struct layout *layout)
{
    uint32_t start = layout->function->start;
    memset(layout->bytes, DEAD, layout->size);
    for (uint32_t i = 0; i < layout->function->block_count; i++) {
        struct snarl_block *block = block_at(layout, i);
        const struct snarl_instruction *last = last_of(layout, block);
        block->flags &= ~(uint32_t)(SNARL_BLOCK_PATCHED | SNARL_BLOCK_SPRUNG);
        if (last->kind == SNARL_KIND_CALL || last->kind == SNARL_KIND_CALL_INDIRECT)
            memset(layout->bytes + last->offset - start, KEPT, last->length);
        if (block->flags & SNARL_BLOCK_STAYS)
            memset(layout->bytes + block->start - start, KEPT, block->end - block->start);
    }
    for (uint32_t i = 0; i < layout->function->block_count; i++) {
        const struct snarl_block *block = block_at(layout, i);
        uint8_t *byte = layout->bytes + block->start - start;
        if (wants_jump(block) && *byte == DEAD)
            *byte = START;
    }
}

static bool all_dead(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (bytes[i] != DEAD)
            return false;
    return true;
}

static void place_jumps(struct layout *layout)
{
    for (uint32_t i = 0; i < layout->function->block_count; i++) {
        struct snarl_block *block = block_at(layout, i);
        uint32_t at = block->start - layout->function->start;
        if (!wants_jump(block) || layout->bytes[at] != START || at + JUMP_SIZE > layout->size ||
            !all_dead(layout->bytes + at + 1, JUMP_SIZE - 1))
            continue;
        memset(layout->bytes + at, JUMP, JUMP_SIZE);
        block->flags |= SNARL_BLOCK_PATCHED;
    }
}

/* Five dead bytes within reach of a short jump at `at`; UINT32_MAX: none. */
static uint32_t find_spring(const struct layout *layout, uint32_t at)
{
    int64_t low = (int64_t)at + SHORT_SIZE - SHORT_REACH - 1, high = (int64_t)at + SHORT_SIZE + SHORT_REACH;
    if (low < 0)
        low = 0;
    if (high + JUMP_SIZE > layout->size)
        high = (int64_t)layout->size - JUMP_SIZE;
    for (int64_t place = low; place <= high; place++) {
        if (place + JUMP_SIZE > at && place < (int64_t)at + SHORT_SIZE)
            continue;
        if (all_dead(layout->bytes + place, JUMP_SIZE))
            return (uint32_t)place;
    }
    return UINT32_MAX;
}

static void place_springs(struct layout *layout)
{
    for (uint32_t i = 0; i < layout->function->block_count; i++) {
        struct snarl_block *block = block_at(layout, i);
        uint32_t at = block->start - layout->function->start;
        if (!wants_jump(block) || is_placed(block) || layout->bytes[at] != START ||
            at + SHORT_SIZE > layout->size || layout->bytes[at + 1] != DEAD)
            continue;
        uint32_t spring = find_spring(layout, at);
        if (spring == UINT32_MAX)
            continue;
        memset(layout->bytes + at, JUMP, SHORT_SIZE);
        memset(layout->bytes + spring, SPRING, JUMP_SIZE);
        block->springboard = layout->function->start + spring;
        block->flags |= SNARL_BLOCK_SPRUNG;
    }
}

static bool leave_the_rest(struct layout *layout)
{
    bool changed = false;
    for (uint32_t i = 0; i < layout->function->block_count; i++) {
        struct snarl_block *block = block_at(layout, i);
        if (wants_jump(block) && !is_placed(block)) {
            block->flags |= SNARL_BLOCK_STAYS;
            changed = true;
        }
    }
    return changed;
}

static bool arrange(struct layout *layout)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        spread_entries(layout);
        if (keep_idle_ends(layout))
            continue;
        mark_kept(layout);
        place_jumps(layout);
        place_springs(layout);
        if (!leave_the_rest(layout))
            return true;
    }
    return false;
}

void snarl_layout_compute(struct snarl_code *code)
{
    struct layout layout = {.code = code};
    uint32_t room = 0;
    for (uint32_t i = 0; i < code->function_count; i++) {
        layout.function = &code->functions[i];
        if (!layout.function->copied)
            continue;
        layout.size = layout.function->pad_end - layout.function->start;
        if (layout.size > room) {
            room = layout.size;
            layout.bytes = snarl_plan_grow(layout.bytes, room, 1);
        }
        if (!arrange(&layout)) {
            layout.function->copied = false;
            layout.function->reason = SNARL_REASON_NO_ROOM;
        }
    }
    free(layout.bytes);
}
