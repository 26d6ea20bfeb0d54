/* Every thread waits for a process-shared semaphore which a child process posts after a while: not a stall.
 *
 * expect: nothing */
#include "../scene.h"
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>

static sem_t *s_shared;

static void *worker(void *unused)
{
    while (sem_wait(s_shared) != 0)
        ;
    return unused;
}

int main(void)
{
    pthread_t thread;
    struct timespec pause = {.tv_nsec = 700000000};
    pid_t child;
    s_shared = mmap(NULL, sizeof(*s_shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(s_shared, 1, 0);
    child = fork();
    if (child == 0) {
        nanosleep(&pause, NULL);
        sem_post(s_shared);
        _exit(0);
    }
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    waitpid(child, NULL, 0);
    puts("done");
    return 0;
}
