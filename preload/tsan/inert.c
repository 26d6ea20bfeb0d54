/* inert.c - an empty library that is found under the name of gcc's thread sanitizer runtime.
 *
 * A program linked by `gcc -fsanitize=thread` wants libtsan.so.2. Preloaded behind libsnarl.so, which has all
 * functions that the compiled code calls, this one is what the loader takes for it: the true runtime is not even
 * loaded, so none of its interceptors or constructors can run. */
extern const int snarl_inert_runtime;
__attribute__((visibility("default"))) const int snarl_inert_runtime = 1;
