/* The first thread that comes makes the static object; the bug changes it without a lock.
 *
 * expect: data-race functions=work lines=@write exit=66
 * fixed: nothing */
#include <string>
#include <thread>
#include <vector>

struct Settings {
    std::string name = "a name that is too long to be kept inside";
    long size = 0;
};

static Settings &settings()
{
    static Settings s_settings;
    return s_settings;
}

static void work(long number)
{
    long sum = 0;
    for (int i = 0; i < 200; i++)
        sum += settings().size + static_cast<long>(settings().name.size());
#ifdef FIXED
    (void)number;
#else
    settings().size = number + (sum < 0); /* @write */
#endif
}

int main()
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back(work, i);
    for (auto &thread : threads)
        thread.join();
    return 0;
}
