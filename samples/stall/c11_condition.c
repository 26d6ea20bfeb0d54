/* C11: a condition is signalled before the other thread waits, and there is no predicate.
 *
 * expect: stall functions=waiter lines=@wait locks=s_changed exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <threads.h>

static mtx_t s_mutex;
static cnd_t s_changed;
static int s_ready;

static int waiter(void *unused)
{
    (void)unused;
    scene_await(1);
    mtx_lock(&s_mutex);
#ifdef FIXED
    while (!s_ready)
#endif
        cnd_wait(&s_changed, &s_mutex); /* @wait */
    mtx_unlock(&s_mutex);
    return 0;
}

int main(void)
{
    thrd_t thread;
    mtx_init(&s_mutex, mtx_plain);
    cnd_init(&s_changed);
    thrd_create(&thread, waiter, NULL);
    mtx_lock(&s_mutex);
    s_ready = 1;
    cnd_signal(&s_changed);
    mtx_unlock(&s_mutex);
    scene_arrive();
    thrd_join(thread, NULL);
    puts("done");
    return 0;
}
