/* Calls inside calls: a handler that formats while printf is at work, conversions of the program's own, a stream whose functions are the
 * program's, a comparison that cancels its thread, %n and %m, positions. The output is that of the program alone.
 *
 * expect: nothing */
#include "../scene.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat"

#include <printf.h>
#include <signal.h>
#include <stdarg.h>
#include <wchar.h>

#define ROUNDS 2000

static volatile sig_atomic_t s_handled;
static char s_from_handler[64];

static void on_signal(int signal)
{
    char text[64];
    int saved = errno, count;
    snprintf(text, sizeof(text), "signal %d%n %s", signal, &count, "in a handler");
    sscanf(text, "signal %d", &count);
    strcpy(s_from_handler, text);
    s_handled++;
    errno = saved;
}

static int print_pair(FILE *stream, const struct printf_info *info, const void *const *arguments)
{
    const int *pair = *(const int *const *)arguments[0];
    (void)info;
    return fprintf(stream, "<%d %d>", pair[0], pair[1]);
}

static int describe_pair(const struct printf_info *info, size_t count, int *types, int *sizes)
{
    (void)info, (void)sizes;
    if (count > 0)
        types[0] = PA_POINTER;
    return 1;
}

static ssize_t write_upper(void *cookie, const char *bytes, size_t size)
{
    char text[256];
    (void)cookie;
    for (size_t i = 0; i < size && i < sizeof(text); i++)
        text[i] = bytes[i] >= 'a' && bytes[i] <= 'z' ? (char)(bytes[i] - 32) : bytes[i];
    fwrite(text, 1, size, stdout);
    return (ssize_t)size;
}

static int give_up(const void *a, const void *b)
{
    (void)a, (void)b;
    pthread_exit((void *)"left in a comparison");
}

static void *sorter(void *unused)
{
    int table[4] = {4, 3, 2, 1};
    qsort(table, 4, sizeof(*table), give_up);
    return unused;
}

static void *formatter(void *unused)
{
    char text[256];
    int length = 0;
    for (int i = 0; i < ROUNDS || s_handled < 20; i++) {
        errno = ENOENT;
        snprintf(text, sizeof(text), "%m %3$s %1$d %2$*4$ld", i, 7L, "text", 5);
        length += i < ROUNDS ? (int)strlen(text) : 0;
    }
    printf("%d\n", length);
    return unused;
}

int main(void)
{
    pthread_t threads[2];
    void *result;
    int pair[2] = {1, 2};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&threads[0], NULL, formatter, NULL);
    while (s_handled < 20 && pthread_kill(threads[0], SIGUSR1) == 0)
        sched_yield();
    pthread_join(threads[0], NULL);
    puts(s_handled > 0 && strcmp(s_from_handler, "signal 10 in a handler") == 0 ? "handled" : "not handled");
    pthread_create(&threads[1], NULL, sorter, NULL);
    pthread_join(threads[1], &result);
    puts(result);
    register_printf_specifier('P', print_pair, describe_pair);
    const char *volatile own = "%P %s %d\n"; /* the compiler does not know it */
    printf(own, pair, "and", 3);
    FILE *upper = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_upper});
    fprintf(upper, "%s %ls\n", "in capitals", L"all");
    fclose(upper);
    return 0;
}
