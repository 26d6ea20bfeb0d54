/* The dining philosophers: each takes the left fork, then the right one. They happen to eat one after the other,
 * so that nobody starves in this run. The twin lets the last one take the right fork first.
 *
 * expect: lock-order-inversion functions=dine lines=@left,@right locks=s_forks threads=3 exit=66
 * fixed: nothing */
#include "../scene.h"

#define SEATS 3

static pthread_mutex_t s_forks[SEATS];
static int s_meals[SEATS];

static void take(int left, int right)
{
    pthread_mutex_lock(&s_forks[left]); /* @left */
    pthread_mutex_lock(&s_forks[right]); /* @right */
}

static void *dine(void *argument)
{
    int *meals = argument;
    int seat = (int)(meals - s_meals);
    int right = (seat + 1) % SEATS;
    scene_await(seat);
    for (int i = 0; i < 100; i++) {
#ifdef FIXED
        if (seat == SEATS - 1)
            take(right, seat);
        else
            take(seat, right);
#else
        take(seat, right);
#endif
        (*meals)++;
        pthread_mutex_unlock(&s_forks[right]);
        pthread_mutex_unlock(&s_forks[seat]);
    }
    scene_arrive();
    return NULL;
}

int main(void)
{
    pthread_t threads[SEATS];
    for (int i = 0; i < SEATS; i++)
        pthread_mutex_init(&s_forks[i], NULL);
    for (int i = 0; i < SEATS; i++)
        pthread_create(&threads[i], NULL, dine, &s_meals[i]);
    for (int i = 0; i < SEATS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < SEATS; i++)
        printf("philosopher %d ate %d times\n", i, s_meals[i]);
    return 0;
}
