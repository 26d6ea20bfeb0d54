/* A thread writes a counter under a lock, another reads it without.
 *
 * expect: data-race functions=add,peek,main lines=@write,@read location=s_counter held=s_lock,- exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static long s_counter;

static void add(long amount)
{
    pthread_mutex_lock(&s_lock);
    s_counter = amount; /* @write */
    pthread_mutex_unlock(&s_lock);
}

static long peek(void)
{
#ifdef FIXED
    pthread_mutex_lock(&s_lock);
    long value = s_counter;
    pthread_mutex_unlock(&s_lock);
    return value;
#else
    return s_counter; /* @read */
#endif
}

static void *writer(void *unused)
{
    add(5);
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, writer, NULL);
    scene_await(1);
    printf("%ld\n", peek());
    pthread_join(thread, NULL);
    return 0;
}
