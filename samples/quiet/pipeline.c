/* A little of everything that correct programs do: a pool with a queue, a barrier between phases, once, a read-write
 * lock, a spinlock, thread-specific data with a destructor that locks, cancellation with a cleanup handler, names.
 *
 * expect: nothing */
#include "../scene.h"

#define WORKERS 4

static pthread_mutex_t s_queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_filled = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t s_table = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t s_spin;
static pthread_barrier_t s_phase;
static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static pthread_key_t s_key;
static int s_jobs, s_end, s_done, s_destroyed, s_spun;

static void destroy(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&s_queue);
    s_destroyed++;
    pthread_mutex_unlock(&s_queue);
}

static void init(void)
{
    pthread_key_create(&s_key, destroy);
}

static int next_job(void)
{
    int found;
    pthread_mutex_lock(&s_queue);
    while (s_jobs == 0 && !s_end)
        pthread_cond_wait(&s_filled, &s_queue);
    found = s_jobs > 0;
    if (found)
        s_jobs--;
    pthread_mutex_unlock(&s_queue);
    return found;
}

static void *worker(void *argument)
{
    pthread_once(&s_once, init);
    pthread_setspecific(s_key, argument);
    pthread_barrier_wait(&s_phase);
    while (next_job()) {
        pthread_rwlock_rdlock(&s_table);
        pthread_spin_lock(&s_spin);
        s_spun++;
        pthread_spin_unlock(&s_spin);
        pthread_rwlock_unlock(&s_table);
        pthread_rwlock_wrlock(&s_table);
        s_done++;
        pthread_rwlock_unlock(&s_table);
    }
    return NULL;
}

static void give_back(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static void *watcher(void *unused)
{
    static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(give_back, &mutex);
    for (;;)
        pthread_cond_wait(&never, &mutex);
    pthread_cleanup_pop(1);
    return unused;
}

int main(void)
{
    pthread_t threads[WORKERS], watching;
    pthread_spin_init(&s_spin, PTHREAD_PROCESS_PRIVATE);
    pthread_barrier_init(&s_phase, NULL, WORKERS);
    pthread_create(&watching, NULL, watcher, NULL);
    pthread_setname_np(watching, "watcher");
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, worker, &s_table);
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&s_queue);
        s_jobs++;
        pthread_cond_signal(&s_filled);
        pthread_mutex_unlock(&s_queue);
    }
    pthread_mutex_lock(&s_queue);
    s_end = 1;
    pthread_cond_broadcast(&s_filled);
    pthread_mutex_unlock(&s_queue);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    pthread_cancel(watching);
    pthread_join(watching, NULL);
    pthread_barrier_destroy(&s_phase);
    pthread_spin_destroy(&s_spin);
    printf("%d %d %d\n", s_done, s_spun, s_destroyed);
    return 0;
}
