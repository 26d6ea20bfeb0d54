/* jump.c - longjmp: the calls that it ends are no longer in progress.
 *
 * Code compiled with -fsanitize=thread notes its calls and returns (tsan/calls.c). A jump returns from
 * several calls without a word; an exception does not, as the compiler ends calls in its landing pads. Each
 * noted call carries the stack pointer of its entry, and a jmp_buf that of the function that is jumped to,
 * encrypted by libc with a value in the thread's control block (pointer guard):
 *
 *     function that called setjmp      its stack pointer S is in the jmp_buf
 *         its own noted call           at S - 16 or above: stays
 *         calls below it               at S - 32 or below: end
 *
 * A jump to another stack (coroutines) ends nothing that is known here. One from a handler's alternate stack
 * to the thread's own ends all that is noted of the former. */
#include <setjmp.h>

#include "preload/real.h"
#include "preload/shim.h"
#include "preload/tsan/tsan.h"

#define SAVED_SP 6 /* the place in a jmp_buf */
#define OWN_CALL 24
#define MAIN_STACK (1ul << 30) /* at most so much below its beginning */

extern void *__libc_stack_end; /* the loader's: where the first thread's stack begins */

static uintptr_t stack_pointer_of(const struct __jmp_buf_tag *where)
{
    uintptr_t sp = (uintptr_t)where->__jmpbuf[SAVED_SP];
    __asm__("ror $0x11, %0\n\txor %%fs:0x30, %0" : "+r"(sp));
    return sp;
}

struct stack {
    uintptr_t low, size;
};

static struct stack stack_of(const struct snarl_thread *thr)
{
    if (thr->stack_low)
        return (struct stack){thr->stack_low, thr->stack_high - thr->stack_low};
    uintptr_t high = (uintptr_t)__libc_stack_end;
    return (struct stack){high - MAIN_STACK, MAIN_STACK};
}

/* Noted calls have the low half of their stack pointer only. */
static bool is_over(const struct snarl_race_frame *frame, const struct stack *stack, uintptr_t sp)
{
    uint32_t offset = frame->sp - (uint32_t)stack->low;
    return offset >= stack->size || offset < sp - OWN_CALL - stack->low;
}

static void end_calls(const struct __jmp_buf_tag *where)
{
    struct snarl_race_thread *races = snarl_race_current;
    const struct snarl_thread *thr = snarl_current;
    if (races != thr->races || races->frame == races->frames)
        return;
    struct stack stack = stack_of(thr);
    uintptr_t sp = stack_pointer_of(where);
    if (sp - stack.low >= stack.size)
        return;
    while (races->frame != races->frames && is_over(races->frame, &stack, sp))
        races->frame--;
}

SNARL_EXPORT _Noreturn void longjmp(jmp_buf where, int value)
{
    snarl_enter_refused();
    end_calls(where);
    real_longjmp(where, value);
    __builtin_unreachable();
}

SNARL_EXPORT _Noreturn void _longjmp(jmp_buf where, int value)
{
    snarl_enter_refused();
    end_calls(where);
    real_longjmp(where, value);
    __builtin_unreachable();
}

SNARL_EXPORT _Noreturn void siglongjmp(sigjmp_buf where, int value)
{
    snarl_enter_refused();
    end_calls(where);
    real_longjmp(where, value);
    __builtin_unreachable();
}

/* The fortified form, which makes sure that the jump goes up. */
SNARL_EXPORT _Noreturn void __longjmp_chk(jmp_buf where, int value);
SNARL_EXPORT _Noreturn void __longjmp_chk(jmp_buf where, int value)
{
    snarl_enter_refused();
    end_calls(where);
    real___longjmp_chk(where, value);
    __builtin_unreachable();
}
