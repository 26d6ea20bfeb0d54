/* stage.c - see stage.h. */
#include "stage.h"

static int s_ends;

static void end_process(struct snarl_thread *thr, int status)
{
    (void)thr, (void)status;
    s_ends++;
}

static bool never(void)
{
    return false;
}

static int zero(enum snarl_kind kind, uintptr_t address)
{
    (void)kind;
    (void)address;
    return 0;
}

static const struct snarl_host s_host = {
    .end_process = end_process, .woken_from_outside = never, .semaphore_value = zero};

static void complain(const char *key, const char *value)
{
    (void)key, (void)value;
}

struct snarl_thread *stage_open(void)
{
    snarl_options_parse(&snarl_options, "races=off", complain);
    struct snarl_thread *thr = snarl_engine_open(&s_host, "off", 1000);
    thr->guard = 1;
    snarl_engine_wake(thr);
    return thr;
}

struct snarl_thread *stage_thread(struct snarl_thread *creator)
{
    static uint64_t s_handle = 2000;
    struct snarl_thread *thr = snarl_engine_thread_create(creator, stage_site(1), false);
    thr->guard = 1;
    snarl_engine_thread_start(thr, s_handle++);
    return thr;
}

int stage_ends(void)
{
    return s_ends;
}

struct snarl_site stage_site(unsigned number)
{
    static uintptr_t s_stack[4096]; /* where the "return addresses" of these places would be looked for */
    return (struct snarl_site){.pc = 0x10000 + number, .cfa = (uintptr_t)&s_stack[number % 4096]};
}

void stage_lock(struct snarl_thread *thr, uintptr_t mutex, unsigned place)
{
    snarl_lock_acquired(thr, mutex, SNARL_KIND_MUTEX, 0, SNARL_MODE_WRITE, SNARL_HOW_BLOCK, stage_site(place));
}

void stage_unlock(struct snarl_thread *thr, uintptr_t mutex)
{
    snarl_lock_releasing(thr, mutex, stage_site(0));
}
