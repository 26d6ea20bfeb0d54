/* One thread waits for signals with sigwait, all others for it; another process sends the signal: not a stall.
 *
 * expect: nothing */
#include "../scene.h"
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

static sem_t s_asked;

static void *listener(void *argument)
{
    int number;
    sigwait(argument, &number);
    sem_post(&s_asked);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    sigset_t set;
    pid_t child;
    struct timespec pause = {.tv_nsec = 700000000};
    sem_init(&s_asked, 0, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    child = fork();
    if (child == 0) {
        nanosleep(&pause, NULL);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    pthread_create(&thread, NULL, listener, &set);
    while (sem_wait(&s_asked) != 0)
        ;
    pthread_join(thread, NULL);
    waitpid(child, NULL, 0);
    puts("done");
    return 0;
}
