/* places.c - prints link-time addresses of its own code and data, "word address line", for test_symbolise.c. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

extern const char __executable_start[];

struct queue {
    int length;
    struct {
        int closed;
        pthread_mutex_t mutex;
    } state;
};

pthread_mutex_t lock_a = PTHREAD_MUTEX_INITIALIZER;
struct queue queue;
static struct queue table[4];
static int grid[3][5];

static void say(const char *word, const void *address, int line)
{
    printf("%s %lx %d\n", word, (unsigned long)((uintptr_t)address - (uintptr_t)__executable_start), line);
}

/* The address after the call to it lies in whatever it was inlined into. */
static __attribute__((noinline)) void here(const char *word, int line)
{
    say(word, (const char *)__builtin_return_address(0) - 1, line);
}

static inline __attribute__((always_inline)) void innermost(void)
{
    here("inlined", __LINE__);
    __asm__ volatile("");
}

static inline __attribute__((always_inline)) void middle(void)
{
    innermost(); /* line 40 */
    __asm__ volatile("");
}

static __attribute__((noinline)) void outer(void)
{
    middle(); /* line 46 */
    __asm__ volatile("");
}

static __attribute__((noinline)) void plain(void)
{
    here("plain", __LINE__);
    __asm__ volatile("");
}

int main(void)
{
    static pthread_mutex_t in_main = PTHREAD_MUTEX_INITIALIZER;
    plain();
    outer();
    say("lock_a", &lock_a, 0);
    say("queue", &queue.state.mutex, 0);
    say("table", &table[3].state.mutex, 0);
    say("grid", &grid[2][3], 0);
    say("in_main", &in_main, 0);
    return 0;
}
