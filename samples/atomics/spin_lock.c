/* A spin lock of an exchange, a loop that only reads, and a plain store; the bug reads what it protects without it.
 *
 * expect: data-race functions=deposit,main lines=@write,@read exit=66
 * fixed: nothing */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct account {
    atomic_int lock;
    long balance;
};

static void take(struct account *account)
{
    while (atomic_exchange_explicit(&account->lock, 1, memory_order_acquire))
        while (atomic_load_explicit(&account->lock, memory_order_relaxed))
            sched_yield();
}

static void give(struct account *account)
{
    atomic_store_explicit(&account->lock, 0, memory_order_release);
}

static void *deposit(void *argument)
{
    struct account *account = argument;
    for (int i = 0; i < 1000; i++) {
        take(account);
        account->balance += 1; /* @write */
        give(account);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread[2];
    struct account *account = calloc(1, sizeof(*account));
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, deposit, account);
#ifdef FIXED
    take(account);
#endif
    long balance = account->balance; /* @read */
#ifdef FIXED
    give(account);
#endif
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    free(account);
    return balance < 0;
}
