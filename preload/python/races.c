/* races.c - lost updates in Python code. */
#include "preload/python/races.h"

void snarl_python_races_install(void)
{
}

void snarl_python_races_stop(void)
{
}
