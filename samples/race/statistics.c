/* Both threads count what they do in one atomic counter that nobody reads. That orders nothing, though the additions come one after the
 * other.
 *
 * expect: data-race functions=first,second lines=@one,@two location=s_last exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../duet.h"

#define REQUESTS 1000

static unsigned long s_requests;
static int s_last;

static void count(void)
{
    for (int i = 0; i < REQUESTS; i++)
        __atomic_fetch_add(&s_requests, 1, __ATOMIC_RELAXED);
}

static void first(void)
{
    s_last = 1; /* @one */
    count();
}

static void second(void)
{
    count();
    s_last = 2; /* @two */
}

int main(void)
{
    duet();
    printf("%d after %lu requests\n", s_last, s_requests);
    return 0;
}
