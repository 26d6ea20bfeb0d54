/* Relaxed operations need fences on both sides; the bug leaves out the reader's.
 *
 * expect: data-race functions=sender,receiver lines=@write,@read location=s_message exit=66
 * fixed: nothing */
#include "../scene.h"

static int s_message;
static int s_ready;

static void *sender(void *unused)
{
    s_message = 42; /* @write */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&s_ready, 1, __ATOMIC_RELAXED);
    return unused;
}

static void *receiver(void *unused)
{
    while (!__atomic_load_n(&s_ready, __ATOMIC_RELAXED))
        sched_yield();
#ifdef FIXED
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
    printf("%d\n", s_message); /* @read */
    return unused;
}

int main(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, sender, NULL);
    pthread_create(&two, NULL, receiver, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    return 0;
}
