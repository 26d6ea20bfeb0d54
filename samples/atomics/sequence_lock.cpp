/* A sequence lock: the reader tries again when the count has changed; the data are atomic, and relaxed. In the bug they are plain.
 *
 * expect: data-race functions=write,read lines=@write,@read exit=66
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../scene.h"

#include <atomic>
#include <memory>
#include <thread>

struct Pair {
    std::atomic<unsigned> count{0};
#ifdef FIXED
    std::atomic<long> first{0}, second{0};

    long get(std::atomic<long> &value)
    {
        return value.load(std::memory_order_relaxed);
    }

    void set(std::atomic<long> &value, long to)
    {
        value.store(to, std::memory_order_relaxed);
    }
#else
    long first = 0, second = 0;

    long get(long &value)
    {
        return value; /* @read */
    }

    void set(long &value, long to)
    {
        value = to; /* @write */
    }
#endif

    __attribute__((noinline)) void write(long value)
    {
        unsigned now = count.load(std::memory_order_relaxed);
        count.store(now + 1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);
        set(first, value);
        set(second, value);
        count.store(now + 2, std::memory_order_release);
    }

    __attribute__((noinline)) long read()
    {
        for (;;) {
            unsigned before = count.load(std::memory_order_acquire);
            long sum = get(first) - get(second);
            std::atomic_thread_fence(std::memory_order_acquire);
            if (!(before & 1) && before == count.load(std::memory_order_relaxed))
                return sum;
            std::this_thread::yield();
        }
    }
};

int main()
{
    auto pair = std::make_unique<Pair>();
    std::thread writer([&] {
        scene_await(1);
        for (int i = 0; i < 300; i++)
            pair->write(i);
    });
    long wrong = pair->read();
    scene_arrive();
    for (int i = 0; i < 300; i++)
        wrong += pair->read();
    writer.join();
    return wrong != 0;
}
