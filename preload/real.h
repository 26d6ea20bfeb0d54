/* real.h - the true functions behind the interceptors.
 *
 * They are looked up in libc itself, so that another interposed runtime (a sanitizer's) is passed over; only
 * the allocator is looked up behind us in load order, because programs may bring their own (see memory.c).
 * A pointer is NULL where this libc has no such function; then nobody can call our interceptor of it either. */
#ifndef SNARL_PRELOAD_REAL_H
#define SNARL_PRELOAD_REAL_H

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>

/* Fills all of them; called by the first interceptor that runs, perhaps long before our constructor. */
void snarl_real_resolve(void);

/* A further function of libc by name; NULL when it has none. */
void *snarl_real_find(const char *name);
/* `version` like "GLIBC_2.2.5". */
void *snarl_real_find_version(const char *name, const char *version);

/* mutex.c */
extern int (*real_pthread_mutex_init)(pthread_mutex_t *, const pthread_mutexattr_t *);
extern int (*real_pthread_mutex_destroy)(pthread_mutex_t *);
extern int (*real_pthread_mutex_lock)(pthread_mutex_t *);
extern int (*real_pthread_mutex_trylock)(pthread_mutex_t *);
extern int (*real_pthread_mutex_timedlock)(pthread_mutex_t *, const struct timespec *);
extern int (*real_pthread_mutex_clocklock)(pthread_mutex_t *, clockid_t, const struct timespec *);
extern int (*real_pthread_mutex_unlock)(pthread_mutex_t *);
/* rwlock.c */
extern int (*real_pthread_rwlock_init)(pthread_rwlock_t *, const pthread_rwlockattr_t *);
extern int (*real_pthread_rwlock_destroy)(pthread_rwlock_t *);
extern int (*real_pthread_rwlock_rdlock)(pthread_rwlock_t *);
extern int (*real_pthread_rwlock_tryrdlock)(pthread_rwlock_t *);
extern int (*real_pthread_rwlock_timedrdlock)(pthread_rwlock_t *, const struct timespec *);
extern int (*real_pthread_rwlock_clockrdlock)(pthread_rwlock_t *, clockid_t, const struct timespec *);
extern int (*real_pthread_rwlock_wrlock)(pthread_rwlock_t *);
extern int (*real_pthread_rwlock_trywrlock)(pthread_rwlock_t *);
extern int (*real_pthread_rwlock_timedwrlock)(pthread_rwlock_t *, const struct timespec *);
extern int (*real_pthread_rwlock_clockwrlock)(pthread_rwlock_t *, clockid_t, const struct timespec *);
extern int (*real_pthread_rwlock_unlock)(pthread_rwlock_t *);
/* spin.c */
extern int (*real_pthread_spin_init)(pthread_spinlock_t *, int);
extern int (*real_pthread_spin_destroy)(pthread_spinlock_t *);
extern int (*real_pthread_spin_lock)(pthread_spinlock_t *);
extern int (*real_pthread_spin_trylock)(pthread_spinlock_t *);
extern int (*real_pthread_spin_unlock)(pthread_spinlock_t *);
/* condition.c */
extern int (*real_pthread_cond_init)(pthread_cond_t *, const pthread_condattr_t *);
extern int (*real_pthread_cond_destroy)(pthread_cond_t *);
extern int (*real_pthread_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
extern int (*real_pthread_cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
extern int (*real_pthread_cond_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
extern int (*real_pthread_cond_signal)(pthread_cond_t *);
extern int (*real_pthread_cond_broadcast)(pthread_cond_t *);
/* the older symbol version, whose object is a pointer to the true one */
extern int (*real_pthread_cond_init_2_2_5)(pthread_cond_t *, const pthread_condattr_t *);
extern int (*real_pthread_cond_destroy_2_2_5)(pthread_cond_t *);
extern int (*real_pthread_cond_wait_2_2_5)(pthread_cond_t *, pthread_mutex_t *);
extern int (*real_pthread_cond_timedwait_2_2_5)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
extern int (*real_pthread_cond_signal_2_2_5)(pthread_cond_t *);
extern int (*real_pthread_cond_broadcast_2_2_5)(pthread_cond_t *);
/* barrier.c */
extern int (*real_pthread_barrier_init)(pthread_barrier_t *, const pthread_barrierattr_t *, unsigned);
extern int (*real_pthread_barrier_destroy)(pthread_barrier_t *);
extern int (*real_pthread_barrier_wait)(pthread_barrier_t *);
/* semaphore.c */
extern int (*real_sem_init)(sem_t *, int, unsigned);
extern int (*real_sem_destroy)(sem_t *);
extern sem_t *(*real_sem_open)(const char *, int, ...);
extern int (*real_sem_close)(sem_t *);
extern int (*real_sem_wait)(sem_t *);
extern int (*real_sem_trywait)(sem_t *);
extern int (*real_sem_timedwait)(sem_t *, const struct timespec *);
extern int (*real_sem_clockwait)(sem_t *, clockid_t, const struct timespec *);
extern int (*real_sem_post)(sem_t *);
extern int (*real_sem_getvalue)(sem_t *, int *);
/* once.c */
extern int (*real_pthread_once)(pthread_once_t *, void (*)(void));
extern void (*real_call_once)(once_flag *, void (*)(void));
/* thread.c */
extern int (*real_pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
extern int (*real_pthread_join)(pthread_t, void **);
extern int (*real_pthread_tryjoin_np)(pthread_t, void **);
extern int (*real_pthread_timedjoin_np)(pthread_t, void **, const struct timespec *);
extern int (*real_pthread_clockjoin_np)(pthread_t, void **, clockid_t, const struct timespec *);
extern int (*real_pthread_detach)(pthread_t);
extern int (*real_pthread_setname_np)(pthread_t, const char *);
extern int (*real_prctl)(int, ...);
/* c11.c */
extern int (*real_thrd_create)(thrd_t *, thrd_start_t, void *);
extern int (*real_thrd_join)(thrd_t, int *);
extern int (*real_thrd_detach)(thrd_t);
extern int (*real_mtx_init)(mtx_t *, int);
extern void (*real_mtx_destroy)(mtx_t *);
extern int (*real_mtx_lock)(mtx_t *);
extern int (*real_mtx_trylock)(mtx_t *);
extern int (*real_mtx_timedlock)(mtx_t *restrict, const struct timespec *restrict);
extern int (*real_mtx_unlock)(mtx_t *);
extern int (*real_cnd_init)(cnd_t *);
extern void (*real_cnd_destroy)(cnd_t *);
extern int (*real_cnd_wait)(cnd_t *, mtx_t *);
extern int (*real_cnd_timedwait)(cnd_t *restrict, mtx_t *restrict, const struct timespec *restrict);
extern int (*real_cnd_signal)(cnd_t *);
extern int (*real_cnd_broadcast)(cnd_t *);
/* process.c, exec.c, children.c */
extern pid_t (*real__Fork)(void);
extern void (*real__exit)(int) __attribute__((noreturn));
extern void (*real_quick_exit)(int) __attribute__((noreturn));
extern int (*real_execve)(const char *, char *const[], char *const[]);
extern int (*real_execvpe)(const char *, char *const[], char *const[]);
extern int (*real_fexecve)(int, char *const[], char *const[]);
extern int (*real_execveat)(int, const char *, char *const[], char *const[], int);
extern int (*real_posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                               char *const[], char *const[]);
extern int (*real_posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                                char *const[], char *const[]);
extern pid_t (*real_wait)(int *);
extern pid_t (*real_waitpid)(pid_t, int *, int);
extern pid_t (*real_wait3)(int *, int, struct rusage *);
extern pid_t (*real_wait4)(pid_t, int *, int, struct rusage *);
extern int (*real_waitid)(idtype_t, id_t, siginfo_t *, int);
/* signal.c */
extern int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);
extern sighandler_t (*real_signal)(int, sighandler_t);
extern sighandler_t (*real_sysv_signal)(int, sighandler_t);
extern sighandler_t (*real_sigset)(int, sighandler_t);
extern int (*real_raise)(int);
struct itimerval;
struct __jmp_buf_tag;
extern void (*real_longjmp)(struct __jmp_buf_tag *, int);
extern void (*real___longjmp_chk)(struct __jmp_buf_tag *, int);
extern int (*real_kill)(pid_t, int);
extern int (*real_killpg)(pid_t, int);
extern int (*real_tgkill)(pid_t, pid_t, int);
extern int (*real_sigqueue)(pid_t, int, const union sigval);
extern int (*real_pthread_sigqueue)(pthread_t, int, const union sigval);
extern unsigned (*real_alarm)(unsigned);
extern int (*real_setitimer)(int, const struct itimerval *, struct itimerval *);
extern int (*real_sigwait)(const sigset_t *, int *);
extern int (*real_sigwaitinfo)(const sigset_t *, siginfo_t *);
extern int (*real_sigtimedwait)(const sigset_t *, siginfo_t *, const struct timespec *);
extern int (*real___cxa_atexit)(void (*)(void *), void *, void *);
extern int (*real_pthread_kill)(pthread_t, int);
/* descriptors.c */
extern int (*real_close)(int);
extern int (*real_dup2)(int, int);
extern int (*real_dup3)(int, int, int);
extern int (*real_close_range)(unsigned, unsigned, int);
extern void (*real_closefrom)(int);
/* memory.c */
extern int (*real_munmap)(void *, size_t);

#endif
