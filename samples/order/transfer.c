/* Money is moved between two accounts in both directions at once; each account has its lock inside it, on the
 * heap. The twin locks the account with the lower address first.
 *
 * expect: lock-order-inversion functions=transfer,salary,rent lines=@from,@to threads=2 exit=66
 * fixed: nothing */
#include "../scene.h"

struct account {
    long balance;
    pthread_mutex_t mutex;
};

static struct account *s_employer, *s_tenant;

static void transfer(struct account *from, struct account *to, long amount)
{
#ifdef FIXED
    struct account *first = from < to ? from : to;
    struct account *second = from < to ? to : from;
#else
    struct account *first = from;
    struct account *second = to;
#endif
    pthread_mutex_lock(&first->mutex); /* @from */
    pthread_mutex_lock(&second->mutex); /* @to */
    from->balance -= amount;
    to->balance += amount;
    pthread_mutex_unlock(&second->mutex);
    pthread_mutex_unlock(&first->mutex);
}

static void *salary(void *unused)
{
    transfer(s_employer, s_tenant, 1000);
    scene_arrive();
    return unused;
}

static void *rent(void *unused)
{
    scene_await(1);
    transfer(s_tenant, s_employer, 700);
    return unused;
}

static struct account *open_account(long balance)
{
    struct account *account = malloc(sizeof(*account));
    account->balance = balance;
    pthread_mutex_init(&account->mutex, NULL);
    return account;
}

int main(void)
{
    pthread_t one, two;
    s_employer = open_account(5000);
    s_tenant = open_account(10);
    pthread_create(&one, NULL, salary, NULL);
    pthread_create(&two, NULL, rent, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    printf("%ld %ld\n", s_employer->balance, s_tenant->balance);
    pthread_mutex_destroy(&s_employer->mutex);
    pthread_mutex_destroy(&s_tenant->mutex);
    free(s_employer);
    free(s_tenant);
    return 0;
}
