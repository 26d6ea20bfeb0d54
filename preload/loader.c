/* loader.c - see loader.h.
 *
 * Watching. For debuggers the loader calls an empty function of its own, _r_debug.r_brk, when it has mapped modules and
 * when it has unmapped some. A jump to `on_change` is written over that function, so we are called whoever asked for the
 * module (the program, libc for a character set or a name service), and dlopen keeps its true caller, by whose address
 * it decides where to look for libraries ($ORIGIN, DT_RUNPATH) and in which namespace.
 *
 * Why a new module may be patched there while other threads run:
 *   - r_brk is called with the loader's lock held, after mapping and before the module's constructors; by some versions
 *     of libc before its relocation, by later ones after it. Its code has not run then, but perhaps for resolvers of indirect
 *     functions, in this very thread, and they have returned;
 *   - no other thread can get at an address in it: its symbols are found by others only after relocation, when dlopen makes
 *     them global, and dlsym needs the handle that dlopen has not returned yet;
 *   - so no processor executes, or has fetched, what is changed. No cross-modifying protocol is needed, and the system call
 *     that makes the pages executable again orders the writes before any execution.
 * And why a module's copy may go when it is gone: who would be inside it would run, or return into, code that the loader has
 * unmapped. The memory of the last few is kept nevertheless (rewrite/apply.c).
 * The loader's own code is patched while there is one thread.
 *
 * Order. What a module's constructors did is done for everyone whose dlopen of it returns later, and what users did
 * before dlclose is done for its destructors. That is the loader's lock, which is not seen; s_owner stands for it: held around
 * the true call, so that an opener's release comes before the next one's acquire.
 *
 * The caller. The true dlopen looks at its return address. Where that matters (`caller_matters`: DT_RUNPATH and the like), it
 * is called with the address of a return instruction of the caller's own module on the stack, in front of ours: the end of
 * the empty .fini that crti.o brings, which no plan ever changes. Where there is none, or the processor keeps a shadow stack,
 * control goes on to the true function as if we had not been there, and the order is not known. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "base/os.h"
#include "preload/instrument.h"
#include "preload/loader.h"
#include "preload/real.h"
#include "preload/rewrite/pages.h"
#include "preload/shim.h"

#define LOCK_PATIENCE_NS 3000000000ull

static bool s_watched;
static uint32_t s_owner; /* thread identifier; a lock, 0: free */
static __thread uint32_t s_depth __attribute__((tls_model("initial-exec")));

void *(*snarl_loader_true_dlopen)(const char *, int) __attribute__((visibility("hidden")));
static int (*s_true_dlclose)(void *);

/* --- watching --- */

/* Called as the loader calls its empty function; the compiler of the loader may know that it changes no register. */
void snarl_loader_changed(void) __attribute__((visibility("hidden")));
void snarl_loader_on_change(void) __attribute__((visibility("hidden")));

__asm__(".text\n.hidden snarl_loader_changed\n.type snarl_loader_changed, @function\nsnarl_loader_changed:\n"
        "    push %rbp\n    mov %rsp, %rbp\n"
        "    push %rax\n    push %rcx\n    push %rdx\n    push %rsi\n    push %rdi\n"
        "    push %r8\n    push %r9\n    push %r10\n    push %r11\n    and $-16, %rsp\n"
        "    call snarl_loader_on_change\n"
        "    lea -72(%rbp), %rsp\n"
        "    pop %r11\n    pop %r10\n    pop %r9\n    pop %r8\n"
        "    pop %rdi\n    pop %rsi\n    pop %rdx\n    pop %rcx\n    pop %rax\n    pop %rbp\n    ret\n"
        ".size snarl_loader_changed, .-snarl_loader_changed\n");

/* What the loader keeps up to date. A program that names _r_debug has a copy (a copy relocation), which then goes by that name and stays as
 * it was at the start; but the loader has put the address of its own into the program's dynamic section. */
static const struct r_debug *debug_state(void)
{
    static const struct r_debug *s_state;
    if (s_state)
        return s_state;
    const struct r_debug *found = &_r_debug;
    const ElfW(Dyn) *entry = _r_debug.r_map ? _r_debug.r_map->l_ld : NULL;
    for (; entry && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_DEBUG && entry->d_un.d_ptr)
            found = (const struct r_debug *)entry->d_un.d_ptr;
    return s_state = found;
}

void snarl_loader_on_change(void)
{
    int saved = errno;
    if (debug_state()->r_state == RT_CONSISTENT) {
        struct snarl_thread *thr = snarl_enter(); /* NULL: a module that we load ourselves */
        snarl_instrument_modules_changed(thr);
        if (thr)
            snarl_leave(thr);
    }
    errno = saved;
}

/* The length of a filler instruction; 0: it is something else. */
static unsigned filler_length(const uint8_t *at)
{
    unsigned prefixes = 0;
    if (*at == 0xcc)
        return 1;
    while (at[prefixes] == 0x66 || at[prefixes] == 0x2e)
        prefixes++;
    at += prefixes;
    if (at[0] == 0x90)
        return prefixes + 1;
    if (at[0] != 0x0f || at[1] != 0x1f)
        return 0;
    unsigned form = at[2] >> 6, sib = (at[2] & 7) == 4;
    return prefixes + 3 + sib + (form == 1 ? 1 : form == 2 ? 4 : 0);
}

#define JUMP_SIZE 14u /* jmp *0(%rip) and the address */

/* Whether the function is nothing but a return, with filler behind it that a jump may take the place of. */
static bool has_room(const uint8_t *function)
{
    static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
    unsigned length = memcmp(function, endbr64, sizeof(endbr64)) ? 0 : sizeof(endbr64);
    if (function[length++] != 0xc3)
        return false;
    while (length < JUMP_SIZE) {
        unsigned filler = filler_length(function + length);
        if (!filler)
            return false;
        length += filler;
    }
    return true;
}

bool snarl_loader_watch(void)
{
    static const uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0};
    uint8_t *function = (uint8_t *)debug_state()->r_brk;
    void *target = (void *)snarl_loader_changed;
    if (s_watched || !function)
        return s_watched;
    uintptr_t page = (uintptr_t)function & ~(SNARL_PAGE - 1);
    size_t size = (((uintptr_t)function + JUMP_SIZE + SNARL_PAGE - 1) & ~(SNARL_PAGE - 1)) - page;
    if (!has_room(function) || snarl_pages_protect(page, size, PROT_READ | PROT_WRITE))
        return false;
    memcpy(function, jump, sizeof(jump));
    memcpy(function + sizeof(jump), &target, sizeof(target));
    s_watched = !snarl_pages_protect(page, size, PROT_READ | PROT_EXEC);
    return s_watched;
}

/* --- the order that loading makes --- */

/* Not for ever: a module that libc loads for itself may call dlopen while the loader's lock is held, and s_owner's
 * owner wait for that. Then the order of two calls is not known, which is better than the end of both. */
static void lock(void)
{
    uint32_t self = (uint32_t)snarl_os_thread_id(), owner = 0;
    uint64_t end = snarl_os_monotonic_ns() + LOCK_PATIENCE_NS;
    if (s_depth++)
        return;
    while (!__atomic_compare_exchange_n(&s_owner, &owner, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        uint64_t now = snarl_os_monotonic_ns();
        if (now >= end)
            return;
        snarl_os_futex_wait(&s_owner, owner, end - now);
        owner = 0;
    }
}

static void unlock(void)
{
    if (--s_depth || s_owner != (uint32_t)snarl_os_thread_id())
        return;
    __atomic_store_n(&s_owner, 0, __ATOMIC_RELEASE);
    snarl_os_futex_wake(&s_owner, 1);
}

void snarl_loader_forked(void)
{
    s_owner = s_depth ? (uint32_t)snarl_os_thread_id() : 0;
}

/* Modules are watched, or at least races are looked for. */
static bool is_followed(void)
{
    return s_watched || (snarl_races_on && snarl_awake);
}

static void order(void)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_order_memory_acquire(thr, (uintptr_t)&s_owner);
    snarl_order_memory_release(thr, (uintptr_t)&s_owner);
    snarl_leave(thr);
}

static const ElfW(Dyn) *find_tag(const ElfW(Dyn) *dynamic, ElfW(Sxword) tag)
{
    for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++)
        if (dynamic->d_tag == tag)
            return dynamic;
    return NULL;
}

/* DT_RPATH counts for what a module loads and for all that is loaded by that. */
static int has_old_path(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC &&
            find_tag((const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), DT_RPATH))
            return 1;
    return 0;
}

static bool caller_matters(const char *name, const void *caller)
{
    Dl_info info;
    struct link_map *map = NULL;
    if (!name)
        return false;
    if (strchr(name, '$'))
        return true;
    if (strchr(name, '/'))
        return false;
    if (!dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP) || !map || find_tag(map->l_ld, DT_RUNPATH))
        return true;
    return dl_iterate_phdr(has_old_path, NULL) != 0;
}

static bool has_shadow_stack(void)
{
    uint64_t pointer = 0;
    __asm__ volatile("rdsspq %0" : "+r"(pointer)); /* does nothing without one */
    return pointer != 0;
}

/* The return instruction in the .fini of the module that `caller` lies in. */
static uintptr_t find_return(const void *caller)
{
    static const uint8_t end[] = {0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xc4, 0x08, 0xc3}; /* sub and add 8, rsp; ret */
    Dl_info info;
    struct link_map *map = NULL;
    if (has_shadow_stack() || !dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
        return 0;
    const ElfW(Dyn) *fini = find_tag(map->l_ld, DT_FINI);
    if (!fini)
        return 0;
    const uint8_t *at = (const uint8_t *)map->l_addr + fini->d_un.d_ptr;
    if (at[0] == 0xf3 && at[1] == 0x0f)
        at += 4; /* endbr64 */
    return memcmp(at, end, sizeof(end)) ? 0 : (uintptr_t)at + sizeof(end) - 1;
}

#define PLAINLY 1ul

uintptr_t snarl_loader_decides(const char *name, const void *caller) __attribute__((visibility("hidden")));
void *snarl_loader_open(const char *name, int flags, uintptr_t way) __attribute__((visibility("hidden")));
void *snarl_loader_open_from(const char *name, int flags, uintptr_t back) __attribute__((visibility("hidden")));

/* How snarl_loader_open is to make the call: PLAINLY, or back through that address; 0: not at all. */
uintptr_t snarl_loader_decides(const char *name, const void *caller)
{
    if (__builtin_expect(!snarl_loader_true_dlopen, 0)) {
        snarl_enter_refused();
        snarl_loader_true_dlopen = (void *(*)(const char *, int))snarl_real_find("dlopen");
    }
    if (!is_followed())
        return 0;
    return caller_matters(name, caller) ? find_return(caller) : PLAINLY;
}

void *snarl_loader_open(const char *name, int flags, uintptr_t way)
{
    lock();
    order();
    void *handle = way == PLAINLY ? snarl_loader_true_dlopen(name, flags) : snarl_loader_open_from(name, flags, way);
    order();
    unlock();
    return handle;
}

__asm__(".text\n.hidden snarl_loader_open_from\n.type snarl_loader_open_from, @function\nsnarl_loader_open_from:\n"
        "    push %rbp\n    mov %rsp, %rbp\n    sub $8, %rsp\n"
        "    lea 1f(%rip), %rax\n    push %rax\n    push %rdx\n"
        "    jmp *snarl_loader_true_dlopen(%rip)\n"
        "1:  leave\n    ret\n"
        ".size snarl_loader_open_from, .-snarl_loader_open_from\n"
        ".globl dlopen\n.type dlopen, @function\ndlopen:\n"
        "    endbr64\n"
        "    push %rdi\n    push %rsi\n    sub $8, %rsp\n"
        "    mov 24(%rsp), %rsi\n"
        "    call snarl_loader_decides\n"
        "    add $8, %rsp\n    pop %rsi\n    pop %rdi\n"
        "    mov %rax, %rdx\n    test %rax, %rax\n    jne snarl_loader_open\n"
        "    jmp *snarl_loader_true_dlopen(%rip)\n"
        ".size dlopen, .-dlopen\n");

SNARL_EXPORT int dlclose(void *handle)
{
    if (__builtin_expect(!s_true_dlclose, 0)) {
        snarl_enter_refused();
        s_true_dlclose = (int (*)(void *))snarl_real_find("dlclose");
    }
    if (!is_followed())
        return s_true_dlclose(handle);
    lock();
    order();
    int result = s_true_dlclose(handle);
    order();
    unlock();
    return result;
}
