/* init.c - the shim's beginning and end.
 *
 * The constructor opens the run file and makes the main thread's record; from then on interceptors work. Those that
 * run earlier (other libraries' constructors) pass through. A failure of ours leaves the detached record in place, so
 * that every interceptor passes through for good, after one line that says so. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "base/text.h"
#include "preload/access.h"
#include "preload/access/ports.h"
#include "preload/early.h"
#include "preload/environment.h"
#include "preload/loader.h"
#include "preload/process.h"
#include "preload/python/python.h"
#include "preload/real.h"
#include "preload/report.h"
#include "preload/shim.h"
#include "preload/tsan/tsan.h"

static struct snarl_thread s_detached = {.guard = 1};
__thread struct snarl_thread *snarl_current __attribute__((tls_model("initial-exec"))) = &s_detached;
struct snarl_region snarl_runtime;
__thread volatile int snarl_signals_put_off __attribute__((tls_model("initial-exec")));

static pid_t s_pid; /* of the process that the records describe: a vfork child has another */
static char s_own_path[SNARL_PATH_MAX];

struct snarl_thread *snarl_enter_refused(void)
{
    static bool s_resolved;
    if (!__atomic_load_n(&s_resolved, __ATOMIC_ACQUIRE)) {
        snarl_real_resolve();
        __atomic_store_n(&s_resolved, true, __ATOMIC_RELEASE);
    }
    return NULL;
}

uint64_t snarl_self_handle(void)
{
    return (uint64_t)pthread_self();
}

const char *snarl_own_path(void)
{
    return s_own_path;
}

const char *snarl_mode_word(void)
{
    static const char *const words[] = {[SNARL_RACES_OFF] = "off", [SNARL_RACES_CALLS] = "calls",
                                        [SNARL_RACES_FULL] = "full"};
    if (snarl_options.races == SNARL_RACES_FULL && snarl_tsan_present())
        return "tsan";
    return words[snarl_options.races];
}

__thread const void *snarl_runtime_told __attribute__((tls_model("initial-exec")));

void snarl_runtime_acquired(uintptr_t semaphore)
{
    bool wanted = snarl_races_on && snarl_awake && snarl_race_atomic_maybe(semaphore); /* it was released here, and not told otherwise */
    struct snarl_thread *thr = wanted ? snarl_enter() : NULL;
    if (!thr)
        return;
    snarl_order_memory_acquire(thr, semaphore);
    snarl_leave(thr);
}

void snarl_runtime_releasing(uintptr_t semaphore)
{
    struct snarl_thread *thr = snarl_races_on && snarl_awake ? snarl_enter() : NULL;
    if (!thr)
        return;
    snarl_order_memory_release(thr, semaphore);
    snarl_leave(thr);
}

/* All mutexes of the runtime count as one: it has few, and the global one matters. */
void snarl_runtime_locked(void)
{
    snarl_runtime_acquired((uintptr_t)&snarl_runtime);
}

void snarl_runtime_unlocking(void)
{
    snarl_runtime_releasing((uintptr_t)&snarl_runtime);
}

static int semaphore_value(enum snarl_kind kind, uintptr_t address)
{
    if (kind == SNARL_KIND_PYTHON_LOCK)
        return snarl_python_lock_value(address);
    int value = 0;
    return real_sem_getvalue((sem_t *)address, &value) == 0 ? value : 0;
}

/* What the program has buffered for its standard output is its own: a deadlock must not eat it. */
static void flush_stdout(void)
{
    if (ftrylockfile(stdout) == 0) {
        fflush_unlocked(stdout);
        funlockfile(stdout);
    }
}

_Noreturn void snarl_process_end_now(int status)
{
    flush_stdout();
    snarl_os_exit(status);
}

static void end_process(struct snarl_thread *thr, int status)
{
    snarl_process_ends(thr, status < 0 ? 1 : 3, status < 0 ? SIGABRT : status);
    if (status >= 0)
        snarl_process_end_now(status);
    flush_stdout();
    signal(SIGABRT, SIG_DFL);
    abort();
}

static const struct snarl_host s_host = {
    .end_process = end_process, .woken_from_outside = snarl_signals_may_wake, .semaphore_value = semaphore_value};

static void complain(const char *key, const char *value)
{
    char line[256];
    struct snarl_text text = snarl_text_in(line, sizeof(line));
    snarl_text_add(snarl_text_add(snarl_text_add(&text, key), "="), value);
    snarl_text_warn("SNARL_OPTIONS: cannot use ", line, ": the default is used");
}

static void find_own_path(void)
{
    Dl_info info;
    if (dladdr(&s_host, &info) && info.dli_fname && strlen(info.dli_fname) < sizeof(s_own_path))
        strcpy(s_own_path, info.dli_fname);
}

/* Without a command and without --out: the folder that `snarl run` would have chosen. */
static void choose_directory(void)
{
    if (snarl_options.out[0])
        return;
    char program[SNARL_PATH_MAX];
    ssize_t length = snarl_os_readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[length > 0 ? length : 0] = '\0';
    const char *name = strrchr(program, '/');
    struct snarl_text text = snarl_text_in(snarl_options.out, sizeof(snarl_options.out));
    snarl_text_add(snarl_text_add(&text, "snarl-out/"), name ? name + 1 : "program");
    snarl_text_add_uint(snarl_text_add(&text, "-"), snarl_os_realtime_ns() / 1000000000u);
    snarl_text_add_uint(snarl_text_add(&text, "-"), (uint64_t)snarl_os_pid());
}

/* exit() and the return of main come here, after the program's own handlers and all destructors: handlers run in
 * reverse order, and ours was there before those of the program. */
static void finish(int status, void *argument)
{
    (void)argument;
    struct snarl_thread *thr = snarl_enter();
    if (!thr && snarl_thread_is_over()) { /* the last thread of all: then the first one's record may be used */
        thr = snarl_thread_by_id(1);
        if (thr)
            snarl_current = thr;
        thr = thr ? snarl_enter() : NULL;
    }
    if (!thr)
        return;
    snarl_process_ends(thr, 0, status & 0xff);
    snarl_leave(thr);
}

/* After everything else of the program has been initialised as far as we can tell: our dependencies (libc)
 * come first, other libraries' constructors may have run before. */
__attribute__((constructor)) static void begin(void)
{
    int saved = errno;
    snarl_early();
    snarl_enter_refused();
    find_own_path();
    snarl_options_parse(&snarl_options, getenv("SNARL_OPTIONS"), complain);
    if (!snarl_options.enabled)
        return;
    bool rival = snarl_tsan_has_rival();
    if (rival) /* which has the shadow's place, too */
        snarl_options.races = SNARL_RACES_OFF;
    choose_directory();
    s_pid = snarl_os_pid();
    struct snarl_thread *thr = snarl_engine_open(&s_host, snarl_mode_word(), snarl_self_handle());
    if (!thr) {
        snarl_text_warn("no memory for the detector: it is off for this process", NULL, NULL);
        return;
    }
    if (snarl_options.races == SNARL_RACES_FULL && !snarl_tsan_present())
        snarl_heap_begin();
    snarl_report_prepare();
    snarl_environment_prepare();
    snarl_memory_find_allocator();
    snarl_process_prepare();
    on_exit(finish, NULL);
    snarl_tsan_begin(thr);
    if (rival)
        snarl_tsan_tell_of_rival();
    snarl_python_prepare();
    snarl_current = thr;
    errno = saved;
}

/* In the child of a fork. */
void snarl_process_forked(struct snarl_thread *thr)
{
    s_pid = snarl_os_pid();
    snarl_report_forked();
    snarl_engine_forked(thr, snarl_mode_word(), snarl_self_handle());
    snarl_ports_forked();
    snarl_loader_forked();
    snarl_tsan_attach(thr);
}

void snarl_process_ends(struct snarl_thread *thr, int how, int value)
{
    if (thr == &s_detached || s_pid != snarl_os_pid())
        return;
    snarl_engine_close(thr, how, value);
    snarl_report_print();
}

bool snarl_process_is_ours(void)
{
    return s_pid == snarl_os_pid();
}
