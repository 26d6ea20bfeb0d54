/* The program that the hand-made documents speak of. It is shown, not built. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct account {
    long balance;
    char owner[56];
};

static pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock_b = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t journal_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t journal_ready = PTHREAD_COND_INITIALIZER;
static struct account *accounts;

static void move(struct account *from, struct account *to, long amount)
{
    from->balance -= amount;
    to->balance += amount;
}

static void *pay_in(void *argument)
{
    pthread_mutex_lock(&lock_a);
    long amount = *(long *)argument;
    pthread_mutex_lock(&lock_b); /* pay_in: the second lock */
    move(&accounts[0], &accounts[1], amount);
    pthread_mutex_unlock(&lock_b);
    pthread_mutex_unlock(&lock_a);
    return NULL;
}

static void *pay_out(void *argument)
{
    pthread_mutex_lock(&lock_b);
    long amount = *(long *)argument;
    pthread_mutex_lock(&lock_a); /* pay_out: the second lock */
    move(&accounts[1], &accounts[0], amount);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&lock_b);
    return NULL;
}

static void *audit(void *argument)
{
    (void)argument;
    long sum = 0;
    for (int i = 0; i < 2; i++)
        sum += accounts[i].balance; /* read without a lock */
    printf("sum %ld\n", sum);
    return NULL;
}

static void *journal(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&journal_lock);
    pthread_mutex_lock(&lock_a); /* journal: lock_a under the journal's lock */
    pthread_cond_wait(&journal_ready, &journal_lock);
    pthread_mutex_unlock(&lock_a);
    pthread_mutex_unlock(&journal_lock);
    return NULL;
}

static void close_account(struct account *account)
{
    pthread_mutex_unlock(&lock_b); /* close_account: not held by this thread */
    free(account);
}

int main(void)
{
    pthread_t threads[4];
    long amount = 10;
    accounts = calloc(2, sizeof(*accounts));
    pthread_create(&threads[0], NULL, pay_in, &amount);
    pthread_create(&threads[1], NULL, pay_out, &amount);
    pthread_create(&threads[2], NULL, audit, NULL);
    pthread_create(&threads[3], NULL, journal, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    close_account(accounts);
    return 0;
}
