/* kernels.c - small loops with two threads, for the cost of race detection: kernels NAME [SIZE [THREADS]].
 *
 * Each kernel runs in every thread, on data of its own or shared as noted, and prints a checksum. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int s_size, s_threads;
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long s_counter;
static long s_total;
static double *s_a, *s_b, *s_c;

static uint32_t next_random(uint32_t *state)
{
    return *state = *state * 1664525u + 1013904223u;
}

/* Rows of one product: the factors are read by all threads. */
static uint64_t matrix(int thread)
{
    int n = s_size;
    for (int i = thread; i < n; i += s_threads)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++)
                sum += s_a[i * n + k] * s_b[k * n + j];
            s_c[i * n + j] = sum;
        }
    return (uint64_t)s_c[thread * n];
}

struct node {
    struct node *next;
    int key, value;
};

static uint64_t list(int thread)
{
    struct node *head = NULL;
    uint64_t sum = 0;
    for (int i = 0; i < 2000; i++) {
        struct node *node = malloc(sizeof(*node));
        *node = (struct node){head, i, thread};
        head = node;
    }
    for (int round = 0; round < s_size; round++)
        for (struct node *node = head; node; node = node->next) {
            node->value += round;
            sum += (uint64_t)node->value;
        }
    while (head) {
        struct node *next = head->next;
        free(head);
        head = next;
    }
    return sum;
}

static uint64_t hash(int thread)
{
    enum { BUCKETS = 1 << 16 };
    struct node **table = calloc(BUCKETS, sizeof(*table));
    uint32_t random = (uint32_t)thread;
    uint64_t sum = 0;
    for (int i = 0; i < s_size * 1000; i++) {
        int key = (int)(next_random(&random) >> 12);
        struct node **bucket = &table[key & (BUCKETS - 1)];
        struct node *node = *bucket;
        while (node && node->key != key)
            node = node->next;
        if (!node) {
            node = malloc(sizeof(*node));
            *node = (struct node){*bucket, key, 0};
            *bucket = node;
        }
        sum += (uint64_t)++node->value;
    }
    return sum;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static uint64_t sort(int thread)
{
    int count = s_size * 1000;
    int *values = malloc((size_t)count * sizeof(*values));
    uint32_t random = (uint32_t)thread;
    for (int i = 0; i < count; i++)
        values[i] = (int)(next_random(&random) >> 8);
    for (int gap = count / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (int i = gap; i < count; i++)
            for (int j = i; j >= gap && compare(&values[j - gap], &values[j]) > 0; j -= gap) {
                int swap = values[j];
                values[j] = values[j - gap];
                values[j - gap] = swap;
            }
    uint64_t sum = (uint64_t)values[count / 2];
    free(values);
    return sum;
}

static uint64_t bytes(int thread)
{
    enum { LENGTH = 1 << 16 };
    unsigned char *text = malloc(LENGTH);
    uint64_t sum = 0;
    for (int round = 0; round < s_size; round++)
        for (int i = 0; i < LENGTH; i++) {
            text[i] = (unsigned char)(i * 7 + round + thread);
            sum += text[(i * 13) & (LENGTH - 1)];
        }
    free(text);
    return sum;
}

static uint64_t locks(int thread)
{
    (void)thread;
    for (int i = 0; i < s_size * 1000; i++) {
        pthread_mutex_lock(&s_lock);
        s_total++;
        pthread_mutex_unlock(&s_lock);
    }
    return 0;
}

/* Each thread has a lock that nobody else wants, and data under it. */
static uint64_t own_locks(int thread)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    long data[8] = {thread};
    for (int i = 0; i < s_size * 1000; i++) {
        pthread_mutex_lock(&lock);
        for (int k = 0; k < 8; k++)
            data[k] += i;
        pthread_mutex_unlock(&lock);
    }
    return (uint64_t)data[3];
}

static uint64_t atomics(int thread)
{
    (void)thread;
    int count = s_size * 1000;
    for (int i = 0; i < count; i++)
        atomic_fetch_add_explicit(&s_counter, 1, i & 1 ? memory_order_relaxed : memory_order_acq_rel);
    return 0;
}

/* Each thread has an atomic counter to itself: a reference count that nobody else uses just now. */
static uint64_t own_atomics(int thread)
{
    atomic_long counter = thread;
    int count = s_size * 1000;
    for (int i = 0; i < count; i++) {
        atomic_fetch_add_explicit(&counter, 2, memory_order_relaxed);
        atomic_fetch_sub_explicit(&counter, 1, memory_order_acq_rel);
    }
    return (uint64_t)counter;
}

/* A bounded queue under a mutex and two conditions; every thread puts and takes. */
static uint64_t queue(int thread)
{
    enum { ROOM = 64 };
    static pthread_cond_t s_filled = PTHREAD_COND_INITIALIZER, s_emptied = PTHREAD_COND_INITIALIZER;
    static uint64_t s_item[ROOM];
    static int s_first, s_count;
    uint64_t sum = 0;
    for (int i = 0; i < s_size * 1000; i++) {
        pthread_mutex_lock(&s_lock);
        while (s_count == ROOM)
            pthread_cond_wait(&s_emptied, &s_lock);
        s_item[(s_first + s_count++) % ROOM] = (uint64_t)i + (uint64_t)thread;
        pthread_cond_signal(&s_filled);
        pthread_mutex_unlock(&s_lock);
        pthread_mutex_lock(&s_lock);
        while (s_count == 0)
            pthread_cond_wait(&s_filled, &s_lock);
        sum += s_item[s_first];
        s_first = (s_first + 1) % ROOM;
        s_count--;
        pthread_cond_signal(&s_emptied);
        pthread_mutex_unlock(&s_lock);
    }
    return sum;
}

/* Small blocks that come and go. */
static uint64_t churn(int thread)
{
    enum { LIVE = 1024 };
    uint64_t *block[LIVE] = {0}, sum = 0;
    uint32_t random = (uint32_t)thread;
    for (int i = 0; i < s_size * 1000; i++) {
        uint32_t which = next_random(&random) >> 8 & (LIVE - 1);
        if (block[which])
            sum += *block[which];
        free(block[which]);
        block[which] = malloc(16 + (random >> 20 & 63));
        *block[which] = (uint64_t)i;
    }
    for (int i = 0; i < LIVE; i++)
        free(block[i]);
    return sum;
}

static const struct {
    const char *name;
    uint64_t (*run)(int thread);
    int size;
} s_kernels[] = {{"matrix", matrix, 400},  {"list", list, 10000},         {"hash", hash, 600},
                 {"sort", sort, 500},      {"bytes", bytes, 500},         {"locks", locks, 1000},
                 {"own-locks", own_locks, 2000}, {"atomics", atomics, 4000}, {"own-atomics", own_atomics, 4000},
                 {"queue", queue, 500},    {"churn", churn, 2000}};

static uint64_t (*s_run)(int thread);

static void *work(void *argument)
{
    return (void *)(uintptr_t)s_run((int)(intptr_t)argument);
}

static void fill(void)
{
    size_t count = (size_t)s_size * (size_t)s_size;
    s_a = malloc(count * sizeof(*s_a));
    s_b = malloc(count * sizeof(*s_b));
    s_c = malloc(count * sizeof(*s_c));
    for (size_t i = 0; i < count; i++) {
        s_a[i] = (double)(i % 7);
        s_b[i] = (double)(i % 5);
    }
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(s_kernels) / sizeof(*s_kernels); i++)
        if (!strcmp(argv[1], s_kernels[i].name)) {
            s_run = s_kernels[i].run;
            s_size = argc > 2 && atoi(argv[2]) ? atoi(argv[2]) : s_kernels[i].size;
        }
    s_threads = argc > 3 ? atoi(argv[3]) : 2;
    if (!s_run || s_threads < 1 || s_threads > 256) {
        fprintf(stderr, "usage: kernels matrix|list|hash|sort|bytes|locks|own-locks|atomics|own-atomics|queue|churn "
                        "[SIZE, 0 for the usual one [THREADS]]\n");
        return 2;
    }
    if (s_run == matrix)
        fill();
    pthread_t thread[256];
    uint64_t sum = 0;
    for (int i = 0; i < s_threads; i++)
        pthread_create(&thread[i], NULL, work, (void *)(intptr_t)i);
    for (int i = 0; i < s_threads; i++) {
        void *result;
        pthread_join(thread[i], &result);
        sum += (uint64_t)(uintptr_t)result;
    }
    printf("%s %llu %ld %ld\n", argv[1], (unsigned long long)sum, s_total, atomic_load(&s_counter));
    return 0;
}
