/* Three races of five parts each: one thread fills three records without a lock, the other one reads them field by field, two in the same
 * function. */
#define SCENE_UNSEEN
#include "../../../samples/scene.h"

static struct record {
    int kind, size;
    long first, second, third;
} s_one, s_two, s_three;

__attribute__((noinline)) static void fill(struct record *record)
{
    record->kind = 1;
    record->size = 2;
    record->first = 3;
    record->second = 4;
    record->third = 5;
}

__attribute__((noinline)) static long add(const struct record *record)
{
    return record->kind + record->size + record->first + record->second + record->third;
}

__attribute__((noinline)) static long multiply(const struct record *record)
{
    return record->kind * record->size * record->first * record->second * record->third;
}

static void *work(void *unused)
{
    fill(&s_one);
    fill(&s_two);
    fill(&s_three);
    scene_arrive();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    scene_await(1);
    long sum = add(&s_one) + multiply(&s_two) + add(&s_three);
    pthread_join(thread, NULL);
    return sum < 0;
}
