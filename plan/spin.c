/* spin.c - loops that wait until another thread has changed something: what they load is atomic.
 *
 * Such a loop
 *   - is small, stores nothing but to its own frame, and calls nothing but functions that wait (sched_yield, nanosleep …)
 *     or small functions that only read;
 *   - has an exit that depends on one load, compared with nothing that changes in the loop;
 *   - loads from a place that is the same each time;
 *   - waits, by `pause` or such a function, or does nothing but these loads: all its exits depend on them, and no value
 *     goes from one turn to the next.
 * A loop like that over a variable that only its own thread changes would end at once or never. One over a plain variable
 * that another thread changes looks the same, and is taken for an atomic one.
 *
 *     head  ◄──────┐     the loop of a branch back from `foot` to `head` is what lies between them and
 *      ⋮           │     is reached from the head and leads to the foot
 *     foot  ───────┘
 *
 * A loop that waits at a condition does so with the lock that guards what it loads: that says nothing. But where the same load, compared
 * with something, stands before the lock is taken, and what it finds lets the thread go past the lock, it is read without: then
 * it is atomic, too (progress that one thread makes and others wait for; a state that seldom has to be waited for).
 *
 * How the value of a load flows to a branch is followed in the order of the code, through registers, flags and slots of the frame (code
 * that was not optimised keeps everything there). What is not understood ends the trail: then the load is a plain one. */
#include <stdlib.h>
#include <string.h>

#include "plan/atomics.h"

#define LOOP_BLOCKS 16
#define LOOP_INSTRUCTIONS 96
#define COPY_REACH 6 /* blocks */
#define CALLEE_INSTRUCTIONS 100
#define CALLEE_LOADS 4
#define CALL_DEPTH 5
#define DERIVE_DEPTH 6
#define SLOTS 6
#define RAX 1u
#define CALL_CLOBBERS (0x0fc7u | SNARL_SET_FLAGS) /* rax rcx rdx rsi rdi r8 to r11 */

enum reads { UNKNOWN, READS_ONLY, DOES_MORE, LOOKING };

struct search {
    struct snarl_code *code;
    const struct snarl_imports *imports;
    uint8_t *reads; /* by function: enum reads */
};

struct loop {
    struct snarl_code *code;
    const struct snarl_function *function;
    uint32_t first, last; /* blocks */
    bool in[LOOP_BLOCKS]; /* by block from `first` */
    uint32_t written;     /* registers */
    bool guarded;         /* waits at a condition */
};

/* What holds a value that the load in question alone decides. */
struct trail {
    uint32_t set; /* registers and flags */
    const struct snarl_instruction *slot[SLOTS]; /* instructions that stored it to the frame */
    uint32_t slots;
};

static struct snarl_instruction *instruction(const struct loop *loop, uint32_t block, uint32_t i)
{
    return &loop->code->instructions[loop->code->blocks[block].first + i];
}

static bool is_call(const struct snarl_instruction *x)
{
    return x->kind == SNARL_KIND_CALL || x->kind == SNARL_KIND_CALL_INDIRECT;
}

static uint32_t changed(const struct snarl_instruction *x)
{
    return is_call(x) ? CALL_CLOBBERS : x->writes | (x->kills & SNARL_SET_FLAGS);
}

static uint32_t address_registers(const struct snarl_instruction *x)
{
    bool names = x->base != SNARL_REGISTER_NONE || x->index != SNARL_REGISTER_NONE;
    return !names ? 0 : (x->base < 16 ? 1u << x->base : 0) | (x->index < 16 ? 1u << x->index : 0);
}

/* --- functions that may be called in such a loop --- */

static bool is_one_of(const char *name, const char *const *names)
{
    for (; name && *names; names++)
        if (!strcmp(name, *names))
            return true;
    return false;
}

/* They store to where the caller says. */
static bool answers(const char *name)
{
    static const char *const s_names[] = {
        "clock_gettime", "gettimeofday", "time", "poll", "ppoll", "select", "pselect", "epoll_wait",
        "_ZNSt6chrono3_V212steady_clock3nowEv", "_ZNSt6chrono3_V212system_clock3nowEv", NULL};
    return is_one_of(name, s_names);
}

static bool waits(const char *name)
{
    static const char *const s_names[] = {
        "sched_yield", "pthread_yield", "thrd_yield", "usleep", "nanosleep", "clock_nanosleep", "sleep", "thrd_sleep",
        "syscall", "__errno_location",
        "_ZNSt11this_thread11__sleep_forENSt6chrono8durationIlSt5ratioILl1ELl1EEEENS1_IlS2_ILl1ELl1000000000EEEE", NULL};
    return is_one_of(name, s_names) || answers(name);
}

/* With a lock that is held. */
static bool waits_guarded(const char *name)
{
    static const char *const s_names[] = {"pthread_cond_wait", "pthread_cond_timedwait", "pthread_cond_clockwait", "cnd_wait",
                                          "cnd_timedwait", "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE", NULL};
    return is_one_of(name, s_names);
}

static bool only_reads(struct search *search, uint32_t function, int depth);

/* A call, or a jump into another function. */
static bool call_only_reads(struct search *search, const struct snarl_instruction *x, int depth)
{
    if (waits(snarl_imports_called(search->imports, x)))
        return true;
    if (x->kind == SNARL_KIND_CALL_INDIRECT)
        return false;
    int64_t callee = snarl_image_function_at(search->code->image, x->target);
    return callee >= 0 && depth > 0 && search->code->functions[callee].start == x->target &&
           only_reads(search, (uint32_t)callee, depth - 1);
}

static bool stores(const struct snarl_function *function, const struct snarl_instruction *x)
{
    return x->flags & SNARL_ACCESS && x->flags & (SNARL_ACCESS_WRITE | SNARL_ACCESS_STRING) &&
           !snarl_code_in_frame(function, x);
}

static bool instruction_only_reads(struct search *search, const struct snarl_function *function,
                                   const struct snarl_instruction *x, int depth)
{
    bool inside = x->target >= function->start && x->target < function->end;
    switch (x->kind) {
    case SNARL_KIND_CALL:
    case SNARL_KIND_CALL_INDIRECT:
        return call_only_reads(search, x, depth);
    case SNARL_KIND_JUMP:
        return inside ? x->target > x->offset : call_only_reads(search, x, depth);
    case SNARL_KIND_BRANCH:
        return inside && x->target > x->offset;
    case SNARL_KIND_PLAIN:
        return !stores(function, x) && !(x->flags & SNARL_ACCESS_ODD && x->flags & SNARL_ACCESS_WRITE);
    default:
        return x->kind == SNARL_KIND_RETURN;
    }
}

static bool only_reads(struct search *search, uint32_t number, int depth)
{
    const struct snarl_function *function = &search->code->functions[number];
    uint8_t *known = &search->reads[number];
    if (*known != UNKNOWN)
        return *known == READS_ONLY;
    *known = LOOKING;
    bool good = function->copied || !function->accesses;
    good &= function->count <= CALLEE_INSTRUCTIONS && function->reason == SNARL_REASON_NONE;
    for (uint32_t i = 0; i < function->count && good; i++)
        good = instruction_only_reads(search, function, &search->code->instructions[function->first + i], depth);
    *known = good ? READS_ONLY : DOES_MORE;
    return good;
}

/* Calls `visit` for the loads of a function that only reads, and of those that it calls. */
static uint32_t each_load(struct search *search, const struct snarl_instruction *call, int depth, bool mark)
{
    int64_t number = call->kind == SNARL_KIND_CALL_INDIRECT || depth == 0
                         ? -1
                         : snarl_image_function_at(search->code->image, call->target);
    uint32_t count = 0;
    if (number < 0 || search->reads[number] != READS_ONLY)
        return 0;
    const struct snarl_function *function = &search->code->functions[number];
    for (uint32_t i = 0; i < function->count; i++) {
        struct snarl_instruction *x = &search->code->instructions[function->first + i];
        bool leaves = x->kind == SNARL_KIND_JUMP && (x->target < function->start || x->target >= function->end);
        if (x->kind == SNARL_KIND_CALL || leaves)
            count += each_load(search, x, depth - 1, mark);
        if (!x->checkable || x->kind != SNARL_KIND_PLAIN)
            continue;
        count++;
        if (mark)
            snarl_atomics_mark(search->code, x);
    }
    return count;
}

/* --- what stays the same in the loop --- */

static bool overlap(const struct snarl_instruction *a, const struct snarl_instruction *b)
{
    return a->base == b->base &&
           (a->index != SNARL_REGISTER_NONE || b->index != SNARL_REGISTER_NONE ||
            (a->displacement < b->displacement + b->size && b->displacement < a->displacement + a->size));
}

static bool slot_changes(const struct loop *loop, const struct snarl_instruction *x)
{
    for (uint32_t b = loop->first; b <= loop->last; b++)
        for (uint32_t i = 0; loop->in[b - loop->first] && i < loop->code->blocks[b].count; i++) {
            const struct snarl_instruction *y = instruction(loop, b, i);
            if (y->flags & SNARL_ACCESS && y->flags & SNARL_ACCESS_WRITE && snarl_code_in_frame(loop->function, y) &&
                overlap(x, y))
                return true;
        }
    return false;
}

static bool stays_same(const struct loop *loop, uint32_t block, uint32_t before, uint32_t reg, int depth);

static bool all_stay_same(const struct loop *loop, uint32_t block, uint32_t before, uint32_t set, int depth)
{
    for (uint32_t reg = 0; reg < 16; reg++)
        if (set >> reg & 1 && reg != SNARL_REGISTER_RSP && !stays_same(loop, block, before, reg, depth))
            return false;
    return true;
}

static bool is_frame_access(const struct loop *loop, const struct snarl_instruction *x, uint32_t flag)
{
    return x->flags & SNARL_ACCESS && x->flags & flag && snarl_code_in_frame(loop->function, x);
}

/* Whether instruction i finds the same in the slot of the frame that it reads each time round. */
static bool slot_stays_same(const struct loop *loop, uint32_t block, uint32_t i, int depth)
{
    const struct snarl_instruction *x = instruction(loop, block, i);
    if (!slot_changes(loop, x))
        return true;
    while (i-- > 0 && depth > 0) {
        const struct snarl_instruction *y = instruction(loop, block, i);
        if (!is_frame_access(loop, y, SNARL_ACCESS_WRITE) || !overlap(x, y))
            continue;
        return y->displacement == x->displacement && y->size >= x->size && !(y->flags & SNARL_ACCESS_READ) &&
               y->index == SNARL_REGISTER_NONE &&
               all_stay_same(loop, block, i, y->reads & SNARL_SET_REGISTERS, depth - 1);
    }
    return false;
}

/* Whether what instruction i leaves in `reg` is the same each time round. */
static bool derives(const struct loop *loop, uint32_t block, uint32_t i, uint32_t reg, int depth)
{
    const struct snarl_instruction *x = instruction(loop, block, i);
    if (depth == 0 || is_call(x) || !(x->kills >> reg & 1))
        return false;
    if (x->flags & SNARL_ACCESS && (x->flags & (SNARL_ACCESS_WRITE | SNARL_ACCESS_STRING)))
        return false;
    if (is_frame_access(loop, x, SNARL_ACCESS_READ) && !slot_stays_same(loop, block, i, depth - 1))
        return false;
    return all_stay_same(loop, block, i, x->reads & SNARL_SET_REGISTERS, depth - 1);
}

static bool stays_same(const struct loop *loop, uint32_t block, uint32_t before, uint32_t reg, int depth)
{
    for (uint32_t i = before; i-- > 0;)
        if (changed(instruction(loop, block, i)) >> reg & 1)
            return derives(loop, block, i, reg, depth);
    return !(loop->written >> reg & 1);
}

/* --- the trail of a value --- */

static bool on_trail(const struct loop *loop, const struct trail *trail, const struct snarl_instruction *x)
{
    if (!is_frame_access(loop, x, SNARL_ACCESS_READ))
        return false;
    for (uint32_t i = 0; i < trail->slots; i++)
        if (overlap(trail->slot[i], x))
            return true;
    return false;
}

static void leave_slots(struct trail *trail, const struct snarl_instruction *x)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < trail->slots; i++)
        if (!overlap(trail->slot[i], x))
            trail->slot[kept++] = trail->slot[i];
    trail->slots = kept;
}

/* Whether everything that instruction i computes with, besides what is on the trail, is the same each time round. */
static bool others_stay_same(const struct loop *loop, const struct trail *trail, uint32_t block, uint32_t i, bool loaded)
{
    const struct snarl_instruction *x = instruction(loop, block, i);
    uint32_t parts = x->writes & ~x->kills; /* of these a part stays as it is */
    uint32_t others = x->reads & ~trail->set & ~parts & SNARL_SET_REGISTERS;
    if (!all_stay_same(loop, block, i, others, DERIVE_DEPTH))
        return false;
    return loaded || !is_frame_access(loop, x, SNARL_ACCESS_READ) || slot_stays_same(loop, block, i, DERIVE_DEPTH);
}

static void follow(const struct loop *loop, struct trail *trail, uint32_t block, uint32_t i)
{
    const struct snarl_instruction *x = instruction(loop, block, i);
    if (is_call(x)) {
        trail->set &= ~CALL_CLOBBERS;
        return;
    }
    bool loaded = on_trail(loop, trail, x);
    bool fed = loaded || x->reads & ~address_registers(x) & trail->set;
    fed = fed && others_stay_same(loop, trail, block, i, loaded);
    uint32_t out = changed(x);
    trail->set = fed ? trail->set | out : trail->set & ~out;
    if (!is_frame_access(loop, x, SNARL_ACCESS_WRITE))
        return;
    leave_slots(trail, x);
    if (fed && trail->slots < SLOTS)
        trail->slot[trail->slots++] = x;
}

static bool inside(const struct loop *loop, int32_t block)
{
    return block >= (int32_t)loop->first && block <= (int32_t)loop->last && loop->in[(uint32_t)block - loop->first];
}

static bool is_exit(const struct loop *loop, uint32_t number)
{
    const struct snarl_block *block = &loop->code->blocks[number];
    return inside(loop, block->next) != inside(loop, block->target);
}

/* The exits, as a set of the loop's blocks, that depend on what instruction i of the block left in `set`. */
static uint32_t decides(const struct loop *loop, uint32_t block, uint32_t i, uint32_t set)
{
    struct trail trail = {.set = set};
    uint32_t blocks = loop->last - loop->first + 1, exits = 0;
    for (uint32_t turn = 0; turn <= blocks; turn++) {
        uint32_t at = loop->first + (block - loop->first + turn) % blocks;
        uint32_t count = loop->in[at - loop->first] ? loop->code->blocks[at].count : 0;
        for (uint32_t k = turn ? 0 : i + 1; k < (turn == blocks && i < count ? i : count); k++) {
            bool branch = instruction(loop, at, k)->kind == SNARL_KIND_BRANCH;
            if (branch && trail.set & SNARL_SET_FLAGS && is_exit(loop, at))
                exits |= 1u << (at - loop->first);
            follow(loop, &trail, at, k);
        }
    }
    return exits;
}

/* --- loops --- */

static bool is_spin(struct search *search, struct loop *loop)
{
    uint32_t count = 0;
    for (uint32_t b = loop->first; b <= loop->last; b++)
        for (uint32_t i = 0; loop->in[b - loop->first] && i < loop->code->blocks[b].count; i++) {
            const struct snarl_instruction *x = instruction(loop, b, i);
            bool locked = x->flags & SNARL_ACCESS_LOCKED;
            if (++count > LOOP_INSTRUCTIONS || (stores(loop->function, x) && !locked))
                return false;
            bool guarded = is_call(x) && waits_guarded(snarl_imports_called(search->imports, x));
            loop->guarded |= guarded;
            if (is_call(x) ? !guarded && !call_only_reads(search, x, CALL_DEPTH)
                           : x->kind == SNARL_KIND_JUMP_INDIRECT || x->kind == SNARL_KIND_SHORT_BRANCH)
                return false;
        }
    return true;
}

static bool waits_here(struct search *search, const struct snarl_instruction *x)
{
    return x->shape == SNARL_SHAPE_PAUSE || x->shape == SNARL_SHAPE_SYSCALL ||
           (is_call(x) && (waits(snarl_imports_called(search->imports, x)) || !each_load(search, x, CALL_DEPTH, false)));
}

static bool loop_waits(struct search *search, const struct loop *loop)
{
    for (uint32_t b = loop->first; b <= loop->last; b++)
        for (uint32_t i = 0; loop->in[b - loop->first] && i < loop->code->blocks[b].count; i++)
            if (waits_here(search, instruction(loop, b, i)))
                return true;
    return false;
}

/* What others store to the frame by its address is no concern of other threads. */
static bool loop_answers(struct search *search, const struct loop *loop)
{
    for (uint32_t b = loop->first; b <= loop->last; b++) {
        const struct snarl_block *block = &loop->code->blocks[b];
        const struct snarl_instruction *x = &loop->code->instructions[block->first + block->count - 1];
        if (loop->in[b - loop->first] && is_call(x) && answers(snarl_imports_called(search->imports, x)))
            return true;
    }
    return false;
}

static bool stored_before(const struct loop *loop, uint32_t block, uint32_t i)
{
    const struct snarl_instruction *x = instruction(loop, block, i);
    for (uint32_t b = loop->first; b <= block; b++)
        for (uint32_t k = 0; loop->in[b - loop->first] && k < (b == block ? i : loop->code->blocks[b].count); k++)
            if (is_frame_access(loop, instruction(loop, b, k), SNARL_ACCESS_WRITE) && overlap(x, instruction(loop, b, k)))
                return true;
    return false;
}

/* Whether a turn uses anything that the turn before it has left: a counter, the next element of a list. */
static bool carries(const struct loop *loop)
{
    uint32_t defined = 0;
    for (uint32_t b = loop->first; b <= loop->last; b++)
        for (uint32_t i = 0; loop->in[b - loop->first] && i < loop->code->blocks[b].count; i++) {
            const struct snarl_instruction *x = instruction(loop, b, i);
            uint32_t parts = x->writes & ~x->kills, used = is_call(x) ? 0 : x->reads & ~parts & SNARL_SET_REGISTERS;
            if (used & loop->written & ~defined)
                return true;
            if (is_frame_access(loop, x, SNARL_ACCESS_READ) && slot_changes(loop, x) && !stored_before(loop, b, i))
                return true;
            defined |= changed(x);
        }
    return false;
}

static uint32_t exits_of(const struct loop *loop)
{
    uint32_t exits = 0;
    for (uint32_t b = loop->first; b <= loop->last; b++)
        if (loop->in[b - loop->first] && is_exit(loop, b))
            exits |= 1u << (b - loop->first);
    return exits;
}

/* Grows the set of blocks by those that a block of it leads to, or that lead to one. */
static void spread(const struct loop *loop, bool *set, bool forward)
{
    for (bool again = true; again;) {
        again = false;
        for (uint32_t b = loop->first; b <= loop->last; b++) {
            const struct snarl_block *block = &loop->code->blocks[b];
            int32_t ways[2] = {block->next, block->target};
            for (int w = 0; w < 2; w++) {
                if (ways[w] < (int32_t)loop->first || ways[w] > (int32_t)loop->last)
                    continue;
                bool *from = &set[b - loop->first], *to = &set[(uint32_t)ways[w] - loop->first];
                bool *grown = forward ? to : from;
                if ((forward ? *from : *to) && !*grown)
                    *grown = again = true;
            }
        }
    }
}

static void fill_loop(struct loop *loop)
{
    bool forward[LOOP_BLOCKS] = {true}, back[LOOP_BLOCKS] = {false};
    back[loop->last - loop->first] = true;
    spread(loop, forward, true);
    spread(loop, back, false);
    for (uint32_t b = loop->first; b <= loop->last; b++) {
        loop->in[b - loop->first] = forward[b - loop->first] && back[b - loop->first];
        for (uint32_t i = 0; loop->in[b - loop->first] && i < loop->code->blocks[b].count; i++)
            loop->written |= changed(instruction(loop, b, i));
    }
}

/* A load whose place is the same each time round. */
static bool is_candidate(const struct loop *loop, uint32_t block, uint32_t i, bool frame)
{
    const struct snarl_instruction *x = instruction(loop, block, i);
    bool load = x->flags & SNARL_ACCESS && x->flags & SNARL_ACCESS_READ && x->kind == SNARL_KIND_PLAIN &&
                !(x->flags & (SNARL_ACCESS_WRITE | SNARL_ACCESS_LOCKED | SNARL_ACCESS_STRING | SNARL_ACCESS_ODD));
    if (!load || snarl_code_in_frame(loop->function, x) != frame || (frame ? slot_changes(loop, x) : !x->checkable))
        return false;
    struct trail none = {0};
    return all_stay_same(loop, block, i, address_registers(x), DERIVE_DEPTH) &&
           others_stay_same(loop, &none, block, i, true);
}

/* Compilers put a copy of the test before the loop: a block that leads to where the loop's exit `number` leads, with a load
 * of the same form. */
static void mark_copy(struct search *search, const struct loop *loop, uint32_t number, const struct snarl_instruction *x)
{
    const struct snarl_block *foot = &search->code->blocks[number];
    int32_t out = inside(loop, foot->next) ? foot->target : foot->next;
    for (uint32_t b = loop->first; b-- > loop->function->first_block && loop->first - b <= COPY_REACH;) {
        const struct snarl_block *block = &search->code->blocks[b];
        if (out < 0 || (block->next != out && block->target != out))
            continue;
        for (uint32_t i = 0; i < block->count; i++) {
            struct snarl_instruction *y = &search->code->instructions[block->first + i];
            if (y->checkable && y->size == x->size && y->displacement == x->displacement && y->index == x->index &&
                y->flags == x->flags)
                snarl_atomics_mark(search->code, y);
        }
    }
}

static void mark_copies(struct search *search, const struct loop *loop, const struct snarl_instruction *x)
{
    for (uint32_t b = loop->first; b <= loop->last; b++)
        if (loop->in[b - loop->first] && is_exit(loop, b))
            mark_copy(search, loop, b, x);
}

/* --- what is looked at before a lock is taken --- */

static bool calls_one_of(const struct search *search, const struct snarl_block *block, const char *const *names)
{
    const struct snarl_instruction *last = &search->code->instructions[block->first + block->count - 1];
    return is_call(last) && is_one_of(snarl_imports_called(search->imports, last), names);
}

/* Whether a lock is taken on the way to the loop, and none let go of: else it was held at the beginning of the way. */
static bool takes_lock(const struct search *search, const struct loop *loop, const struct loop *way)
{
    static const char *const s_takes[] = {"pthread_mutex_lock", "mtx_lock", NULL};
    static const char *const s_leaves[] = {"pthread_mutex_unlock", "mtx_unlock", NULL};
    bool taken = false;
    for (uint32_t b = way->first; b < loop->first; b++) {
        const struct snarl_block *block = &way->code->blocks[b];
        if (way->in[b - way->first] && calls_one_of(search, block, s_leaves))
            return false;
        taken |= way->in[b - way->first] && calls_one_of(search, block, s_takes);
    }
    return taken;
}

/* Whether the block's branch depends on what its instruction i loads. */
static bool decides_branch(const struct loop *way, uint32_t number, uint32_t i)
{
    uint32_t set = changed(instruction(way, number, i)), count = way->code->blocks[number].count;
    for (uint32_t k = i + 1; k < count; k++) {
        const struct snarl_instruction *x = instruction(way, number, k);
        if (x->kind == SNARL_KIND_BRANCH)
            return set & SNARL_SET_FLAGS;
        set = x->reads & set ? set | changed(x) : set & ~changed(x);
    }
    return set & SNARL_SET_FLAGS;
}

/* What is written on the way from behind instruction i of its first block. */
static uint32_t written_on(const struct loop *way, uint32_t i)
{
    uint32_t written = 0;
    for (uint32_t b = way->first; b <= way->last; b++)
        for (uint32_t k = b == way->first ? i + 1 : 0; way->in[b - way->first] && k < way->code->blocks[b].count; k++)
            written |= changed(instruction(way, b, k));
    return written;
}

/* `x` is a load of a loop that waits guarded, and block b comes before it: the same load there, if a lock is taken on the way from it to
 * the loop, and if its branch has another way out. */
static void mark_early(struct search *search, const struct loop *loop, uint32_t b, const struct snarl_instruction *x)
{
    struct loop way = {.code = loop->code, .function = loop->function, .first = b, .last = loop->last};
    const struct snarl_block *block = &loop->code->blocks[b];
    fill_loop(&way);
    if (!way.in[0] || !is_exit(&way, b) || !takes_lock(search, loop, &way))
        return;
    for (uint32_t i = 0; i < block->count; i++) {
        struct snarl_instruction *y = &search->code->instructions[block->first + i];
        bool same = y->checkable && y->kind == SNARL_KIND_PLAIN && y->size == x->size && y->flags == x->flags && y->base == x->base &&
                    y->index == x->index && y->displacement == x->displacement;
        if (same && decides_branch(&way, b, i) && !(written_on(&way, i) & address_registers(x)))
            snarl_atomics_mark(search->code, y);
    }
}

#define AROUND_BLOCKS 12

/* Whether what an exit of a guarded loop leads to comes back into it with the lock still held: a message that is written, not the end of
 * waiting. */
static bool comes_back(const struct search *search, const struct loop *loop, uint32_t exit)
{
    static const char *const s_leaves[] = {"pthread_mutex_unlock", "mtx_unlock", NULL};
    const struct snarl_block *blocks = loop->code->blocks;
    int32_t seen[AROUND_BLOCKS];
    uint32_t count = 0;
    seen[count++] = inside(loop, blocks[exit].next) ? blocks[exit].target : blocks[exit].next;
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_block *block = seen[i] >= 0 ? &blocks[seen[i]] : NULL;
        if (!block || calls_one_of(search, block, s_leaves))
            continue;
        const int32_t ways[2] = {block->next, block->target};
        for (int w = 0; w < 2; w++) {
            bool known = ways[w] < 0;
            if (inside(loop, ways[w]))
                return true;
            for (uint32_t k = 0; k < count; k++)
                known |= seen[k] == ways[w];
            if (!known && count < AROUND_BLOCKS)
                seen[count++] = ways[w];
        }
    }
    return false;
}

/* Whether one of the exits, blocks of the loop, ends the waiting. */
static bool ends_waiting(const struct search *search, const struct loop *loop, uint32_t exits)
{
    for (uint32_t b = loop->first; b <= loop->last; b++)
        if ((exits >> (b - loop->first) & 1) && !comes_back(search, loop, b))
            return true;
    return false;
}

static void look_before(struct search *search, const struct loop *loop)
{
    for (uint32_t b = loop->first; b <= loop->last; b++)
        for (uint32_t i = 0; loop->in[b - loop->first] && i < loop->code->blocks[b].count; i++) {
            const struct snarl_instruction *x = instruction(loop, b, i);
            if (!is_candidate(loop, b, i, false) || !ends_waiting(search, loop, decides(loop, b, i, changed(x))))
                continue;
            for (uint32_t n = loop->first; n-- > loop->function->first_block && loop->last - n < LOOP_BLOCKS;)
                mark_early(search, loop, n, x);
        }
}

/* --- all loops --- */

/* The exits that depend on what instruction i of the block loads; `mark`: then it is atomic. */
static uint32_t look_at_load(struct search *search, const struct loop *loop, uint32_t b, uint32_t i, bool frame, bool mark)
{
    struct snarl_instruction *x = instruction(loop, b, i);
    bool call = x->kind == SNARL_KIND_CALL && !frame;
    uint32_t loads = call ? each_load(search, x, CALL_DEPTH, false) : 0, exits = 0;
    if (call && loads && loads <= CALLEE_LOADS)
        exits = decides(loop, b, i, RAX);
    else if (!call && is_candidate(loop, b, i, frame))
        exits = decides(loop, b, i, changed(x));
    if (!exits || !mark)
        return exits;
    if (call) {
        each_load(search, x, CALL_DEPTH, true);
    } else {
        snarl_atomics_mark(search->code, x);
        mark_copies(search, loop, x);
    }
    return exits;
}

static uint32_t look_at_loads(struct search *search, const struct loop *loop, bool frame, bool mark)
{
    uint32_t exits = 0;
    for (uint32_t b = loop->first; b <= loop->last; b++)
        for (uint32_t i = 0; loop->in[b - loop->first] && i < loop->code->blocks[b].count; i++)
            exits |= look_at_load(search, loop, b, i, frame, mark);
    return exits;
}

static void look_at_loop(struct search *search, const struct snarl_function *function, uint32_t first, uint32_t last)
{
    struct loop loop = {.code = search->code, .function = function, .first = first, .last = last};
    if (last - first >= LOOP_BLOCKS)
        return;
    fill_loop(&loop);
    if (!is_spin(search, &loop))
        return;
    if (loop.guarded) {
        look_before(search, &loop);
        return;
    }
    bool waiting = loop_waits(search, &loop);
    if (!waiting && carries(&loop))
        return;
    uint32_t wanted = exits_of(&loop), exits = look_at_loads(search, &loop, false, false);
    bool frame = !exits && !loop_answers(search, &loop); /* a variable in the frame, of which others have the address */
    if (frame)
        exits = look_at_loads(search, &loop, true, false);
    if (exits && (waiting || exits == wanted))
        look_at_loads(search, &loop, frame, true);
}

void snarl_spins_find(struct snarl_code *code, const struct snarl_imports *imports)
{
    struct search search = {code, imports, snarl_plan_zeroed(code->function_count, 1)};
    for (uint32_t i = 0; i < code->block_count; i++) {
        const struct snarl_function *function = &code->functions[code->blocks[i].function];
        int32_t target = code->blocks[i].target;
        if (function->reason == SNARL_REASON_NONE && target >= (int32_t)function->first_block && target <= (int32_t)i)
            look_at_loop(&search, function, (uint32_t)target, i);
    }
    free(search.reads);
}
