/* preload.c - applies plans at a program's start, without the race engine: to test planner and applier alone.
 *
 *     LD_PRELOAD=…/librewrite_test.so SNARL_TEST_CHECK=none|count|race SNARL_TEST_FOLDER=<plan cache>
 *     SNARL_TEST_ONLY=<part of a module's path>   SNARL_TEST_REPORT=<file to which what was done is appended>
 *
 * With `race` the shadow is real (one plane serves reads and writes) and each slow path makes the cell known, so that the inlined check runs as it does
 * under the engine; nothing is reported. */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/rewrite/entry.h"
#include "preload/rewrite/rewrite.h"
#include "preload/rewrite/translate.h"

#define EXPORT __attribute__((visibility("default")))
#define KNOWN 0x0f000001u
#define TWICE(word) ((uint64_t)(word) << 32 | (word))
#define SHADOW_BIT (1ull << 46)

static __thread struct snarl_plan_thread s_area __attribute__((tls_model("initial-exec"))) = {
    .first = TWICE(KNOWN), .outside = UINT64_MAX};
static enum snarl_plan_check s_check;
static bool s_ready;
static struct snarl_rewrite_host s_host;
static uint64_t s_slow, s_strings, s_atomics;

/* --- the handlers of checks: every cell touched becomes known --- */

static void know(uint64_t address, uint64_t size)
{
    for (uint64_t at = address & ~3ull; at < address + size; at += 4)
        *(volatile uint32_t *)(at ^ SHADOW_BIT) = KNOWN;
}

bool snarl_entry_is_small(const struct snarl_entry_call *call, uintptr_t rbp)
{
    (void)call;
    (void)rbp;
    return false;
}

bool snarl_entry_passes(const struct snarl_entry_call *call, uintptr_t rbp)
{
    (void)call;
    (void)rbp;
    return false;
}

void snarl_entry_on_access(struct snarl_entry_frame *frame)
{
    const struct snarl_plan_site *site = snarl_entry_site(frame);
    __atomic_fetch_add(&s_slow, 1, __ATOMIC_RELAXED);
    if (frame->address < SHADOW_BIT * 2)
        know(frame->address, site->size);
}

void snarl_entry_on_string(struct snarl_entry_frame *frame)
{
    struct snarl_entry_range ranges[2];
    unsigned count = snarl_entry_ranges(frame, ranges);
    __atomic_fetch_add(&s_strings, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < count; i++)
        if (ranges[i].address < SHADOW_BIT * 2 && ranges[i].size < 1u << 20)
            know(ranges[i].address, ranges[i].size);
}

void snarl_entry_on_before_atomic(struct snarl_entry_frame *frame)
{
    __atomic_fetch_add(&s_atomics, 1, __ATOMIC_RELAXED);
    if (frame->address < SHADOW_BIT * 2)
        know(frame->address, snarl_entry_site(frame)->size);
}

void snarl_entry_on_plain_atomic(struct snarl_entry_frame *frame)
{
    snarl_entry_on_before_atomic(frame);
}

void snarl_entry_on_after_atomic(struct snarl_entry_frame *frame)
{
    (void)frame;
}

void snarl_entry_on_refused(struct snarl_entry_frame *frame)
{
    (void)frame;
}

/* --- modules --- */

struct found {
    struct snarl_rewrite_target target;
    char name[256];
};
static struct found s_found[256];
static unsigned s_found_count;

static bool is_excluded(const char *name)
{
    static const char *const s_never[] = {"/libc.so", "/ld-linux", "librewrite_test", "linux-vdso", "/libm.so",
                                          "/libgcc_s.so"};
    const char *only = getenv("SNARL_TEST_ONLY");
    for (unsigned i = 0; i < sizeof(s_never) / sizeof(*s_never); i++)
        if (strstr(name, s_never[i]))
            return true;
    return only && !strstr(name, only);
}

static int collect(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    char program[256] = "";
    const char *name = info->dlpi_name;
    if (!*name && readlink("/proc/self/exe", program, sizeof(program) - 1) > 0)
        name = program;
    if (is_excluded(name) || s_found_count == 256)
        return 0;
    struct found *found = &s_found[s_found_count];
    snarl_rewrite_describe(&found->target, info);
    for (unsigned i = 0; i < snarl_rewrite_module_count(); i++)
        if (snarl_rewrite_module_get(i)->base == found->target.base)
            return 0;
    snprintf(found->name, sizeof(found->name), "%s", name);
    s_found_count++;
    return 0;
}

static void note(const char *text, const char *name, const char *problem)
{
    const char *path = getenv("SNARL_TEST_REPORT");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    dprintf(fd, "%d %s %s %s\n", (int)getpid(), text, name, problem ? problem : "");
    close(fd);
}

static void apply_found(void)
{
    const char *folder = getenv("SNARL_TEST_FOLDER");
    s_found_count = 0;
    dl_iterate_phdr(collect, NULL);
    for (unsigned i = 0; i < s_found_count; i++) {
        struct found *found = &s_found[i];
        char path[1024], name[SNARL_PLAN_NAME_MAX];
        if (!found->target.build_id_size)
            continue;
        snarl_plan_name(name, found->target.build_id, found->target.build_id_size, s_check);
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        const char *problem = snarl_rewrite_apply(&s_host, &found->target, path, s_check, false);
        note(problem ? "refused" : "applied", found->name, problem);
    }
}

static bool map_shadow(uint64_t start, uint64_t size)
{
    return mmap((void *)start, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == (void *)start;
}

__attribute__((constructor)) static void begin(void)
{
    const char *check = getenv("SNARL_TEST_CHECK");
    if (!check || !getenv("SNARL_TEST_FOLDER"))
        return;
    s_check = !strcmp(check, "race") ? SNARL_CHECK_RACE : !strcmp(check, "count") ? SNARL_CHECK_COUNT : SNARL_CHECK_NONE;
    uintptr_t self;
    __asm__("mov %%fs:0, %0" : "=r"(self));
    s_host.thread = (int32_t)((intptr_t)&s_area - (intptr_t)self);
    s_host.link[SNARL_LINK_ACCESS] = (void *)snarl_entry_access;
    s_host.link[SNARL_LINK_STRING] = (void *)snarl_entry_string;
    s_host.link[SNARL_LINK_PLAIN_ATOMIC] = (void *)snarl_entry_plain_atomic;
    s_host.link[SNARL_LINK_BEFORE_ATOMIC] = (void *)snarl_entry_before_atomic;
    s_host.link[SNARL_LINK_AFTER_ATOMIC] = (void *)snarl_entry_after_atomic;
    if (s_check == SNARL_CHECK_RACE &&
        !(map_shadow(0x100000000000, 0x100000000000) && map_shadow(0x300000000000, 0x100000000000) &&
          map_shadow(0x400000000000, 0x1000000000))) {
        note("no shadow", "", NULL);
        return;
    }
    s_ready = true;
    apply_found();
}

__attribute__((destructor)) static void end(void)
{
    char counts[128];
    snprintf(counts, sizeof(counts), "%llu slow %llu string %llu atomic %llu", (unsigned long long)s_area.count,
             (unsigned long long)s_slow, (unsigned long long)s_strings, (unsigned long long)s_atomics);
    if (s_ready)
        note("counts", counts, NULL);
}

/* --- signals: what a handler sees is translated --- */

static struct sigaction s_actions[NSIG];

static void deliver(int signal, siginfo_t *info, void *context)
{
    struct snarl_translated kept;
    snarl_translate_in(&kept, context, &s_area);
    if (s_actions[signal].sa_flags & SA_SIGINFO)
        s_actions[signal].sa_sigaction(signal, info, context);
    else
        s_actions[signal].sa_handler(signal);
    snarl_translate_out(&kept, context, &s_area);
}

EXPORT int sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
    static int (*s_real)(int, const struct sigaction *, struct sigaction *);
    struct sigaction wrapped, before = signal > 0 && signal < NSIG ? s_actions[signal] : (struct sigaction){0};
    if (!s_real)
        s_real = (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
    if (action && signal > 0 && signal < NSIG && action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
        wrapped = *action;
        s_actions[signal] = *action;
        wrapped.sa_sigaction = deliver;
        wrapped.sa_flags |= SA_SIGINFO;
        action = &wrapped;
    }
    int result = s_real(signal, action, old);
    if (old && old->sa_sigaction == deliver) {
        int flags = old->sa_flags;
        *old = before;
        old->sa_flags = (flags & ~SA_SIGINFO) | (before.sa_flags & SA_SIGINFO);
    }
    return result;
}

EXPORT sighandler_t signal(int number, sighandler_t function)
{
    struct sigaction action = {.sa_handler = function, .sa_flags = SA_RESTART}, old;
    return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

/* --- modules that come and go --- */

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;

static void *opened(void *handle)
{
    if (handle && s_ready) {
        pthread_mutex_lock(&s_lock);
        apply_found();
        pthread_mutex_unlock(&s_lock);
    }
    return handle;
}

EXPORT void *dlopen(const char *name, int flags)
{
    static void *(*s_real)(const char *, int);
    if (!s_real)
        s_real = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    return opened(s_real(name, flags));
}

struct bases {
    uintptr_t at[256];
    unsigned count;
};

static int collect_base(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    struct bases *bases = argument;
    struct snarl_rewrite_target target;
    snarl_rewrite_describe(&target, info);
    if (bases->count < 256)
        bases->at[bases->count++] = target.base;
    return 0;
}

EXPORT int dlclose(void *handle)
{
    static int (*s_real)(void *);
    if (!s_real)
        s_real = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
    int result = s_real(handle);
    struct bases bases = {.count = 0};
    pthread_mutex_lock(&s_lock);
    dl_iterate_phdr(collect_base, &bases);
    for (unsigned i = 0; i < snarl_rewrite_module_count(); i++) {
        bool there = false;
        for (unsigned k = 0; k < bases.count; k++)
            there |= bases.at[k] == snarl_rewrite_module_get(i)->base;
        if (!there)
            snarl_rewrite_forget(snarl_rewrite_module_get(i)->base);
    }
    pthread_mutex_unlock(&s_lock);
    return result;
}
