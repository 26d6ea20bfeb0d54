// torture_exceptions.cc - exceptions through rewritten code, in threads, with cleanups.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Counted {
    int &count;
    explicit Counted(int &c) : count(c) {}
    ~Counted() { count++; }
};

static int thrower(int depth, int &cleaned)
{
    Counted counted(cleaned);
    if (depth == 0)
        throw std::runtime_error("bottom");
    return thrower(depth - 1, cleaned) + 1;
}

static int attempt(int depth)
{
    int cleaned = 0;
    try {
        return thrower(depth, cleaned);
    } catch (const std::exception &e) {
        return cleaned * 10 + (std::string(e.what()) == "bottom");
    }
}

int main()
{
    std::vector<int> results(8);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++)
        threads.emplace_back([i, &results] {
            for (int k = 0; k < 200; k++)
                results[i] += attempt(i);
        });
    for (auto &thread : threads)
        thread.join();
    long sum = 0;
    for (int result : results)
        sum = sum * 31 + result;
    std::printf("exceptions %ld\n", sum);
    return 4;
}
