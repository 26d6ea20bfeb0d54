/* The initialiser of a pthread_once calls pthread_once for the same control again.
 *
 * expect: deadlock functions=init,user lines=@outer,@inner locks=s_once exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static int s_value;

static void init(void)
{
    s_value = 1;
#ifndef FIXED
    pthread_once(&s_once, init); /* @inner */
#endif
}

static void *user(void *unused)
{
    pthread_once(&s_once, init); /* @outer */
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, user, NULL);
    pthread_join(thread, NULL);
    printf("value %d\n", s_value);
    return 0;
}
