/* pthread_create stores the new thread's handle before the thread runs: it may read it there.
 *
 * expect: nothing */
#include "../scene.h"

static pthread_t s_thread;

static void *worker(void *unused)
{
    puts(pthread_equal(s_thread, pthread_self()) ? "stored" : "not stored");
    return unused;
}

int main(void)
{
    for (int i = 0; i < 200; i++) {
        memset(&s_thread, 0, sizeof(s_thread));
        pthread_create(&s_thread, NULL, worker, NULL);
        pthread_join(s_thread, NULL);
    }
    return 0;
}
