/* Orders that the kernel's other means carry from thread to thread: signals to a handler, to sigwait and to a descriptor, message queues,
 * semaphores of System V, futexes; and from atexit to the handler.
 *
 * expect: nothing */
#include "../scene.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

enum way { HANDLER, WAIT, DESCRIPTOR, QUEUE, MESSAGES, SEMAPHORE, FUTEX, AT_EXIT, WAYS };

static char s_text[WAYS][32];
static mqd_t s_queue;
static int s_messages, s_semaphore, s_signals;
static uint32_t s_futex;

/* Not in place: the compiler would make a store of it, which is no call. */
static void put(enum way way, const char *text)
{
    strcpy(s_text[way], text);
}

static void show(enum way way)
{
    char copy[32];
    strcpy(copy, s_text[way]);
    puts(copy);
}

static void on_signal(int signal)
{
    char copy[32];
    (void)signal;
    strcpy(copy, s_text[HANDLER]);
    scene_arrive();
}

static void at_exit(void)
{
    show(AT_EXIT);
}

static void *listener(void *unused)
{
    struct { long type; char bytes[8]; } message;
    struct signalfd_siginfo info;
    sigset_t set;
    char bytes[64];
    int signal;
    scene_arrive();
    scene_await(2); /* the handler has run */
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigwait(&set, &signal);
    show(WAIT);
    if (read(s_signals, &info, sizeof(info)) != sizeof(info))
        perror("read");
    show(DESCRIPTOR);
    if (mq_receive(s_queue, bytes, sizeof(bytes), NULL) < 0)
        perror("mq_receive");
    show(QUEUE);
    if (msgrcv(s_messages, &message, sizeof(message.bytes), 0, 0) < 0)
        perror("msgrcv");
    show(MESSAGES);
    struct sembuf down = {.sem_op = -1};
    semop(s_semaphore, &down, 1);
    show(SEMAPHORE);
    while (syscall(SYS_futex, &s_futex, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) != 0)
        ;
    show(FUTEX);
    return unused;
}

static void tell(pthread_t to)
{
    struct { long type; char bytes[8]; } message = {1, "x"};
    struct sembuf up = {.sem_op = 1};
    put(HANDLER, "to a handler");
    pthread_kill(to, SIGUSR1);
    put(WAIT, "to sigwait");
    pthread_kill(to, SIGUSR2);
    put(DESCRIPTOR, "to a descriptor");
    kill(getpid(), SIGHUP);
    put(QUEUE, "by a message queue");
    mq_send(s_queue, "x", 1, 0);
    put(MESSAGES, "by System V's messages");
    msgsnd(s_messages, &message, sizeof(message.bytes), 0);
    put(SEMAPHORE, "by System V's semaphores");
    semop(s_semaphore, &up, 1);
    put(FUTEX, "by a futex");
    while (syscall(SYS_futex, &s_futex, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) != 1)
        sched_yield();
}

static void *registrar(void *unused)
{
    put(AT_EXIT, "to a handler of the end");
    atexit(at_exit);
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread, other;
    char name[64];
    sigset_t set;
    struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 64};
    snprintf(name, sizeof(name), "/snarl-sample-%d", (int)getpid());
    s_queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attributes);
    mq_unlink(name);
    s_messages = msgget(IPC_PRIVATE, 0600);
    s_semaphore = semget(IPC_PRIVATE, 1, 0600);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sigdelset(&set, SIGUSR2);
    s_signals = signalfd(-1, &set, 0);
    signal(SIGUSR1, on_signal);
    pthread_create(&thread, NULL, listener, NULL);
    scene_await(1);
    tell(thread);
    pthread_join(thread, NULL);
    msgctl(s_messages, IPC_RMID, NULL);
    semctl(s_semaphore, 0, IPC_RMID);
    pthread_create(&other, NULL, registrar, NULL);
    pthread_detach(other);
    scene_await(3);
    return 0;
}
