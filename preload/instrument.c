/* instrument.c - see instrument.h.
 *
 * When the first thread is about to be created, and whenever the loader has brought or taken modules after that (loader.c),
 * the plan of each new module is looked for in the folder of plans; those that have none are given to snarl-plan,
 * which runs outside; then the plans are applied. A module for which that fails runs as it is, and the report says why.
 * Libraries that a program should not be blamed for (libc, libstdc++ and the like) keep their code; of their plans only
 * the unwinding tables are used, so that stacks lead through them.
 *
 * One thread at a time is here: the only one there is, or one that holds the loader's lock. */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/os.h"
#include "base/text.h"
#include "plan/store.h"
#include "preload/access.h"
#include "preload/callers.h"
#include "preload/cancel.h"
#include "preload/instrument.h"
#include "preload/loader.h"
#include "preload/planner.h"
#include "preload/python/python.h"
#include "preload/rewrite/pages.h"
#include "preload/rewrite/rewrite.h"
#include "preload/tsan/tsan.h"
#include "preload/unchecked.h"
#include "race/race.h"
#include "stack/modules.h"

#define MODULES_MAX 512
#define TOLD_MAX 1024 /* modules of which the report says something */

#define ONE(byte) (SNARL_CELL_MASK & ~(1u << (SNARL_CELL_MASK_SHIFT + (byte))))
#define TWO(byte) (ONE(byte) & ONE((byte) + 1))
#define NEVER SNARL_CELL_UNIT /* two bytes of two cells: a unit that is in no window */

__thread struct snarl_plan_thread snarl_area
    __attribute__((tls_model("initial-exec"), aligned(SNARL_PLAN_THREAD_ALIGN))) = {
    .others = {[SNARL_PART_1] = {ONE(0), ONE(1), ONE(2), ONE(3)},
               [SNARL_PART_2] = {TWO(0), TWO(1), TWO(2), NEVER}},
};

struct found {
    struct snarl_rewrite_target target;
    const char *name; /* in the loader's memory, or s_program */
    enum snarl_treatment treatment;
    bool known; /* from an earlier call */
    const char *problem;
    char plan[SNARL_PLAN_NAME_MAX];
};

static struct found *s_found; /* MODULES_MAX of them, only while modules are looked at */
static uint32_t s_found_count;
static struct { /* the modules that were loaded at the last look */
    uintptr_t base;
    uint64_t size;
} s_known[MODULES_MAX];
static uint32_t s_known_count;
static struct snarl_rewrite_host s_host;
static bool s_active;
static bool s_filtered; /* the process has limited its own system calls */
static char s_program[SNARL_PATH_MAX];
static struct snarl_store s_store;

/* --- which modules --- */

static enum snarl_treatment treatment_of(const char *name, uintptr_t base)
{
    enum snarl_treatment treatment = snarl_store_treatment(name);
    bool chosen = !snarl_options.modules[0] || snarl_store_matches(snarl_options.modules, name);
    if (!snarl_options.modules[0] && snarl_python_is_runtime(base))
        return SNARL_TREAT_NOT; /* its code runs under its own lock; see python/ */
    if (treatment == SNARL_TREAT_CODE && (!chosen || snarl_store_matches(snarl_options.skip_modules, name)))
        return SNARL_TREAT_TABLES;
    return treatment;
}

/* A file without a build-id is known by its bytes. */
static void identify(struct found *found)
{
    struct snarl_rewrite_target *target = &found->target;
    uint8_t id[32];
    uint32_t size = target->build_id_size;
    memcpy(id, target->build_id, sizeof(id));
    int fd = size ? -1 : snarl_os_open(found->name, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
        off_t length = lseek(fd, 0, SEEK_END);
        void *bytes = length > 0 ? snarl_pages_map(0, (size_t)length, PROT_READ, fd, 0, 0) : NULL;
        if (bytes) {
            snarl_plan_file_id(id, bytes, (size_t)length);
            snarl_pages_unmap(bytes, (size_t)length);
            size = 16;
        }
        snarl_os_close(fd);
    }
    if (size)
        snarl_plan_name(found->plan, id, size, SNARL_CHECK_RACE);
}

static bool is_known(const struct snarl_rewrite_target *target)
{
    for (uint32_t i = 0; i < s_known_count; i++)
        if (s_known[i].base == target->base && s_known[i].size == target->size)
            return true;
    return false;
}

static int collect(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (s_found_count == MODULES_MAX)
        return 1;
    struct found *found = &s_found[s_found_count++];
    found->name = *info->dlpi_name || s_found_count > 1 ? info->dlpi_name : s_program;
    snarl_rewrite_describe(&found->target, info);
    found->known = is_known(&found->target);
    found->treatment = found->known ? SNARL_TREAT_NOT : treatment_of(found->name, found->target.base);
    if (found->treatment != SNARL_TREAT_NOT)
        identify(found);
    return 0;
}

/* --- having plans made --- */

static bool plan_path(char *path, size_t size, const struct found *found)
{
    struct snarl_text text = snarl_text_in(path, size);
    snarl_text_add(snarl_text_add(snarl_text_add(&text, s_store.folder), "/"), found->plan);
    return strlen(path) + 1 < size;
}

static bool has_plan(const struct found *found)
{
    char path[SNARL_PATH_MAX];
    int fd = plan_path(path, sizeof(path), found) ? snarl_os_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0) : -1;
    if (fd >= 0)
        snarl_os_close(fd);
    return fd >= 0;
}

static bool is_too_large(const struct found *found)
{
    size_t text = 0;
    for (uint32_t i = 0; i < found->target.text_count; i++)
        text += found->target.text[i].end - found->target.text[i].start;
    return text > SNARL_STORE_LARGE;
}

/* Those for which `wanted` holds. */
static void make_plans(bool (*wanted)(const struct found *))
{
    const char *paths[MODULES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < s_found_count; i++)
        if (s_found[i].treatment != SNARL_TREAT_NOT && s_found[i].plan[0] && wanted(&s_found[i]))
            paths[count++] = s_found[i].name;
    if (!s_filtered) /* else a system call that the program has forbidden itself might be its end */
        snarl_planner_plan(s_store.folder, paths, count);
}

static bool lacks_plan(const struct found *found)
{
    return !has_plan(found);
}

/* A plan that is damaged, or that another version left under our name, is made again. */
static bool has_bad_plan(const struct found *found)
{
    return found->problem && snarl_rewrite_is_bad_plan(found->problem);
}

/* --- applying them --- */

static void tell(const char *name, const char *problem)
{
    char line[SNARL_PATH_MAX + 256];
    struct snarl_text text = snarl_text_in(line, sizeof(line));
    snarl_text_add(snarl_text_add(&text, name), " is not instrumented for races: ");
    snarl_text_add(&text, problem);
    snarl_engine_note(line);
}

static const char *reason_of(const struct snarl_plan_head *head)
{
    return head->instrumented == head->accesses ? "" : "some code could not be moved (snarl doctor tells)";
}

static void apply_one(struct found *found)
{
    char path[SNARL_PATH_MAX];
    found->problem = "no plan could be made of it (snarl-plan says why)";
    if (!found->plan[0] || !plan_path(path, sizeof(path), found))
        return;
    if (has_plan(found))
        found->problem = snarl_rewrite_apply(&s_host, &found->target, path, SNARL_CHECK_RACE,
                                             found->treatment == SNARL_TREAT_TABLES);
    else if (is_too_large(found))
        found->problem = "it has more than 20 MB of code, which is made ready in the background, for the next run";
}

#define ATOMICS_MAX 4096u /* of one array; more are known once something touches them */

/* The module's objects that are atomic, before anything is seen of them. */
static void know_atomics(struct snarl_thread *thr, const struct snarl_rewrite_module *module)
{
    for (uint32_t i = 0; i < module->atomic_count; i++) {
        const struct snarl_plan_object *object = &module->atomics[i];
        for (uint32_t k = 0; k < object->count && k < ATOMICS_MAX; k++) {
            uintptr_t address = module->base + object->offset + (uintptr_t)k * object->size;
            if (address + object->size <= module->end)
                snarl_race_stock_know(thr->races, address, object->size);
        }
    }
}

/* Whether something was told of this module before: plug-ins come and go and come again. */
static bool is_told(const struct found *found)
{
    static uint64_t s_told[TOLD_MAX];
    const char *name = found->plan[0] ? found->plan : found->name;
    uint64_t hash = snarl_plan_hash(name, strlen(name));
    uint32_t i = 0;
    while (i < TOLD_MAX && s_told[i] && s_told[i] != hash)
        i++;
    if (i == TOLD_MAX || s_told[i] == hash)
        return true;
    s_told[i] = hash;
    return false;
}

static void tell_of(const struct found *found)
{
    const struct snarl_rewrite_module *module = snarl_rewrite_module_at(found->target.base);
    if (found->treatment != SNARL_TREAT_CODE || is_told(found))
        return;
    if (found->problem)
        tell(found->name, found->problem);
    else if (module && found->target.text_count)
        snarl_engine_coverage(found->target.text[0].start, module->head->accesses, module->head->instrumented,
                              reason_of(module->head));
}

/* Its code should be checked, but is not. */
static bool is_left_out(const struct found *found)
{
    return snarl_store_treatment(found->name) == SNARL_TREAT_CODE && (found->problem || found->treatment == SNARL_TREAT_TABLES);
}

static void apply_all(struct snarl_thread *thr)
{
    bool bad = false;
    for (uint32_t i = 0; i < s_found_count; i++) {
        if (s_found[i].treatment == SNARL_TREAT_NOT)
            continue;
        apply_one(&s_found[i]);
        bad |= has_bad_plan(&s_found[i]);
    }
    if (bad)
        make_plans(has_bad_plan);
    for (uint32_t i = 0; i < s_found_count; i++) {
        if (bad && has_bad_plan(&s_found[i]))
            apply_one(&s_found[i]);
        if (s_found[i].treatment == SNARL_TREAT_NOT)
            continue;
        const struct snarl_rewrite_module *module =
            s_found[i].problem ? NULL : snarl_rewrite_module_at(s_found[i].target.base);
        if (thr && module)
            know_atomics(thr, module);
        if (is_left_out(&s_found[i]))
            snarl_unchecked_add(&s_found[i].target);
        tell_of(&s_found[i]);
    }
}

static bool is_found(uintptr_t base, uint64_t size)
{
    for (uint32_t i = 0; i < s_found_count; i++)
        if (s_found[i].target.base == base && s_found[i].target.size == size)
            return true;
    return false;
}

/* Modules that were there at the last look and are no more; nobody can be inside of them (loader.c). */
static void forget_gone(void)
{
    bool gone = false;
    for (uint32_t i = 0; i < s_known_count; i++)
        if (!is_found(s_known[i].base, s_known[i].size)) {
            snarl_rewrite_forget(s_known[i].base);
            snarl_unchecked_forget(s_known[i].base);
            gone = true;
        }
    if (gone)
        snarl_callers_forget();
}

static void remember(struct snarl_thread *thr, bool first_look)
{
    s_known_count = 0;
    for (uint32_t i = 0; i < s_found_count; i++) {
        const struct snarl_rewrite_target *target = &s_found[i].target;
        s_known[s_known_count].base = target->base;
        s_known[s_known_count++].size = target->size;
        if (!s_found[i].known && !first_look && thr) /* another module's data may have been here */
            snarl_heap_mapped(thr, (void *)target->base, target->size);
    }
}

static void instrument_all(struct snarl_thread *thr, bool first_look)
{
    s_found = snarl_os_map(MODULES_MAX * sizeof(*s_found));
    s_found_count = 0;
    if (!s_found)
        return;
    dl_iterate_phdr(collect, NULL);
    forget_gone();
    remember(thr, first_look);
    make_plans(lacks_plan);
    apply_all(thr);
    snarl_os_unmap(s_found, MODULES_MAX * sizeof(*s_found));
    s_found = NULL;
}

/* --- beginning --- */

static bool find_folder(void)
{
    char line[SNARL_PATH_MAX + 128];
    struct snarl_text text = snarl_text_in(line, sizeof(line));
    if (snarl_options.plans[0]) {
        memcpy(s_store.folder, snarl_options.plans, sizeof(s_store.folder));
        s_store.problem = snarl_store_check(s_store.folder);
        if (!s_store.problem)
            return true;
    }
    if (snarl_store_find(&s_store))
        return true;
    snarl_text_add(&text, "races are not looked for: there is no folder for what is prepared of code: ");
    snarl_text_add(snarl_text_add(&text, s_store.refused), s_store.refused[0] ? " cannot be used: " : "");
    snarl_engine_note(snarl_text_add(&text, s_store.problem)->buffer);
    return false;
}

void snarl_instrument_attach(struct snarl_thread *thr)
{
    struct snarl_race_thread *races = thr && s_active ? thr->races : NULL;
    snarl_area.writes = snarl_shadow_table.distance;
    if (!thr)
        snarl_callers_end_thread();
    if (!races) {
        snarl_area.first = snarl_area.outside = 0; /* everything passes */
        return;
    }
    races->window = (struct snarl_race_window *)&snarl_area.first;
    snarl_race_window_update(races);
}

void snarl_instrument_wake(struct snarl_thread *thr)
{
    int saved = errno;
    _Static_assert(offsetof(struct snarl_plan_thread, outside) - offsetof(struct snarl_plan_thread, first) ==
                       offsetof(struct snarl_race_window, outside),
                   "the thread's area holds the engine's window");
    if (snarl_options.races != SNARL_RACES_FULL || snarl_tsan_present() || s_active)
        return;
    uintptr_t self;
    __asm__("mov %%fs:0, %0" : "=r"(self));
    ssize_t length = snarl_os_readlink("/proc/self/exe", s_program, sizeof(s_program) - 1);
    s_program[length > 0 ? length : 0] = '\0';
    snarl_planner_find();
    snarl_races_callers = snarl_checks_callers;
    snarl_races_forget = snarl_callers_forget;
    if (!find_folder() || !snarl_races_begin(thr))
        return;
    s_host.thread = (int32_t)((intptr_t)&snarl_area - (intptr_t)self);
    snarl_checks_links(s_host.link);
    snarl_race_stock_begin();
    s_active = true;
    if (!snarl_loader_watch())
        snarl_engine_note("modules that are loaded from now on are not checked for races: this system's loader "
                          "cannot be watched");
    if (!snarl_memory_is_seen())
        snarl_engine_note("this program has an allocator of its own: it is not seen which memory passes from one thread to another there, so "
                          "some of the races may be none");
    instrument_all(thr, true);
    snarl_instrument_attach(thr);
    snarl_cancel_prepare();
    errno = saved;
}

bool snarl_instrument_is_active(void)
{
    return s_active;
}

void snarl_instrument_before_filter(void)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_awake ? NULL : snarl_enter();
    if (thr) {
        snarl_instrument_wake(thr);
        snarl_leave(thr);
    }
    s_filtered = true;
    errno = saved;
}

void snarl_instrument_modules_changed(struct snarl_thread *thr)
{
    if (!s_active)
        return;
    snarl_modules_refresh(); /* what is found from here on is in the module that is there now */
    instrument_all(thr, false);
}
