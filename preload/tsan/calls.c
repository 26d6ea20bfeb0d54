/* calls.c - the beginning, function entry and exit, and the switches of the compiler's ABI. */
#include "preload/tsan/tsan.h"

#include "base/os.h"
#include "base/text.h"
#include "preload/access.h"
#include "shadow/shadow.h"

#define ASLEEP_FRAMES 16

static struct snarl_race_frame s_frames[ASLEEP_FRAMES];
/* For threads without a record: its unit range is everything, so each access is a hit. */
static struct snarl_race_thread s_asleep = {
    .base = 0,
    .span = UINT32_MAX,
    .shared = SNARL_CELL_NONE,
    .ignore = 1,
    .frames = s_frames,
    .frame = s_frames,
    .frame_end = s_frames + ASLEEP_FRAMES,
};
__thread struct snarl_race_thread *snarl_race_current __attribute__((tls_model("initial-exec"))) = &s_asleep;

static bool s_present, s_looked;

bool snarl_tsan_present(void)
{
    if (!s_present && !s_looked)
        s_present = snarl_tsan_wanted("__tsan_init");
    s_looked = true;
    return s_present;
}

void snarl_tsan_attach(const struct snarl_thread *thr)
{
    bool seen = thr && thr->races && s_present && snarl_options.races == SNARL_RACES_FULL;
    snarl_race_current = seen ? thr->races : &s_asleep;
}

/* A call that came out of a library: the frames between are found on the stack. */
static uint32_t around(struct snarl_race_thread *races, uintptr_t pc, uintptr_t sp)
{
    return snarl_access_where(races->host, (struct snarl_site){.pc = pc, .cfa = sp});
}

void snarl_tsan_begin(struct snarl_thread *thr)
{
    if (!s_present || snarl_options.races != SNARL_RACES_FULL)
        return;
    snarl_races_outside = snarl_tsan_outside;
    snarl_races_around = around;
    if (!snarl_races_begin(thr))
        return;
    snarl_heap_begin();
    snarl_tsan_attach(thr);
}

/* Compiled code looks at the shadow whether anybody looks for races or not. */
static void reserve_shadow(void)
{
    if (snarl_shadow_reserve())
        return;
    snarl_text_warn("the program is built with -fsanitize=thread, and the address space has no room for the shadow memory: "
                    "run it without a limit on virtual memory (ulimit -v), or build it without that option", NULL, NULL);
    snarl_os_exit(125);
}

/* Called by the start-up code of every compiled module; by the program's before any library is initialised, libc
 * included: then the shim's constructor does the rest. */
SNARL_EXPORT void __tsan_init(void);
SNARL_EXPORT void __tsan_init(void)
{
    s_present = true;
    reserve_shadow();
    snarl_race_fences = snarl_tsan_wanted("__tsan_atomic_thread_fence");
    if (snarl_races_on || !snarl_enter_possible(snarl_current))
        return;
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    snarl_tsan_begin(thr);
    snarl_leave(thr);
}

SNARL_EXPORT void __tsan_func_entry(void *pc);
SNARL_EXPORT void __tsan_func_entry(void *pc)
{
    snarl_race_call(snarl_race_current, (uintptr_t)pc, (uintptr_t)__builtin_frame_address(0));
}

SNARL_EXPORT void __tsan_func_exit(void);
SNARL_EXPORT void __tsan_func_exit(void)
{
    snarl_race_return(snarl_race_current);
}

static void ignore(bool begin)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    if (thr->races && begin)
        snarl_race_ignore_begin(thr->races);
    else if (thr->races)
        snarl_race_ignore_end(thr->races);
    snarl_leave(thr);
}

SNARL_EXPORT void __tsan_ignore_thread_begin(void);
SNARL_EXPORT void __tsan_ignore_thread_begin(void)
{
    ignore(true);
}

SNARL_EXPORT void __tsan_ignore_thread_end(void);
SNARL_EXPORT void __tsan_ignore_thread_end(void)
{
    ignore(false);
}

/* --- fibers: several courses of execution in one thread --- */

SNARL_EXPORT void *__tsan_get_current_fiber(void);
SNARL_EXPORT void *__tsan_get_current_fiber(void)
{
    return snarl_race_current;
}

SNARL_EXPORT void *__tsan_create_fiber(unsigned flags);
SNARL_EXPORT void *__tsan_create_fiber(unsigned flags)
{
    (void)flags;
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return &s_asleep;
    struct snarl_race_thread *fiber = NULL;
    if (thr->races) {
        snarl_engine_wake(thr);
        fiber = snarl_race_thread_new(snarl_race_current == &s_asleep ? thr->races : snarl_race_current, thr->id);
    }
    if (fiber)
        fiber->host = thr;
    snarl_leave(thr);
    return fiber ? fiber : &s_asleep;
}

SNARL_EXPORT void __tsan_destroy_fiber(void *fiber);
SNARL_EXPORT void __tsan_destroy_fiber(void *fiber)
{
    struct snarl_thread *thr = fiber != &s_asleep ? snarl_enter() : NULL;
    if (!thr)
        return;
    snarl_race_thread_exit(fiber);
    snarl_race_thread_drop(fiber);
    snarl_leave(thr);
}

/* Without flag 1 what the fiber left behind did happens before what the new one does. */
SNARL_EXPORT void __tsan_switch_to_fiber(void *fiber, unsigned flags);
SNARL_EXPORT void __tsan_switch_to_fiber(void *fiber, unsigned flags)
{
    struct snarl_thread *thr = snarl_enter();
    if (!thr)
        return;
    struct snarl_race_thread *next = fiber;
    if (next != &s_asleep && snarl_race_current != &s_asleep) {
        if (!(flags & 1)) {
            struct snarl_race_sync edge = {0};
            snarl_race_release(snarl_race_current, &edge);
            snarl_race_acquire(next, &edge);
            snarl_race_sync_clear(&edge);
        }
        next->host = thr;
        thr->races = next;
        snarl_race_current = next;
    }
    snarl_leave(thr);
}

SNARL_EXPORT void __tsan_set_fiber_name(void *fiber, const char *name);
SNARL_EXPORT void __tsan_set_fiber_name(void *fiber, const char *name)
{
    (void)fiber;
    (void)name;
}
