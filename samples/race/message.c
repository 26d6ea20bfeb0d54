/* A message is passed by a flag that is atomic but relaxed: nothing orders the message before it is read.
 *
 * expect: data-race functions=sender,receiver lines=@write,@read location=s_message exit=66
 * fixed: nothing */
#include "../scene.h"

#ifdef FIXED
#define STORE __ATOMIC_RELEASE
#define LOAD __ATOMIC_ACQUIRE
#else
#define STORE __ATOMIC_RELAXED
#define LOAD __ATOMIC_RELAXED
#endif

static int s_message;
static int s_ready;

static void *sender(void *unused)
{
    s_message = 42; /* @write */
    __atomic_store_n(&s_ready, 1, STORE);
    return unused;
}

static void *receiver(void *unused)
{
    while (!__atomic_load_n(&s_ready, LOAD))
        sched_yield();
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
