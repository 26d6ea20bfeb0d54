/* pages.h - the memory calls that the applier needs, as raw system calls: the program's own mmap and mprotect are
 * intercepted, and nothing here may set errno. All return a negative errno value (or NULL) on failure. */
#ifndef SNARL_REWRITE_PAGES_H
#define SNARL_REWRITE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define SNARL_PAGE 4096ul

/* A private mapping of the file, or of nothing when fd is -1; exactly at `address` when that is not 0, where nothing
 * may be mapped unless `replace`. */
void *snarl_pages_map(uintptr_t address, size_t size, int protection, int fd, uint64_t offset, int replace);
int snarl_pages_protect(uintptr_t address, size_t size, int protection);
void snarl_pages_unmap(void *address, size_t size);
/* The file's size when it is a regular one, belongs to this process's effective user and no one else may write to it. */
int64_t snarl_pages_own_file(int fd);

#endif
