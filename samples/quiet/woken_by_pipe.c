/* One thread sits in read() on a pipe from a child process, all others wait for that thread: not a stall.
 *
 * expect: nothing */
#include "../scene.h"
#include <sys/wait.h>

static int s_pipe[2];
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_arrived = PTHREAD_COND_INITIALIZER;
static int s_byte;

static void *reader(void *unused)
{
    char byte = 0;
    if (read(s_pipe[0], &byte, 1) != 1)
        abort();
    pthread_mutex_lock(&s_mutex);
    s_byte = byte;
    pthread_cond_signal(&s_arrived);
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t thread;
    struct timespec pause = {.tv_nsec = 700000000};
    pid_t child;
    if (pipe(s_pipe) != 0)
        return 1;
    child = fork();
    if (child == 0) {
        nanosleep(&pause, NULL);
        _exit(write(s_pipe[1], "x", 1) == 1 ? 0 : 1);
    }
    pthread_create(&thread, NULL, reader, NULL);
    pthread_mutex_lock(&s_mutex);
    while (!s_byte)
        pthread_cond_wait(&s_arrived, &s_mutex);
    pthread_mutex_unlock(&s_mutex);
    pthread_join(thread, NULL);
    waitpid(child, NULL, 0);
    printf("got %c\n", s_byte);
    return 0;
}
