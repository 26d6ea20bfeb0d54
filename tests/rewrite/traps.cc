// traps.cc WHAT - single things that make a rewriter of code fall over; each prints what came out.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long s_words[1024];
static volatile int s_cleaned;

static void *nothing(void *unused)
{
    return unused;
}

static void one_thread()
{
    pthread_t thread;
    pthread_create(&thread, nullptr, nothing, nullptr);
    pthread_join(thread, nullptr);
}

struct Counted {
    ~Counted() { s_cleaned++; }
};

// --- a handler installed past libc ---

struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)();
    unsigned long mask;
};

static volatile long s_ticks;

static void on_tick(int, siginfo_t *, void *)
{
    s_ticks++;
    for (int i = 0; i < 100; i++)
        s_words[i * 37 & 511] += i;
}

static unsigned long mix(const volatile long *v)
{
    unsigned long a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
    for (int t = 512; t < 1020; t++) {
        a += v[t] ^ b;
        b = (b << 3 | b >> 61) + v[t + 1] * c;
        c ^= a + d;
        d += v[t + 2] > (long)e ? f : g;
        e -= h ^ v[t + 3];
        f = f * 31 + a;
        g ^= h + v[t];
        h += d << 1;
    }
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
}

static void raw()
{
    struct kernel_action action = {on_tick, SA_SIGINFO | SA_RESTART, nullptr, 0}, old;
    struct sigaction seen;
    one_thread();
    // libc's restorer, as code that does this takes it from elsewhere
    sigaction(SIGUSR1, nullptr, &seen);
    struct sigaction with = {};
    with.sa_handler = SIG_IGN;
    sigaction(SIGUSR1, &with, nullptr);
    syscall(SYS_rt_sigaction, SIGUSR1, nullptr, &old, 8);
    action.restorer = old.restorer;
    action.flags |= 0x04000000;
    syscall(SYS_rt_sigaction, SIGALRM, &action, nullptr, 8);
    struct itimerval timer = {{0, 50}, {0, 50}};
    for (int i = 512; i < 1024; i++)
        s_words[i] = i * 7919;
    setitimer(ITIMER_REAL, &timer, nullptr);
    unsigned long sum = 0;
    for (int i = 0; i < 20000; i++)
        sum = sum * 3 + mix(s_words);
    timer = {};
    setitimer(ITIMER_REAL, &timer, nullptr);
    sigaction(SIGALRM, nullptr, &seen);
    syscall(SYS_rt_sigaction, SIGALRM, nullptr, &old, 8);
    printf("raw %lu %d %d %d %ld\n", sum, s_ticks > 5, (void *)seen.sa_sigaction == (void *)on_tick, old.handler == on_tick,
           syscall(SYS_rt_sigaction, SIGALRM, &action, nullptr, 4));
}

// --- a filter of system calls before the first thread: what the copying of code needs ends the process ---

static void filter()
{
    static const int forbidden[] = {SYS_execve, SYS_vfork, SYS_fork, SYS_openat, SYS_mprotect};
    struct sock_filter rules[16];
    int n = 0;
    rules[n++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
    for (int number : forbidden) {
        rules[n++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
        rules[n++] = BPF_STMT(BPF_RET | BPF_K, number == SYS_mprotect ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS);
    }
    rules[n++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {(unsigned short)n, rules};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    long result = getenv("WITH_SYSCALL") ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)
                                         : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
    printf("filter %ld\n", result);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    static char s_stack[1 << 20] __attribute__((aligned(4096)));
    pthread_attr_setstack(&attributes, s_stack, sizeof(s_stack));
    pthread_t thread;
    printf("create %d\n", pthread_create(&thread, &attributes, nothing, nullptr));
    pthread_join(thread, nullptr);
}

// --- no page is writable and executable ---

static void maps()
{
    one_thread();
    char line[1024];
    int both = 0, executable = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof(line), file)) {
        const char *rights = strchr(line, ' ') + 1;
        both += rights[1] == 'w' && rights[2] == 'x';
        executable += rights[2] == 'x';
    }
    fclose(file);
    printf("both %d executable %d\n", both, executable > 3);
}

// --- exceptions and jumps out of copied code ---

static jmp_buf s_far;

__attribute__((noinline)) static void thrower(int depth)
{
    Counted counted;
    s_words[depth]++;
    if (depth == 0)
        throw (int)s_words[0];
    thrower(depth - 1);
    s_words[depth]++;
}

static void *throwing(void *)
{
    long caught = 0;
    for (int i = 0; i < 500; i++) {
        try {
            thrower(i & 7);
        } catch (int) {
            caught++;
        }
        if (i % 10 == 0 && setjmp(s_far) == 0)
            longjmp(s_far, 1 + (int)s_words[i & 7]);
    }
    return (void *)caught;
}

static void exceptions()
{
    long caught = 0;
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        void *result;
        pthread_create(&thread, nullptr, throwing, nullptr);
        pthread_join(thread, &result);
        caught += (long)result;
    }
    printf("caught %ld cleaned %d\n", caught, s_cleaned);
}

// --- processes: vfork, fork from a thread, clone without libc ---

static int cloned(void *argument)
{
    for (int i = 0; i < 100; i++)
        s_words[i] += *(int *)argument;
    return 7;
}

static void *spawning(void *)
{
    int status = 0, sum = 0, three = 3;
    for (int i = 0; i < 10; i++) {
        pid_t child = vfork();
        if (child == 0) {
            s_words[i] = i;
            _exit(i);
        }
        waitpid(child, &status, 0);
        sum += WEXITSTATUS(status);
        child = fork();
        if (child == 0) {
            for (int k = 0; k < 1000; k++)
                s_words[k & 1023] += k;
            _exit(s_words[5] != 0);
        }
        waitpid(child, &status, 0);
        sum += WEXITSTATUS(status);
    }
    static char s_stack[1 << 16] __attribute__((aligned(16)));
    pid_t child = clone(cloned, s_stack + sizeof(s_stack), SIGCHLD, &three);
    waitpid(child, &status, 0);
    sum += WEXITSTATUS(status) * 100;
    child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        s_words[1] += three;
        syscall(SYS_exit_group, 9);
    }
    waitpid(child, &status, 0);
    printf("children %d %d\n", sum, WEXITSTATUS(status));
    return nullptr;
}

static void children()
{
    pthread_t thread;
    fflush(stdout);
    pthread_create(&thread, nullptr, spawning, nullptr);
    pthread_join(thread, nullptr);
}

// --- instructions ---

static sigjmp_buf s_fault;
static void *volatile s_where;

static void on_fault(int, siginfo_t *info, void *)
{
    s_where = info->si_addr;
    siglongjmp(s_fault, 1);
}

__attribute__((target("avx512f"))) static unsigned long wide(const long *from)
{
    unsigned long out[8];
    __asm__ volatile("vmovdqu64 (%1), %%zmm17\n vpaddq %%zmm17, %%zmm17, %%zmm18\n mov (%1), %%rax\n mov 8(%1), %%rax\n"
                     "vmovdqu64 %%zmm18, (%0)"
                     :
                     : "r"(out), "r"(from)
                     : "rax", "memory", "xmm0");
    return out[0] + out[7];
}

static void instructions()
{
    one_thread();
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, nullptr);
    size_t page = 4096;
    char *pages = (char *)mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + page, page, PROT_NONE);
    memset(pages, 'a', page);
    // a string instruction that ends at the fault: registers and memory as the processor leaves them
    if (sigsetjmp(s_fault, 1) == 0) {
        void *to = pages + page - 10;
        size_t count = 20;
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"('b') : "memory");
    }
    printf("string %ld %c%c\n", (long)((char *)s_where - pages), pages[page - 11], pages[page - 1]);
    // an access across the border
    if (sigsetjmp(s_fault, 1) == 0)
        *(volatile long *)(pages + page - 4) = 1;
    printf("across %ld %c\n", (long)((char *)s_where - pages), pages[page - 4]);
    size_t none = 0;
    void *nowhere = nullptr, *from = nullptr;
    __asm__ volatile("rep movsb" : "+D"(nowhere), "+S"(from), "+c"(none)::"memory");
    if (__builtin_cpu_supports("avx2")) { // lanes that are masked off must not be touched
        int mask[8] = {-1, -1, 0, 0, 0, 0, 0, 0}, out[8];
        __asm__ volatile("vmovdqu (%1), %%ymm1\n vpmaskmovd (%0), %%ymm1, %%ymm0\n vmovdqu %%ymm0, (%2)"
                         :
                         : "r"(pages + page - 8), "r"(mask), "r"(out)
                         : "memory", "xmm0", "xmm1");
        printf("masked %x %x\n", out[0], out[2]);
    } else
        printf("masked 61616161 0\n");
    long numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    printf("wide %lu\n", __builtin_cpu_supports("avx512f") ? wide(numbers) : 18);
    unsigned char back[16] = "0123456789";
    void *end = back + 9;
    size_t ten = 10;
    __asm__ volatile("std\n rep stosb\n cld" : "+D"(end), "+c"(ten) : "a"('z') : "memory");
    printf("backwards %.10s\n", back);
}

static int first(int x)
{
    return x + (int)s_words[3];
}

extern "C" {
int (*resolve_chosen())(int)
{
    return first;
}
int chosen(int) __attribute__((ifunc("resolve_chosen")));
}

static void resolved()
{
    one_thread();
    s_words[3] = 4;
    printf("resolved %d\n", chosen(5));
}

int main(int argc, char **argv)
{
    const struct {
        const char *name;
        void (*function)();
    } all[] = {{"raw", raw},           {"filter", filter},     {"maps", maps},
               {"exceptions", exceptions}, {"children", children}, {"instructions", instructions}, {"resolved", resolved}};
    for (auto &one : all)
        if (argc > 1 && !strcmp(argv[1], one.name)) {
            one.function();
            fflush(stdout);
            return 6;
        }
    return 1;
}
