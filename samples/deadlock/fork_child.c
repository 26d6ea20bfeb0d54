/* A process forks while another of its threads holds a lock. The child has a copy of the locked lock but not of the
 * thread: it waits for ever. The twin hands the lock over with pthread_atfork.
 *
 * expect: deadlock functions=child_work,holder lines=@hold,@wait locks=s_mutex exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <sys/wait.h>

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *holder(void *unused)
{
    pthread_mutex_lock(&s_mutex); /* @hold */
    scene_arrive();
#ifndef FIXED
    scene_await(2);
#endif
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

static void child_work(void)
{
    pthread_mutex_lock(&s_mutex); /* @wait */
    pthread_mutex_unlock(&s_mutex);
}

#ifdef FIXED
static void before_fork(void)
{
    pthread_mutex_lock(&s_mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&s_mutex);
}
#endif

int main(void)
{
    pthread_t thread;
    pid_t child;
    int status = 0;
#ifdef FIXED
    pthread_atfork(before_fork, after_fork, after_fork);
#endif
    pthread_create(&thread, NULL, holder, NULL);
    scene_await(1);
    child = fork();
    if (child == 0) {
        child_work();
        _exit(7);
    }
    waitpid(child, &status, 0);
    scene_arrive();
    pthread_join(thread, NULL);
    printf("child said %d\n", WEXITSTATUS(status));
    return 0;
}
