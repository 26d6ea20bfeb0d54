/* A program that never starts a second thread locks a plain mutex twice: it hangs just the same.
 *
 * expect: deadlock functions=main lines=@outer,@inner locks=s_mutex exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

int main(void)
{
    pthread_mutex_lock(&s_mutex); /* @outer */
#ifdef FIXED
    pthread_mutex_unlock(&s_mutex);
#endif
    pthread_mutex_lock(&s_mutex); /* @inner */
    pthread_mutex_unlock(&s_mutex);
    puts("done");
    return 0;
}
