/* Calls that end by an exception, many of them, before a race: its stacks are those of the moment.
 *
 * expect: data-race functions=leaf,second,first lines=@first,@leaf location=s_counter stack=leaf>second>duet_second,first>duet_first exit=66
 * fixed: nothing */
#include "../duet.h"

#include <stdexcept>

static int s_counter;

struct Held {
    ~Held() { asm volatile(""); }
};

static void deeper(int depth)
{
    Held held;
    if (depth == 0)
        throw std::runtime_error("out");
    deeper(depth - 1);
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
    for (int i = 0; i < 5000; i++) {
        try {
            deeper(i % 5);
        } catch (const std::runtime_error &) {
            asm volatile("");
        }
    }
    leaf();
}

int main(void)
{
    duet();
    return 0;
}
