/* tables.c - jump tables and computed gotos: where an indirect jump can go.
 *
 * The forms that compilers make:
 *     lea T(%rip),%b ; movslq (%b,%i,4),%r ; add %b,%r ; jmp *%r      distances from T (position-independent)
 *     mov (%b,%i),%r ; cltq ; add …                                  the same without optimisation
 *     jmp *T(,%i,8)            mov T(,%i,8),%r ; jmp *%r               addresses (not position-independent)
 *     mov (%b,%i,8),%r ; jmp *%r                                     addresses of labels (computed goto)
 * A jump through one fixed pointer, made where the stack is as at the function's entry, is a tail call.
 *
 * A table read too long costs a few patches. A table read too short is a crash: so its end is the next thing that
 * the code refers to, never the bound found before the jump, and where two tables come into question both
 * are read. The bound only verifies: fewer entries than it names, and the jump is not understood. */
#include "plan/flow.h"

#include <string.h>

#define LOOK_BACK 48      /* instructions searched before the jump */
#define ENTRIES_MAX 65536u
#define FOREIGN_MAX 1024u /* entries that leave the function are believed up to here */
#define LOOK_AHEAD 16u    /* entries behind one that is none */
#define CANDIDATES 1024u /* of a function with more, no jump is understood */

enum verdict {
    NOT_UNDERSTOOD,
    TAIL_CALL,
    LABEL_ADDRESSES, /* any address-taken label of the function */
    DISTANCES,
    ADDRESSES,
};

struct jump {
    struct snarl_code *code;
    const struct snarl_function *function;
    uint32_t at;   /* the jump's instruction number */
    uint8_t base, index, other; /* registers of the load, and what is added to it */
    uint32_t table; /* for ADDRESSES */
    uint32_t candidates[CANDIDATES], addends[CANDIDATES];
    unsigned candidate_count, addend_count;
    bool too_many; /* candidates: the right one may be missing */
    bool doubtful; /* a table that seems to end, and yet to go on */
};

static const struct snarl_instruction *at(const struct jump *jump, uint32_t number)
{
    return &jump->code->instructions[number];
}

static bool touches_memory(const struct snarl_instruction *x)
{
    return x->flags & SNARL_ACCESS;
}

static uint8_t only_register(uint32_t set)
{
    set &= SNARL_SET_REGISTERS;
    return set ? (uint8_t)__builtin_ctz(set) : SNARL_REGISTER_NONE;
}

/* Is the stack at the jump as it was at the function's entry? Unknown counts as yes. */
static bool frame_is_empty(const struct jump *jump)
{
    const struct snarl_image *image = jump->code->image;
    int64_t number = snarl_image_function_at(image, jump->function->start);
    if (number < 0 || !image->functions[number].row_count)
        return true;
    const struct snarl_function_range *range = &image->functions[number];
    const struct snarl_unwind_row *row = NULL;
    for (uint32_t i = 0; i < range->row_count; i++)
        if (image->rows[range->first_row + i].start <= at(jump, jump->at)->offset)
            row = &image->rows[range->first_row + i];
    return !row || (row->cfa_register == 7 && row->cfa_offset == 8);
}

static bool has_label_addresses(const struct jump *jump)
{
    const uint8_t *labels = jump->code->labels;
    uint32_t text = jump->code->image->text_start;
    for (uint32_t o = jump->function->start + 1; o < jump->function->end; o++)
        if (labels[o - text] & SNARL_LABEL_POINTER)
            return true;
    return false;
}

static enum verdict through_pointer(const struct jump *jump)
{
    if (frame_is_empty(jump))
        return TAIL_CALL;
    return has_label_addresses(jump) ? LABEL_ADDRESSES : NOT_UNDERSTOOD;
}

/* The load of the entry that r1 and r2 add up to. */
static enum verdict find_distance_load(struct jump *jump, uint32_t from, uint32_t low, uint8_t r1, uint8_t r2)
{
    for (uint32_t i = from; i-- > low;) {
        const struct snarl_instruction *x = at(jump, i);
        bool first = x->kills >> r1 & 1, second = x->kills >> r2 & 1;
        if (x->kind == SNARL_KIND_CALL || x->kind == SNARL_KIND_CALL_INDIRECT)
            return NOT_UNDERSTOOD;
        if (!first && !second)
            continue;
        if (touches_memory(x) && x->size == 4 && x->base != SNARL_REGISTER_RIP &&
            (x->shape == SNARL_SHAPE_MOVSXD || x->shape == SNARL_SHAPE_MOV) &&
            (x->index != SNARL_REGISTER_NONE || x->base < 16)) {
            jump->base = x->base;
            jump->index = x->index;
            jump->other = first ? r2 : r1;
            return DISTANCES;
        }
        bool in_place = (x->reads & SNARL_SET_REGISTERS) == (x->kills & SNARL_SET_REGISTERS);
        if (x->shape == SNARL_SHAPE_LEA && x->base == SNARL_REGISTER_RIP)
            continue; /* the table's address */
        if (touches_memory(x) || !(in_place || x->shape == SNARL_SHAPE_MOVSXD))
            return NOT_UNDERSTOOD;
        if (x->shape == SNARL_SHAPE_MOVSXD)
            *(first ? &r1 : &r2) = only_register(x->reads);
    }
    return NOT_UNDERSTOOD;
}

static enum verdict classify_load(struct jump *jump, const struct snarl_instruction *x)
{
    const struct snarl_image *image = jump->code->image;
    if (x->index == SNARL_REGISTER_NONE)
        return through_pointer(jump);
    jump->index = x->index;
    if (x->base == SNARL_REGISTER_NONE && !image->pie) {
        jump->table = (uint32_t)x->displacement - (uint32_t)image->base;
        return snarl_image_is_readonly(image, jump->table) ? ADDRESSES : LABEL_ADDRESSES;
    }
    return has_label_addresses(jump) ? LABEL_ADDRESSES : through_pointer(jump);
}

/* What defined the register that is jumped to. */
static enum verdict classify_register(struct jump *jump, uint8_t reg)
{
    uint32_t low = jump->at > jump->function->first + LOOK_BACK ? jump->at - LOOK_BACK : jump->function->first;
    for (uint32_t i = jump->at; i-- > low;) {
        const struct snarl_instruction *x = at(jump, i);
        if (x->kind == SNARL_KIND_CALL || x->kind == SNARL_KIND_CALL_INDIRECT || x->kind == SNARL_KIND_RETURN)
            break;
        if (!(x->kills >> reg & 1))
            continue;
        uint8_t source = only_register(x->reads & ~(1u << reg));
        if (x->shape == SNARL_SHAPE_ADD && !touches_memory(x) && source < 16)
            return find_distance_load(jump, i, low, reg, source);
        if (x->shape == SNARL_SHAPE_LEA && x->base < 16 && x->index < 16 && !x->displacement && x->scale == 1)
            return find_distance_load(jump, i, low, x->base, x->index);
        if (x->shape == SNARL_SHAPE_MOV && touches_memory(x))
            return classify_load(jump, x);
        if (x->shape == SNARL_SHAPE_MOV && source < 16) {
            reg = source;
            continue;
        }
        if (x->shape == SNARL_SHAPE_ADD || x->shape == SNARL_SHAPE_MOVSXD ||
            (x->shape == SNARL_SHAPE_LEA && x->base != SNARL_REGISTER_RIP))
            return NOT_UNDERSTOOD; /* worked out from an index: into code, which may begin anywhere */
        return through_pointer(jump);
    }
    return through_pointer(jump);
}

static enum verdict classify(struct jump *jump)
{
    const struct snarl_instruction *x = at(jump, jump->at);
    jump->base = jump->index = jump->other = SNARL_REGISTER_NONE;
    if (touches_memory(x) && x->base == SNARL_REGISTER_RIP)
        return x->index == SNARL_REGISTER_NONE ? TAIL_CALL : NOT_UNDERSTOOD;
    if (x->flags & SNARL_ACCESS_ODD)
        return TAIL_CALL; /* through thread-local storage */
    if (touches_memory(x))
        return classify_load(jump, x);
    uint8_t reg = only_register(x->reads);
    if (reg == SNARL_REGISTER_NONE || reg == SNARL_REGISTER_RSP)
        return NOT_UNDERSTOOD;
    return classify_register(jump, reg);
}

static void add_unique(struct jump *jump, uint32_t *list, unsigned *count, uint32_t value)
{
    for (unsigned i = 0; i < *count; i++)
        if (list[i] == value)
            return;
    if (*count < CANDIDATES)
        list[(*count)++] = value;
    else
        jump->too_many = true;
}

static void consider(struct jump *jump, const struct snarl_instruction *x)
{
    uint32_t named = (uint32_t)x->displacement;
    if (snarl_image_is_exec(jump->code->image, named))
        add_unique(jump, jump->addends, &jump->addend_count, named);
    if (snarl_image_is_readonly(jump->code->image, named))
        add_unique(jump, jump->candidates, &jump->candidate_count, named);
}

static bool is_lea_of(const struct snarl_instruction *x, uint32_t registers)
{
    return x->shape == SNARL_SHAPE_LEA && x->base == SNARL_REGISTER_RIP && x->kills & registers;
}

/* The tables that the load can mean: the one whose address is taken just before, or else all whose address is
 * ever in one of its registers, or else (the address was spilled) all that the function names. */
static void find_candidates(struct jump *jump)
{
    const struct snarl_function *function = jump->function;
    uint32_t registers = (1u << jump->base | 1u << jump->index | 1u << jump->other) & SNARL_SET_REGISTERS;
    for (uint32_t i = jump->at; i-- > function->first;) {
        const struct snarl_instruction *x = at(jump, i);
        uint32_t text = jump->code->image->text_start;
        if (is_lea_of(x, registers))
            consider(jump, x);
        if (jump->code->labels[x->offset - text])
            break; /* control may come in here with other values */
    }
    if (jump->candidate_count)
        return;
    for (int round = 0; round < 2 && !jump->candidate_count; round++, registers = SNARL_SET_REGISTERS)
        for (uint32_t i = function->first; i < function->first + function->count; i++)
            if (is_lea_of(at(jump, i), registers))
                consider(jump, at(jump, i));
}

/* How many entries the comparison before the jump allows, 0: unknown. */
static uint32_t find_bound(const struct jump *jump)
{
    uint32_t low = jump->at > jump->function->first + LOOK_BACK ? jump->at - LOOK_BACK : jump->function->first;
    bool loaded = false;
    if (jump->index == SNARL_REGISTER_NONE)
        return 0;
    for (uint32_t i = jump->at; i-- > low + 1;) {
        const struct snarl_instruction *x = at(jump, i), *compare = at(jump, i - 1);
        if (x->kills >> jump->index & 1) {
            if (loaded || x->index != jump->index)
                return 0;
            loaded = true; /* the load overwrites its own index */
        }
        bool bounds = x->shape == SNARL_SHAPE_JA || x->shape == SNARL_SHAPE_JAE || x->shape == SNARL_SHAPE_JBE;
        if (!bounds || compare->shape != SNARL_SHAPE_CMP || !compare->has_immediate || touches_memory(compare) ||
            only_register(compare->reads) != jump->index || compare->immediate < 0)
            continue;
        return (uint32_t)compare->immediate + (x->shape == SNARL_SHAPE_JAE ? 0 : 1);
    }
    return 0;
}

static uint32_t next_reference(const struct snarl_code *code, uint32_t after)
{
    uint32_t low = 0, high = code->references.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->references.at[middle] <= after)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->references.count ? code->references.at[low] : UINT32_MAX;
}

/* A table in reading. */
struct table {
    uint32_t start, addend;
    unsigned width;
    uint64_t stop; /* it ends here at the latest */
};

/* Where entry `number` leads; false: it is none. */
static bool read_entry(const struct jump *jump, const struct table *table, uint32_t number, uint64_t *target)
{
    const struct snarl_image *image = jump->code->image;
    uint64_t place = table->start + (uint64_t)number * table->width;
    const uint8_t *bytes = place < table->stop ? snarl_image_at(image, place, table->width) : NULL;
    int64_t value = 0;
    if (!bytes || !snarl_image_is_readonly(image, place))
        return false;
    memcpy(&value, bytes, table->width);
    *target = table->width == 4 ? table->addend + (uint64_t)(int64_t)(int32_t)value : (uint64_t)value - image->base;
    return true;
}

static bool is_inside(const struct jump *jump, uint64_t target)
{
    return target >= jump->function->start && target < jump->function->end;
}

/* Whether entries behind this one lead into the function all the same. */
static bool goes_on(const struct jump *jump, const struct table *table, uint32_t number)
{
    uint64_t target;
    for (uint32_t i = number + 1; i <= number + LOOK_AHEAD && read_entry(jump, table, i, &target); i++)
        if (is_inside(jump, target) && snarl_code_at(jump->code, target))
            return true;
    return false;
}

/* Labels what the table names; the number of entries. */
static uint32_t read_table(struct jump *jump, uint32_t start, uint32_t addend, unsigned width, uint32_t bound)
{
    const struct snarl_function *function = jump->function;
    struct table table = {start, addend, width, next_reference(jump->code, start)};
    if (bound && table.stop < start + (uint64_t)bound * width)
        table.stop = start + (uint64_t)bound * width;
    uint32_t count = 0;
    uint64_t target;
    for (; count < ENTRIES_MAX && read_entry(jump, &table, count, &target); count++) {
        bool code = snarl_code_at(jump->code, target);
        /* What cannot happen leads behind the function's last instruction, in LLVM's tables: no code, but not the table's end. */
        if (!code && target >= function->end && target <= function->pad_end)
            continue;
        if (!code && count && count >= bound)
            jump->doubtful |= goes_on(jump, &table, count);
        if (!code || (!is_inside(jump, target) && count >= FOREIGN_MAX && count >= bound))
            break;
        snarl_code_label(jump->code, target, SNARL_LABEL_TABLE);
    }
    return count;
}

static bool read_tables(struct jump *jump, enum verdict verdict)
{
    uint32_t bound = find_bound(jump), longest = 0;
    if (verdict == ADDRESSES) {
        longest = read_table(jump, jump->table, 0, 8, bound);
        return longest ? longest >= bound && !jump->doubtful : has_label_addresses(jump);
    }
    find_candidates(jump);
    for (unsigned i = 0; i < jump->candidate_count; i++) {
        uint32_t table = jump->candidates[i];
        uint32_t count = read_table(jump, table, table, 4, bound);
        longest = count > longest ? count : longest;
        for (unsigned k = 0; k < jump->addend_count; k++) {
            count = read_table(jump, table, jump->addends[k], 4, bound);
            longest = count > longest ? count : longest;
        }
    }
    return longest && longest >= bound && !jump->too_many && !jump->doubtful;
}

bool snarl_tables_resolve(struct snarl_code *code, struct snarl_function *function)
{
    bool understood = true;
    for (uint32_t i = function->first; i < function->first + function->count; i++) {
        if (code->instructions[i].kind != SNARL_KIND_JUMP_INDIRECT)
            continue;
        struct jump jump = {.code = code, .function = function, .at = i};
        enum verdict verdict = classify(&jump);
        if (verdict == TAIL_CALL)
            continue;
        code->tables++;
        if (verdict == LABEL_ADDRESSES)
            continue;
        if (verdict == NOT_UNDERSTOOD || !read_tables(&jump, verdict)) {
            code->tables_unresolved++;
            understood = false;
        }
    }
    return understood;
}
