/* thread.h - declarations that glibc's headers leave out. */
#ifndef SNARL_PRELOAD_THREAD_H
#define SNARL_PRELOAD_THREAD_H

#include <pthread.h>

int pthread_getattr_default_np(pthread_attr_t *attributes);

#endif
