/* The same without pthread_mutex_destroy: the locks' memory is freed (unlocked, which is allowed in practice) and the
 * next pair gets the same addresses from the allocator.
 *
 * expect: nothing */
#include "../scene.h"

struct pair {
    pthread_mutex_t low;
    pthread_mutex_t high;
};

static struct pair *make(void)
{
    struct pair *pair = malloc(sizeof(*pair));
    pthread_mutex_init(&pair->low, NULL);
    pthread_mutex_init(&pair->high, NULL);
    return pair;
}

static void use(pthread_mutex_t *first, pthread_mutex_t *second)
{
    pthread_mutex_lock(first);
    pthread_mutex_lock(second);
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}

static void *upwards(void *argument)
{
    struct pair *pair = argument;
    use(&pair->low, &pair->high);
    scene_arrive();
    return NULL;
}

static void *downwards(void *argument)
{
    struct pair *pair = argument;
    use(&pair->high, &pair->low);
    return NULL;
}

int main(void)
{
    pthread_t one, two;
    struct pair *pair = make();
    pthread_create(&one, NULL, upwards, pair);
    scene_await(1);
    free(pair);
    pair = make();
    pthread_create(&two, NULL, downwards, pair);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    free(pair);
    puts("done");
    return 0;
}
