/* flow.c - see flow.h. Decoding, labels, blocks; jump tables are in tables.c. */
#include "plan/flow.h"

#include <stdlib.h>
#include <string.h>

void snarl_code_label(struct snarl_code *code, uint64_t offset, enum snarl_label label)
{
    if (offset >= code->image->text_start && offset < code->image->text_end)
        code->labels[offset - code->image->text_start] |= (uint8_t)label;
}

struct snarl_instruction *snarl_code_at(const struct snarl_code *code, uint64_t offset)
{
    if (offset < code->image->text_start || offset >= code->image->text_end)
        return NULL;
    uint32_t number = code->index[offset - code->image->text_start];
    return number ? &code->instructions[number - 1] : NULL;
}

struct snarl_block *snarl_code_block_at(const struct snarl_code *code, uint32_t offset)
{
    uint32_t low = 0, high = code->block_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->blocks[middle].start < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->block_count && code->blocks[low].start == offset ? &code->blocks[low] : NULL;
}

static struct snarl_instruction *new_instruction(struct snarl_code *code)
{
    if (code->instruction_count == code->instruction_room) {
        code->instruction_room = code->instruction_room ? code->instruction_room * 2 : 1u << 16;
        code->instructions =
            snarl_plan_grow(code->instructions, code->instruction_room, sizeof(*code->instructions));
    }
    return &code->instructions[code->instruction_count++];
}

/* Code and data that an instruction names: code may be jumped to, data ends jump tables. */
static void note_references(struct snarl_code *code, const struct snarl_instruction *x)
{
    const struct snarl_image *image = code->image;
    if (x->shape == SNARL_SHAPE_LEA && x->base == SNARL_REGISTER_RIP) {
        if (snarl_image_is_exec(image, (uint32_t)x->displacement))
            snarl_code_label(code, (uint32_t)x->displacement, SNARL_LABEL_POINTER);
        snarl_offsets_add(&code->references, (uint32_t)x->displacement);
    }
    if (image->pie)
        return;
    uint64_t named[2] = {(uint32_t)x->immediate - image->base, (uint32_t)x->displacement - image->base};
    for (int i = 0; i < 2; i++) {
        if (i == 0 ? !x->has_immediate : x->base == SNARL_REGISTER_RIP || !x->displacement)
            continue;
        if (snarl_image_is_exec(image, named[i]))
            snarl_code_label(code, named[i], SNARL_LABEL_POINTER);
        if (named[i] < image->size)
            snarl_offsets_add(&code->references, (uint32_t)named[i]);
    }
}

static void note_frame_pointer(struct snarl_function *function, const struct snarl_instruction *x)
{
    bool sets = x->kills == 1u << SNARL_REGISTER_RBP;
    if (sets && !(x->flags & SNARL_ACCESS) &&
        ((x->shape == SNARL_SHAPE_MOV && x->reads == 1u << SNARL_REGISTER_RSP) ||
         (x->shape == SNARL_SHAPE_LEA && x->base == SNARL_REGISTER_RSP)))
        function->frame_pointer = true;
}

static void decode_function(struct snarl_code *code, struct snarl_function *function)
{
    const struct snarl_image *image = code->image;
    function->first = code->instruction_count;
    for (uint32_t at = function->start; at < function->end;) {
        struct snarl_instruction *x = new_instruction(code);
        snarl_decode(x, image->bytes + at, function->end - at, at);
        if (x->kind == SNARL_KIND_BAD)
            function->reason = SNARL_REASON_UNDECODED;
        note_references(code, x);
        note_frame_pointer(function, x);
        code->index[at - image->text_start] = code->instruction_count;
        at += x->length;
    }
    function->count = code->instruction_count - function->first;
}

/* Bytes between functions: padding, which the function before may use, or code that nothing describes. Branches
 * in the latter are entries elsewhere; its accesses stay unchecked. */
static void decode_gap(struct snarl_code *code, uint32_t start, uint32_t end, struct snarl_function *before)
{
    const struct snarl_image *image = code->image;
    bool padding = true;
    for (uint32_t at = start; at < end;) {
        if (!snarl_image_is_exec(image, at)) {
            at++;
            padding = false;
            continue;
        }
        struct snarl_instruction x;
        snarl_decode(&x, image->bytes + at, end - at, at);
        bool filler = x.shape == SNARL_SHAPE_NOP || image->bytes[at] == 0xcc;
        if (x.kind == SNARL_KIND_JUMP || x.kind == SNARL_KIND_BRANCH || x.kind == SNARL_KIND_SHORT_BRANCH ||
            x.kind == SNARL_KIND_CALL)
            snarl_code_label(code, x.target, SNARL_LABEL_CALLED);
        note_references(code, &x);
        if (x.flags & SNARL_ACCESS && x.base < 16 && x.base != SNARL_REGISTER_RSP && image->bytes[at] &&
            !snarl_image_is_plt(image, at))
            code->outside_accesses++;
        padding &= filler && x.kind != SNARL_KIND_BAD;
        at += x.length;
        if (padding && before)
            before->pad_end = at;
    }
}

static void decode_all(struct snarl_code *code)
{
    const struct snarl_image *image = code->image;
    uint32_t reached = image->text_start;
    struct snarl_function *before = NULL;
    for (uint32_t i = 0; i < code->function_count; i++) {
        struct snarl_function *function = &code->functions[i];
        function->start = image->functions[i].start;
        function->end = function->pad_end = image->functions[i].end;
        decode_gap(code, reached, function->start, before);
        decode_function(code, function);
        reached = function->end;
        before = function;
    }
    decode_gap(code, reached, image->text_end, before);
}

/* Without position independence any word of data that looks like a code address may be one. */
static void scan_data(struct snarl_code *code)
{
    const struct snarl_image *image = code->image;
    for (unsigned i = 0; i < image->loaded_count; i++) {
        if (snarl_image_is_exec(image, image->loaded[i].start))
            continue;
        for (uint64_t at = (image->loaded[i].start + 7u) & ~7u; at + 8 <= image->loaded[i].end; at += 8) {
            uint64_t value;
            memcpy(&value, image->bytes + at, 8);
            if (snarl_code_at(code, value - image->base))
                snarl_code_label(code, value - image->base, SNARL_LABEL_POINTER);
        }
    }
}

/* A branch to a place inside a known function at which no instruction starts. Data between instructions of
 * hand-written assembly decodes into such branches too, so the function in doubt is given up, not the image. */
static void branch_to(struct snarl_code *code, uint32_t target)
{
    snarl_code_label(code, target, SNARL_LABEL_BRANCH);
    if (!snarl_image_is_exec(code->image, target) || snarl_code_at(code, target))
        return;
    int64_t function = snarl_image_function_at(code->image, target);
    if (function >= 0)
        code->functions[function].reason = SNARL_REASON_ODD_TARGET;
}

static void label_instruction(struct snarl_code *code, const struct snarl_instruction *x)
{
    uint32_t next = x->offset + x->length;
    switch (x->kind) {
    case SNARL_KIND_JUMP:
    case SNARL_KIND_BRANCH:
    case SNARL_KIND_SHORT_BRANCH:
        branch_to(code, x->target);
        snarl_code_label(code, next, SNARL_LABEL_AFTER);
        break;
    case SNARL_KIND_CALL:
        snarl_code_label(code, x->target, SNARL_LABEL_CALLED);
        snarl_code_label(code, next, SNARL_LABEL_RETURN);
        break;
    case SNARL_KIND_CALL_INDIRECT:
        snarl_code_label(code, next, SNARL_LABEL_RETURN);
        break;
    case SNARL_KIND_RETURN:
    case SNARL_KIND_JUMP_INDIRECT:
    case SNARL_KIND_TRAP:
    case SNARL_KIND_BAD:
        snarl_code_label(code, next, SNARL_LABEL_AFTER);
        break;
    default:
        break;
    }
}

static void label_all(struct snarl_code *code)
{
    const struct snarl_image *image = code->image;
    for (uint32_t i = 0; i < image->code_pointers.count; i++)
        snarl_code_label(code, image->code_pointers.at[i], SNARL_LABEL_POINTER);
    for (uint32_t i = 0; i < image->landing_pads.count; i++)
        snarl_code_label(code, image->landing_pads.at[i], SNARL_LABEL_PAD);
    for (uint32_t i = 0; i < image->symbol_count; i++)
        snarl_code_label(code, image->symbols[i].start, SNARL_LABEL_POINTER);
    if (!image->pie)
        scan_data(code);
    for (uint32_t i = 0; i < code->function_count; i++)
        snarl_code_label(code, code->functions[i].start, SNARL_LABEL_FUNCTION);
    for (uint32_t i = 0; i < code->instruction_count; i++)
        label_instruction(code, &code->instructions[i]);
}

static int compare_offsets(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void resolve_all(struct snarl_code *code)
{
    if (code->references.count)
        qsort(code->references.at, code->references.count, sizeof(uint32_t), compare_offsets);
    for (uint32_t i = 0; i < code->function_count; i++)
        if (!snarl_tables_resolve(code, &code->functions[i]) &&
            code->functions[i].reason == SNARL_REASON_NONE)
            code->functions[i].reason = SNARL_REASON_UNRESOLVED;
    for (uint32_t i = 0; i < code->function_count; i++) {
        struct snarl_function *function = &code->functions[i];
        const uint8_t odd = SNARL_LABEL_CALLED | SNARL_LABEL_PAD | SNARL_LABEL_TABLE | SNARL_LABEL_BRANCH;
        for (uint32_t at = function->start - code->image->text_start;
             at < function->end - code->image->text_start; at++)
            if (code->labels[at] & odd && !code->index[at])
                function->reason = SNARL_REASON_ODD_TARGET;
    }
}

static bool addresses_constant(const struct snarl_image *image, const struct snarl_instruction *x)
{
    if (x->base == SNARL_REGISTER_RIP)
        return snarl_image_is_readonly(image, (uint32_t)x->displacement);
    if (x->base != SNARL_REGISTER_NONE || image->pie)
        return false;
    return snarl_image_is_readonly(image, (uint32_t)x->displacement - image->base);
}

/* An access worth a check: not of the function's own frame, unless it is locked (then others know of the place), not of
 * memory that never changes. */
static bool worth_checking(struct snarl_code *code, const struct snarl_function *function,
                           const struct snarl_instruction *x)
{
    if (!(x->flags & SNARL_ACCESS) || x->kind == SNARL_KIND_BAD)
        return false;
    bool jump = x->kind == SNARL_KIND_CALL_INDIRECT || x->kind == SNARL_KIND_JUMP_INDIRECT;
    if (jump && x->base == SNARL_REGISTER_RIP)
        return false; /* through the linkage table */
    if (snarl_code_in_frame(function, x) && (!(x->flags & SNARL_ACCESS_LOCKED) || x->flags & SNARL_INSTRUCTION_FENCE))
        return false;
    if (x->flags & SNARL_ACCESS_ODD) {
        code->odd_accesses++;
        return false;
    }
    if (x->base == SNARL_REGISTER_NONE && x->index == SNARL_REGISTER_NONE && code->image->pie)
        return false;
    return !addresses_constant(code->image, x);
}

static void begin_block(struct snarl_code *code, uint32_t function, uint32_t number, uint8_t label)
{
    const struct snarl_instruction *x = &code->instructions[number];
    struct snarl_block *block = &code->blocks[code->block_count++];
    block->first = number;
    block->start = x->offset;
    block->function = function;
    block->next = block->target = block->callee = SNARL_NO_BLOCK;
    block->live_in = block->live_out = SNARL_SET_ALL;
    if (label & SNARL_LABEL_ENTRY)
        block->flags |= SNARL_BLOCK_ENTRY;
}

static void build_blocks(struct snarl_code *code)
{
    uint32_t count = code->function_count;
    for (uint32_t i = 0; i < code->instruction_count; i++)
        count += code->labels[code->instructions[i].offset - code->image->text_start] != 0;
    code->blocks = snarl_plan_zeroed(count, sizeof(*code->blocks));
    for (uint32_t i = 0; i < code->function_count; i++) {
        struct snarl_function *function = &code->functions[i];
        bool plt = snarl_image_is_plt(code->image, function->start);
        function->first_block = code->block_count;
        for (uint32_t k = function->first; k < function->first + function->count; k++) {
            struct snarl_instruction *x = &code->instructions[k];
            uint8_t label = code->labels[x->offset - code->image->text_start];
            if (label || k == function->first)
                begin_block(code, i, k, label);
            struct snarl_block *block = &code->blocks[code->block_count - 1];
            block->count++;
            block->end = x->offset + x->length;
            x->checkable = !plt && worth_checking(code, function, x);
            function->accesses += x->checkable;
        }
        function->block_count = code->block_count - function->first_block;
        function->copied = function->reason == SNARL_REASON_NONE && function->accesses;
    }
}

static int32_t block_starting(const uint32_t *block_of, const struct snarl_code *code, uint32_t offset)
{
    const struct snarl_instruction *x = snarl_code_at(code, offset);
    if (!x || !block_of[x - code->instructions])
        return SNARL_OUTSIDE_BLOCK;
    return (int32_t)block_of[x - code->instructions] - 1;
}

static void link_block(struct snarl_code *code, const uint32_t *block_of, uint32_t number)
{
    struct snarl_block *block = &code->blocks[number];
    const struct snarl_instruction *last = &code->instructions[block->first + block->count - 1];
    bool more = number + 1 < code->block_count && code->blocks[number + 1].function == block->function;
    int32_t next = more ? (int32_t)number + 1 : SNARL_OUTSIDE_BLOCK;
    switch (last->kind) {
    case SNARL_KIND_JUMP:
        block->target = block_starting(block_of, code, last->target);
        break;
    case SNARL_KIND_BRANCH:
    case SNARL_KIND_SHORT_BRANCH:
        block->target = block_starting(block_of, code, last->target);
        block->next = next;
        break;
    case SNARL_KIND_RETURN:
    case SNARL_KIND_JUMP_INDIRECT:
    case SNARL_KIND_TRAP:
        break;
    case SNARL_KIND_CALL:
        block->callee = block_starting(block_of, code, last->target);
        block->next = next;
        break;
    default:
        block->next = next;
    }
}

/* Control that comes from code which is not copied, or from another function, comes to the original address. */
static void mark_entries(struct snarl_code *code, uint8_t *reached)
{
    for (uint32_t i = 0; i < code->block_count; i++) {
        const struct snarl_block *block = &code->blocks[i];
        int32_t ways[2] = {block->next, block->target};
        for (int w = 0; w < 2; w++) {
            if (ways[w] < 0)
                continue;
            struct snarl_block *to = &code->blocks[ways[w]];
            reached[ways[w]] = 1;
            if (!code->functions[block->function].copied || to->function != block->function)
                to->flags |= SNARL_BLOCK_ENTRY;
        }
    }
    for (uint32_t i = 0; i < code->block_count; i++)
        if (!reached[i] && !(code->blocks[i].flags & SNARL_BLOCK_ENTRY))
            code->blocks[i].flags |= SNARL_BLOCK_ENTRY | SNARL_BLOCK_UNREACHED;
}

static void link_blocks(struct snarl_code *code)
{
    uint32_t *block_of = snarl_plan_zeroed(code->instruction_count, sizeof(*block_of));
    uint8_t *reached = snarl_plan_zeroed(code->block_count, 1);
    for (uint32_t i = 0; i < code->block_count; i++)
        block_of[code->blocks[i].first] = i + 1;
    for (uint32_t i = 0; i < code->block_count; i++)
        link_block(code, block_of, i);
    mark_entries(code, reached);
    free(reached);
    free(block_of);
}

void snarl_code_read(struct snarl_code *code, const struct snarl_image *image)
{
    memset(code, 0, sizeof(*code));
    code->image = image;
    uint32_t text = image->text_end - image->text_start;
    code->function_count = image->function_count;
    code->functions = snarl_plan_zeroed(code->function_count, sizeof(*code->functions));
    code->index = snarl_plan_zeroed(text + 16, sizeof(*code->index));
    code->labels = snarl_plan_zeroed(text + 16, 1);
    decode_all(code);
    label_all(code);
    resolve_all(code);
    build_blocks(code);
    link_blocks(code);
}

void snarl_code_free(struct snarl_code *code)
{
    free(code->instructions);
    free(code->functions);
    free(code->blocks);
    free(code->index);
    free(code->labels);
    free(code->references.at);
    free(code->atomics);
    memset(code, 0, sizeof(*code));
}
