/* Two threads guard one total by different locks; the lock of the one that came first is gone when the other comes.
 *
 * expect: data-race functions=earn,spend,add lines=@earn,@spend location=s_bank.total held=s_gate+s_income,s_expense exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

static pthread_mutex_t s_income = PTHREAD_MUTEX_INITIALIZER, s_expense = PTHREAD_MUTEX_INITIALIZER, s_gate;
static struct {
    int accounts;
    long total;
} s_bank;

static void add(pthread_mutex_t *lock)
{
    pthread_mutex_lock(lock);
}

static void *earn(void *unused)
{
    pthread_mutex_init(&s_gate, NULL);
    pthread_mutex_lock(&s_gate);
    add(&s_income);
    s_bank.total += 5; /* @earn */
    pthread_mutex_unlock(&s_income);
    pthread_mutex_unlock(&s_gate);
    pthread_mutex_destroy(&s_gate);
    scene_arrive();
    return unused;
}

static void spend(pthread_mutex_t *lock)
{
    add(lock);
    s_bank.total -= 3; /* @spend */
    pthread_mutex_unlock(lock);
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, earn, NULL);
    scene_await(1);
#ifdef FIXED
    spend(&s_income);
#else
    spend(&s_expense);
#endif
    pthread_join(thread, NULL);
    pthread_mutex_lock(&s_expense);
    printf("%ld\n", s_bank.total);
    pthread_mutex_unlock(&s_expense);
    return 0;
}
