/* embedder.c - a program that opens a Python runtime and runs a file in it: embedder LIBPYTHON FILE. */
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments)
{
    void *library = count == 3 ? dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
    FILE *file = count == 3 ? fopen(arguments[2], "r") : NULL;
    if (!library || !file)
        return 2;
    void (*initialize)(int handlers) = (void (*)(int))dlsym(library, "Py_InitializeEx");
    int (*run_file)(FILE *file, const char *name, int close, void *flags) =
        (int (*)(FILE *, const char *, int, void *))dlsym(library, "PyRun_SimpleFileExFlags");
    int (*finalize)(void) = (int (*)(void))dlsym(library, "Py_FinalizeEx");
    if (!initialize || !run_file || !finalize)
        return 2;
    initialize(0);
    int failed = run_file(file, arguments[2], 1, NULL);
    return finalize() != 0 || failed != 0;
}
