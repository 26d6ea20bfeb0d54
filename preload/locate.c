/* locate.c - whose memory a byte is, for a finding: a heap block, thread-local storage, a thread's stack and a frame of it.
 *
 * Rare and long. Nothing is kept for it but where the frames of a thread's creator lay (thread.h): most data that
 * threads share on a stack is in the frames of the function that started them, or above it. Such a frame is believed when its
 * return address still stands where it stood; only stacks of running threads are read.
 *
 * Thread-local storage: a module that was there at the start has its block at the same distance below each thread's pointer
 * (the x86-64 ABI's variant II, which is what the program's code relies on), so the calling thread's block tells where the others' are. Of
 * modules loaded later only the calling thread's block is known. */
#include <link.h>
#include <sys/resource.h>

#include "preload/access.h"
#include "stack/depot.h"

#define STATIC_MAX (1u << 26)  /* the distance up to which a block counts as one of the start */
#define STACK_FALLBACK (8u << 20)

extern void *__libc_stack_end __attribute__((weak)); /* of the dynamic linker: where the main thread's stack begins */

struct search {
    uintptr_t byte;
    uint64_t self;
    struct snarl_location *location;
};

static bool is_running(const struct snarl_thread *thr)
{
    return __atomic_load_n(&thr->state, __ATOMIC_ACQUIRE) == SNARL_THREAD_RUNNING;
}

/* --- thread-local storage --- */

static size_t block_size(const struct dl_phdr_info *info)
{
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_TLS)
            return info->dlpi_phdr[i].p_memsz;
    return 0;
}

static bool in_block(struct search *search, uintptr_t block, size_t size, uint32_t thread, const struct dl_phdr_info *info)
{
    if (search->byte < block || search->byte - block >= size)
        return false;
    search->location->kind = "tls";
    search->location->thread = thread;
    search->location->module = (uintptr_t)info->dlpi_phdr; /* lies in its first segment */
    search->location->offset = search->byte - block;
    return true;
}

static int look_at_module(struct dl_phdr_info *info, size_t unused, void *context)
{
    (void)unused;
    struct search *search = context;
    uintptr_t own = (uintptr_t)info->dlpi_tls_data;
    size_t size = own ? block_size(info) : 0;
    if (!size)
        return 0;
    bool fixed = own < search->self && search->self - own < STATIC_MAX;
    for (struct snarl_thread *thr = snarl_thread_first(); thr; thr = thr->next) {
        bool mine = thr->handle == search->self;
        if (is_running(thr) && thr->handle && (mine || fixed) &&
            in_block(search, mine ? own : thr->handle - (search->self - own), size, thr->id, info))
            return 1;
    }
    return 0;
}

static bool locate_thread_local(uintptr_t byte, struct snarl_location *location)
{
    struct search search = {.byte = byte, .self = snarl_self_handle(), .location = location};
    return dl_iterate_phdr(look_at_module, &search) != 0;
}

/* --- stacks --- */

static bool on_stack(const struct snarl_thread *thr, uintptr_t byte)
{
    if (!thr->main)
        return thr->stack_low && byte >= thr->stack_low && byte < thr->stack_high;
    struct rlimit limit;
    uintptr_t high = &__libc_stack_end ? (uintptr_t)__libc_stack_end : 0;
    bool known = getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return byte < high && high - byte <= (known ? limit.rlim_cur : STACK_FALLBACK);
}

/* The frame of `owner` that holds the byte, if it was there when `child` was created and still is. */
static bool in_creators_frame(const struct snarl_thread *child, uintptr_t byte, struct snarl_location *location)
{
    const struct snarl_stack *stack = snarl_stack_get(child->create_stack);
    for (uint32_t i = 0; stack && i + 1 < child->create_frames && i + 1u < stack->count; i++) {
        uintptr_t low = child->create_cfa[i], high = child->create_cfa[i + 1];
        if (byte < low || byte >= high)
            continue;
        if (*(const uintptr_t *)(high - sizeof(uintptr_t)) != stack->frame[i + 1])
            return false;
        location->stack = child->create_stack;
        location->frame = i;
        location->cfa = high;
        return true;
    }
    return false;
}

static bool locate_on_stack(uintptr_t byte, struct snarl_location *location)
{
    const struct snarl_thread *owner = snarl_thread_first();
    while (owner && !(is_running(owner) && on_stack(owner, byte)))
        owner = owner->next;
    if (!owner)
        return false;
    location->kind = "stack";
    location->thread = owner->id;
    for (const struct snarl_thread *child = snarl_thread_first(); child; child = child->next)
        if (child->creator == owner->id && in_creators_frame(child, byte, location))
            break;
    return true;
}

bool snarl_locate(struct snarl_thread *thr, uintptr_t byte, struct snarl_location *location)
{
    return snarl_heap_locate(thr, byte, location) || locate_thread_local(byte, location) ||
           locate_on_stack(byte, location);
}
