/* scene.h - stage directions for the samples: which thread may go on, and when.
 *
 * The samples show what a detector must say about one certain interleaving, so the interleaving may not depend
 * on luck. Threads count up one number and wait for it. These are relaxed operations on a private variable: they
 * fix the schedule of the run but are none of the calls that order threads (no lock, semaphore, condition,
 * barrier or join), so for a detector of lock orders they are not there.
 *
 * Each sample is one file: compiled as it is, it has the bug; with -DFIXED it is its corrected twin. Its head
 * comment carries what must be found, in the form that tests/e2e/README.md explains. */
#ifndef SAMPLES_SCENE_H
#define SAMPLES_SCENE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_THREAD__
/* Without snarl, the sanitizer's own runtime shall say nothing and change nothing. */
#ifdef __cplusplus
extern "C"
#endif
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_bugs=0:exitcode=0:die_after_fork=0";
}
#endif

static int s_scene;

#ifdef SCENE_UNSEEN
/* In machine code a relaxed operation looks like one that orders, and would hide the race that a sample has. So there the number
 * is changed and compared by the kernel, in system calls that order nothing. */
static inline long scene_futex(int operation, unsigned value, const void *timeout, int *other, unsigned change)
{
    register const void *fourth __asm__("r10") = timeout;
    register int *fifth __asm__("r8") = other;
    register unsigned long sixth __asm__("r9") = change;
    long result = 202; /* futex */
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(&s_scene), "S"((long)operation), "d"((unsigned long)value), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

static inline void scene_arrive(void)
{
    scene_futex(5 /* FUTEX_WAKE_OP */, 0, NULL, &s_scene, 1u << 28 | 1u << 12); /* adds 1 */
}

/* Waits until scene_arrive() has been called `count` times in all. */
static inline void scene_await(int count)
{
    struct timespec pause = {0, 200000};
    for (int number = 0; number < count; number++) /* it only grows: another one is a larger one */
        while (scene_futex(0 /* FUTEX_WAIT */, (unsigned)number, &pause, NULL, 0) != -EAGAIN)
            ;
}
#else
static inline void scene_arrive(void)
{
    __atomic_fetch_add(&s_scene, 1, __ATOMIC_RELAXED);
}

/* Waits until scene_arrive() has been called `count` times in all. */
static inline void scene_await(int count)
{
    struct timespec pause = {0, 200000};
    while (__atomic_load_n(&s_scene, __ATOMIC_RELAXED) < count)
        nanosleep(&pause, NULL);
}
#endif

/* Returns once `count` threads have come here or to scene_arrive(). */
static inline void scene_meet(int count)
{
    scene_arrive();
    scene_await(count);
}

/* Waits until thread `tid` of this process (see gettid) sleeps in a futex call, that is, is blocked. */
static inline void scene_await_blocked(int tid)
{
    struct timespec pause = {0, 1000000};
    char path[64];
    char text[8];
    snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
    for (int seen = 0; seen < 3; nanosleep(&pause, NULL)) {
        FILE *file = fopen(path, "r");
        if (file && fgets(text, sizeof(text), file) && strncmp(text, "202 ", 4) == 0)
            seen++;
        else
            seen = 0;
        if (file)
            fclose(file);
    }
}

#endif
