/* walk.c - see walk.h. */
#include "preload/rewrite/walk.h"

#include "preload/rewrite/rewrite.h"

#define RSP 7
#define RBP 6
#define OUR_FRAMES 4096u       /* of our signal handler, at most */
#define OTHER_STACK (1u << 20) /* as much of a stack whose bounds are not known is looked at */

static const struct snarl_plan_row *row_at(const struct snarl_rewrite_module *module, uint32_t offset)
{
    uint32_t low = 0, high = module->row_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (module->rows[middle].start <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &module->rows[low - 1] : NULL;
}

/* `pc` for the look-up: a return address belongs to the call before it. */
static const struct snarl_walk_entry *look_up(struct snarl_walk_cache *cache, uintptr_t pc)
{
    struct snarl_walk_entry *entry = &cache->entry[(pc ^ pc >> 9) & (SNARL_WALK_CACHE - 1)];
    if (entry->pc == pc)
        return entry;
    const struct snarl_rewrite_module *module = snarl_rewrite_module_at(pc);
    const struct snarl_plan_row *row = module ? row_at(module, (uint32_t)(pc - module->base)) : NULL;
    if (!row)
        return NULL;
    *entry = (struct snarl_walk_entry){pc, row->cfa_offset, row->cfa_register, 0, row->rbp_offset};
    return entry;
}

static bool on_stack(const struct snarl_walk *walk, uintptr_t address)
{
    return !(address & 7) && address >= walk->low && address < walk->high && walk->high - address >= 8;
}

/* Whether a return address is libc's code to return from a signal handler: mov $15, %rax; syscall. Unwinders know it by these
 * bytes, too. */
static bool returns_from_signal(uintptr_t pc)
{
    static const uint8_t s_code[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
    return pc && snarl_rewrite_module_at(pc) && !__builtin_memcmp((const void *)pc, s_code, sizeof(s_code));
}

extern const char __ehdr_start[] __attribute__((visibility("hidden"))); /* the linker's: our own module */
extern const char _end[] __attribute__((visibility("hidden")));

static bool is_ours(uintptr_t pc)
{
    return pc >= (uintptr_t)__ehdr_start && pc < (uintptr_t)_end;
}

extern void *__libc_stack_end; /* the loader's: above it are only the arguments of the main thread, and then nothing */

/* The program's handlers are called by ours, which has no table: the return address of the frame that the kernel made lies
 * a little further up. */
static bool skip_handler(struct snarl_walk *walk)
{
    uintptr_t limit = walk->high - walk->rsp > OUR_FRAMES ? walk->rsp + OUR_FRAMES : walk->high;
    uintptr_t end = (uintptr_t)__libc_stack_end;
    if (walk->rsp < end && end < limit) /* the bounds of the main thread's stack are not known */
        limit = end;
    for (uintptr_t at = walk->rsp; at + sizeof(uintptr_t) <= limit; at += sizeof(uintptr_t)) {
        uintptr_t pc = *(const uintptr_t *)at;
        if (!returns_from_signal(pc))
            continue;
        walk->pc = pc;
        walk->slot = at;
        walk->rbp_slot = 0;
        walk->by_rbp = false;
        walk->rsp = at + sizeof(uintptr_t);
        return true;
    }
    return false;
}

/* The context lies where the handler's frame ends. Its addresses are those of original code (translate.h). */
static bool leave_handler(struct snarl_walk *walk)
{
    const ucontext_t *context = (const ucontext_t *)walk->rsp;
    if (walk->high - walk->rsp < sizeof(*context))
        return false;
    uintptr_t rsp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
    walk->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    walk->rbp = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
    walk->slot = (uintptr_t)&context->uc_mcontext.gregs[REG_RIP];
    walk->rbp_slot = (uintptr_t)&context->uc_mcontext.gregs[REG_RBP];
    walk->by_rbp = false;
    if (rsp < walk->low || rsp >= walk->high) { /* the handler had a stack of its own */
        walk->low = rsp;
        walk->high = rsp + OTHER_STACK;
    }
    walk->rsp = rsp;
    walk->first = true;
    return walk->pc != 0;
}

bool snarl_walk_up(struct snarl_walk *walk, struct snarl_walk_cache *cache)
{
    if (!walk->first && returns_from_signal(walk->pc))
        return leave_handler(walk);
    if (!walk->first && is_ours(walk->pc))
        return skip_handler(walk);
    const struct snarl_walk_entry *entry = look_up(cache, walk->first ? walk->pc : walk->pc - 1);
    if (!entry || (entry->cfa_register != RSP && entry->cfa_register != RBP))
        return false;
    uintptr_t cfa = (entry->cfa_register == RSP ? walk->rsp : walk->rbp) + (uintptr_t)(intptr_t)entry->cfa_offset;
    if (cfa <= walk->rsp || !on_stack(walk, cfa - 8))
        return false;
    uintptr_t rbp_at = cfa + (uintptr_t)(intptr_t)entry->rbp_offset;
    if (entry->rbp_offset && !on_stack(walk, rbp_at))
        return false;
    walk->by_rbp = entry->cfa_register == RBP;
    walk->rbp_slot = entry->rbp_offset ? rbp_at : 0;
    if (entry->rbp_offset)
        walk->rbp = *(const uintptr_t *)rbp_at;
    walk->slot = cfa - 8;
    walk->pc = *(const uintptr_t *)(cfa - 8);
    walk->rsp = cfa;
    walk->first = false;
    return walk->pc != 0;
}

void snarl_walk_forget(struct snarl_walk_cache *cache)
{
    for (int i = 0; i < SNARL_WALK_CACHE; i++)
        cache->entry[i].pc = 0;
}
