/* A read-modify-write by a third thread carries a release on, even a relaxed one; a plain store by it does not.
 *
 * expect: data-race functions=sender,receiver lines=@write,@read location=s_message exit=66
 * fixed: nothing */
#include "../scene.h"

static int s_message;
static int s_state;

static void *sender(void *unused)
{
    s_message = 42; /* @write */
    __atomic_store_n(&s_state, 1, __ATOMIC_RELEASE);
    return unused;
}

static void *middle(void *unused)
{
    while (__atomic_load_n(&s_state, __ATOMIC_RELAXED) != 1)
        sched_yield();
#ifdef FIXED
    __atomic_fetch_add(&s_state, 1, __ATOMIC_RELAXED);
#else
    __atomic_store_n(&s_state, 2, __ATOMIC_RELAXED);
#endif
    return unused;
}

static void *receiver(void *unused)
{
    while (__atomic_load_n(&s_state, __ATOMIC_RELAXED) != 2)
        sched_yield();
    (void)__atomic_load_n(&s_state, __ATOMIC_ACQUIRE);
    printf("%d\n", s_message); /* @read */
    return unused;
}

int main(void)
{
    pthread_t thread[3];
    void *(*const functions[3])(void *) = {sender, middle, receiver};
    for (int i = 2; i >= 0; i--)
        pthread_create(&thread[i], NULL, functions[i], NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
