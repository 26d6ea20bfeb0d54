/* queues.c - orders carried by the kernel's other means: message queues, System V semaphores, futexes that
 * the program uses by itself.
 *
 * A POSIX message queue is a descriptor, and the same channel for all who have opened it (ports.c). System
 * V's queues and semaphores are told apart by their numbers; different ones may fall together, which can only
 * hide a race. */
#include <errno.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include "preload/access/bridge.h"

#define NUMBERS 1024

static char s_queue[NUMBERS], s_semaphore[NUMBERS]; /* only their addresses are used */

static int (*real_mq_send)(mqd_t, const char *, size_t, unsigned);
static int (*real_mq_timedsend)(mqd_t, const char *, size_t, unsigned, const struct timespec *);
static ssize_t (*real_mq_receive)(mqd_t, char *, size_t, unsigned *);
static ssize_t (*real_mq_timedreceive)(mqd_t, char *, size_t, unsigned *, const struct timespec *);
static int (*real_mq_close)(mqd_t);
static int (*real_msgsnd)(int, const void *, size_t, int);
static ssize_t (*real_msgrcv)(int, void *, size_t, long, int);
static int (*real_semop)(int, struct sembuf *, size_t);
static int (*real_semtimedop)(int, struct sembuf *, size_t, const struct timespec *);

static const struct snarl_true s_true[] = {
    {"mq_send", &real_mq_send},       {"mq_timedsend", &real_mq_timedsend},
    {"mq_receive", &real_mq_receive}, {"mq_timedreceive", &real_mq_timedreceive},
    {"mq_close", &real_mq_close},     {"msgsnd", &real_msgsnd},
    {"msgrcv", &real_msgrcv},         {"semop", &real_semop},
    {"semtimedop", &real_semtimedop},
};
static bool s_ready;

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

static void order(const volatile void *address, void (*how)(struct snarl_thread *, const volatile void *),
                  struct snarl_site site)
{
    int saved = errno;
    struct snarl_thread *thr = snarl_calls_wanted() ? snarl_call_enter(site) : NULL;
    if (!thr)
        return;
    how(thr, address);
    snarl_call_leave(thr);
    errno = saved;
}

/* --- POSIX message queues --- */

SNARL_EXPORT int mq_send(mqd_t queue, const char *bytes, size_t size, unsigned priority)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_mq_send(queue, bytes, size, priority);
    snarl_traffic_writing("mq_send", queue, bytes, size, SNARL_SITE);
    int result = real_mq_send(queue, bytes, size, priority);
    snarl_traffic_written("mq_send", queue, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int mq_timedsend(mqd_t queue, const char *bytes, size_t size, unsigned priority,
                              const struct timespec *deadline)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_mq_timedsend(queue, bytes, size, priority, deadline);
    snarl_traffic_writing("mq_timedsend", queue, bytes, size, SNARL_SITE);
    int result = real_mq_timedsend(queue, bytes, size, priority, deadline);
    snarl_traffic_written("mq_timedsend", queue, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t mq_receive(mqd_t queue, char *bytes, size_t size, unsigned *priority)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_mq_receive(queue, bytes, size, priority);
    snarl_traffic_reading("mq_receive", queue, SNARL_SITE);
    ssize_t result = real_mq_receive(queue, bytes, size, priority);
    snarl_traffic_read("mq_receive", queue, bytes, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT ssize_t mq_timedreceive(mqd_t queue, char *restrict bytes, size_t size,
                                     unsigned *restrict priority, const struct timespec *restrict deadline)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_mq_timedreceive(queue, bytes, size, priority, deadline);
    snarl_traffic_reading("mq_timedreceive", queue, SNARL_SITE);
    ssize_t result = real_mq_timedreceive(queue, bytes, size, priority, deadline);
    snarl_traffic_read("mq_timedreceive", queue, bytes, result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int mq_close(mqd_t queue)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_port_closing("mq_close", queue, SNARL_SITE);
    return real_mq_close(queue);
}

/* --- System V --- */

SNARL_EXPORT int msgsnd(int queue, const void *message, size_t size, int flags)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("msgsnd", message, sizeof(long) + size, SNARL_SITE);
    order(&s_queue[queue & (NUMBERS - 1)], snarl_call_release, SNARL_SITE);
    return real_msgsnd(queue, message, size, flags);
}

SNARL_EXPORT ssize_t msgrcv(int queue, void *message, size_t size, long type, int flags)
{
    prepare();
    ssize_t result = real_msgrcv(queue, message, size, type, flags);
    if (!snarl_calls_wanted() || result < 0)
        return result;
    order(&s_queue[queue & (NUMBERS - 1)], snarl_call_acquire, SNARL_SITE);
    snarl_call_writes("msgrcv", message, sizeof(long) + (size_t)result, SNARL_SITE);
    return result;
}

SNARL_EXPORT int semop(int set, struct sembuf *operations, size_t count)
{
    prepare();
    order(&s_semaphore[set & (NUMBERS - 1)], snarl_call_release, SNARL_SITE);
    int result = real_semop(set, operations, count);
    if (result == 0)
        order(&s_semaphore[set & (NUMBERS - 1)], snarl_call_acquire, SNARL_SITE);
    return result;
}

SNARL_EXPORT int semtimedop(int set, struct sembuf *operations, size_t count, const struct timespec *timeout)
{
    prepare();
    order(&s_semaphore[set & (NUMBERS - 1)], snarl_call_release, SNARL_SITE);
    int result = real_semtimedop(set, operations, count, timeout);
    if (result == 0)
        order(&s_semaphore[set & (NUMBERS - 1)], snarl_call_acquire, SNARL_SITE);
    return result;
}
