/* Sixty-four threads read, in turn; one of them without the lock that the writer takes. Whoever remembers only the last few
 * readers forgets that one.
 *
 * expect: data-race functions=reader,main lines=@read,@write location=s_value exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

#define READERS 64

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static int s_value;
static int s_sum;

static void *reader(void *number)
{
    int index = (int)(size_t)number;
    scene_await(index);
    if (index == 3) {
#ifdef FIXED
        pthread_mutex_lock(&s_lock);
#endif
        int value = s_value; /* @read */
#ifdef FIXED
        pthread_mutex_unlock(&s_lock);
#endif
        if (value)
            abort();
    } else {
        pthread_mutex_lock(&s_lock);
        s_sum += s_value;
        pthread_mutex_unlock(&s_lock);
    }
    scene_arrive();
    return NULL;
}

int main(void)
{
    pthread_t thread[READERS];
    for (size_t i = 0; i < READERS; i++)
        pthread_create(&thread[i], NULL, reader, (void *)i);
    scene_await(READERS);
    pthread_mutex_lock(&s_lock);
    s_value = 1; /* @write */
    pthread_mutex_unlock(&s_lock);
    for (int i = 0; i < READERS; i++)
        pthread_join(thread[i], NULL);
    printf("%d\n", s_sum);
    return 0;
}
