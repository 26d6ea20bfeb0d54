/* retry.c - loads that decide whether a compare-and-exchange is tried, and tried again: what lock-free algorithms look at is atomic.
 *
 *     again:  stamp = ring[head & mask].stamp    ◄── this load
 *             if (stamp != head + 1) goto elsewhere
 *             compare head with its old value and exchange
 *             if (it was another one) goto again
 *
 * No lock guards what is looked at so: the exchange is what would take it, and it may fail. Between the load's branch and the exchange lie few
 * blocks, in which nothing is called and nothing stored but to the frame; and some way leads back. Which element of an
 * array it is differs each time round, so the loops of spin.c are not these. */
#include "plan/atomics.h"

#define WAY_BLOCKS 4   /* from the exchange back to the branch */
#define AROUND_BLOCKS 64
#define SLOTS 6

static uint32_t changed(const struct snarl_instruction *x)
{
    return x->writes | (x->kills & SNARL_SET_FLAGS);
}

static bool is_in(const struct snarl_function *function, int32_t block)
{
    return block >= (int32_t)function->first_block && block < (int32_t)(function->first_block + function->block_count);
}

static bool leads_to(const struct snarl_block *block, uint32_t to)
{
    return block->next == (int32_t)to || block->target == (int32_t)to;
}

/* Whether the block calls or stores anything that others may see. */
static bool does_more(const struct snarl_code *code, const struct snarl_block *block)
{
    const struct snarl_function *function = &code->functions[block->function];
    for (uint32_t i = 0; i < block->count; i++) {
        const struct snarl_instruction *x = &code->instructions[block->first + i];
        bool stores = x->flags & SNARL_ACCESS && x->flags & (SNARL_ACCESS_WRITE | SNARL_ACCESS_STRING);
        if ((x->kind != SNARL_KIND_PLAIN && x->kind != SNARL_KIND_BRANCH && x->kind != SNARL_KIND_JUMP) ||
            (stores && !snarl_code_in_frame(function, x)))
            return true;
    }
    return false;
}

/* Whether control may come from one block of a function to another. */
static bool reaches(const struct snarl_code *code, const struct snarl_function *function, uint32_t from, uint32_t to)
{
    uint32_t seen[AROUND_BLOCKS], count = 0;
    seen[count++] = from;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t ways[2] = {code->blocks[seen[i]].next, code->blocks[seen[i]].target};
        for (int w = 0; w < 2; w++) {
            bool known = !is_in(function, ways[w]);
            if (ways[w] == (int32_t)to)
                return true;
            for (uint32_t k = 0; k < count; k++)
                known |= (int32_t)seen[k] == ways[w];
            if (!known && count < AROUND_BLOCKS)
                seen[count++] = (uint32_t)ways[w];
        }
    }
    return false;
}

/* What holds a loaded value: registers, flags, and slots of the frame, where code that was not optimised keeps everything. */
struct trail {
    uint32_t set;
    const struct snarl_instruction *slot[SLOTS]; /* that stored it */
    uint32_t slots;
};

static bool is_same_slot(const struct snarl_instruction *a, const struct snarl_instruction *b)
{
    return a->base == b->base && a->index == b->index && a->displacement == b->displacement;
}

static void follow(const struct snarl_function *function, struct trail *trail, const struct snarl_instruction *x)
{
    bool frame = x->flags & SNARL_ACCESS && snarl_code_in_frame(function, x), fed = x->reads & trail->set;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < trail->slots; i++) {
        bool same = frame && is_same_slot(trail->slot[i], x);
        fed |= same && x->flags & SNARL_ACCESS_READ;
        if (!same || !(x->flags & SNARL_ACCESS_WRITE))
            trail->slot[kept++] = trail->slot[i];
    }
    trail->slots = kept;
    trail->set = fed ? trail->set | changed(x) : trail->set & ~changed(x);
    if (fed && frame && x->flags & SNARL_ACCESS_WRITE && kept < SLOTS)
        trail->slot[trail->slots++] = x;
}

/* Whether the branch at the block's end depends on what its instruction i loads. */
static bool decides_branch(const struct snarl_code *code, const struct snarl_block *block, uint32_t i)
{
    struct trail trail = {.set = changed(&code->instructions[block->first + i])};
    for (uint32_t k = i + 1; k + 1 < block->count; k++)
        follow(&code->functions[block->function], &trail, &code->instructions[block->first + k]);
    return trail.set & SNARL_SET_FLAGS;
}

static void mark_loads(struct snarl_code *code, const struct snarl_block *block)
{
    for (uint32_t i = 0; i + 1 < block->count; i++) {
        struct snarl_instruction *x = &code->instructions[block->first + i];
        bool load = x->flags & SNARL_ACCESS_READ && x->checkable && x->kind == SNARL_KIND_PLAIN &&
                    !(x->flags & (SNARL_ACCESS_WRITE | SNARL_ACCESS_LOCKED | SNARL_ACCESS_STRING | SNARL_ACCESS_ODD));
        if (load && decides_branch(code, block, i))
            snarl_atomics_mark(code, x);
    }
}

/* From the exchange's block backwards: the branches that lead to it. */
static void look_back(struct snarl_code *code, const struct snarl_function *function, uint32_t exchange)
{
    uint32_t way[WAY_BLOCKS], count = 0;
    way[count++] = exchange;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t b = function->first_block; b < function->first_block + function->block_count; b++) {
            const struct snarl_block *block = &code->blocks[b];
            bool known = !leads_to(block, way[i]);
            for (uint32_t k = 0; k < count; k++)
                known |= way[k] == b;
            if (known || !reaches(code, function, exchange, b))
                continue;
            const struct snarl_instruction *last = &code->instructions[block->first + block->count - 1];
            if (last->kind == SNARL_KIND_BRANCH && block->next != block->target)
                mark_loads(code, block);
            if (count < WAY_BLOCKS && !does_more(code, block))
                way[count++] = b;
        }
}

/* It stands near the block's beginning, as far as others can see. */
static bool begins_with_exchange(const struct snarl_code *code, const struct snarl_block *block)
{
    const struct snarl_function *function = &code->functions[block->function];
    for (uint32_t i = 0; i < block->count; i++) {
        const struct snarl_instruction *x = &code->instructions[block->first + i];
        if (x->flags & SNARL_ACCESS_LOCKED && x->shape == SNARL_SHAPE_CMPXCHG)
            return true;
        if (x->kind != SNARL_KIND_PLAIN || (x->flags & SNARL_ACCESS && x->flags & SNARL_ACCESS_WRITE && !snarl_code_in_frame(function, x)))
            return false;
    }
    return false;
}

void snarl_retries_find(struct snarl_code *code)
{
    for (uint32_t b = 0; b < code->block_count; b++) {
        const struct snarl_function *function = &code->functions[code->blocks[b].function];
        if (function->reason == SNARL_REASON_NONE && begins_with_exchange(code, &code->blocks[b]))
            look_back(code, function, b);
    }
}
