/* Calls that end by a jump, many of them, before a race: its stacks are those of the moment.
 *
 * expect: data-race functions=leaf,second,first lines=@first,@leaf location=s_counter stack=leaf>second>duet_second,first>duet_first exit=66
 * fixed: nothing */
#include "../duet.h"

#include <setjmp.h>
#include <signal.h>

static int s_counter;
static sigjmp_buf s_out;

static void deeper(int depth)
{
    if (depth == 0)
        siglongjmp(s_out, 1);
    deeper(depth - 1);
}

static void on_signal(int signal)
{
    (void)signal;
    deeper(2);
}

static void jump_often(void)
{
    for (volatile int i = 0; i < 30000; i++)
        if (!sigsetjmp(s_out, 0))
            deeper(i % 5);
}

/* From a handler's own stack. */
static void jump_from_handler(void)
{
    static char s_own_stack[65536];
    stack_t stack = {.ss_sp = s_own_stack, .ss_size = sizeof(s_own_stack)};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    for (volatile int i = 0; i < 100; i++)
        if (!sigsetjmp(s_out, 1))
            raise(SIGUSR1);
}

static void first(void)
{
    s_counter++; /* @first */
}

static void leaf(void)
{
    s_counter++; /* @leaf */
}

static void second(void)
{
    jump_often();
    jump_from_handler();
    leaf();
}

int main(void)
{
    duet();
    return 0;
}
