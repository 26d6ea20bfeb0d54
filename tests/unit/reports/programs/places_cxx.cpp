// places_cxx.cpp - as places.c, in C++.
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

extern "C" const char __executable_start[];

__attribute__((noinline)) void here(const char *word, int line)
{
    const char *address = (const char *)__builtin_return_address(0) - 1;
    printf("%s %lx %d\n", word, (unsigned long)(address - __executable_start), line);
}

namespace bank
{
struct Account {
    int balance;
    std::mutex guard;
    __attribute__((noinline)) void deposit(const std::string &text)
    {
        here(text.c_str(), __LINE__);
        asm volatile("");
    }
};
Account account;
template <typename T> __attribute__((noinline)) void each(const std::vector<T> &items)
{
    here("template", __LINE__);
    asm volatile("" : : "r"(items.data()));
}
} // namespace bank

int main()
{
    bank::account.deposit("member");
    bank::each(std::vector<int>{1, 2});
    printf("guard %lx 0\n", (unsigned long)((const char *)&bank::account.guard - __executable_start));
    return 0;
}
