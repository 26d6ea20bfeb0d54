/* apply.c - see rewrite.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/os.h"
#include "preload/rewrite/pages.h"
#include "preload/rewrite/place.h"
#include "preload/rewrite/rewrite.h"


#define PARKED_MAX 16 /* copies kept of modules that are gone */

static struct snarl_rewrite_module s_modules[SNARL_REWRITE_MODULES];
static uint32_t s_count;
static struct snarl_rewrite_module s_parked[PARKED_MAX]; /* plan NULL: free */
static uint32_t s_park_next;                             /* the one that has been there longest */

static const char s_damaged[] = "its plan is damaged", s_other_version[] = "its plan is of another version";

uint32_t snarl_rewrite_module_count(void)
{
    return __atomic_load_n(&s_count, __ATOMIC_ACQUIRE);
}

const struct snarl_rewrite_module *snarl_rewrite_module_get(uint32_t number)
{
    return &s_modules[number];
}

/* An entry may be emptied and filled again while others look: `turn` is odd meanwhile, and has another value after it. */
static bool holds(const struct snarl_rewrite_module *module, uintptr_t pc, bool in_copy)
{
    uint32_t turn = __atomic_load_n(&module->turn, __ATOMIC_ACQUIRE);
    uintptr_t start = in_copy ? module->copy : module->base, end = in_copy ? module->copy_end : module->end;
    if (pc < start || pc >= end || turn & 1)
        return false;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&module->turn, __ATOMIC_RELAXED) == turn;
}

static const struct snarl_rewrite_module *find_module(uintptr_t pc, bool in_copy)
{
    uint32_t count = snarl_rewrite_module_count();
    for (uint32_t i = 0; i < count; i++)
        if (holds(&s_modules[i], pc, in_copy))
            return &s_modules[i];
    return NULL;
}

const struct snarl_rewrite_module *snarl_rewrite_module_of_copy(uintptr_t pc)
{
    return find_module(pc, true);
}

const struct snarl_rewrite_module *snarl_rewrite_module_at(uintptr_t pc)
{
    return find_module(pc, false);
}

/* --- what the loader has --- */

static void take_build_id(struct snarl_rewrite_target *target, const uint8_t *note, uint64_t size)
{
    for (uint64_t at = 0; at + 12 <= size;) {
        uint32_t head[3]; /* name size, description size, type */
        memcpy(head, note + at, sizeof(head));
        uint64_t data = at + 12 + ((head[0] + 3ull) & ~3ull);
        if (head[2] == 3 && head[0] == 4 && !memcmp(note + at + 12, "GNU", 4) &&
            head[1] >= 8 && head[1] <= sizeof(target->build_id) && data + head[1] <= size) {
            memcpy(target->build_id, note + data, head[1]);
            target->build_id_size = head[1];
        }
        at = data + ((head[1] + 3ull) & ~3ull);
    }
}

void snarl_rewrite_describe(struct snarl_rewrite_target *target, const struct dl_phdr_info *info)
{
    uintptr_t low = UINTPTR_MAX, high = 0;
    memset(target, 0, sizeof(*target));
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + h->p_vaddr, end = start + h->p_memsz;
        if (h->p_type == PT_NOTE && h->p_align <= 4)
            take_build_id(target, (const uint8_t *)start, h->p_memsz);
        if (h->p_type != PT_LOAD)
            continue;
        low = start < low ? start : low;
        high = end > high ? end : high;
        if (h->p_flags & PF_X && target->text_count < 8) {
            target->text[target->text_count].start = start & ~(SNARL_PAGE - 1);
            target->text[target->text_count++].end = (end + SNARL_PAGE - 1) & ~(SNARL_PAGE - 1);
        }
    }
    target->base = low & ~(SNARL_PAGE - 1);
    target->size = high > low ? high - target->base : 0;
}

/* --- reading the plan --- */

static const void *section(const struct snarl_rewrite_module *module, enum snarl_plan_section_kind kind)
{
    return module->plan + module->head->sections[kind].offset;
}

static uint32_t section_count(const struct snarl_rewrite_module *module, enum snarl_plan_section_kind kind,
                              size_t item)
{
    return (uint32_t)(module->head->sections[kind].size / item);
}

static const char *check_head(const struct snarl_rewrite_module *module, const struct snarl_rewrite_target *target,
                              enum snarl_plan_check check)
{
    const struct snarl_plan_head *head = module->head;
    if (module->plan_size < sizeof(*head) || memcmp(head->magic, SNARL_PLAN_MAGIC, sizeof(head->magic)) ||
        head->hash != snarl_plan_hash(head, offsetof(struct snarl_plan_head, hash)))
        return s_damaged;
    if (head->version != SNARL_PLAN_VERSION || strncmp(head->snarl, SNARL_VERSION, sizeof(head->snarl)) ||
        head->check != (uint32_t)check)
        return s_other_version;
    if (target->build_id_size && (head->build_id_size != target->build_id_size ||
                                  memcmp(head->build_id, target->build_id, target->build_id_size)))
        return "its plan is for another file";
    if (head->image_size != target->size)
        return "it is not mapped as its plan expects";
    return NULL;
}

#define PIECE ((size_t)512 << 10) /* of a plan, read at once: that much of it is in memory while it is checked */

/* The pages of a plan that [start, end) lies on are read from the file again when they are needed. */
static void let_go(const void *start, const void *end)
{
    uintptr_t first = (uintptr_t)start & ~(SNARL_PAGE - 1), behind = ((uintptr_t)end + SNARL_PAGE - 1) & ~(SNARL_PAGE - 1);
    snarl_os_advise((void *)first, behind - first, MADV_DONTNEED);
}

/* Most of a plan is never looked at again, so it does not stay in the program's memory. */
static uint64_t hash_section(const uint8_t *bytes, uint64_t size)
{
    struct snarl_plan_lanes lanes = snarl_plan_hash_begin(size);
    for (uint64_t at = 0; at < size; at += PIECE) {
        uint64_t length = size - at < PIECE ? size - at : PIECE;
        snarl_plan_hash_add(&lanes, bytes + at, length);
        let_go(bytes + at, bytes + at + length);
    }
    return snarl_plan_hash_end(&lanes);
}

static const char *check_sections(const struct snarl_rewrite_module *module)
{
    const struct snarl_plan_head *head = module->head;
    for (int i = 0; i < SNARL_SECTION_COUNT; i++) {
        const struct snarl_plan_section *s = &head->sections[i];
        if (s->offset > module->plan_size || s->size > module->plan_size - s->offset ||
            s->hash != hash_section(module->plan + s->offset, s->size))
            return s_damaged;
    }
    const struct snarl_plan_section *code = &head->sections[SNARL_SECTION_CODE];
    uint64_t whole = (code->size + SNARL_PAGE - 1) & ~(SNARL_PAGE - 1);
    if (head->copy_size != SNARL_PLAN_PAGE + whole || code->offset % SNARL_PAGE ||
        code->offset + whole > module->plan_size)
        return s_damaged;
    return NULL;
}

static const char *open_plan(struct snarl_rewrite_module *module, const char *path,
                             const struct snarl_rewrite_target *target, enum snarl_plan_check check, int *fd)
{
    *fd = snarl_os_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (*fd < 0)
        return "it has no plan";
    int64_t size = snarl_pages_own_file(*fd);
    if (size < (int64_t)sizeof(struct snarl_plan_head))
        return "its plan is not a file of the user's own";
    module->plan = snarl_pages_map(0, (size_t)size, PROT_READ, *fd, 0, 0);
    if (!module->plan)
        return "its plan cannot be mapped";
    module->plan_size = (uint64_t)size;
    module->head = (const void *)module->plan;
    const char *problem = check_head(module, target, check);
    return problem ? problem : check_sections(module);
}

static bool in_text(const struct snarl_rewrite_target *target, uintptr_t start, uintptr_t end)
{
    for (uint32_t i = 0; i < target->text_count; i++)
        if (start >= target->text[i].start && end <= target->text[i].end)
            return true;
    return false;
}

/* Every patch inside the text, over the bytes that the planner saw. */
static const char *check_patches(const struct snarl_rewrite_module *module,
                                 const struct snarl_rewrite_target *target)
{
    const struct snarl_plan_patch *patches = section(module, SNARL_SECTION_PATCHES);
    uint32_t count = section_count(module, SNARL_SECTION_PATCHES, sizeof(*patches));
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_plan_patch *patch = &patches[i];
        uintptr_t at = target->base + patch->offset;
        if ((patch->size != 5 && patch->size != 2) || !in_text(target, at, at + patch->size))
            return s_damaged;
        if (memcmp((const void *)at, patch->old, patch->size))
            return "its code in memory is not that of the file";
    }
    return NULL;
}

/* --- placing the copy --- */

static bool fix_words(const struct snarl_rewrite_module *module, enum snarl_plan_section_kind kind, uint32_t amount)
{
    const uint32_t *fixes = section(module, kind);
    uint32_t count = section_count(module, kind, sizeof(*fixes));
    uint64_t end = SNARL_PLAN_PAGE + module->head->sections[SNARL_SECTION_CODE].size;
    for (uint32_t i = 0; i < count && amount; i++) {
        if (fixes[i] < SNARL_PLAN_PAGE || fixes[i] + 4ull > end)
            return false;
        uint32_t word;
        memcpy(&word, (const void *)(module->copy + fixes[i]), 4);
        word += amount;
        memcpy((void *)(module->copy + fixes[i]), &word, 4);
    }
    return true;
}

/* jmp *2(%rip); nop; nop; address */
static void fill_linkage(const struct snarl_rewrite_module *module, const struct snarl_rewrite_host *host)
{
    static const uint8_t jump[] = {0xff, 0x25, 2, 0, 0, 0, 0x66, 0x90};
    memset((void *)module->copy, 0xcc, SNARL_PLAN_PAGE);
    for (int i = 0; i < SNARL_LINK_COUNT; i++) {
        uint8_t *at = (uint8_t *)module->copy + SNARL_LINK_SIZE * (unsigned)i;
        memcpy(at, jump, sizeof(jump));
        memcpy(at + sizeof(jump), &host->link[i], sizeof(host->link[i]));
    }
}

/* The code goes to its place: as pages of the file when it can stay as it is. */
static const char *place_code(struct snarl_rewrite_module *module, const struct snarl_rewrite_host *host,
                              uint64_t distance, int fd)
{
    const struct snarl_plan_section *code = &module->head->sections[SNARL_SECTION_CODE];
    uint32_t image_amount = (uint32_t)((uint64_t)module->head->distance - distance);
    uint32_t thread_amount = (uint32_t)host->thread - (uint32_t)module->head->thread;
    uintptr_t start = module->copy + SNARL_PLAN_PAGE;
    size_t size = module->head->copy_size - SNARL_PLAN_PAGE;
    fill_linkage(module, host);
    if (snarl_pages_protect(module->copy, SNARL_PLAN_PAGE, PROT_READ | PROT_EXEC))
        return "the system allows no new executable memory";
    if (!size)
        return NULL;
    if (!image_amount && !thread_amount)
        return snarl_pages_map(start, size, PROT_READ | PROT_EXEC, fd, code->offset, 1)
                   ? NULL
                   : "the system does not allow its plan to be executed";
    memcpy((void *)start, module->plan + code->offset, code->size);
    if (!fix_words(module, SNARL_SECTION_IMAGE_FIXES, image_amount) ||
        !fix_words(module, SNARL_SECTION_THREAD_FIXES, thread_amount))
        return s_damaged;
    return snarl_pages_protect(start, size, PROT_READ | PROT_EXEC) ? "the system allows no new executable memory"
                                                                  : NULL;
}

static const char *place_copy(struct snarl_rewrite_module *module, const struct snarl_rewrite_host *host,
                              const struct snarl_rewrite_target *target, int fd)
{
    module->copy = snarl_place_find(target, module->head->distance, module->head->copy_size);
    if (!module->copy)
        return "there is no room near it in the address space";
    module->copy_end = module->copy + module->head->copy_size;
    return place_code(module, host, module->copy - target->base, fd);
}

/* --- patching --- */

static const char *protect_text(const struct snarl_rewrite_target *target, int protection)
{
    for (uint32_t i = 0; i < target->text_count; i++)
        if (snarl_pages_protect(target->text[i].start, target->text[i].end - target->text[i].start, protection))
            return "the system does not allow its code to be changed";
    return NULL;
}

static void write_patches(const struct snarl_rewrite_module *module, const struct snarl_rewrite_target *target)
{
    const struct snarl_plan_patch *patches = section(module, SNARL_SECTION_PATCHES);
    uint32_t count = section_count(module, SNARL_SECTION_PATCHES, sizeof(*patches));
    for (uint32_t i = 0; i < count; i++) {
        const struct snarl_plan_patch *patch = &patches[i];
        uint8_t *at = (uint8_t *)target->base + patch->offset;
        if (patch->size == 2) {
            at[0] = 0xeb;
            at[1] = (uint8_t)(patch->target - (patch->offset + 2));
            continue;
        }
        uint32_t distance = (uint32_t)(module->copy + patch->target - ((uintptr_t)at + 5));
        at[0] = 0xe9;
        memcpy(at + 1, &distance, 4);
    }
}

static void write_back(const struct snarl_rewrite_module *module, const struct snarl_rewrite_target *target)
{
    const struct snarl_plan_patch *patches = section(module, SNARL_SECTION_PATCHES);
    uint32_t count = section_count(module, SNARL_SECTION_PATCHES, sizeof(*patches));
    for (uint32_t i = 0; i < count; i++)
        memcpy((uint8_t *)target->base + patches[i].offset, patches[i].old, patches[i].size);
}

static const char *patch_text(const struct snarl_rewrite_module *module, const struct snarl_rewrite_target *target)
{
    const char *problem = protect_text(target, PROT_READ | PROT_WRITE);
    if (!problem)
        write_patches(module, target);
    const char *closed = protect_text(target, PROT_READ | PROT_EXEC);
    if (!problem && closed && !protect_text(target, PROT_READ | PROT_WRITE)) {
        write_back(module, target); /* a policy against changed code: nothing may stay changed */
        protect_text(target, PROT_READ | PROT_EXEC);
    }
    return problem ? problem : closed;
}

/* --- the registry --- */

static struct snarl_rewrite_module *free_entry(void)
{
    for (uint32_t i = 0; i < s_count; i++)
        if (!s_modules[i].plan)
            return &s_modules[i];
    return s_count < SNARL_REWRITE_MODULES ? &s_modules[s_count] : NULL;
}

/* `module` NULL empties it. */
static void fill(struct snarl_rewrite_module *entry, const struct snarl_rewrite_module *module)
{
    uint32_t turn = entry->turn, number = (uint32_t)(entry - s_modules);
    __atomic_store_n(&entry->turn, turn + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    struct snarl_rewrite_module filled = module ? *module : (struct snarl_rewrite_module){0};
    filled.turn = turn + 1;
    *entry = filled;
    __atomic_store_n(&entry->turn, turn + 2, __ATOMIC_RELEASE);
    if (number >= s_count)
        __atomic_store_n(&s_count, number + 1, __ATOMIC_RELEASE);
}

static void release(struct snarl_rewrite_module *module)
{
    if (module->copy)
        snarl_pages_unmap((void *)module->copy, module->copy_end - module->copy);
    if (module->plan)
        snarl_pages_unmap((void *)module->plan, module->plan_size);
    memset(module, 0, sizeof(*module));
}

/* --- modules that are gone ---
 *
 * Who looked a module up before it went may still be reading its tables; and plug-ins come back to where they were. So the last
 * few stay mapped. */

static void park(const struct snarl_rewrite_module *module)
{
    release(&s_parked[s_park_next]);
    s_parked[s_park_next] = *module;
    s_park_next = (s_park_next + 1) % PARKED_MAX;
}

/* The same file at the same place as before: its plan and copy are still there. */
static bool unpark(struct snarl_rewrite_module *module, const struct snarl_rewrite_target *target, bool tables_only)
{
    for (uint32_t i = 0; i < PARKED_MAX; i++) {
        struct snarl_rewrite_module *parked = &s_parked[i];
        if (!parked->plan || parked->base != target->base || parked->head->image_size != target->size ||
            !target->build_id_size || parked->head->build_id_size != target->build_id_size ||
            memcmp(parked->head->build_id, target->build_id, target->build_id_size) || tables_only == !!parked->copy)
            continue;
        *module = *parked;
        memset(parked, 0, sizeof(*parked));
        return true;
    }
    return false;
}

void snarl_rewrite_forget(uintptr_t base)
{
    for (uint32_t i = 0; i < s_count; i++)
        if (s_modules[i].plan && s_modules[i].base == base) {
            struct snarl_rewrite_module module = s_modules[i];
            fill(&s_modules[i], NULL);
            park(&module);
        }
}

bool snarl_rewrite_is_bad_plan(const char *problem)
{
    return problem == s_damaged || problem == s_other_version;
}

/* Maps plan and copy. */
static const char *prepare(const struct snarl_rewrite_host *host, const struct snarl_rewrite_target *target,
                           const char *plan_path, enum snarl_plan_check check, bool tables_only,
                           struct snarl_rewrite_module *module)
{
    int fd = -1;
    const char *problem = open_plan(module, plan_path, target, check, &fd);
    if (!problem && !tables_only)
        problem = place_copy(module, host, target, fd);
    if (fd >= 0)
        snarl_os_close(fd);
    if (problem)
        return problem;
    module->map = section(module, SNARL_SECTION_MAP);
    module->map_count = section_count(module, SNARL_SECTION_MAP, sizeof(*module->map));
    module->rows = section(module, SNARL_SECTION_ROWS);
    module->row_count = section_count(module, SNARL_SECTION_ROWS, sizeof(*module->rows));
    module->atomics = section(module, SNARL_SECTION_ATOMICS);
    module->atomic_count = section_count(module, SNARL_SECTION_ATOMICS, sizeof(*module->atomics));
    return NULL;
}

const char *snarl_rewrite_apply(const struct snarl_rewrite_host *host, const struct snarl_rewrite_target *target,
                                const char *plan_path, enum snarl_plan_check check, bool tables_only)
{
    struct snarl_rewrite_module module = {.base = target->base, .end = target->base + target->size};
    struct snarl_rewrite_module *entry = free_entry();
    if (!entry)
        return "there are too many modules";
    const char *problem = NULL;
    if (!unpark(&module, target, tables_only))
        problem = prepare(host, target, plan_path, check, tables_only, &module);
    if (!problem && !tables_only)
        problem = check_patches(&module, target);
    if (!problem) {
        fill(entry, &module); /* before the patches: a fault in the copy must be understood */
        problem = tables_only ? NULL : patch_text(&module, target);
        let_go(module.plan + SNARL_PLAN_PAGE, module.plan + module.plan_size); /* patches and fixes have been read for the last time */
        if (problem)
            fill(entry, NULL);
    }
    if (problem)
        release(&module);
    return problem;
}
