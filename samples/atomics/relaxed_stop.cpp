/* An object's flag is stored with release and loaded while there is work: nothing but the source says that it is atomic. The bug
 * sets the result after the flag.
 *
 * expect: data-race functions=run,main lines=@write,@read exit=66
 * fixed: nothing */
#include <atomic>
#include <memory>
#include <thread>

struct Worker {
    std::atomic<bool> done{false};
    std::atomic<long> steps{0};
    long table[16] = {};
    long result = 0;

    __attribute__((noinline)) void step(long i)
    {
        table[i % 16] += i;
    }

    __attribute__((noinline)) void run()
    {
        for (long i = 0; i < 1000; i++) {
            step(i);
            steps.store(i, std::memory_order_relaxed);
        }
#ifdef FIXED
        result = table[3];
#endif
        done.store(true, std::memory_order_release);
#ifndef FIXED
        result = table[3]; /* @write */
#endif
    }
};

int main()
{
    auto worker = std::make_unique<Worker>();
    std::thread thread([&] { worker->run(); });
    long mine[4] = {}, rounds = 0;
    do {
        for (int i = 0; i < 4; i++)
            mine[i] += i + worker->steps.load(std::memory_order_relaxed);
        std::this_thread::yield();
        rounds++;
    } while (!worker->done.load(std::memory_order_acquire));
    long result = worker->result + mine[3] + rounds; /* @read */
    thread.join();
    return result < 0;
}
