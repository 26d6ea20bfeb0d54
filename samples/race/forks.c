/* A threaded program forks. The child and the parent go on being checked: each has a race of its own, and what threads that
 * do not exist in the child did before the fork is none there.
 *
 * expect: data-race functions=child_first,child_second lines=@child_first,@child_second location=s_of_child exit=66
 * expect: data-race functions=parent_first,parent_second lines=@parent_first,@parent_second location=s_of_parent
 * fixed: nothing */
#include "../scene.h"

#include <sys/wait.h>

static int s_of_child, s_of_parent, s_left_behind[1024];
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;

static void add(int *counter)
{
    pthread_mutex_lock(&s_lock);
    ++*counter;
    pthread_mutex_unlock(&s_lock);
}

#ifdef FIXED
#define ADD(counter) add(&(counter))
#else
#define ADD(counter) (counter)++
#endif

static void *child_locked(void *unused)
{
    add(&s_left_behind[0]);
    return unused;
}

static void *child_first(void *unused)
{
    ADD(s_of_child); /* @child_first */
    return unused;
}

static void *child_second(void *unused)
{
    ADD(s_of_child); /* @child_second */
    return unused;
}

static void *parent_first(void *unused)
{
    ADD(s_of_parent); /* @parent_first */
    return unused;
}

static void *parent_second(void *unused)
{
    ADD(s_of_parent); /* @parent_second */
    return unused;
}

static void run_two(void *(*first)(void *), void *(*second)(void *))
{
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, first, NULL);
    pthread_create(&threads[1], NULL, second, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
}

/* Is somewhere in its loop when the process forks. */
static void *writer(void *stop)
{
    scene_arrive();
    while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED))
        for (int i = 0; i < 1024; i++)
            s_left_behind[i]++;
    return NULL;
}

static int run_child(void)
{
    for (int i = 0; i < 1024; i++)
        s_left_behind[i] = i; /* nobody else has it */
    for (int i = 0; i < 40; i++) /* numbers of threads come round again */
        run_two(child_locked, child_locked);
    s_of_child = 0;
    run_two(child_first, child_second);
    return 3;
}

int main(void)
{
    int stop = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, writer, &stop);
    scene_await(1);
    pid_t pid = fork();
    if (pid == 0)
        return run_child();
    run_two(parent_first, parent_second);
    waitpid(pid, NULL, 0);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    puts("done"); /* not the status: ThreadSanitizer's own runtime does not let the child live */
    return 0;
}
