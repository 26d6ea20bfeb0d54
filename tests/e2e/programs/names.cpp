// names.cpp - as names.c, in C++.
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace bank
{
struct Base {
    virtual ~Base() {}
    long id = 0;
};

struct Account : Base {
    int balance = 0;
    std::mutex guard;
    static int s_total;
    void deposit(int amount)
    {
        balance += amount; // race: (bank::Account).balance or given.balance or opened->balance or account.balance or account
    }
};
int Account::s_total;

template <typename T> struct Box {
    T value;
};
} // namespace bank

static bank::Account account;
static bank::Box<long> *s_box;
static std::vector<int> s_numbers(4);

__attribute__((noinline)) static void go(bank::Account &given)
{
    static int calls;
    given.deposit(3);
    account.deposit(2);
    bank::Account::s_total++; // race: bank::Account::s_total
    s_numbers[1] += 2;        // race: (int)[1] or -
    s_box->value++;           // race: s_box->value or s_box
    calls++;                  // race: calls
}

int main()
{
    auto *opened = new bank::Account();
    s_box = new bank::Box<long>();
    auto work = [&] { go(*opened); };
    std::thread first(work), second(work);
    first.join();
    second.join();
    delete opened;
    printf("done\n");
}
