/* check.c - see check.h. The check of an access, for the cells of shadow.h and cell.h of the race engine:
 *
 *     a plane of 32-bit words for reads, one for each aligned 4 bytes, at the address with bit 46 flipped, and another one for writes at
 *     a distance from it that the thread's area holds. The access is known already when the word lies in a window of words that the
 *     engine keeps for the thread:
 *
 *         lea   EA, %r            ; r: dead, or saved in the thread's slot 0
 *         btc   $46, %r
 *         add   %fs:writes, %r    ; writes only
 *         mov   (%r), %r          ; 32 or 64 bits: one word, or two
 *         sub   %fs:first, %r
 *         test  %r, %fs:outside
 *         jne   stub
 *     back:
 *
 * One and two bytes are a part of a cell. The word must cover these; the bits of the others are added:
 *
 *         lea   EA, %r
 *         mov   %r, %s            ; s: another such register, its slot is 1
 *         and   $3, %s
 *         and   $-4, %r
 *         btc   $46, %r
 *         mov   (%r), %r
 *         or    %fs:others(,%s,4), %r
 *         sub   ...
 *
 * A word of memory that is not aligned as its size wants loads parts of two cells: their mixture is not in the window (but for
 * one chance in millions, which hides one access), so the stub sees it, and begins with a test of the cells of its first bytes and
 * of that of its last. Two bytes in two cells never pass the first test. 16 and 32 bytes compare their pairs of cells with each other first. The stub, after the function:
 *
 *         lea   EA, %r
 *         lea   -128(%rsp), %rsp  ; the red zone
 *         push  %r
 *         call  linkage page      ; keeps all registers but the flags
 *         lea   136(%rsp), %rsp
 *         jmp   back
 *         struct snarl_plan_site
 *
 * Flags. A check destroys them. Where they are live it is moved up to an instruction before which they are dead, if
 * the address is the same there; or else they are saved (lahf, seto). An access that follows or precedes an equal
 * one in its block needs no check of its own: within a block nothing can be released or acquired. */
#include "plan/check.h"

#include <string.h>

#define FIELD(name) ((unsigned)offsetof(struct snarl_plan_thread, name))
#define RAX 0u
#define SHADOW_BIT 46
#define LOWERED 136 /* what the stub takes off the stack pointer before it computes an address from it */

struct scratch {
    unsigned reg, second; /* SNARL_REGISTER_NONE when there is no need of a second */
    bool reg_saved, second_saved, flags_saved;
};

static bool is_inline(const struct snarl_instruction *x)
{
    return !(x->flags & (SNARL_ACCESS_STRING | SNARL_ACCESS_LOCKED)) && !x->atomic;
}

/* Clocks may be passed on here: no check moves over it, none stands for one on the other side. */
static bool is_order(const struct snarl_instruction *x)
{
    return x->flags & SNARL_ACCESS_LOCKED || x->atomic;
}

/* --- which accesses, and where --- */

static uint32_t address_registers(const struct snarl_instruction *x)
{
    return ((x->base < 16 ? 1u << x->base : 0) | (x->index < 16 ? 1u << x->index : 0)) & SNARL_SET_REGISTERS;
}

static uint32_t changed_registers(const struct snarl_instruction *x)
{
    bool plain = x->kind == SNARL_KIND_PLAIN || x->kind == SNARL_KIND_BRANCH || x->kind == SNARL_KIND_JUMP;
    return plain ? x->writes : SNARL_SET_REGISTERS;
}

static bool same_address(const struct snarl_instruction *a, const struct snarl_instruction *b)
{
    return a->base == b->base && a->index == b->index && a->displacement == b->displacement &&
           (a->index >= 16 || a->scale == b->scale);
}

/* `a`'s check tells all that `b`'s would. */
static bool covers(const struct snarl_instruction *a, const struct snarl_instruction *b)
{
    return same_address(a, b) && a->size >= b->size &&
           (a->flags & SNARL_ACCESS_WRITE || !(b->flags & SNARL_ACCESS_WRITE));
}

#define COVER_REACH 64 /* instructions */

/* Is there an access before or after in the block whose check covers that of instruction i? */
static bool is_covered(const struct snarl_code *code, const struct snarl_block *block, uint32_t i,
                       const uint32_t *place, int step)
{
    const struct snarl_instruction *x = &code->instructions[block->first + i];
    uint32_t wanted = address_registers(x);
    uint32_t changed = step > 0 ? changed_registers(x) : 0;
    for (int64_t k = (int64_t)i + step, seen = 0; k >= 0 && k < block->count && seen < COVER_REACH;
         k += step, seen++) {
        const struct snarl_instruction *y = &code->instructions[block->first + (uint64_t)k];
        if (step < 0)
            changed |= changed_registers(y);
        if (changed & wanted || is_order(y) || y->shape == SNARL_SHAPE_SYSCALL)
            return false;
        bool checked = y->checkable && is_inline(y) && (step > 0 || place[k] != SNARL_CHECK_NOWHERE);
        if (checked && covers(y, x) && (step < 0 || !covers(x, y)))
            return true;
        if (step > 0)
            changed |= changed_registers(y);
    }
    return false;
}

/* Moves the check up to where the flags are dead, if that is possible. */
static uint32_t quiet_place(const struct snarl_code *code, const struct snarl_block *block, uint32_t i,
                            const uint32_t *live)
{
    const struct snarl_instruction *x = &code->instructions[block->first + i];
    uint32_t wanted = address_registers(x);
    for (uint32_t k = i; live[k] & SNARL_SET_FLAGS;) {
        const struct snarl_instruction *y = k ? &code->instructions[block->first + k - 1] : NULL;
        if (!y || changed_registers(y) & wanted || is_order(y) || i - k >= COVER_REACH)
            return i;
        k--;
        if (!(live[k] & SNARL_SET_FLAGS))
            return k;
    }
    return i;
}

void snarl_check_place(struct snarl_emitter *emitter, const struct snarl_block *block,
                       struct snarl_check_plan *plan)
{
    const struct snarl_code *code = emitter->code;
    plan->reach = 0;
    for (uint32_t i = 0; i < block->count; i++) {
        const struct snarl_instruction *x = &code->instructions[block->first + i];
        plan->place[i] = SNARL_CHECK_NOWHERE;
        if (!x->checkable || emitter->check == SNARL_CHECK_NONE)
            continue;
        if (!is_inline(x)) {
            plan->place[i] = i;
            emitter->checks++;
        } else if (is_covered(code, block, i, plan->place, -1) || is_covered(code, block, i, plan->place, 1)) {
            emitter->repeated++;
        } else {
            plan->place[i] = quiet_place(code, block, i, plan->live);
            plan->reach = i - plan->place[i] > plan->reach ? i - plan->place[i] : plan->reach;
            emitter->checks++;
        }
    }
}

/* --- writing it --- */

static struct snarl_plan_map map_of(uint32_t at, enum snarl_plan_map_kind kind, const struct scratch *scratch)
{
    struct snarl_plan_map map = {.original = at, .kind = (uint8_t)kind};
    map.saved[0] = scratch->reg_saved ? (uint8_t)scratch->reg : SNARL_MAP_NO_REGISTER;
    map.saved[1] = scratch->second_saved ? (uint8_t)scratch->second : SNARL_MAP_NO_REGISTER;
    map.flags = scratch->flags_saved ? SNARL_MAP_FLAGS_SAVED : 0;
    return map;
}

static unsigned pick(uint32_t taken, bool *saved)
{
    static const uint8_t s_order[] = {0, 2, 6, 7, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15};
    for (unsigned i = 0; i < sizeof(s_order); i++)
        if (!(taken >> s_order[i] & 1)) {
            *saved = false;
            return s_order[i];
        }
    return SNARL_REGISTER_NONE;
}

static unsigned pick_register(uint32_t live, uint32_t avoid, bool *saved)
{
    avoid |= 1u << SNARL_REGISTER_RSP | 1u << SNARL_REGISTER_RBP; /* frames are unwound by it where it is dead, too */
    unsigned reg = pick(live | avoid, saved);
    if (reg != SNARL_REGISTER_NONE)
        return reg;
    reg = pick(avoid, saved);
    *saved = true;
    return reg;
}

static void op_reg(struct snarl_emitter *e, bool wide, unsigned opcode, unsigned reg, unsigned rm, int disp8)
{
    /* op reg, disp8(%rm); the opcode has one byte */
    snarl_emit_byte(e, 0x40u | (wide ? 8u : 0) | reg >> 3 << 2 | rm >> 3);
    snarl_emit_byte(e, opcode);
    snarl_emit_byte(e, 0x40u | (reg & 7) << 3 | (rm & 7));
    if ((rm & 7) == 4)
        snarl_emit_byte(e, 0x24);
    snarl_emit_byte(e, (uint8_t)disp8);
}

/* op reg, %fs:field with 32 or 64 bits. */
static void op_thread(struct snarl_emitter *e, bool wide, unsigned opcode, unsigned reg, unsigned field)
{
    if (wide) {
        snarl_emit_thread_op(e, opcode, reg, field);
        return;
    }
    snarl_emit_byte(e, 0x64);
    if (reg >= 8)
        snarl_emit_byte(e, 0x44);
    snarl_emit_byte(e, opcode);
    snarl_emit_byte(e, (reg & 7) << 3 | 4);
    snarl_emit_byte(e, 0x25);
    snarl_offsets_add(&e->thread_fixes, snarl_emit_here(e));
    snarl_emit_word(e, field);
}

static void save_flags(struct snarl_emitter *e)
{
    snarl_emit_thread_op(e, 0x89, RAX, FIELD(slot[1]));
    snarl_emit_byte(e, 0x9f); /* lahf */
    snarl_emit_byte(e, 0x0f); /* seto %al */
    snarl_emit_byte(e, 0x90);
    snarl_emit_byte(e, 0xc0);
    snarl_emit_thread_op(e, 0x89, RAX, FIELD(slot[2]));
    snarl_emit_thread_op(e, 0x8b, RAX, FIELD(slot[1]));
}

static void restore_flags(struct snarl_emitter *e)
{
    snarl_emit_thread_op(e, 0x89, RAX, FIELD(slot[1]));
    snarl_emit_thread_op(e, 0x8b, RAX, FIELD(slot[2]));
    snarl_emit_byte(e, 0x04); /* add $0x7f, %al: the overflow flag */
    snarl_emit_byte(e, 0x7f);
    snarl_emit_byte(e, 0x9e); /* sahf */
    snarl_emit_thread_op(e, 0x8b, RAX, FIELD(slot[1]));
}

static struct snarl_stub *new_stub(struct snarl_emitter *e, const struct snarl_instruction *x, uint32_t at,
                                   const struct scratch *scratch, enum snarl_link link)
{
    struct snarl_stub *stub = snarl_emit_stub(e);
    struct snarl_plan_map map = map_of(at, SNARL_MAP_STUB, scratch);
    memset(stub, 0, sizeof(*stub));
    stub->instruction = x;
    stub->at = at;
    stub->reg = (uint8_t)scratch->reg;
    memcpy(stub->saved, map.saved, sizeof(stub->saved));
    stub->saved_flags = map.flags;
    stub->link = (uint8_t)link;
    return stub;
}

static void leave_to(struct snarl_emitter *e, struct snarl_stub *stub, unsigned which, bool always)
{
    if (always) {
        snarl_emit_byte(e, 0xe9);
    } else {
        snarl_emit_byte(e, 0x0f);
        snarl_emit_byte(e, 0x85); /* jne */
    }
    stub->sites[which] = snarl_emit_here(e);
    snarl_emit_word(e, 0);
}

static void to_shadow(struct snarl_emitter *e, const struct snarl_instruction *x, unsigned reg)
{
    snarl_emit_byte(e, 0x48 | reg >> 3); /* btc $46, %reg */
    snarl_emit_byte(e, 0x0f);
    snarl_emit_byte(e, 0xba);
    snarl_emit_byte(e, 0xf8 | (reg & 7));
    snarl_emit_byte(e, SHADOW_BIT);
    if (x->flags & SNARL_ACCESS_WRITE)
        op_thread(e, true, 0x03, reg, FIELD(writes));
}

static void and_imm(struct snarl_emitter *e, bool wide, unsigned reg, int value)
{
    snarl_emit_byte(e, 0x40u | (wide ? 8u : 0) | reg >> 3);
    snarl_emit_byte(e, 0x83);
    snarl_emit_byte(e, 0xe0 | (reg & 7));
    snarl_emit_byte(e, (uint8_t)value);
}

/* or %fs:others[part](, index, 4), reg */
static void or_others(struct snarl_emitter *e, unsigned reg, unsigned index, unsigned part)
{
    snarl_emit_byte(e, 0x64);
    snarl_emit_byte(e, 0x40u | reg >> 3 << 2 | index >> 3 << 1);
    snarl_emit_byte(e, 0x0b);
    snarl_emit_byte(e, (reg & 7) << 3 | 4);
    snarl_emit_byte(e, 2u << 6 | (index & 7) << 3 | 5);
    snarl_offsets_add(&e->thread_fixes, snarl_emit_here(e));
    snarl_emit_word(e, FIELD(others) + part * 16);
}

static void test_part(struct snarl_emitter *e, const struct snarl_instruction *x, const struct scratch *scratch,
                      struct snarl_stub *stub)
{
    unsigned part = x->size == 2 ? SNARL_PART_2 : SNARL_PART_1;
    snarl_emit_byte(e, 0x40u | scratch->reg >> 3 << 2 | scratch->second >> 3); /* mov %reg, %second */
    snarl_emit_byte(e, 0x89);
    snarl_emit_byte(e, 0xc0u | (scratch->reg & 7) << 3 | (scratch->second & 7));
    and_imm(e, false, scratch->second, 3);
    and_imm(e, true, scratch->reg, -4);
    to_shadow(e, x, scratch->reg);
    op_reg(e, false, 0x8b, scratch->reg, scratch->reg, 0);
    or_others(e, scratch->reg, scratch->second, part);
    op_thread(e, false, 0x2b, scratch->reg, FIELD(first));
    op_thread(e, false, 0x85, scratch->reg, FIELD(outside));
    leave_to(e, stub, 0, false);
}

/* The test of whole cells. */
static void test_cells(struct snarl_emitter *e, const struct snarl_instruction *x, const struct scratch *scratch,
                       struct snarl_stub *stub)
{
    unsigned size = x->size, word = size > 8 ? scratch->second : scratch->reg, exits = 0;
    bool wide = size > 4;
    to_shadow(e, x, scratch->reg);
    op_reg(e, wide, 0x8b, word, scratch->reg, 0);
    for (unsigned at = 8; at < size; at += 8) {
        op_reg(e, true, 0x3b, word, scratch->reg, (int)at);
        leave_to(e, stub, exits++, false);
    }
    op_thread(e, wide, 0x2b, word, FIELD(first));
    op_thread(e, wide, 0x85, word, FIELD(outside));
    leave_to(e, stub, exits, false);
}

/* Sizes that are not a power of two up to 32 (x87's 10 bytes, 64 of AVX-512) always take the stub. */
static bool has_fast_path(const struct snarl_instruction *x)
{
    return x->size && x->size <= 32 && !(x->size & (x->size - 1));
}

static void race_check(struct snarl_emitter *e, const struct snarl_instruction *x, uint32_t at, uint32_t live)
{
    struct scratch scratch = {.reg = SNARL_REGISTER_NONE, .second = SNARL_REGISTER_NONE};
    bool keep_flags = live & SNARL_SET_FLAGS;
    uint32_t avoid = address_registers(x) | (keep_flags ? 1u << RAX : 0);
    bool save = false, save_second = false;
    scratch.reg = pick_register(live, avoid, &save);
    if ((x->size > 8 || x->size <= 2) && has_fast_path(x))
        scratch.second = pick_register(live, avoid | 1u << scratch.reg, &save_second);
    snarl_emit_map(e, map_of(at, SNARL_MAP_CHECK, &scratch));
    if (keep_flags) {
        save_flags(e);
        scratch.flags_saved = true;
        snarl_emit_map(e, map_of(at, SNARL_MAP_CHECK, &scratch));
    }
    if (save)
        snarl_emit_thread_op(e, 0x89, scratch.reg, FIELD(slot[0]));
    if (save_second)
        snarl_emit_thread_op(e, 0x89, scratch.second, FIELD(slot[1]));
    scratch.reg_saved = save;
    scratch.second_saved = save_second;
    snarl_emit_map(e, map_of(at, SNARL_MAP_CHECK, &scratch));
    struct snarl_stub *stub = new_stub(e, x, at, &scratch, SNARL_LINK_ACCESS);
    if (has_fast_path(x)) {
        snarl_emit_lea(e, scratch.reg, x);
        (x->size <= 2 ? test_part : test_cells)(e, x, &scratch, stub);
    } else {
        leave_to(e, stub, 0, true);
    }
    stub->back = snarl_emit_here(e);
    if (save_second)
        snarl_emit_thread_op(e, 0x8b, scratch.second, FIELD(slot[1]));
    if (save_second && keep_flags) { /* whose restoring needs slot 1 */
        scratch.second_saved = false;
        snarl_emit_map(e, map_of(at, SNARL_MAP_CHECK, &scratch));
    }
    if (save)
        snarl_emit_thread_op(e, 0x8b, scratch.reg, FIELD(slot[0]));
    if (keep_flags)
        restore_flags(e);
}

/* The thread's counter plus one: for tests of the relocation itself. */
static void count_check(struct snarl_emitter *e, uint32_t at, uint32_t live)
{
    struct scratch scratch = {.second = SNARL_REGISTER_NONE};
    bool save = false;
    scratch.reg = pick_register(live, 0, &save);
    snarl_emit_map(e, map_of(at, SNARL_MAP_CHECK, &scratch));
    if (save)
        snarl_emit_thread_op(e, 0x89, scratch.reg, FIELD(slot[0]));
    scratch.reg_saved = save;
    snarl_emit_map(e, map_of(at, SNARL_MAP_CHECK, &scratch));
    snarl_emit_thread_op(e, 0x8b, scratch.reg, FIELD(count));
    op_reg(e, true, 0x8d, scratch.reg, scratch.reg, 1); /* lea 1(%r), %r: the flags stay */
    snarl_emit_thread_op(e, 0x89, scratch.reg, FIELD(count));
    if (save)
        snarl_emit_thread_op(e, 0x8b, scratch.reg, FIELD(slot[0]));
}

/* Whether all that instruction i leaves to the program is in memory: neither its flags nor a register that it changes are read. A
 * compare-and-exchange may have done nothing. */
static bool is_unheeded(const struct snarl_emitter *e, const struct snarl_block *block, uint32_t i, const uint32_t *live)
{
    const struct snarl_instruction *x = &e->code->instructions[block->first + i];
    uint32_t after = i + 1 < block->count ? live[i + 1] : block->live_out;
    return x->flags & SNARL_ACCESS_LOCKED && x->shape != SNARL_SHAPE_CMPXCHG && !(after & (x->writes | SNARL_SET_FLAGS));
}

/* String and locked instructions: always a call, which keeps everything. */
static void call_check(struct snarl_emitter *e, const struct snarl_instruction *x, enum snarl_link link, bool unheeded)
{
    struct scratch scratch = {.reg = SNARL_REGISTER_NONE, .second = SNARL_REGISTER_NONE};
    snarl_emit_map(e, map_of(x->offset, SNARL_MAP_CHECK, &scratch));
    struct snarl_stub *stub = new_stub(e, x, x->offset, &scratch, link);
    stub->unheeded = unheeded;
    leave_to(e, stub, 0, true);
    stub->back = snarl_emit_here(e);
}

void snarl_check_before(struct snarl_emitter *emitter, const struct snarl_block *block, uint32_t i,
                        const struct snarl_check_plan *plan)
{
    const struct snarl_instruction *before = &emitter->code->instructions[block->first + i];
    for (uint32_t k = i; k < block->count && k - i <= plan->reach; k++) {
        const struct snarl_instruction *x = &emitter->code->instructions[block->first + k];
        if (plan->place[k] != i)
            continue;
        if (emitter->check == SNARL_CHECK_COUNT)
            count_check(emitter, before->offset, plan->live[i]);
        else if (x->flags & SNARL_ACCESS_LOCKED)
            call_check(emitter, x, SNARL_LINK_BEFORE_ATOMIC, is_unheeded(emitter, block, k, plan->live));
        else if (x->atomic)
            call_check(emitter, x, SNARL_LINK_PLAIN_ATOMIC, false);
        else if (x->flags & SNARL_ACCESS_STRING)
            call_check(emitter, x, SNARL_LINK_STRING, false);
        else
            race_check(emitter, x, before->offset, plan->live[i]);
    }
}

void snarl_check_after(struct snarl_emitter *emitter, const struct snarl_block *block, uint32_t i,
                       const struct snarl_check_plan *plan)
{
    const struct snarl_instruction *x = &emitter->code->instructions[block->first + i];
    if (plan->place[i] == SNARL_CHECK_NOWHERE || !(x->flags & SNARL_ACCESS_LOCKED) ||
        emitter->check != SNARL_CHECK_RACE || is_unheeded(emitter, block, i, plan->live))
        return;
    struct scratch scratch = {.reg = SNARL_REGISTER_NONE, .second = SNARL_REGISTER_NONE};
    snarl_emit_map(emitter, map_of(x->offset + x->length, SNARL_MAP_AFTER, &scratch));
    struct snarl_stub *stub = new_stub(emitter, x, x->offset + x->length, &scratch, SNARL_LINK_AFTER_ATOMIC);
    leave_to(emitter, stub, 0, true);
    stub->back = snarl_emit_here(emitter);
}

static uint8_t site_flags(const struct snarl_stub *stub)
{
    const struct snarl_instruction *x = stub->instruction;
    return (stub->unheeded ? SNARL_SITE_UNHEEDED : 0) |
           (x->flags & SNARL_ACCESS_WRITE ? SNARL_SITE_WRITE : 0) |
           (x->flags & SNARL_ACCESS_READ ? SNARL_SITE_READ : 0) |
           (x->flags & SNARL_ACCESS_LOCKED ? SNARL_SITE_LOCKED : 0) |
           (x->flags & SNARL_ACCESS_REPEATED ? SNARL_SITE_REPEATED : 0);
}

static void put(struct snarl_emitter *e, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        snarl_emit_byte(e, bytes[i]);
}

/* The address of an atomic operation, on the stack without a free register. */
static void push_any_address(struct snarl_emitter *e, const struct snarl_stub *stub, struct snarl_plan_map map)
{
    static const uint8_t swap[] = {0x48, 0x87, 0x04, 0x24}; /* xchg %rax, (%rsp) */
    snarl_emit_byte(e, 0x50 | RAX);
    snarl_emit_map(e, map);
    if (stub->link != SNARL_LINK_BEFORE_ATOMIC && stub->link != SNARL_LINK_PLAIN_ATOMIC)
        return;
    struct snarl_instruction x = *stub->instruction;
    if (x.base == SNARL_REGISTER_RSP)
        x.displacement += LOWERED;
    snarl_emit_lea(e, RAX, &x);
    put(e, swap, sizeof(swap));
}

/* The entry for string instructions reads the registers themselves, the one after an atomic needs no address: a place
 * on the stack is made all the same. */
static void push_address(struct snarl_emitter *e, const struct snarl_stub *stub, struct snarl_plan_map map)
{
    static const uint8_t lower[] = {0x48, 0x8d, 0x64, 0x24, 0x80}; /* lea -128(%rsp), %rsp */
    if (stub->link == SNARL_LINK_ACCESS)
        snarl_emit_lea(e, stub->reg, stub->instruction);
    put(e, lower, sizeof(lower));
    map.flags |= SNARL_MAP_LOWERED;
    snarl_emit_map(e, map);
    if (stub->link == SNARL_LINK_ACCESS) {
        if (stub->reg >= 8)
            snarl_emit_byte(e, 0x41);
        snarl_emit_byte(e, 0x50 | (stub->reg & 7));
    }
    map.flags |= SNARL_MAP_PUSHED;
    if (stub->link == SNARL_LINK_ACCESS)
        snarl_emit_map(e, map);
    else
        push_any_address(e, stub, map);
}

/* Leaves the flags of whether `reg`, the address of some cells, holds words that are not known. */
static void test_known(struct snarl_emitter *e, const struct snarl_instruction *x, unsigned reg, bool wide)
{
    and_imm(e, true, reg, -4);
    to_shadow(e, x, reg);
    op_reg(e, wide, 0x8b, reg, reg, 0);
    op_thread(e, wide, 0x2b, reg, FIELD(first));
    op_thread(e, wide, 0x85, reg, FIELD(outside));
}

/* jcc or jmp forward over what follows; returns where the distance stands. */
static uint32_t over(struct snarl_emitter *e, unsigned opcode)
{
    snarl_emit_byte(e, opcode);
    snarl_emit_byte(e, 0);
    return snarl_emit_here(e) - 1;
}

static void over_ends(struct snarl_emitter *e, uint32_t at)
{
    e->bytes[at - SNARL_PLAN_PAGE] = (uint8_t)(snarl_emit_here(e) - at - 1);
}

static void je_back(struct snarl_emitter *e, const struct snarl_stub *stub)
{
    snarl_emit_byte(e, 0x0f);
    snarl_emit_byte(e, 0x84);
    snarl_emit_word(e, stub->back - (snarl_emit_here(e) + 4));
}

/* 4 or 8 bytes anywhere: all cells that they touch are known as a whole. */
static void test_unaligned(struct snarl_emitter *e, const struct snarl_stub *stub)
{
    const struct snarl_instruction *x = stub->instruction;
    struct snarl_instruction last = *x;
    last.displacement += x->size - 1;
    snarl_emit_lea(e, stub->reg, x);
    test_known(e, x, stub->reg, x->size == 8);
    uint32_t not_first = over(e, 0x75); /* jne */
    snarl_emit_lea(e, stub->reg, &last);
    test_known(e, x, stub->reg, false);
    je_back(e, stub);
    over_ends(e, not_first);
}

/* The byte `part` of the cell at `reg` or above. */
static void test_byte(struct snarl_emitter *e, const struct snarl_instruction *x, unsigned reg, unsigned part)
{
    and_imm(e, true, reg, -4);
    to_shadow(e, x, reg);
    op_reg(e, false, 0x8b, reg, reg, 0);
    op_thread(e, false, 0x0b, reg, FIELD(others[SNARL_PART_1]) + part * 4);
    op_thread(e, false, 0x2b, reg, FIELD(first));
    op_thread(e, false, 0x85, reg, FIELD(outside));
}

/* 2 bytes of which one is the last of a cell and one the first of the next. */
static void test_crossing(struct snarl_emitter *e, const struct snarl_stub *stub)
{
    const struct snarl_instruction *x = stub->instruction;
    struct snarl_instruction last = *x;
    last.displacement++;
    snarl_emit_lea(e, stub->reg, &last);
    snarl_emit_byte(e, 0x40u | stub->reg >> 3); /* test $3, %reg */
    snarl_emit_byte(e, 0xf6);
    snarl_emit_byte(e, 0xc0u | (stub->reg & 7));
    snarl_emit_byte(e, 3);
    uint32_t not_crossing = over(e, 0x75);
    test_byte(e, x, stub->reg, 0);
    uint32_t not_last = over(e, 0x75);
    snarl_emit_lea(e, stub->reg, x);
    test_byte(e, x, stub->reg, 3);
    je_back(e, stub);
    over_ends(e, not_crossing);
    over_ends(e, not_last);
}

/* What the inlined test cannot tell though it is known. */
static void test_again(struct snarl_emitter *e, const struct snarl_stub *stub)
{
    const struct snarl_instruction *x = stub->instruction;
    if (stub->link != SNARL_LINK_ACCESS || x->displacement > INT32_MAX - 8)
        return;
    if (x->size == 4 || x->size == 8)
        test_unaligned(e, stub);
    else if (x->size == 2)
        test_crossing(e, stub);
}

void snarl_check_stub(struct snarl_emitter *e, const struct snarl_stub *stub)
{
    static const uint8_t raise[] = {0x48, 0x8d, 0xa4, 0x24, 136, 0, 0, 0}; /* lea 136(%rsp), %rsp */
    bool after = stub->link == SNARL_LINK_AFTER_ATOMIC;
    const struct snarl_instruction *x = stub->instruction;
    struct snarl_plan_map map = {.original = stub->at,
                                 .kind = after ? SNARL_MAP_AFTER : SNARL_MAP_STUB,
                                 .saved = {stub->saved[0], stub->saved[1]},
                                 .flags = stub->saved_flags};
    for (unsigned i = 0; i < 4; i++)
        if (stub->sites[i])
            snarl_emit_patch(e, stub->sites[i], snarl_emit_here(e));
    snarl_emit_map(e, map);
    test_again(e, stub);
    push_address(e, stub, map);
    snarl_emit_byte(e, 0xe8);
    snarl_emit_word(e, stub->link * SNARL_LINK_SIZE - (snarl_emit_here(e) + 4));
    put(e, raise, sizeof(raise));
    snarl_emit_map(e, map);
    snarl_emit_jump(e, stub->back);
    uint32_t here = snarl_emit_here(e);
    snarl_offsets_add(&e->image_fixes, here);
    snarl_emit_word(e, x->offset - here);
    snarl_emit_byte(e, x->size);
    snarl_emit_byte(e, site_flags(stub));
    snarl_emit_byte(e, x->shape);
    snarl_emit_byte(e, 0);
}
