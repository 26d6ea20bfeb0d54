/* Threads copy and drop shared pointers; the object is destroyed by whoever is last. The bug writes to the object
 * without a lock.
 *
 * expect: data-race functions=use lines=@write exit=66
 * fixed: nothing */
#include <memory>
#include <thread>
#include <vector>

struct Thing {
    long value = 1;
    std::vector<int> numbers = std::vector<int>(10, 1);
};

__attribute__((noinline)) static long use(std::shared_ptr<Thing> thing, long number)
{
    long sum = 0;
#ifdef FIXED
    (void)number;
#else
    thing->value = number; /* @write */
#endif
    for (int i = 0; i < 300; i++) {
        std::shared_ptr<Thing> copy = thing;
        std::weak_ptr<Thing> weak = copy;
        sum += copy->value;
        if (auto again = weak.lock())
            sum += again->numbers[3];
    }
    return sum;
}

int main()
{
    auto thing = std::make_shared<Thing>();
    std::vector<std::shared_ptr<Thing>> copies(3, thing);
    thing.reset();
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++)
        threads.emplace_back([&copies, i] { use(std::move(copies[i]), i); });
    for (auto &thread : threads)
        thread.join();
    return 0;
}
