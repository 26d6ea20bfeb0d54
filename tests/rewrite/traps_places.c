/* Memory at places that no kernel chooses, names that are the loader's, and pointers that lead nowhere. Ends with status 6. */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PLACES 42
#define SIZE ((size_t)1 << 20)

extern void *__libc_stack_end; /* linked to fixed addresses, a program has copies of these */
static struct r_debug *volatile s_loader = &_r_debug;
static char *s_block[2 * PLACES];

/* All over the address space, as engines of languages do. */
static void map_all(char **block, uintptr_t first)
{
    for (int i = 0; i < PLACES; i++) {
        block[i] = mmap((void *)(first + ((uintptr_t)i * 3 << 40)), SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (size_t at = 0; at < SIZE; at += 4096)
            block[i][at] = (char)(i + 1);
    }
}

static long sum_up(char **block)
{
    long sum = 0;
    for (int i = 0; i < PLACES; i++)
        for (size_t at = 0; at < SIZE; at += 4096)
            sum += block[i][at]++;
    memcpy(block[0], block[PLACES - 1], 3);
    memmove(block[PLACES / 2] + 1, block[PLACES / 3], 70000);
    return sum;
}

static void *work(void *unused)
{
    printf("before %ld\n", sum_up(s_block));
    map_all(s_block + PLACES, 0x2f123400000);
    printf("after %ld\n", sum_up(s_block + PLACES));
    for (int i = 0; i < 2 * PLACES; i++)
        munmap(s_block[i], SIZE);
    return unused;
}

/* The middle of the largest gap: neither the program's nor anybody's. */
static const void *nowhere(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    uintptr_t last = 0, start, end, from = 0, to = 0;
    while (fscanf(maps, "%lx-%lx%*[^\n]", &start, &end) == 2 && end < (uintptr_t)1 << 47) {
        if (start - last > to - from) {
            from = last;
            to = start;
        }
        last = end;
    }
    fclose(maps);
    return (const void *)(from + (to - from) / 2);
}

int main(void)
{
    pthread_t thread;
    int ends[2];
    printf("stack %d loader %d\n", __libc_stack_end > (void *)&thread, s_loader->r_map != NULL);
    map_all(s_block, 0x1f123400000);
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
    ssize_t done = pipe(ends) ? 0 : write(ends[1], nowhere(), 3);
    printf("write %zd %s\n", done, strerror(errno));
    fflush(stdout);
    return 6;
}
