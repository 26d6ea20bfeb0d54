/* The main thread takes a lock before the first thread is started, and joins while it holds it; the thread needs
 * the lock. What was held before there was a second thread must be known.
 *
 * expect: deadlock functions=main,worker lines=@hold,@join,@need locks=s_mutex exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *worker(void *unused)
{
    pthread_mutex_lock(&s_mutex); /* @need */
    pthread_mutex_unlock(&s_mutex);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_mutex_lock(&s_mutex); /* @hold */
    pthread_create(&thread, NULL, worker, NULL);
#ifdef FIXED
    pthread_mutex_unlock(&s_mutex);
    pthread_join(thread, NULL);
#else
    pthread_join(thread, NULL); /* @join */
    pthread_mutex_unlock(&s_mutex);
#endif
    puts("done");
    return 0;
}
