/* members.c - prints link-time addresses of parts of its variables, or their offsets into its thread-local block, as
 * "word address size", for test_members.c. */
#include <stdint.h>
#include <stdio.h>

extern const char __executable_start[];

struct inner {
    short low, high;
};

struct outer {
    char tag;
    struct inner pair[2][3];
    union {
        int number;
        float fraction;
        struct {
            char first, second;
        } bytes;
    } value;
    union {
        long whole;
        struct inner split;
    };
    unsigned ready : 1, busy : 1, kind : 6;
    unsigned far : 9;
    const volatile struct inner *const link;
    char text[10];
} __attribute__((aligned(8)));

struct packed {
    char tag;
    int number;
} __attribute__((packed));

struct outer outer;
static struct outer outers[4];
struct packed packed;
static int grid[3][5];
static int *volatile pointer;
_Thread_local struct inner thread_pair = {1, 2};

static void say(const char *word, const volatile void *address, unsigned size)
{
    printf("%s %lx %u\n", word, (unsigned long)((uintptr_t)address - (uintptr_t)__executable_start), size);
}

static int *in_function(void)
{
    static int counter[2];
    counter[1]++;
    return &counter[1];
}

int main(void)
{
    pointer = &grid[0][0];
    outers[2].value.number = *pointer;
    say("tag", &outer.tag, 1);
    say("pair", &outer.pair[1][2].high, 2);
    say("both", &outer.pair[1][2], 4);
    say("number", &outer.value.number, 4); /* or fraction: who knows */
    say("second", &outer.value.bytes.second, 1);
    say("whole", &outer.whole, 8);
    say("split", &outer.split.high, 2);
    say("bits", (char *)&outer.link - 8, 1);
    say("far", (char *)&outer.link - 7, 1);
    say("link", &outer.link, 8);
    say("text", &outer.text[7], 1);
    say("four", &outer.text[4], 4); /* four of its bytes at once */
    say("element", &outers[2].pair[0][1].low, 2);
    say("packed", &packed.number, 4);
    say("grid", &grid[2][3], 4);
    say("row", &grid[2][0], 20);
    say("counter", in_function(), 4);
    say("pointer", &pointer, 8);
    return thread_pair.low - 1;
}
