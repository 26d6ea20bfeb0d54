/* plug.c - a library that is opened and closed while threads run. */
static int s_counter;
static int s_table[64];

int plug_sum(int step);
void plug_race(void);

__attribute__((constructor)) static void begin(void)
{
    for (int i = 0; i < 64; i++)
        s_table[i] = i;
}

__attribute__((destructor)) static void end(void)
{
    for (int i = 0; i < 64; i++)
        s_table[i] = -1;
}

int plug_sum(int step)
{
    int sum = 0;
    for (int i = 0; i < 64; i++)
        sum += s_table[(i * step) & 63];
    return sum;
}

void plug_race(void)
{
    s_counter++;
}
