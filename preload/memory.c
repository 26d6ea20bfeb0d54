/* memory.c - memory that goes away, and allocation inside signal handlers.
 *
 * The true allocator is whatever comes behind us in load order (a program may bring its own), except a sanitizer's,
 * which stays inert: then libc's. While it is being looked up, which may itself allocate, a small arena of ours
 * serves; its blocks are never freed. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/options.h"
#include "plan/store.h"
#include "preload/access.h"
#include "preload/own.h"
#include "preload/real.h"
#include "preload/shim.h"
#include "shadow/shadow.h"

static void *(*s_malloc)(size_t);
static void *(*s_calloc)(size_t, size_t);
static void *(*s_realloc)(void *, size_t);
static void (*s_free)(void *);
static void *(*s_memalign)(size_t, size_t);
static void *(*s_aligned_alloc)(size_t, size_t);
static int (*s_posix_memalign)(void **, size_t, size_t);
static size_t (*s_usable_size)(void *);

static char s_arena[16384] __attribute__((aligned(16)));
static size_t s_arena_used;

static bool in_arena(const void *block)
{
    return (const char *)block >= s_arena && (const char *)block < s_arena + sizeof(s_arena);
}

/* Each block has its size in front, for realloc. */
static void *arena_alloc(size_t size)
{
    size_t whole = (size + 31) & ~(size_t)15;
    size_t at = __atomic_fetch_add(&s_arena_used, whole, __ATOMIC_RELAXED);
    if (at + whole > sizeof(s_arena))
        return NULL;
    *(size_t *)(s_arena + at) = size;
    return s_arena + at + 16;
}

/* A sanitizer's runtime offers this; its allocator must not be used before it has started, which it never does. We may
 * be here before any constructor has run: dlopen, even of what is loaded, would run them, out of turn. */
static bool from_sanitizer(void *function)
{
    Dl_info info, other;
    void *sign = dlsym(RTLD_DEFAULT, "__sanitizer_set_death_callback");
    return sign && dladdr(function, &info) && dladdr(sign, &other) && info.dli_fbase == other.dli_fbase;
}

static void *find(const char *name, bool from_libc)
{
    return from_libc ? snarl_real_find(name) : dlsym(RTLD_NEXT, name);
}

static void resolve(void)
{
    static __thread bool s_resolving __attribute__((tls_model("initial-exec")));
    if (s_resolving)
        return;
    s_resolving = true;
    void *next = dlsym(RTLD_NEXT, "malloc");
    bool libc = !next || from_sanitizer(next);
    s_calloc = (void *(*)(size_t, size_t))find("calloc", libc);
    s_realloc = (void *(*)(void *, size_t))find("realloc", libc);
    s_free = (void (*)(void *))find("free", libc);
    s_memalign = (void *(*)(size_t, size_t))find("memalign", libc);
    s_aligned_alloc = (void *(*)(size_t, size_t))find("aligned_alloc", libc);
    s_posix_memalign = (int (*)(void **, size_t, size_t))find("posix_memalign", libc);
    s_usable_size = (size_t(*)(void *))find("malloc_usable_size", libc);
    __atomic_store_n(&s_malloc, (void *(*)(size_t))find("malloc", libc), __ATOMIC_RELEASE);
    s_resolving = false;
}

/* False while the look-up itself allocates. */
static inline bool ready(void)
{
    if (__builtin_expect(!s_malloc, 0))
        resolve();
    return s_malloc != NULL;
}

struct snarl_region snarl_allocator;

/* Where the code of the module is that lies at `base`. */
static struct snarl_region code_of(const void *base)
{
    const ElfW(Ehdr) *header = base;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)((const char *)base + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; i++)
        if (segment[i].p_type == PT_LOAD && segment[i].p_flags & PF_X)
            return (struct snarl_region){(uintptr_t)base + segment[i].p_vaddr, segment[i].p_memsz};
    return (struct snarl_region){0};
}

void snarl_memory_find_allocator(void)
{
    Dl_info info, libc;
    if (!ready() || !dladdr((void *)s_malloc, &info) || !dladdr(snarl_real_find("malloc"), &libc) || info.dli_fbase == libc.dli_fbase ||
        snarl_store_treatment(info.dli_fname) == SNARL_TREAT_CODE)
        return;
    snarl_allocator = code_of(info.dli_fbase);
}

bool snarl_memory_is_seen(void)
{
    const void *first = dlsym(RTLD_DEFAULT, "malloc");
    const ElfW(Sym) *symbol = NULL;
    Dl_info info;
    if (!first || snarl_is_own((uintptr_t)first))
        return true;
    /* Where a program that is linked to fixed addresses takes the function's address, its linkage entry stands for it. */
    return dladdr1(first, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol && symbol->st_shndx == SHN_UNDEF;
}

static void check(const char *function, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_current;
    if (__builtin_expect(!thr->in_signal, 1) || !snarl_enter())
        return;
    snarl_check_signal(thr, function, site);
    snarl_leave(thr);
}

/* A block has come from the true allocator. */
static void *came(void *block, size_t size, struct snarl_site site)
{
    if (__builtin_expect(snarl_heap_on, 0) && block)
        snarl_heap_allocated(block, size, s_usable_size(block), site);
    return block;
}

/* Locks in the block end with it. */
static void going(void *block, struct snarl_site site)
{
    if (__builtin_expect(snarl_heap_on, 0))
        snarl_heap_freeing(block, s_usable_size(block), site);
    if (__builtin_expect(!snarl_object_near((uintptr_t)block), 1) &&
        __builtin_expect(!snarl_object_near((uintptr_t)block + 4095), 1))
        return;
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_memory_gone(thr, (uintptr_t)block, s_usable_size(block), site);
    snarl_leave(thr);
}

SNARL_EXPORT void *malloc(size_t size)
{
    if (!ready())
        return arena_alloc(size);
    check("malloc", SNARL_SITE);
    return came(s_malloc(size), size, SNARL_SITE);
}

SNARL_EXPORT void *calloc(size_t count, size_t size)
{
    if (!ready())
        return arena_alloc(count * size); /* static memory: zero, and never used twice */
    check("calloc", SNARL_SITE);
    return came(s_calloc(count, size), count * size, SNARL_SITE);
}

SNARL_EXPORT void free(void *block)
{
    if (!block || in_arena(block))
        return;
    if (!ready())
        return;
    check("free", SNARL_SITE);
    going(block, SNARL_SITE);
    s_free(block);
}

/* The content that a reallocation moved is written by it. */
static void copied(void *block, size_t size, struct snarl_site site)
{
    struct snarl_thread *thr = block ? snarl_enter() : NULL;
    if (!thr)
        return;
    snarl_access_write(thr, block, size, site);
    snarl_leave(thr);
}

SNARL_EXPORT void *realloc(void *block, size_t size)
{
    if (!ready())
        return arena_alloc(size);
    check("realloc", SNARL_SITE);
    if (block && in_arena(block)) {
        size_t old = *(size_t *)((char *)block - 16);
        void *moved = s_malloc(size);
        return moved ? memcpy(moved, block, old < size ? old : size) : NULL;
    }
    size_t old = block && snarl_races_on ? s_usable_size(block) : 0;
    if (block)
        going(block, SNARL_SITE);
    void *moved = came(s_realloc(block, size), size, SNARL_SITE);
    if (!moved && size && block)
        return came(block, old, SNARL_SITE), NULL; /* it lives on */
    if (old)
        copied(moved, old < size ? old : size, SNARL_SITE);
    return moved;
}

SNARL_EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, whole);
}

SNARL_EXPORT void *memalign(size_t alignment, size_t size)
{
    if (!ready())
        return NULL;
    check("memalign", SNARL_SITE);
    return came(s_memalign(alignment, size), size, SNARL_SITE);
}

SNARL_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    if (!ready())
        return NULL;
    check("aligned_alloc", SNARL_SITE);
    return came(s_aligned_alloc(alignment, size), size, SNARL_SITE);
}

SNARL_EXPORT int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (!ready())
        return ENOMEM;
    check("posix_memalign", SNARL_SITE);
    int result = s_posix_memalign(block, alignment, size);
    if (result == 0)
        came(*block, size, SNARL_SITE);
    return result;
}

SNARL_EXPORT int munmap(void *address, size_t size)
{
    snarl_enter_refused();
    struct snarl_thread *thr = snarl_enter();
    if (thr) {
        snarl_memory_gone(thr, (uintptr_t)address, size, SNARL_SITE);
        snarl_heap_unmapping(thr, address, size, SNARL_SITE);
        snarl_leave(thr);
    }
    return real_munmap(address, size);
}

#define FIRST_PLACES ((uintptr_t)1 << 40) /* where the heaps of many runtimes lie: they have a shadow always */

/* A program may propose a place for its memory (V8 does, at random). Where that has no shadow and can have none, checks would read what lies
 * where the shadow should be. Shadows are reserved for the question, if races are to be looked for at all. */
static bool suits(void *proposed, void *start, size_t size, int flags)
{
    bool asked = proposed && start == proposed && (uintptr_t)start >= FIRST_PLACES && !(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE));
    struct snarl_thread *thr = asked && snarl_options.races != SNARL_RACES_OFF ? snarl_enter() : NULL;
    if (!thr)
        return true;
    bool suited = !snarl_shadow_reserve() || snarl_shadow_covers((uintptr_t)start, size) || snarl_shadow_extend((uintptr_t)start, size);
    snarl_leave(thr);
    return suited;
}

/* Memory that the allocator has given back may come again here: it begins anew. */
static void *map(void *address, size_t size, int protection, int flags, int descriptor, off_t offset)
{
    static void *(*s_mmap)(void *, size_t, int, int, int, off_t);
    if (__builtin_expect(!s_mmap, 0))
        s_mmap = (void *(*)(void *, size_t, int, int, int, off_t))snarl_real_find("mmap");
    void *start = s_mmap(address, size, protection, flags, descriptor, offset);
    if (start != MAP_FAILED && !suits(address, start, size, flags)) {
        real_munmap(start, size);
        start = s_mmap(NULL, size, protection, flags, descriptor, offset); /* the place was no more than a proposal */
    }
    struct snarl_thread *thr = snarl_races_on && start != MAP_FAILED ? snarl_enter() : NULL;
    if (!thr)
        return start;
    snarl_heap_mapped(thr, start, size);
    snarl_leave(thr);
    return start;
}

SNARL_EXPORT void *mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset)
{
    return map(address, size, protection, flags, descriptor, offset);
}

SNARL_EXPORT void *mmap64(void *address, size_t size, int protection, int flags, int descriptor, off64_t offset)
{
    return map(address, size, protection, flags, descriptor, offset);
}
