/* The memory of a locked mutex is given back to the allocator.
 *
 * expect: lock-misuse rule=free-locked functions=worker lines=@hold,@free exit=66
 * fixed: nothing */
#include "../scene.h"

struct queue {
    int length;
    pthread_mutex_t mutex;
};

static void *worker(void *unused)
{
    struct queue *queue = malloc(sizeof(*queue));
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_mutex_lock(&queue->mutex); /* @hold */
    queue->length = 0;
#ifdef FIXED
    pthread_mutex_unlock(&queue->mutex);
    pthread_mutex_destroy(&queue->mutex);
#endif
    free(queue); /* @free */
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
