/* Two threads both think that it is theirs to close a descriptor: had a third opened one between, it would have
 * lost it.
 *
 * expect: lock-misuse rule=double-close functions=finish,fail lines=@first,@second exit=66
 * fixed: nothing */
#include "../scene.h"

#include <fcntl.h>

static int s_log;
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;

static void *finish(void *unused)
{
    pthread_mutex_lock(&s_lock);
    close(s_log); /* @first */
#ifdef FIXED
    s_log = -1;
#endif
    pthread_mutex_unlock(&s_lock);
    scene_arrive();
    return unused;
}

static void *fail(void *unused)
{
    scene_await(1);
    pthread_mutex_lock(&s_lock);
    if (s_log >= 0)
        close(s_log); /* @second */
    pthread_mutex_unlock(&s_lock);
    return unused;
}

int main(void)
{
    pthread_t threads[2];
    s_log = open("/dev/null", O_WRONLY);
    pthread_create(&threads[0], NULL, finish, NULL);
    pthread_create(&threads[1], NULL, fail, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    puts("done");
    return 0;
}
