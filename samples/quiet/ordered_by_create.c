/* The main thread uses one order before it creates the thread that uses the other one.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static pthread_t s_idle;

static void *idle(void *unused)
{
    scene_await(1);
    return unused;
}

static void *worker(void *unused)
{
    pthread_mutex_lock(&lock_b);
    pthread_mutex_lock(&lock_a);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&s_idle, NULL, idle, NULL);
    pthread_mutex_lock(&lock_a);
    pthread_mutex_lock(&lock_b);
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    scene_arrive();
    pthread_join(s_idle, NULL);
    puts("done");
    return 0;
}
