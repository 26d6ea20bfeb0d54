/* One thread locks a plain mutex that it already holds, two calls deep. The twin uses a recursive mutex.
 *
 * expect: deadlock functions=add,add_all lines=@outer,@inner locks=s_list exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

#ifdef FIXED
static pthread_mutex_t s_list = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
#else
static pthread_mutex_t s_list = PTHREAD_MUTEX_INITIALIZER;
#endif
static int s_length;

static void add(void)
{
    pthread_mutex_lock(&s_list); /* @inner */
    s_length++;
    pthread_mutex_unlock(&s_list);
}

static void *add_all(void *unused)
{
    pthread_mutex_lock(&s_list); /* @outer */
    for (int i = 0; i < 3; i++)
        add();
    pthread_mutex_unlock(&s_list);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, add_all, NULL);
    pthread_join(thread, NULL);
    printf("length %d\n", s_length);
    return 0;
}
