/* A process with threads forks; the child starts threads of its own and uses the locks, which nobody held.
 *
 * expect: nothing */
#include "../scene.h"
#include <sys/wait.h>

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static int s_count;

static void *worker(void *unused)
{
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&s_mutex);
        s_count++;
        pthread_mutex_unlock(&s_mutex);
    }
    return unused;
}

static void run(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, worker, NULL);
    pthread_create(&two, NULL, worker, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
}

int main(void)
{
    int status;
    pid_t child;
    run();
    child = fork();
    run();
    if (child == 0)
        _exit(s_count == 400 ? 3 : 4);
    waitpid(child, &status, 0);
    printf("%d %d\n", s_count, WEXITSTATUS(status));
    return 0;
}
