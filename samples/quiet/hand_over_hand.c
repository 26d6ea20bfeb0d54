/* Hand over hand along a list: the next node is locked before the last one is given back, always forwards.
 *
 * expect: nothing */
#include "../scene.h"

struct node {
    pthread_mutex_t mutex;
    struct node *next;
    int value;
};

static struct node *s_list;

static void *walk(void *unused)
{
    for (int round = 0; round < 100; round++) {
        struct node *node = s_list;
        pthread_mutex_lock(&node->mutex);
        for (;;) {
            struct node *next = node->next;
            node->value++;
            if (next)
                pthread_mutex_lock(&next->mutex);
            pthread_mutex_unlock(&node->mutex);
            if (!next)
                break;
            node = next;
        }
    }
    return unused;
}

int main(void)
{
    pthread_t threads[3];
    int sum = 0;
    for (int i = 0; i < 20; i++) {
        struct node *node = calloc(1, sizeof(*node));
        pthread_mutex_init(&node->mutex, NULL);
        node->next = s_list;
        s_list = node;
    }
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, walk, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    while (s_list) {
        struct node *next = s_list->next;
        sum += s_list->value;
        pthread_mutex_destroy(&s_list->mutex);
        free(s_list);
        s_list = next;
    }
    printf("sum %d\n", sum);
    return 0;
}
