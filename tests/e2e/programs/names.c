/* names.c - two threads that race on memory of every kind. Each racy line ends in a comment with the names that a report
 * may give to the memory, as test_names.py reads them: "race: NAME or NAME ...". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct node *next;
    int value;
};

struct queue {
    struct node *head, *tail;
    int length;
    unsigned ready : 1, busy : 1;
    char name[16];
};

struct item {
    long key;
    long values[3];
};

static struct {
    int version;
    struct {
        int min, max;
    } limits[4];
    unsigned a : 3, b : 5;
} config;

static struct queue *s_queue;
static struct item *s_items;
static struct {
    int which;
} *s_unnamed;
static __thread int t_count;
static int *s_local, *s_thread_local;
static int s_matrix[3][5];

__attribute__((noinline)) static void *allocate(size_t size)
{
    void *block = malloc(size);
    if (!block)
        abort();
    return block;
}

__attribute__((noinline)) static void push(struct queue *q, int value)
{
    q->length = value; /* race: q->length */
}

__attribute__((noinline)) static void count(void)
{
    static int counter;
    counter++; /* race: counter */
}

__attribute__((noinline)) static void touch(struct item *items, int index)
{
    items[index].values[1]++; /* race: items[2].values[1] or s_items[2].values[1] */
}

__attribute__((noinline)) static void in_frame(int *p)
{
    (*p)++; /* race: local[1] */
}

__attribute__((noinline)) static void in_thread(int *p)
{
    *p += 2; /* race: t_count */
}

static void *worker(void *argument)
{
    struct queue *mine = argument;
    push(mine, 1);
    mine->tail->value++;       /* race: mine->tail->value */
    s_queue->name[3] = 'x';    /* race: s_queue->name[3] */
    config.limits[3].max++;    /* race: config.limits[3].max or config */
    config.b = 2;              /* race: config.{a, b} or config */
    s_matrix[2][3]++;          /* race: s_matrix[2][3] or s_matrix */
    count();
    touch(s_items, 2);
    in_frame(s_local);
    in_thread(s_thread_local);
    s_unnamed->which++;        /* race: s_unnamed->which or s_unnamed.body */
    mine->ready = 1;           /* race: mine->{ready, busy} */
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    int local[3] = {0};
    struct queue *queue = allocate(sizeof(*queue));
    memset(queue, 0, sizeof(*queue));
    struct node *node = allocate(sizeof(*node));
    node->next = NULL;
    node->value = 0;
    queue->head = queue->tail = node;
    s_queue = queue;
    s_items = calloc(8, sizeof(*s_items));
    s_unnamed = calloc(1, sizeof(*s_unnamed));
    s_thread_local = &t_count;
    s_local = &local[1];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, worker, queue);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("%d %d %d\n", t_count > 0, local[1] > 0, s_matrix[2][3] > 0);
    return 0;
}
