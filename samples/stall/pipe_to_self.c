/* Two threads: one waits for a semaphore, the other one sits in read() on a pipe that only this process could fill.
 * The detector cannot know what comes out of a descriptor, so it says nothing; the program would have to be ended
 * with --timeout. The twin closes the other end.
 *
 * expect: nothing hangs
 * fixed: nothing */
#include "../scene.h"
#include <semaphore.h>

static sem_t s_read;
static int s_pipe[2];

static void *reader(void *unused)
{
    char byte;
    if (read(s_pipe[0], &byte, 1) >= 0)
        sem_post(&s_read);
    return unused;
}

int main(void)
{
    pthread_t thread;
    sem_init(&s_read, 0, 0);
    if (pipe(s_pipe) != 0)
        return 1;
    pthread_create(&thread, NULL, reader, NULL);
#ifdef FIXED
    close(s_pipe[1]);
#endif
    sem_wait(&s_read);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
