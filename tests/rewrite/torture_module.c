/* torture_module.c - the library that torture.c loads and unloads. */
static int s_numbers[64];

int torture_module(int seed);

int torture_module(int seed)
{
    int sum = 0;
    for (int i = 0; i < 64; i++)
        s_numbers[i] += i * seed;
    for (int i = 0; i < 64; i++)
        sum += s_numbers[(i * 7 + seed) & 63] ^ i;
    return sum;
}
