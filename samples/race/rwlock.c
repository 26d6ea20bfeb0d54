/* A write under a lock that is only held shared.
 *
 * expect: data-race functions=note,look lines=@write,@read location=s_noted held=s_lock,s_lock exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

static pthread_rwlock_t s_lock = PTHREAD_RWLOCK_INITIALIZER;
static int s_noted;

static void note(void)
{
#ifdef FIXED
    pthread_rwlock_wrlock(&s_lock);
#else
    pthread_rwlock_rdlock(&s_lock);
#endif
    s_noted = 1; /* @write */
    pthread_rwlock_unlock(&s_lock);
}

static int look(void)
{
    pthread_rwlock_rdlock(&s_lock);
    int noted = s_noted; /* @read */
    pthread_rwlock_unlock(&s_lock);
    return noted;
}

static void *writer(void *unused)
{
    note();
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, writer, NULL);
    scene_await(1);
    printf("%d\n", look());
    pthread_join(thread, NULL);
    return 0;
}
