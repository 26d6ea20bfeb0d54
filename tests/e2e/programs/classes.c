/* Four locks of two kinds, each made at a place of its own; which one is taken inside which other says the argument ("01"). */
#include <pthread.h>

__attribute__((noinline)) static void make(pthread_mutex_t *lock, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutex_init(lock, &attributes);
}

static void *nothing(void *unused)
{
    return unused;
}

int main(int argc, char **argv)
{
    pthread_mutex_t lock[4];
    pthread_t thread;
    make(&lock[0], PTHREAD_MUTEX_NORMAL);
    make(&lock[1], PTHREAD_MUTEX_RECURSIVE);
    make(&lock[2], PTHREAD_MUTEX_RECURSIVE);
    make(&lock[3], PTHREAD_MUTEX_NORMAL);
    pthread_create(&thread, NULL, nothing, NULL);
    pthread_join(thread, NULL);
    const char *order = argc > 1 ? argv[1] : "01";
    pthread_mutex_lock(&lock[order[0] - '0']);
    pthread_mutex_lock(&lock[order[1] - '0']);
    pthread_mutex_unlock(&lock[order[1] - '0']);
    pthread_mutex_unlock(&lock[order[0] - '0']);
    return 0;
}
