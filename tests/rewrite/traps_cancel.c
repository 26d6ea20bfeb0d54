/* traps_cancel.c - threads that are cancelled asynchronously, wherever they are. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

static volatile long s_words[1024];
static int s_begun, s_sent, s_cleaned, s_deferred;

static void clean(void *count)
{
    ++*(int *)count;
}

static long endless(void)
{
    long local[64] = {0};
    for (unsigned i = 0;; i++) {
        s_words[i & 1023] = s_words[i * 7 & 1023] + 1;
        local[i & 63] += s_words[i & 1023];
        s_words[0] = local[i * 3 & 63];
        if (s_words[i & 511] == -1)
            return local[1];
    }
}

static void *body(void *unused)
{
    pthread_cleanup_push(clean, &s_cleaned);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    __atomic_store_n(&s_begun, 1, __ATOMIC_SEQ_CST);
    endless();
    pthread_cleanup_pop(0);
    return unused;
}

/* Cancelled while it may not be: it goes on where it was, with all its registers. */
static void *protected(void *unused)
{
    unsigned long a = 1, b = 2, c = 3, d = 4, e = 5;
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
    __atomic_store_n(&s_begun, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < 3000000; i++) {
        a += (unsigned long)s_words[i & 15] ^ b;
        b = (b << 3 | b >> 61) + c;
        c ^= a + d;
        d += e;
        e = e * 31 + a;
    }
    while (!__atomic_load_n(&s_sent, __ATOMIC_SEQ_CST))
        sched_yield();
    s_deferred += (a ^ b ^ c ^ d ^ e) != 0;
    pthread_testcancel();
    return unused;
}

static int cancel(void *(*function)(void *))
{
    pthread_t thread;
    void *result;
    __atomic_store_n(&s_begun, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&s_sent, 0, __ATOMIC_SEQ_CST);
    pthread_create(&thread, NULL, function, NULL);
    while (!__atomic_load_n(&s_begun, __ATOMIC_SEQ_CST))
        sched_yield();
    pthread_cancel(thread);
    __atomic_store_n(&s_sent, 1, __ATOMIC_SEQ_CST);
    pthread_join(thread, &result);
    return result == PTHREAD_CANCELED;
}

int main(void)
{
    int cancelled = 0;
    for (int i = 0; i < 100; i++)
        cancelled += cancel(body);
    for (int i = 0; i < 5; i++)
        cancelled += cancel(protected);
    printf("cancelled %d cleaned %d deferred %d\n", cancelled, s_cleaned, s_deferred);
    return 6;
}
