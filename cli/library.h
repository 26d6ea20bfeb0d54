/* library.h - where libsnarl.so is, and the environment that brings it into a program. */
#ifndef SNARL_CLI_LIBRARY_H
#define SNARL_CLI_LIBRARY_H

struct snarl_library {
    char *path;   /* what LD_PRELOAD is to say */
    char *folder; /* a temporary one with a link in it, when the true path cannot be said in LD_PRELOAD */
};

/* The folder of the command's own file. The caller frees it. */
char *snarl_library_own_folder(void);

/* Finds it beside the command (build tree or installation) or where SNARL_LIBRARY says. Returns 0, or -1
 * after a line that says where it was looked for. */
int snarl_library_find(struct snarl_library *library);
void snarl_library_free(struct snarl_library *library);

/* The text of SNARL_OPTIONS, built pair by pair. Starts as NULL; the caller frees it. */
void snarl_library_option(char **options, const char *key, const char *value);

/* Our own environment with the library put first in LD_PRELOAD, and the options after those that
 * SNARL_OPTIONS already has (the last of a key counts). The caller frees the array alone. */
char **snarl_library_environment(const struct snarl_library *library, const char *options);

#endif
