/* One thread tells how far it is, and takes the lock only to wake who waits; the other one takes it only if it has to wait. So do the decoders of
 * videos. The bug forgets to wait.
 *
 * expect: data-race functions=work,main lines=@write,@read location=s_row exit=66
 * fixed: nothing */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define ROWS 64

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t s_changed = PTHREAD_COND_INITIALIZER;
static int s_row[ROWS];

struct progress {
    int unrelated;
    atomic_int rows;
};

__attribute__((noinline)) static void tell(struct progress *progress, int rows)
{
    if (atomic_load_explicit(&progress->rows, memory_order_relaxed) >= rows)
        return;
    pthread_mutex_lock(&s_lock);
    atomic_store_explicit(&progress->rows, rows, memory_order_release);
    pthread_cond_broadcast(&s_changed);
    pthread_mutex_unlock(&s_lock);
}

__attribute__((noinline, unused)) static void await(struct progress *progress, int rows)
{
    if (atomic_load_explicit(&progress->rows, memory_order_acquire) >= rows)
        return;
    pthread_mutex_lock(&s_lock);
    while (atomic_load_explicit(&progress->rows, memory_order_relaxed) < rows)
        pthread_cond_wait(&s_changed, &s_lock);
    pthread_mutex_unlock(&s_lock);
}

static void *work(void *progress)
{
    for (int i = 0; i < ROWS; i++) {
        s_row[i] = i; /* @write */
        tell(progress, i + 1);
    }
    return NULL;
}

int main(void)
{
    static struct progress s_progress;
    int sum = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, work, &s_progress);
    usleep(20000); /* most of it needs no waiting */
    for (int i = 0; i < ROWS; i++) {
#ifdef FIXED
        await(&s_progress, i + 1);
#endif
        sum += s_row[i]; /* @read */
    }
    pthread_join(thread, NULL);
    return sum < 0;
}
