/* tsan.h - code compiled with -fsanitize=thread: how its calls find the thread's race record.
 *
 * The compiler calls a function before each access, at entry and exit of each function and for each atomic operation
 * (the ABI of gcc 12 and clang 14; access.c, calls.c, atomic.c). They run outside of the shim's guard as long as they stay on the
 * fast path, which reads and writes nothing that a signal handler could find half done; everything else enters
 * the detector as interceptors do.
 *
 * `snarl_race_current` is never NULL: threads that have no record of their own share one that ignores everything. */
#ifndef SNARL_PRELOAD_TSAN_TSAN_H
#define SNARL_PRELOAD_TSAN_TSAN_H

#include "preload/shim.h"
#include "race/race.h"

extern __thread struct snarl_race_thread *snarl_race_current __attribute__((tls_model("initial-exec")));

/* Makes `thr`, the calling thread, the one whose accesses are seen; NULL: none. */
void snarl_tsan_attach(const struct snarl_thread *thr);
/* Begins to look for races when compiled code has asked for it, now or before. For the main thread while it is alone. */
void snarl_tsan_begin(struct snarl_thread *thr);
/* Whether compiled code has shown itself, or is going to. */
bool snarl_tsan_present(void);
/* modules.c: whether another runtime answers the compiled code's calls, and to say so in the report. */
bool snarl_tsan_has_rival(void);
void snarl_tsan_tell_of_rival(void);
/* modules.c: whether the code at `pc` was not compiled so, and does not note its calls. */
bool snarl_tsan_outside(uintptr_t pc);
/* The contrary, remembered. */
bool snarl_tsan_notes(uintptr_t pc);
/* modules.c: whether a module that is loaded wants this function of others. */
bool snarl_tsan_wanted(const char *function);

#define SNARL_PC ((uintptr_t)__builtin_return_address(0))

#endif
