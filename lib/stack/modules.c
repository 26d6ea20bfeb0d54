/* modules.c - see modules.h.
 *
 * The table only grows and entries are written once, before the count that makes them visible: readers need no lock. When a
 * module comes back to where it was, and another has been there meanwhile, its entry is only marked as seen.
 * Changes are made under s_lock. */
#include "stack/modules.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

#include "base/memory.h"
#include "base/mutex.h"
#include "base/os.h"

#define MODULES_MAX 4096 /* objects over a whole life; past it, frames are written as bare addresses */

static SNARL_MUTEX s_lock = {.rank = SNARL_RANK_MODULES};
static struct snarl_module s_modules[MODULES_MAX];
static uint32_t s_count;
static uint32_t s_seen;
static bool s_any_follows;
static uint32_t s_turn; /* s_seen, once what was seen can be found */

static void copy_build_id(struct snarl_module *module, const uint8_t *note, size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *head = (const ElfW(Nhdr) *)note;
        size_t name = (head->n_namesz + 3) & ~3u, description = (head->n_descsz + 3) & ~3u;
        size_t whole = sizeof(*head) + name + description;
        if (whole > size)
            return;
        if (head->n_type == NT_GNU_BUILD_ID && head->n_namesz == 4 && memcmp(head + 1, "GNU", 4) == 0 &&
            head->n_descsz <= sizeof(module->build_id)) {
            module->build_id_size = (uint8_t)head->n_descsz;
            memcpy(module->build_id, (const char *)(head + 1) + name, head->n_descsz);
            return;
        }
        note += whole;
        size -= whole;
    }
}

static const char *keep_path(const char *name)
{
    char buffer[4096];
    if (!*name) {
        ssize_t length = snarl_os_readlink("/proc/self/exe", buffer, sizeof(buffer) - 1);
        buffer[length > 0 ? length : 0] = '\0';
        name = buffer;
    }
    size_t size = strlen(name) + 1;
    char *path = snarl_memory_alloc(size);
    if (path)
        memcpy(path, name, size);
    return path ? path : "";
}

static void measure(struct snarl_module *module, const struct dl_phdr_info *info)
{
    module->bias = info->dlpi_addr;
    module->start = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_NOTE)
            copy_build_id(module, (const uint8_t *)at, segment->p_memsz);
        if (segment->p_type != PT_LOAD)
            continue;
        if (at < module->start)
            module->start = at;
        if (at + segment->p_memsz > module->end)
            module->end = at + segment->p_memsz;
    }
}

static bool same(const struct snarl_module *a, const struct snarl_module *b)
{
    return a->start == b->start && a->end == b->end && a->build_id_size == b->build_id_size &&
           memcmp(a->build_id, b->build_id, sizeof(a->build_id)) == 0;
}

static struct snarl_module *find(uintptr_t address)
{
    struct snarl_module *found = NULL;
    uint32_t newest = 0;
    for (uint32_t i = __atomic_load_n(&s_count, __ATOMIC_ACQUIRE); i-- > 0;) {
        if (address < s_modules[i].start || address >= s_modules[i].end)
            continue;
        uint32_t seen = __atomic_load_n(&s_modules[i].seen, __ATOMIC_RELAXED);
        if (seen > newest) {
            newest = seen;
            found = &s_modules[i];
        }
    }
    return found;
}

/* The same module was here before another one was. */
static struct snarl_module *find_earlier(const struct snarl_module *module)
{
    for (uint32_t i = 0; i < s_count; i++)
        if (same(&s_modules[i], module) && strcmp(s_modules[i].path, module->path) == 0)
            return &s_modules[i];
    return NULL;
}

/* The library of interceptors that comes with ours. */
static bool is_companion(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash && strcmp(slash, "/libsnarl-calls.so") == 0;
}

static int add(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    bool *first = context;
    struct snarl_module module = {0};
    measure(&module, info);
    bool is_main = *first;
    *first = false;
    if (module.start >= module.end)
        return 0;
    struct snarl_module *known = find(module.start);
    if (known && same(known, &module))
        return 0;
    module.path = is_main ? "" : info->dlpi_name;
    struct snarl_module *earlier = known ? find_earlier(&module) : NULL;
    if (earlier)
        __atomic_store_n(&earlier->seen, ++s_seen, __ATOMIC_RELAXED);
    if (earlier || s_count == MODULES_MAX)
        return 0;
    uintptr_t here = (uintptr_t)&s_lock;
    module.id = s_count + 1;
    module.seen = ++s_seen;
    module.follows = known != NULL;
    module.main = is_main;
    module.path = keep_path(is_main ? "" : info->dlpi_name);
    module.ours = (here >= module.start && here < module.end) || is_companion(module.path);
    s_modules[s_count] = module;
    __atomic_store_n(&s_count, s_count + 1, __ATOMIC_RELEASE);
    if (module.follows)
        __atomic_store_n(&s_any_follows, true, __ATOMIC_RELEASE);
    return 0;
}

void snarl_modules_refresh(void)
{
    bool first = true; /* dl_iterate_phdr begins with the program */
    snarl_mutex_lock(&s_lock);
    dl_iterate_phdr(add, &first);
    __atomic_store_n(&s_turn, s_seen, __ATOMIC_RELEASE);
    snarl_mutex_unlock(&s_lock);
}

struct snarl_module *snarl_modules_find(uintptr_t address, bool look)
{
    struct snarl_module *module = find(address);
    if (!module && look) {
        snarl_modules_refresh();
        module = find(address);
    }
    return module;
}

uint64_t snarl_modules_salt(const uintptr_t *frames, uint32_t count)
{
    uint64_t salt = 0;
    if (!__atomic_load_n(&s_any_follows, __ATOMIC_ACQUIRE))
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_module *module = find(frames[i]);
        if (module && module->follows)
            salt = (salt ^ module->id) * 0x9e3779b97f4a7c15ull;
    }
    return salt;
}

uint32_t snarl_modules_turn(void)
{
    return __atomic_load_n(&s_turn, __ATOMIC_ACQUIRE);
}

void snarl_modules_forked(void)
{
    for (uint32_t i = 0; i < s_count; i++)
        s_modules[i].written = false;
}
