/* rings.c - liburing: requests are handed to the kernel in memory, and answers come back so, maybe to another thread.
 *
 *     who submits ──▶ ring of requests ──▶ the kernel ──▶ ring of answers ──▶ who takes them
 *                                                            its tail
 *
 * Who takes an answer knows what was done before requests were submitted. It finds the answer by a load of the tail of the answers,
 * mostly in code that liburing's header put into the program, so the order is that address's: submitting releases
 * it, as the kernel does when it moves the tail; and it is an atomic object, so that a load in instrumented code acquires it. With
 * --races=calls, only the calls that wait do.
 *
 * The functions are not libc's. liburing may have been loaded beside us or later, by dlopen and for one module only; and a program without it
 * may look them up by name: it is told that there is no such thing in the kernel. Rings that a program runs by system calls of its own
 * are not seen. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>

#include "preload/access/bridge.h"

struct ring_queue { /* the beginning of both halves of liburing's `struct io_uring`, since its first version */
    unsigned *head, *tail, *mask, *entries, *flags, *more, *array;
    void *requests;
    unsigned first, last;
    size_t size;
    void *memory;
    unsigned rest[4];
};

struct io_uring {
    struct ring_queue requests, answers;
};

struct io_uring_cqe;
struct __kernel_timespec;

/* liburing's header is not needed to build this. */
int io_uring_submit(struct io_uring *);
int io_uring_submit_and_wait(struct io_uring *, unsigned);
int io_uring_submit_and_get_events(struct io_uring *);
int io_uring_submit_and_wait_timeout(struct io_uring *, struct io_uring_cqe **, unsigned, struct __kernel_timespec *, sigset_t *);
int io_uring_wait_cqes(struct io_uring *, struct io_uring_cqe **, unsigned, struct __kernel_timespec *, sigset_t *);
int __io_uring_get_cqe(struct io_uring *, struct io_uring_cqe **, unsigned, unsigned, sigset_t *);

static int (*real_submit)(struct io_uring *);
static int (*real_submit_and_wait)(struct io_uring *, unsigned);
static int (*real_submit_and_get_events)(struct io_uring *);
static int (*real_submit_and_wait_timeout)(struct io_uring *, struct io_uring_cqe **, unsigned, struct __kernel_timespec *, sigset_t *);
static int (*real_wait_cqes)(struct io_uring *, struct io_uring_cqe **, unsigned, struct __kernel_timespec *, sigset_t *);
static int (*real_get_cqe)(struct io_uring *, struct io_uring_cqe **, unsigned, unsigned, sigset_t *);

static const struct snarl_true s_true[] = {
    {"io_uring_submit", &real_submit},
    {"io_uring_submit_and_wait", &real_submit_and_wait},
    {"io_uring_submit_and_get_events", &real_submit_and_get_events},
    {"io_uring_submit_and_wait_timeout", &real_submit_and_wait_timeout},
    {"io_uring_wait_cqes", &real_wait_cqes},
    {"__io_uring_get_cqe", &real_get_cqe},
};

/* Again as long as there is none. A library that was found stays open: it may not be unloaded under us. */
static bool is_there(void *kept)
{
    void *loaded = NULL;
    if (__atomic_load_n((void **)kept, __ATOMIC_RELAXED))
        return true;
    for (size_t i = 0; i < sizeof(s_true) / sizeof(*s_true); i++) {
        void *found = dlsym(RTLD_NEXT, s_true[i].name);
        if (!found && (loaded || (loaded = dlopen("liburing.so.2", RTLD_LAZY | RTLD_NOLOAD))))
            found = dlsym(loaded, s_true[i].name);
        if (found)
            __atomic_store_n((void **)s_true[i].kept, found, __ATOMIC_RELAXED);
    }
    return __atomic_load_n((void **)kept, __ATOMIC_RELAXED);
}

static void submitting(const struct io_uring *ring, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    snarl_call_atomic(thr, ring->answers.tail, sizeof(*ring->answers.tail));
    snarl_call_release(thr, ring->answers.tail);
    snarl_call_leave(thr);
    errno = saved;
}

static int taken(const struct io_uring *ring, int result, struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = result >= 0 && snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return result;
    snarl_call_acquire(thr, ring->answers.tail);
    snarl_call_leave(thr);
    errno = saved;
    return result;
}

SNARL_EXPORT int io_uring_submit(struct io_uring *ring)
{
    if (!is_there(&real_submit))
        return -ENOSYS;
    submitting(ring, SNARL_SITE);
    return real_submit(ring);
}

SNARL_EXPORT int io_uring_submit_and_wait(struct io_uring *ring, unsigned count)
{
    if (!is_there(&real_submit_and_wait))
        return -ENOSYS;
    submitting(ring, SNARL_SITE);
    return taken(ring, real_submit_and_wait(ring, count), SNARL_SITE);
}

SNARL_EXPORT int io_uring_submit_and_get_events(struct io_uring *ring)
{
    if (!is_there(&real_submit_and_get_events))
        return -ENOSYS;
    submitting(ring, SNARL_SITE);
    return real_submit_and_get_events(ring);
}

SNARL_EXPORT int io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **answer, unsigned count,
                                                  struct __kernel_timespec *timeout, sigset_t *mask)
{
    if (!is_there(&real_submit_and_wait_timeout))
        return -ENOSYS;
    submitting(ring, SNARL_SITE);
    return taken(ring, real_submit_and_wait_timeout(ring, answer, count, timeout, mask), SNARL_SITE);
}

SNARL_EXPORT int io_uring_wait_cqes(struct io_uring *ring, struct io_uring_cqe **answer, unsigned count,
                                    struct __kernel_timespec *timeout, sigset_t *mask)
{
    if (!is_there(&real_wait_cqes))
        return -ENOSYS;
    return taken(ring, real_wait_cqes(ring, answer, count, timeout, mask), SNARL_SITE);
}

SNARL_EXPORT int __io_uring_get_cqe(struct io_uring *ring, struct io_uring_cqe **answer, unsigned requests, unsigned count,
                                    sigset_t *mask)
{
    if (!is_there(&real_get_cqe))
        return -ENOSYS;
    if (requests)
        submitting(ring, SNARL_SITE);
    return taken(ring, real_get_cqe(ring, answer, requests, count, mask), SNARL_SITE);
}
