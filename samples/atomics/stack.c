/* Treiber's stack: nodes are pushed and popped by compare-and-swap. The bug writes to a node that it has pushed already.
 *
 * expect: data-race functions=push,drain lines=@write,@read exit=66
 * fixed: nothing */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define NODES 300

struct node {
    struct node *next;
    long value;
};

struct stack {
    _Atomic(struct node *) top;
};

static void push(struct stack *stack, long value)
{
    struct node *node = malloc(sizeof(*node));
    node->value = value;
    node->next = atomic_load_explicit(&stack->top, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&stack->top, &node->next, node, memory_order_release,
                                                  memory_order_relaxed))
        ;
#ifndef FIXED
    node->value = value + 1; /* @write */
#endif
}

/* All at once, so that no node is met twice. */
static int drain(struct stack *stack, long *sum)
{
    struct node *node = atomic_load_explicit(&stack->top, memory_order_acquire);
    while (node && !atomic_compare_exchange_weak_explicit(&stack->top, &node, NULL, memory_order_acquire,
                                                          memory_order_relaxed))
        ;
    int count = 0;
    while (node) {
        struct node *next = node->next;
        *sum += node->value; /* @read */
#ifdef FIXED
        free(node);
#endif
        node = next;
        count++;
    }
    return count;
}

static void *pusher(void *argument)
{
    for (long i = 0; i < NODES; i++)
        push(argument, i);
    return NULL;
}

static void *popper(void *argument)
{
    long sum = 0;
    for (int count = 0; count < 2 * NODES; sched_yield())
        count += drain(argument, &sum);
    return (void *)sum;
}

int main(void)
{
    pthread_t thread[3];
    struct stack *stack = calloc(1, sizeof(*stack));
    pthread_create(&thread[0], NULL, pusher, stack);
    pthread_create(&thread[1], NULL, pusher, stack);
    pthread_create(&thread[2], NULL, popper, stack);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    free(stack);
    return 0;
}
