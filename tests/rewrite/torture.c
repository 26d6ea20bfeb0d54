/* torture.c - a program that does what makes a rewriter of code fall over, and prints what came out.
 *
 * The same lines must come out of it with and without rewritten code, in whatever way it was built. Argument: the
 * path of a shared library (torture_module.c) that is loaded and unloaded; with a second one threads come first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile long s_ticks;
static long s_array[1024];
static sigjmp_buf s_fault;
static jmp_buf s_far;

static void on_alarm(int number)
{
    (void)number;
    s_ticks++;
    for (int i = 0; i < 200; i++)
        s_array[i * 37 & 1023] += i;
}

static void every(long microseconds)
{
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static long work(long rounds)
{
    long *p = calloc(4096, sizeof(*p)), sum = 0;
    unsigned x = 1;
    for (long i = 0; i < rounds; i++) {
        x = x * 1103515245 + 12345;
        p[x >> 8 & 4095] += i;
        if (p[x >> 12 & 4095] > p[x & 4095])
            p[1]++;
        else
            p[2]--;
    }
    for (int i = 0; i < 4096; i++)
        sum += p[i];
    free(p);
    return sum;
}

/* Every register alive, flags alive across accesses: signals must not disturb borrowed ones. */
static unsigned long pressure(const unsigned *v, unsigned n)
{
    unsigned long a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11;
    for (unsigned t = 0; t + 4 < n; t++) {
        a += v[t] ^ b;
        b = (b << 3 | b >> 61) + v[t + 1] * c;
        c ^= a + d;
        d += v[t + 2] > (unsigned)e ? f : g;
        e -= h ^ v[t + 3];
        f = f * 31 + i;
        g ^= j + v[t];
        h += k << 1;
        i ^= a;
        j += b;
        k = k * 7 + c;
    }
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j ^ k;
}

static void signals(void)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    unsigned v[256];
    unsigned long mixed = 0;
    for (unsigned i = 0; i < 256; i++)
        v[i] = i * 2654435761u;
    sigaction(SIGALRM, &action, NULL);
    every(50);
    long sum = work(3000000);
    for (int i = 0; i < 4000; i++)
        mixed = mixed * 3 + pressure(v, 256);
    while (s_ticks < 20)
        mixed += 0;
    every(0);
    printf("signals %ld %lu\n", sum, mixed);
}

static void on_fault(int number)
{
    (void)number;
    siglongjmp(s_fault, 7);
}

static void *volatile s_where;
static volatile uintptr_t s_pc;

static void on_fault_info(int number, siginfo_t *info, void *context)
{
    (void)number;
    s_where = info->si_addr;
    s_pc = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    siglongjmp(s_fault, 1);
}

__attribute__((noinline)) static void touch(volatile int *p)
{
    *p = 1;
}

static void faults(void)
{
    int count = 0;
    struct sigaction action = {.sa_handler = on_fault}, info = {.sa_sigaction = on_fault_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 1000; i++) {
        if (sigsetjmp(s_fault, 1) == 0)
            touch((volatile int *)8);
        else
            count++;
    }
    sigaction(SIGSEGV, &info, NULL);
    if (sigsetjmp(s_fault, 1) == 0)
        touch((volatile int *)24);
    uintptr_t begin = (uintptr_t)touch;
    printf("faults %d at %ld, pc %s\n", count, (long)s_where, s_pc - begin < 64 ? "in touch" : "elsewhere");
}

static void skip_trap(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static void rip_changes(void)
{
    struct sigaction action = {.sa_sigaction = skip_trap, .sa_flags = SA_SIGINFO};
    long sum = 0;
    sigaction(SIGILL, &action, NULL);
    for (int i = 0; i < 100; i++) {
        s_array[i] = i;
        __asm__ volatile("ud2" ::: "memory");
        sum += s_array[i];
    }
    printf("rip %ld\n", sum);
}

static void deeper(int depth)
{
    if (!depth)
        longjmp(s_far, 3);
    deeper(depth - 1);
    s_array[depth]++;
}

static void jumps(void)
{
    volatile int count = 0;
    for (volatile int i = 0; i < 1000; i++) {
        if (setjmp(s_far) == 0)
            deeper(5);
        else
            count++;
    }
    printf("longjmp %d\n", count);
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void callbacks(void)
{
    static int s_values[3000];
    for (int i = 0; i < 3000; i++)
        s_values[i] = i * 7919 % 3001;
    qsort(s_values, 3000, sizeof(int), ascending);
    printf("qsort %d %d\n", s_values[5], s_values[2999]);
}

static void *worker(void *argument)
{
    return (void *)work((long)argument);
}

static void threads(void)
{
    pthread_t thread[4];
    void *result;
    long sum = 0;
    for (long i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, worker, (void *)(20000 + i));
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], &result);
        sum += (long)result;
    }
    printf("threads %ld\n", sum);
}

static void cleanup(void *argument)
{
    ++*(int *)argument;
}

static void *cancelled(void *argument)
{
    pthread_cleanup_push(cleanup, argument);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
    for (;;) {
        s_array[7]++;
        pthread_testcancel();
    }
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancellation(void)
{
    pthread_t thread;
    void *result;
    int cleaned = 0;
    pthread_create(&thread, NULL, cancelled, &cleaned);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("cancelled %d %d\n", result == PTHREAD_CANCELED, cleaned);
}

static void children(void)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        printf("child %ld\n", work(1000));
        fflush(stdout);
        _exit(3);
    }
    waitpid(child, &status, 0);
    printf("fork %d\n", WEXITSTATUS(status));
    fflush(stdout);
    child = vfork();
    if (!child) {
        execl("/bin/echo", "echo", "vfork", (char *)NULL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    FILE *pipe = popen("echo popen", "r");
    char line[100] = "";
    if (pipe && fgets(line, sizeof(line), pipe))
        printf("%s", line);
    if (pipe)
        pclose(pipe);
}

static int computed(int k)
{
    static void *const labels[] = {&&a, &&b, &&c, &&d};
    int r = 0;
    goto *labels[k & 3];
a:
    r += (int)s_array[1];
    k++;
    goto *labels[k & 3];
b:
    r += (int)s_array[2] * 2;
    k += 2;
    if (k > 20)
        return r;
    goto *labels[k & 3];
c:
    r ^= (int)s_array[3];
    k += 3;
    goto *labels[k & 3];
d:
    r += 7;
    if (k > 30)
        return r;
    k += 1;
    goto *labels[k & 3];
}

__attribute__((noinline)) static int switched(int k, int *p)
{
    switch (k) {
    case 0:
        return p[0] + 1;
    case 1:
        return p[1] * 3;
    case 2:
        p[0]++;
        /* fall through */
    case 3:
        return p[2] - 4;
    case 4:
        return p[3] << 2;
    case 5:
        p[1] = 9;
        return p[1];
    case 6:
        return -p[2];
    case 9:
        return p[3] ^ 5;
    default:
        return 42;
    }
}

static void branches(void)
{
    int v[4] = {1, 2, 3, 4}, sum = 0;
    s_array[1] = 5;
    s_array[2] = 6;
    s_array[3] = 7;
    for (int i = 0; i < 40; i++)
        sum = sum * 3 + switched(i % 12, v);
    unsigned long count = 5, total = 0;
    __asm__ volatile("1: add %0, %1\n loop 1b" : "+c"(count), "+r"(total));
    printf("goto %d %d %d switch %d loop %lu\n", computed(0), computed(1), computed(3), sum, total);
}

static void strings(void)
{
    char a[300], b[300];
    size_t n = sizeof(a);
    void *to = a;
    const void *from = b;
    memset(b, 'x', sizeof(b));
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
    n = 0;
    to = (void *)1;
    from = (const void *)1;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory"); /* touches nothing */
    to = a;
    n = 20;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"('y') : "memory");
    from = a;
    to = b;
    n = 300;
    unsigned char equal;
    __asm__ volatile("repe cmpsb\n sete %3" : "+S"(from), "+D"(to), "+c"(n), "=q"(equal)::"memory", "cc");
    printf("strings %c %c %zu %d\n", a[0], a[299], n, equal);
}

static void atomics(void)
{
    static long s_value = 5;
    long old = 5, sum = 0;
    for (int i = 0; i < 100; i++)
        sum += __atomic_fetch_add(&s_value, i, __ATOMIC_SEQ_CST);
    __atomic_compare_exchange_n(&s_value, &old, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    sum += __atomic_exchange_n(&s_value, 3, __ATOMIC_SEQ_CST) + old + __sync_fetch_and_or(&s_value, 64) + s_value;
    printf("atomics %ld\n", sum);
}

static void traces(void)
{
    void *frames[30];
    Dl_info info;
    int count = backtrace(frames, 30);
    printf("backtrace %s %d\n", count >= 3 ? "deep" : "shallow", dladdr(frames[0], &info) != 0);
}

static void modules(const char *path)
{
    int sum = 0;
    for (int i = 0; i < 5; i++) {
        void *handle = dlopen(path, RTLD_NOW);
        int (*work_there)(int) = handle ? (int (*)(int))dlsym(handle, "torture_module") : NULL;
        sum += work_there ? work_there(i) : -1000;
        if (handle)
            dlclose(handle);
    }
    printf("modules %d\n", sum);
}

int main(int argc, char **argv)
{
    if (argc > 2) /* a detector that wakes with the first thread is awake for all that follows */
        threads();
    signals();
    faults();
    rip_changes();
    jumps();
    callbacks();
    threads();
    cancellation();
    children();
    branches();
    strings();
    atomics();
    traces();
    if (argc > 1)
        modules(argv[1]);
    return 5;
}
