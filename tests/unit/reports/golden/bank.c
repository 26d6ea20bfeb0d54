/* bank.c - what the fixtures' stacks point into; never compiled. */
#include <pthread.h>

static pthread_mutex_t lock_a, lock_b, lock_c;
static long counter;

static void *deposit(void *unused)
{
    pthread_mutex_lock(&lock_a);
    pthread_mutex_lock(&lock_b);
    counter++;
    return unused;
}

static void *withdraw(void *unused)
{
    pthread_mutex_lock(&lock_b);
    pthread_mutex_lock(&lock_a);
    return counter ? unused : NULL;
}

static void *audit(void *unused)
{
	pthread_mutex_lock(&lock_c);
    pthread_mutex_unlock(&lock_a);
    pthread_cond_wait(&changed, &lock_c);
    return unused;
}

int main(void)
{
    pthread_create(&threads[0], NULL, deposit, NULL);
    pthread_create(&threads[1], NULL, withdraw, NULL);
    pthread_create(&threads[2], NULL, audit, NULL);
}
