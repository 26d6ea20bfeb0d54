/* How much is said is looked at before a lock is taken, and again where a thread waits at a condition with it. That looks like what progress.c
 * does, but only a message depends on it, not the end of waiting: it is a plain variable, and the bug is to set it while the thread
 * runs.
 *
 * expect: data-race functions=await,main lines=@look,@write location=s_level exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_changed = PTHREAD_COND_INITIALIZER;
int s_ready = 1, s_level; /* not static: compilers would see through them */

static void *await(void *unused)
{
    if (s_level > 3) /* @look */
        fputs("waiting\n", stderr);
    scene_arrive();
    pthread_mutex_lock(&s_lock);
    while (!s_ready) {
        if (s_level > 3)
            fputs("still waiting\n", stderr);
        pthread_cond_wait(&s_changed, &s_lock);
    }
    pthread_mutex_unlock(&s_lock);
    return unused;
}

int main(void)
{
    pthread_t thread;
#ifdef FIXED
    s_level = 1;
#endif
    pthread_create(&thread, NULL, await, NULL);
#ifndef FIXED
    scene_await(1);
    s_level = 1; /* @write */
#endif
    pthread_join(thread, NULL);
    return 0;
}
