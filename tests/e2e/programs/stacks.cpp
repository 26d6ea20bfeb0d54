// stacks.cpp - races whose first access is reached in ways that are hard on a stack: through a library's call back, in a signal
// handler, after an exception, inlined, and fifty million accesses ago. test_stacks.py says what the stacks must be.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <pthread.h>
#include <stdexcept>

#include "../../../samples/scene.h"

#define PLAIN __attribute__((noinline)) static
#define INLINED static inline __attribute__((always_inline))
#define END __asm__ volatile("" ::: "memory") /* no tail call */

static int s_sorted, s_signalled, s_caught, s_inlined;
static int *s_block;
static volatile int s_seen;
static volatile int s_handled, s_numbers[64];

static int compare(const void *a, const void *b)
{
    s_sorted++;
    return *(const int *)a - *(const int *)b;
}

PLAIN void sort_some()
{
    int numbers[4] = {3, 1, 2, 0};
    qsort(numbers, 4, sizeof(*numbers), compare);
    END;
}

static void on_signal(int)
{
    s_signalled++;
    s_handled = 1;
}

/* Asleep in the kernel, where the signal finds it. */
INLINED void sleep_in_kernel()
{
    struct timespec time = {0, 50000000};
    register long mask __asm__("r10") = 0, size __asm__("r8") = 0;
    long result = 271; /* ppoll */
    __asm__ volatile("syscall" : "+a"(result) : "D"(0), "S"(0), "d"(&time), "r"(mask), "r"(size) : "rcx", "r11", "memory");
}

PLAIN void wait_for_signal()
{
    scene_arrive();
    while (!s_handled)
        sleep_in_kernel();
    END;
}

PLAIN void thrower(int depth)
{
    if (!depth)
        throw std::runtime_error("thrown");
    thrower(depth - 1);
    END;
}

PLAIN void catcher()
{
    try {
        thrower(3);
    } catch (const std::exception &) {
        s_caught++;
    }
    END;
}

INLINED void innermost()
{
    s_inlined++;
}

INLINED void middle()
{
    innermost();
}

PLAIN void outer()
{
    middle();
    END;
}

PLAIN int *make_block()
{
    int *block = (int *)malloc(4 * sizeof(*block));
    END;
    return block;
}

PLAIN void use_block()
{
    s_seen = s_block[2];
    END;
}

PLAIN void free_block()
{
    free(s_block);
    END;
}

PLAIN void all_of_it()
{
    sort_some();
    wait_for_signal();
    catcher();
    outer();
    use_block();
    scene_arrive();
    END;
}

static void *worker(void *)
{
    all_of_it();
    return nullptr;
}

PLAIN void spawn(pthread_t *thread)
{
    pthread_create(thread, nullptr, worker, nullptr);
    END;
}

static void *spawner(void *thread)
{
    spawn((pthread_t *)thread);
    return nullptr;
}

/* Whether the only other thread sleeps in the kernel. */
static bool other_sleeps()
{
    bool sleeps = false;
    DIR *tasks = opendir("/proc/self/task");
    while (struct dirent *entry = readdir(tasks)) {
        char path[300], state = ' ';
        snprintf(path, sizeof(path), "/proc/self/task/%s/stat", entry->d_name);
        FILE *file = atoi(entry->d_name) && atoi(entry->d_name) != getpid() ? fopen(path, "r") : NULL;
        if (!file)
            continue;
        sleeps = fscanf(file, "%*d (%*[^)]) %c", &state) == 1 && state == 'S';
        fclose(file);
    }
    closedir(tasks);
    return sleeps;
}

PLAIN void count_far(long times)
{
    for (long i = 0; i < times; i++)
        s_numbers[i & 63] = (int)i;
}

int main(int argc, char **argv)
{
    pthread_t thread, helper;
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, nullptr);
    s_block = make_block();
    s_block[2] = 7;
    pthread_create(&helper, nullptr, spawner, &thread);
    pthread_join(helper, nullptr);
    scene_await(1);
    while (!other_sleeps())
        sched_yield();
    pthread_kill(thread, SIGUSR1);
    count_far(argc > 1 ? atol(argv[1]) : 0);
    scene_await(2);
    s_sorted = s_signalled = s_caught = s_inlined = 0;
    free_block();
    pthread_join(thread, nullptr);
    puts("done");
}
