/* Atomics that are variables of a function, shared by reference. The bug shares a plain one, too.
 *
 * expect: data-race functions=add exit=66
 * fixed: nothing */
#include <atomic>
#include <thread>
#include <vector>

struct Shared {
    std::atomic<bool> &go;
    std::atomic<long> &count;
#ifdef FIXED
    std::atomic<long> &other;
#else
    long &other;
#endif
    long &first;
};

__attribute__((noinline)) static void add(Shared shared)
{
    while (!shared.go.load(std::memory_order_acquire))
        std::this_thread::yield();
    for (int i = 0; i < 100; i++) {
        shared.count.fetch_add(shared.first, std::memory_order_relaxed);
        shared.other++;
    }
}

int main()
{
    std::atomic<bool> go{false};
    std::atomic<long> count{0};
#ifdef FIXED
    std::atomic<long> other{0};
#else
    long other = 0;
#endif
    long first = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++)
        threads.emplace_back(add, Shared{go, count, other, first});
    first = 2;
    go.store(true, std::memory_order_release);
    while (count.load(std::memory_order_acquire) != 600)
        std::this_thread::yield();
    for (auto &thread : threads)
        thread.join();
    return 0;
}
