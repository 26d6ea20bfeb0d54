/* emit.c - see emit.h. */
#include "plan/emit.h"

#include "plan/check.h"
#include "plan/live.h"

#include <stdlib.h>
#include <string.h>

#define COPY_MAX 0x40000000u

static void reserve(struct snarl_emitter *emitter, uint32_t count)
{
    if (emitter->room - emitter->size >= count)
        return;
    emitter->room = emitter->room ? emitter->room * 2 : 1u << 20;
    emitter->bytes = snarl_plan_grow(emitter->bytes, emitter->room, 1);
}

uint32_t snarl_emit_here(const struct snarl_emitter *emitter)
{
    return SNARL_PLAN_PAGE + emitter->size;
}

void snarl_emit_byte(struct snarl_emitter *emitter, unsigned byte)
{
    reserve(emitter, 1);
    emitter->bytes[emitter->size++] = (uint8_t)byte;
}

void snarl_emit_word(struct snarl_emitter *emitter, uint32_t word)
{
    reserve(emitter, 4);
    memcpy(emitter->bytes + emitter->size, &word, 4);
    emitter->size += 4;
}

static void put_bytes(struct snarl_emitter *emitter, const uint8_t *bytes, uint32_t count)
{
    reserve(emitter, count);
    memcpy(emitter->bytes + emitter->size, bytes, count);
    emitter->size += count;
}

/* Written for a copy at distance 0; snarl_emit_place corrects it. */
void snarl_emit_distance(struct snarl_emitter *emitter, uint32_t image_offset)
{
    uint32_t here = snarl_emit_here(emitter);
    snarl_offsets_add(&emitter->image_fixes, here);
    snarl_emit_word(emitter, image_offset - (here + 4));
}

void snarl_emit_map(struct snarl_emitter *emitter, struct snarl_plan_map record)
{
    if (emitter->map_count == emitter->map_room) {
        emitter->map_room = emitter->map_room ? emitter->map_room * 2 : 1u << 14;
        emitter->map = snarl_plan_grow(emitter->map, emitter->map_room, sizeof(*emitter->map));
    }
    record.copy = snarl_emit_here(emitter);
    struct snarl_plan_map *last = emitter->map_count ? &emitter->map[emitter->map_count - 1] : NULL;
    bool continues = last && record.kind == SNARL_MAP_RUN && last->kind == SNARL_MAP_RUN &&
                     record.copy - last->copy == record.original - last->original;
    if (last && last->copy == record.copy)
        *last = record;
    else if (!continues)
        emitter->map[emitter->map_count++] = record;
}

static void map_plainly(struct snarl_emitter *emitter, enum snarl_plan_map_kind kind, uint32_t original)
{
    const uint8_t none = SNARL_MAP_NO_REGISTER;
    snarl_emit_map(emitter,
                   (struct snarl_plan_map){.original = original, .kind = (uint8_t)kind, .saved = {none, none}});
}

void snarl_emit_thread_op(struct snarl_emitter *emitter, unsigned opcode, unsigned reg, unsigned field)
{
    snarl_emit_byte(emitter, 0x64);
    snarl_emit_byte(emitter, 0x48 | reg >> 3 << 2);
    snarl_emit_byte(emitter, opcode);
    snarl_emit_byte(emitter, (reg & 7) << 3 | 4);
    snarl_emit_byte(emitter, 0x25);
    snarl_offsets_add(&emitter->thread_fixes, snarl_emit_here(emitter));
    snarl_emit_word(emitter, field);
}

void snarl_emit_lea(struct snarl_emitter *emitter, unsigned reg, const struct snarl_instruction *x)
{
    unsigned base = x->base, index = x->index;
    unsigned scale = x->scale == 8 ? 3 : x->scale == 4 ? 2 : x->scale == 2 ? 1 : 0;
    unsigned rex = 0x48 | reg >> 3 << 2 | (base < 16 ? base >> 3 : 0) | (index < 16 ? index >> 3 << 1 : 0);
    snarl_emit_byte(emitter, rex);
    snarl_emit_byte(emitter, 0x8d);
    if (base == SNARL_REGISTER_RIP) {
        snarl_emit_byte(emitter, (reg & 7) << 3 | 5);
        snarl_emit_distance(emitter, (uint32_t)x->displacement);
        return;
    }
    unsigned sib = scale << 6 | (index < 16 ? index & 7 : 4) << 3;
    if (base == SNARL_REGISTER_NONE) {
        snarl_emit_byte(emitter, (reg & 7) << 3 | 4);
        snarl_emit_byte(emitter, sib | 5);
        snarl_emit_word(emitter, (uint32_t)x->displacement);
        return;
    }
    bool small = x->displacement >= -128 && x->displacement <= 127;
    unsigned mode = x->displacement == 0 && (base & 7) != 5 ? 0 : small ? 1 : 2;
    bool needs_sib = index < 16 || (base & 7) == 4;
    snarl_emit_byte(emitter, mode << 6 | (reg & 7) << 3 | (needs_sib ? 4 : base & 7));
    if (needs_sib)
        snarl_emit_byte(emitter, sib | (base & 7));
    if (mode == 1)
        snarl_emit_byte(emitter, (uint8_t)x->displacement);
    else if (mode == 2)
        snarl_emit_word(emitter, (uint32_t)x->displacement);
}

void snarl_emit_patch(struct snarl_emitter *emitter, uint32_t site, uint32_t copy_offset)
{
    uint32_t distance = copy_offset - (site + 4);
    memcpy(emitter->bytes + (site - SNARL_PLAN_PAGE), &distance, 4);
}

void snarl_emit_jump(struct snarl_emitter *emitter, uint32_t copy_offset)
{
    snarl_emit_byte(emitter, 0xe9);
    snarl_emit_word(emitter, copy_offset - (snarl_emit_here(emitter) + 4));
}

struct snarl_stub *snarl_emit_stub(struct snarl_emitter *emitter)
{
    if (emitter->stub_count == emitter->stub_room) {
        emitter->stub_room = emitter->stub_room ? emitter->stub_room * 2 : 256;
        emitter->stubs = snarl_plan_grow(emitter->stubs, emitter->stub_room, sizeof(*emitter->stubs));
    }
    return &emitter->stubs[emitter->stub_count++];
}

static void jump_to_original(struct snarl_emitter *emitter, uint32_t image_offset)
{
    snarl_emit_byte(emitter, 0xe9);
    snarl_emit_distance(emitter, image_offset);
}

/* The 32-bit distance of a branch: filled in once every block has its place. */
static void branch_distance(struct snarl_emitter *emitter, uint32_t target)
{
    if (emitter->branch_count == emitter->branch_room) {
        emitter->branch_room = emitter->branch_room ? emitter->branch_room * 2 : 1u << 14;
        emitter->branches =
            snarl_plan_grow(emitter->branches, emitter->branch_room, sizeof(*emitter->branches));
    }
    emitter->branches[emitter->branch_count++] = (struct snarl_branch){snarl_emit_here(emitter), target};
    snarl_emit_word(emitter, 0);
}

static void copy_plain(struct snarl_emitter *emitter, const struct snarl_instruction *x)
{
    const uint8_t *bytes = emitter->code->image->bytes + x->offset;
    if (!x->rip_at) {
        put_bytes(emitter, bytes, x->length);
        return;
    }
    int32_t displacement;
    memcpy(&displacement, bytes + x->rip_at, 4);
    uint32_t target = x->offset + x->length + (uint32_t)displacement;
    uint32_t after = x->length - x->rip_at - 4; /* an immediate behind it */
    put_bytes(emitter, bytes, x->rip_at);
    snarl_emit_distance(emitter, target - after);
    put_bytes(emitter, bytes + x->rip_at + 4, after);
}

static void copy_short_branch(struct snarl_emitter *emitter, const struct snarl_instruction *x)
{
    put_bytes(emitter, emitter->code->image->bytes + x->offset, x->length - 1u);
    snarl_emit_byte(emitter, 2); /* taken: over the jump that leads on */
    snarl_emit_byte(emitter, 0xeb);
    snarl_emit_byte(emitter, 5);
    snarl_emit_byte(emitter, 0xe9);
    branch_distance(emitter, x->target);
}

static void copy_instruction(struct snarl_emitter *emitter, const struct snarl_instruction *x)
{
    bool branch = x->kind == SNARL_KIND_JUMP || x->kind == SNARL_KIND_BRANCH || x->kind == SNARL_KIND_SHORT_BRANCH ||
                  x->kind == SNARL_KIND_CALL || x->kind == SNARL_KIND_CALL_INDIRECT;
    map_plainly(emitter, branch ? SNARL_MAP_BRANCH : SNARL_MAP_RUN, x->offset);
    switch (x->kind) {
    case SNARL_KIND_JUMP:
        snarl_emit_byte(emitter, 0xe9);
        branch_distance(emitter, x->target);
        break;
    case SNARL_KIND_BRANCH:
        snarl_emit_byte(emitter, 0x0f);
        snarl_emit_byte(emitter, 0x80u | x->condition);
        branch_distance(emitter, x->target);
        break;
    case SNARL_KIND_SHORT_BRANCH:
        copy_short_branch(emitter, x);
        break;
    case SNARL_KIND_CALL:
    case SNARL_KIND_CALL_INDIRECT:
        jump_to_original(emitter, x->offset);
        break;
    default:
        copy_plain(emitter, x);
    }
}

static bool falls_through(const struct snarl_instruction *x)
{
    return x->kind == SNARL_KIND_PLAIN || x->kind == SNARL_KIND_BRANCH || x->kind == SNARL_KIND_SHORT_BRANCH;
}

static void emit_block(struct snarl_emitter *emitter, struct snarl_block *block, struct snarl_check_plan *plan)
{
    const struct snarl_code *code = emitter->code;
    block->copy = snarl_emit_here(emitter);
    snarl_live_trace(code, block, plan->live);
    snarl_check_place(emitter, block, plan);
    for (uint32_t i = 0; i < block->count; i++) {
        const struct snarl_instruction *x = &code->instructions[block->first + i];
        snarl_check_before(emitter, block, i, plan);
        copy_instruction(emitter, x);
        snarl_check_after(emitter, block, i, plan);
    }
    if (block->next == SNARL_OUTSIDE_BLOCK && falls_through(&code->instructions[block->first + block->count - 1])) {
        map_plainly(emitter, SNARL_MAP_BRANCH, block->end);
        jump_to_original(emitter, block->end);
    }
}

static void emit_function(struct snarl_emitter *emitter, const struct snarl_function *function,
                          struct snarl_check_plan *plan)
{
    map_plainly(emitter, SNARL_MAP_NOTHING, 0); /* ends the last run */
    while (emitter->size & 15)
        snarl_emit_byte(emitter, 0xcc);
    for (uint32_t i = 0; i < function->block_count; i++)
        emit_block(emitter, &emitter->code->blocks[function->first_block + i], plan);
    map_plainly(emitter, SNARL_MAP_NOTHING, 0);
    for (uint32_t i = 0; i < emitter->stub_count; i++)
        snarl_check_stub(emitter, &emitter->stubs[i]);
    emitter->stub_count = 0;
}

static void fill_branches(struct snarl_emitter *emitter)
{
    for (uint32_t i = 0; i < emitter->branch_count; i++) {
        const struct snarl_branch *branch = &emitter->branches[i];
        const struct snarl_block *block = snarl_code_block_at(emitter->code, branch->target);
        if (block && emitter->code->functions[block->function].copied) {
            snarl_emit_patch(emitter, branch->site, block->copy);
        } else {
            snarl_emit_patch(emitter, branch->site, branch->target);
            snarl_offsets_add(&emitter->image_fixes, branch->site);
        }
    }
}

static uint32_t longest_block(const struct snarl_code *code)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < code->block_count; i++)
        if (code->blocks[i].count > longest)
            longest = code->blocks[i].count;
    return longest;
}

bool snarl_emit(struct snarl_emitter *emitter, const struct snarl_code *code, enum snarl_plan_check check)
{
    memset(emitter, 0, sizeof(*emitter));
    emitter->code = code;
    emitter->check = check;
    uint32_t longest = longest_block(code);
    struct snarl_check_plan plan = {
        .live = snarl_plan_zeroed(longest, sizeof(*plan.live)),
        .place = snarl_plan_zeroed(longest, sizeof(*plan.place)),
    };
    bool fits = true;
    for (uint32_t i = 0; i < code->function_count && fits; i++) {
        if (code->functions[i].copied)
            emit_function(emitter, &code->functions[i], &plan);
        fits = emitter->size < COPY_MAX;
    }
    free(plan.live);
    free(plan.place);
    fill_branches(emitter);
    map_plainly(emitter, SNARL_MAP_NOTHING, 0);
    return fits;
}

static void add_to_words(struct snarl_emitter *emitter, const struct snarl_offsets *places, uint32_t amount)
{
    for (uint32_t i = 0; i < places->count; i++) {
        uint32_t word;
        memcpy(&word, emitter->bytes + (places->at[i] - SNARL_PLAN_PAGE), 4);
        word += amount;
        memcpy(emitter->bytes + (places->at[i] - SNARL_PLAN_PAGE), &word, 4);
    }
}

void snarl_emit_place(struct snarl_emitter *emitter, int64_t distance, int32_t thread)
{
    add_to_words(emitter, &emitter->image_fixes, (uint32_t)-distance);
    add_to_words(emitter, &emitter->thread_fixes, (uint32_t)thread);
}

void snarl_emit_free(struct snarl_emitter *emitter)
{
    free(emitter->bytes);
    free(emitter->image_fixes.at);
    free(emitter->thread_fixes.at);
    free(emitter->map);
    free(emitter->branches);
    free(emitter->stubs);
    memset(emitter, 0, sizeof(*emitter));
}
