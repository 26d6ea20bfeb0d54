/* Two threads copy a string into the same buffer, each with a lock of its own held.
 *
 * expect: data-race functions=first,second lines=@first,@second what=strcpy exit=66
 * fixed: nothing */
#include "../scene.h"

#ifdef FIXED
#define OTHER 0
#else
#define OTHER 1
#endif

static char s_name[32];
static pthread_mutex_t s_locks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

static void *first(void *name)
{
    pthread_mutex_lock(&s_locks[0]);
    strcpy(s_name, name); /* @first */
    pthread_mutex_unlock(&s_locks[0]);
    scene_arrive();
    return NULL;
}

static void *second(void *name)
{
    scene_await(1);
    pthread_mutex_lock(&s_locks[OTHER]);
    strcpy(s_name, name); /* @second */
    pthread_mutex_unlock(&s_locks[OTHER]);
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, first, (void *)"one thread's name");
    pthread_create(&threads[1], NULL, second, (void *)"another's");
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    puts(s_name);
    return 0;
}
