/* empty.c - a program that does nothing: what is left is what starting it costs. */
int main(void)
{
    return 0;
}
