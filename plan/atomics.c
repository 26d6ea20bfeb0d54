/* atomics.c - see atomics.h. What shows that a plain instruction or an object is atomic:
 *
 *   - a locked instruction on a fixed place;
 *   - a store that a fence follows: a sequentially consistent one;
 *   - a load that a loop waits for to change (spin.c), or that decides whether an exchange is tried (retry.c);
 *   - what debug information (debug.c) or the name of a function that was not inlined says;
 *   - the guard of a C++ static object, of which compiled code reads the first byte before it calls the C++ library.
 *
 * Volatile is no sign: C and C++ make no promise between threads for it, and a race on it is one. */
#include "plan/atomics.h"

#include "plan/debug.h"

#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX 16
#define FENCE_REACH 3
#define RDI 7u

void snarl_atomics_add(struct snarl_code *code, uint32_t offset, uint32_t size, uint32_t count)
{
    if (!size || size > OBJECT_MAX || offset >= code->image->size || count > (code->image->size - offset) / size)
        return;
    if (code->atomic_count == code->atomic_room) {
        code->atomic_room = code->atomic_room ? code->atomic_room * 2 : 64;
        code->atomics = snarl_plan_grow(code->atomics, code->atomic_room, sizeof(*code->atomics));
    }
    code->atomics[code->atomic_count++] = (struct snarl_object){offset, size, count};
}

/* The fixed place that the instruction accesses. */
static bool fixed_place(const struct snarl_code *code, const struct snarl_instruction *x, uint32_t *offset)
{
    if (x->index != SNARL_REGISTER_NONE)
        return false;
    if (x->base == SNARL_REGISTER_RIP) {
        *offset = (uint32_t)x->displacement;
        return true;
    }
    *offset = (uint32_t)((uint32_t)x->displacement - code->image->base);
    return x->base == SNARL_REGISTER_NONE && !code->image->pie && *offset < code->image->size;
}

void snarl_atomics_mark(struct snarl_code *code, struct snarl_instruction *x)
{
    uint32_t offset;
    bool plain = !(x->flags & (SNARL_ACCESS_LOCKED | SNARL_ACCESS_STRING | SNARL_ACCESS_ODD));
    if (!(x->flags & SNARL_ACCESS) || !x->size || x->size > OBJECT_MAX)
        return;
    if (fixed_place(code, x, &offset)) {
        if (!snarl_image_is_readonly(code->image, offset))
            snarl_atomics_add(code, offset, x->size, 1);
    } else if (plain && (x->kind == SNARL_KIND_PLAIN)) {
        x->atomic = x->checkable = true; /* in the stack frame, too: others must have its address */
    }
}

bool snarl_atomics_is_accessor(const char *name)
{
    static const char *const s_starts[] = {
        "_ZNSt6atomicI", "_ZNKSt6atomicI", "_ZNVSt6atomicI", "_ZNVKSt6atomicI", "_ZNSt13__atomic_base", "_ZNKSt13__atomic_base",
        "_ZNVSt13__atomic_base", "_ZNVKSt13__atomic_base", "_ZNSt14__atomic_float", "_ZNKSt14__atomic_float",
        "_ZNSt11atomic_flag", "_ZNKSt11atomic_flag", "_ZNVSt11atomic_flag", "_ZNVKSt11atomic_flag", "_ZNSt13__atomic_impl",
        "_ZNSt12__atomic_ref", "_ZNKSt12__atomic_ref", "_ZNSt3__16atomicI", "_ZNKSt3__16atomicI", "_ZNSt3__113__atomic_base",
        "_ZNKSt3__113__atomic_base", "_ZNVSt3__113__atomic_base", "_ZNVKSt3__113__atomic_base",
        "_ZNSt3__117__cxx_atomic_", "_ZNSt3__118__cxx_atomic_", "_ZNSt3__119__cxx_atomic_", "_ZNSt3__120__cxx_atomic_",
        "_ZN5boost7atomics", "_ZNK5boost7atomics", "_ZNV5boost7atomics", "_ZNVK5boost7atomics", "_ZN4core4sync6atomic", NULL};
    for (int i = 0; name && s_starts[i]; i++)
        if (!strncmp(name, s_starts[i], strlen(s_starts[i])))
            return true;
    return name && !strncmp(name, "_R", 2) && strstr(name, "4core4sync6atomic");
}

/* Functions that were not inlined have names where the program is not stripped. */
static void find_accessors(struct snarl_code *code)
{
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct snarl_function *function = &code->functions[i];
        const char *name = snarl_image_symbol_at(code->image, function->start);
        for (uint32_t k = 0; k < function->count && snarl_atomics_is_accessor(name); k++)
            if (code->instructions[function->first + k].checkable)
                snarl_atomics_mark(code, &code->instructions[function->first + k]);
    }
}

static bool is_store(const struct snarl_instruction *x)
{
    return x->flags & SNARL_ACCESS && x->flags & SNARL_ACCESS_WRITE && !(x->flags & SNARL_INSTRUCTION_FENCE);
}

static void find_fenced(struct snarl_code *code, const struct snarl_block *block)
{
    struct snarl_instruction *at = &code->instructions[block->first], *store = NULL;
    uint32_t since = 0;
    for (uint32_t i = 0; i < block->count; i++, since++) {
        if (at[i].flags & SNARL_INSTRUCTION_FENCE && store && since <= FENCE_REACH) {
            snarl_atomics_mark(code, store);
            store = NULL;
        } else if (is_store(&at[i])) {
            store = at[i].flags & (SNARL_ACCESS_READ | SNARL_ACCESS_LOCKED) ? NULL : &at[i];
            since = 0;
        }
    }
}

/* The argument of a call to __cxa_guard_acquire, where it is at a fixed place. */
static void find_guard(struct snarl_code *code, const struct snarl_block *block)
{
    for (uint32_t i = block->count; i-- > 0;) {
        const struct snarl_instruction *x = &code->instructions[block->first + i];
        if (x->shape == SNARL_SHAPE_LEA && x->base == SNARL_REGISTER_RIP) {
            snarl_atomics_add(code, (uint32_t)x->displacement, 1, 1);
            return;
        }
        if (x->has_immediate && x->writes & 1u << RDI && !code->image->pie) {
            snarl_atomics_add(code, (uint32_t)((uint32_t)x->immediate - code->image->base), 1, 1);
            return;
        }
    }
}

static void look_at_block(struct snarl_code *code, const struct snarl_block *block, const struct snarl_imports *imports)
{
    struct snarl_instruction *at = &code->instructions[block->first], *last = &at[block->count - 1];
    for (uint32_t i = 0; i < block->count; i++)
        if (at[i].flags & SNARL_ACCESS_LOCKED && at[i].checkable)
            snarl_atomics_mark(code, &at[i]);
    find_fenced(code, block);
    if (last->kind != SNARL_KIND_CALL && last->kind != SNARL_KIND_CALL_INDIRECT)
        return;
    const char *name = snarl_imports_called(imports, last);
    if (name && !strcmp(name, "__cxa_guard_acquire"))
        find_guard(code, block);
}

static int compare(const void *a, const void *b)
{
    const struct snarl_object *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->size > y->size ? -1 : x->size < y->size; /* the largest first */
}

static void sort_objects(struct snarl_code *code)
{
    uint32_t kept = 0;
    if (code->atomic_count)
        qsort(code->atomics, code->atomic_count, sizeof(*code->atomics), compare);
    for (uint32_t i = 0; i < code->atomic_count; i++)
        if (!kept || code->atomics[kept - 1].offset != code->atomics[i].offset || code->atomics[i].count > 1)
            code->atomics[kept++] = code->atomics[i];
    code->atomic_count = kept;
}

void snarl_atomics_find(struct snarl_code *code)
{
    struct snarl_imports imports;
    snarl_imports_read(&imports, code->image);
    for (uint32_t i = 0; i < code->block_count; i++)
        if (code->functions[code->blocks[i].function].copied)
            look_at_block(code, &code->blocks[i], &imports);
    snarl_spins_find(code, &imports);
    snarl_retries_find(code);
    find_accessors(code);
    snarl_debug_find(code);
    snarl_imports_free(&imports);
    sort_objects(code);
}
