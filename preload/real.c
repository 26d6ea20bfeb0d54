/* real.c - see real.h. The look-up itself is in libc_symbols.c. */
#include "real.h"

#include <stddef.h>

int (*real_pthread_mutex_init)(pthread_mutex_t *, const pthread_mutexattr_t *);
int (*real_pthread_mutex_destroy)(pthread_mutex_t *);
int (*real_pthread_mutex_lock)(pthread_mutex_t *);
int (*real_pthread_mutex_trylock)(pthread_mutex_t *);
int (*real_pthread_mutex_timedlock)(pthread_mutex_t *, const struct timespec *);
int (*real_pthread_mutex_clocklock)(pthread_mutex_t *, clockid_t, const struct timespec *);
int (*real_pthread_mutex_unlock)(pthread_mutex_t *);
int (*real_pthread_rwlock_init)(pthread_rwlock_t *, const pthread_rwlockattr_t *);
int (*real_pthread_rwlock_destroy)(pthread_rwlock_t *);
int (*real_pthread_rwlock_rdlock)(pthread_rwlock_t *);
int (*real_pthread_rwlock_tryrdlock)(pthread_rwlock_t *);
int (*real_pthread_rwlock_timedrdlock)(pthread_rwlock_t *, const struct timespec *);
int (*real_pthread_rwlock_clockrdlock)(pthread_rwlock_t *, clockid_t, const struct timespec *);
int (*real_pthread_rwlock_wrlock)(pthread_rwlock_t *);
int (*real_pthread_rwlock_trywrlock)(pthread_rwlock_t *);
int (*real_pthread_rwlock_timedwrlock)(pthread_rwlock_t *, const struct timespec *);
int (*real_pthread_rwlock_clockwrlock)(pthread_rwlock_t *, clockid_t, const struct timespec *);
int (*real_pthread_rwlock_unlock)(pthread_rwlock_t *);
int (*real_pthread_spin_init)(pthread_spinlock_t *, int);
int (*real_pthread_spin_destroy)(pthread_spinlock_t *);
int (*real_pthread_spin_lock)(pthread_spinlock_t *);
int (*real_pthread_spin_trylock)(pthread_spinlock_t *);
int (*real_pthread_spin_unlock)(pthread_spinlock_t *);
int (*real_pthread_cond_init)(pthread_cond_t *, const pthread_condattr_t *);
int (*real_pthread_cond_destroy)(pthread_cond_t *);
int (*real_pthread_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
int (*real_pthread_cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int (*real_pthread_cond_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
int (*real_pthread_cond_signal)(pthread_cond_t *);
int (*real_pthread_cond_broadcast)(pthread_cond_t *);
int (*real_pthread_cond_init_2_2_5)(pthread_cond_t *, const pthread_condattr_t *);
int (*real_pthread_cond_destroy_2_2_5)(pthread_cond_t *);
int (*real_pthread_cond_wait_2_2_5)(pthread_cond_t *, pthread_mutex_t *);
int (*real_pthread_cond_timedwait_2_2_5)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int (*real_pthread_cond_signal_2_2_5)(pthread_cond_t *);
int (*real_pthread_cond_broadcast_2_2_5)(pthread_cond_t *);
int (*real_pthread_barrier_init)(pthread_barrier_t *, const pthread_barrierattr_t *, unsigned);
int (*real_pthread_barrier_destroy)(pthread_barrier_t *);
int (*real_pthread_barrier_wait)(pthread_barrier_t *);
int (*real_sem_init)(sem_t *, int, unsigned);
int (*real_sem_destroy)(sem_t *);
sem_t *(*real_sem_open)(const char *, int, ...);
int (*real_sem_close)(sem_t *);
int (*real_sem_wait)(sem_t *);
int (*real_sem_trywait)(sem_t *);
int (*real_sem_timedwait)(sem_t *, const struct timespec *);
int (*real_sem_clockwait)(sem_t *, clockid_t, const struct timespec *);
int (*real_sem_post)(sem_t *);
int (*real_sem_getvalue)(sem_t *, int *);
int (*real_pthread_once)(pthread_once_t *, void (*)(void));
void (*real_call_once)(once_flag *, void (*)(void));
int (*real_pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int (*real_pthread_join)(pthread_t, void **);
int (*real_pthread_tryjoin_np)(pthread_t, void **);
int (*real_pthread_timedjoin_np)(pthread_t, void **, const struct timespec *);
int (*real_pthread_clockjoin_np)(pthread_t, void **, clockid_t, const struct timespec *);
int (*real_pthread_detach)(pthread_t);
int (*real_pthread_setname_np)(pthread_t, const char *);
int (*real_prctl)(int, ...);
int (*real_thrd_create)(thrd_t *, thrd_start_t, void *);
int (*real_thrd_join)(thrd_t, int *);
int (*real_thrd_detach)(thrd_t);
int (*real_mtx_init)(mtx_t *, int);
void (*real_mtx_destroy)(mtx_t *);
int (*real_mtx_lock)(mtx_t *);
int (*real_mtx_trylock)(mtx_t *);
int (*real_mtx_timedlock)(mtx_t *restrict, const struct timespec *restrict);
int (*real_mtx_unlock)(mtx_t *);
int (*real_cnd_init)(cnd_t *);
void (*real_cnd_destroy)(cnd_t *);
int (*real_cnd_wait)(cnd_t *, mtx_t *);
int (*real_cnd_timedwait)(cnd_t *restrict, mtx_t *restrict, const struct timespec *restrict);
int (*real_cnd_signal)(cnd_t *);
int (*real_cnd_broadcast)(cnd_t *);
pid_t (*real__Fork)(void);
void (*real__exit)(int) __attribute__((noreturn));
void (*real_quick_exit)(int) __attribute__((noreturn));
int (*real_execve)(const char *, char *const[], char *const[]);
int (*real_execvpe)(const char *, char *const[], char *const[]);
int (*real_fexecve)(int, char *const[], char *const[]);
int (*real_execveat)(int, const char *, char *const[], char *const[], int);
int (*real_posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                        char *const[], char *const[]);
int (*real_posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                         char *const[], char *const[]);
pid_t (*real_wait)(int *);
pid_t (*real_waitpid)(pid_t, int *, int);
pid_t (*real_wait3)(int *, int, struct rusage *);
pid_t (*real_wait4)(pid_t, int *, int, struct rusage *);
int (*real_waitid)(idtype_t, id_t, siginfo_t *, int);
int (*real_raise)(int);
void (*real_longjmp)(struct __jmp_buf_tag *, int);
void (*real___longjmp_chk)(struct __jmp_buf_tag *, int);
int (*real_kill)(pid_t, int);
int (*real_killpg)(pid_t, int);
int (*real_tgkill)(pid_t, pid_t, int);
int (*real_sigqueue)(pid_t, int, const union sigval);
int (*real_pthread_sigqueue)(pthread_t, int, const union sigval);
unsigned (*real_alarm)(unsigned);
int (*real_setitimer)(int, const struct itimerval *, struct itimerval *);
int (*real_sigwait)(const sigset_t *, int *);
int (*real_sigwaitinfo)(const sigset_t *, siginfo_t *);
int (*real_sigtimedwait)(const sigset_t *, siginfo_t *, const struct timespec *);
int (*real___cxa_atexit)(void (*)(void *), void *, void *);
int (*real_pthread_kill)(pthread_t, int);
int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);
int (*real_close)(int);
int (*real_dup2)(int, int);
int (*real_dup3)(int, int, int);
int (*real_close_range)(unsigned, unsigned, int);
void (*real_closefrom)(int);
int (*real_munmap)(void *, size_t);

sighandler_t (*real_signal)(int, sighandler_t);
sighandler_t (*real_sysv_signal)(int, sighandler_t);
sighandler_t (*real_sigset)(int, sighandler_t);

struct entry {
    const char *name;
    void **pointer;
    const char *version; /* NULL: the default one */
};

static const struct entry s_entries[] = {
    {"pthread_mutex_init", (void **)&real_pthread_mutex_init, NULL},
    {"pthread_mutex_destroy", (void **)&real_pthread_mutex_destroy, NULL},
    {"pthread_mutex_lock", (void **)&real_pthread_mutex_lock, NULL},
    {"pthread_mutex_trylock", (void **)&real_pthread_mutex_trylock, NULL},
    {"pthread_mutex_timedlock", (void **)&real_pthread_mutex_timedlock, NULL},
    {"pthread_mutex_clocklock", (void **)&real_pthread_mutex_clocklock, NULL},
    {"pthread_mutex_unlock", (void **)&real_pthread_mutex_unlock, NULL},
    {"pthread_rwlock_init", (void **)&real_pthread_rwlock_init, NULL},
    {"pthread_rwlock_destroy", (void **)&real_pthread_rwlock_destroy, NULL},
    {"pthread_rwlock_rdlock", (void **)&real_pthread_rwlock_rdlock, NULL},
    {"pthread_rwlock_tryrdlock", (void **)&real_pthread_rwlock_tryrdlock, NULL},
    {"pthread_rwlock_timedrdlock", (void **)&real_pthread_rwlock_timedrdlock, NULL},
    {"pthread_rwlock_clockrdlock", (void **)&real_pthread_rwlock_clockrdlock, NULL},
    {"pthread_rwlock_wrlock", (void **)&real_pthread_rwlock_wrlock, NULL},
    {"pthread_rwlock_trywrlock", (void **)&real_pthread_rwlock_trywrlock, NULL},
    {"pthread_rwlock_timedwrlock", (void **)&real_pthread_rwlock_timedwrlock, NULL},
    {"pthread_rwlock_clockwrlock", (void **)&real_pthread_rwlock_clockwrlock, NULL},
    {"pthread_rwlock_unlock", (void **)&real_pthread_rwlock_unlock, NULL},
    {"pthread_spin_init", (void **)&real_pthread_spin_init, NULL},
    {"pthread_spin_destroy", (void **)&real_pthread_spin_destroy, NULL},
    {"pthread_spin_lock", (void **)&real_pthread_spin_lock, NULL},
    {"pthread_spin_trylock", (void **)&real_pthread_spin_trylock, NULL},
    {"pthread_spin_unlock", (void **)&real_pthread_spin_unlock, NULL},
    {"pthread_cond_init", (void **)&real_pthread_cond_init, NULL},
    {"pthread_cond_destroy", (void **)&real_pthread_cond_destroy, NULL},
    {"pthread_cond_wait", (void **)&real_pthread_cond_wait, NULL},
    {"pthread_cond_timedwait", (void **)&real_pthread_cond_timedwait, NULL},
    {"pthread_cond_clockwait", (void **)&real_pthread_cond_clockwait, NULL},
    {"pthread_cond_signal", (void **)&real_pthread_cond_signal, NULL},
    {"pthread_cond_broadcast", (void **)&real_pthread_cond_broadcast, NULL},
    {"pthread_cond_init", (void **)&real_pthread_cond_init_2_2_5, "GLIBC_2.2.5"},
    {"pthread_cond_destroy", (void **)&real_pthread_cond_destroy_2_2_5, "GLIBC_2.2.5"},
    {"pthread_cond_wait", (void **)&real_pthread_cond_wait_2_2_5, "GLIBC_2.2.5"},
    {"pthread_cond_timedwait", (void **)&real_pthread_cond_timedwait_2_2_5, "GLIBC_2.2.5"},
    {"pthread_cond_signal", (void **)&real_pthread_cond_signal_2_2_5, "GLIBC_2.2.5"},
    {"pthread_cond_broadcast", (void **)&real_pthread_cond_broadcast_2_2_5, "GLIBC_2.2.5"},
    {"pthread_barrier_init", (void **)&real_pthread_barrier_init, NULL},
    {"pthread_barrier_destroy", (void **)&real_pthread_barrier_destroy, NULL},
    {"pthread_barrier_wait", (void **)&real_pthread_barrier_wait, NULL},
    {"sem_init", (void **)&real_sem_init, NULL},
    {"sem_destroy", (void **)&real_sem_destroy, NULL},
    {"sem_open", (void **)&real_sem_open, NULL},
    {"sem_close", (void **)&real_sem_close, NULL},
    {"sem_wait", (void **)&real_sem_wait, NULL},
    {"sem_trywait", (void **)&real_sem_trywait, NULL},
    {"sem_timedwait", (void **)&real_sem_timedwait, NULL},
    {"sem_clockwait", (void **)&real_sem_clockwait, NULL},
    {"sem_post", (void **)&real_sem_post, NULL},
    {"sem_getvalue", (void **)&real_sem_getvalue, NULL},
    {"pthread_once", (void **)&real_pthread_once, NULL},
    {"call_once", (void **)&real_call_once, NULL},
    {"pthread_create", (void **)&real_pthread_create, NULL},
    {"pthread_join", (void **)&real_pthread_join, NULL},
    {"pthread_tryjoin_np", (void **)&real_pthread_tryjoin_np, NULL},
    {"pthread_timedjoin_np", (void **)&real_pthread_timedjoin_np, NULL},
    {"pthread_clockjoin_np", (void **)&real_pthread_clockjoin_np, NULL},
    {"pthread_detach", (void **)&real_pthread_detach, NULL},
    {"pthread_setname_np", (void **)&real_pthread_setname_np, NULL},
    {"prctl", (void **)&real_prctl, NULL},
    {"thrd_create", (void **)&real_thrd_create, NULL},
    {"thrd_join", (void **)&real_thrd_join, NULL},
    {"thrd_detach", (void **)&real_thrd_detach, NULL},
    {"mtx_init", (void **)&real_mtx_init, NULL},
    {"mtx_destroy", (void **)&real_mtx_destroy, NULL},
    {"mtx_lock", (void **)&real_mtx_lock, NULL},
    {"mtx_trylock", (void **)&real_mtx_trylock, NULL},
    {"mtx_timedlock", (void **)&real_mtx_timedlock, NULL},
    {"mtx_unlock", (void **)&real_mtx_unlock, NULL},
    {"cnd_init", (void **)&real_cnd_init, NULL},
    {"cnd_destroy", (void **)&real_cnd_destroy, NULL},
    {"cnd_wait", (void **)&real_cnd_wait, NULL},
    {"cnd_timedwait", (void **)&real_cnd_timedwait, NULL},
    {"cnd_signal", (void **)&real_cnd_signal, NULL},
    {"cnd_broadcast", (void **)&real_cnd_broadcast, NULL},
    {"_Fork", (void **)&real__Fork, NULL},
    {"_exit", (void **)&real__exit, NULL},
    {"quick_exit", (void **)&real_quick_exit, NULL},
    {"execve", (void **)&real_execve, NULL},
    {"execvpe", (void **)&real_execvpe, NULL},
    {"fexecve", (void **)&real_fexecve, NULL},
    {"execveat", (void **)&real_execveat, NULL},
    {"posix_spawn", (void **)&real_posix_spawn, NULL},
    {"posix_spawnp", (void **)&real_posix_spawnp, NULL},
    {"wait", (void **)&real_wait, NULL},
    {"waitpid", (void **)&real_waitpid, NULL},
    {"wait3", (void **)&real_wait3, NULL},
    {"wait4", (void **)&real_wait4, NULL},
    {"waitid", (void **)&real_waitid, NULL},
    {"signal", (void **)&real_signal, NULL},
    {"sysv_signal", (void **)&real_sysv_signal, NULL},
    {"sigset", (void **)&real_sigset, NULL},
    {"raise", (void **)&real_raise, NULL},
    {"longjmp", (void **)&real_longjmp, NULL},
    {"__longjmp_chk", (void **)&real___longjmp_chk, NULL},
    {"kill", (void **)&real_kill, NULL},
    {"killpg", (void **)&real_killpg, NULL},
    {"tgkill", (void **)&real_tgkill, NULL},
    {"sigqueue", (void **)&real_sigqueue, NULL},
    {"pthread_sigqueue", (void **)&real_pthread_sigqueue, NULL},
    {"alarm", (void **)&real_alarm, NULL},
    {"setitimer", (void **)&real_setitimer, NULL},
    {"sigwait", (void **)&real_sigwait, NULL},
    {"sigwaitinfo", (void **)&real_sigwaitinfo, NULL},
    {"sigtimedwait", (void **)&real_sigtimedwait, NULL},
    {"__cxa_atexit", (void **)&real___cxa_atexit, NULL},
    {"pthread_kill", (void **)&real_pthread_kill, NULL},
    {"sigaction", (void **)&real_sigaction, NULL},
    {"close", (void **)&real_close, NULL},
    {"dup2", (void **)&real_dup2, NULL},
    {"dup3", (void **)&real_dup3, NULL},
    {"close_range", (void **)&real_close_range, NULL},
    {"closefrom", (void **)&real_closefrom, NULL},
    {"munmap", (void **)&real_munmap, NULL},
};

void snarl_real_resolve(void)
{
    /* Twice at the same time is harmless: everybody finds the same. */
    for (size_t i = 0; i < sizeof(s_entries) / sizeof(*s_entries); i++) {
        const struct entry *entry = &s_entries[i];
        if (!*entry->pointer)
            *entry->pointer = entry->version ? snarl_real_find_version(entry->name, entry->version)
                                             : snarl_real_find(entry->name);
    }
}
