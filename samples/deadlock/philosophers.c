/* The dining philosophers with all left forks taken at once.
 *
 * expect: deadlock functions=dine lines=@left,@right locks=s_forks threads=3 exit=66 hangs
 * fixed: nothing */
#include "../scene.h"

#define SEATS 3

static pthread_mutex_t s_forks[SEATS];
static int s_meals[SEATS];

static void *dine(void *argument)
{
    int *meals = argument;
    int seat = (int)(meals - s_meals);
    int left = seat, right = (seat + 1) % SEATS;
#ifdef FIXED
    if (seat == SEATS - 1) {
        left = right;
        right = seat;
    }
#endif
    pthread_mutex_lock(&s_forks[left]); /* @left */
#ifndef FIXED
    scene_meet(SEATS);
#endif
    pthread_mutex_lock(&s_forks[right]); /* @right */
    (*meals)++;
    pthread_mutex_unlock(&s_forks[right]);
    pthread_mutex_unlock(&s_forks[left]);
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
