/* streams.h - what calls on FILE streams have in common. Within libsnarl-calls.so.
 *
 * A stream is to the race detector a variable, its first field: each use reads it, fclose writes it. libc locks the stream for
 * each call, so two uses do not race; the calls named `_unlocked` write to another field as well. Those locks order nothing
 * else: a program that relies on the order of two calls of printf has a bug that should not be hidden. flockfile and
 * funlockfile, which the program calls itself, are a lock like any other.
 *
 * What was done before bytes leave the stream is known to who reads them from its descriptor's channel (ports.c). Most calls only
 * fill the buffer; they are told from others by the room that is left in it.
 *
 * All of these take the guard and keep errno. */
#ifndef SNARL_PRELOAD_ACCESS_STREAMS_H
#define SNARL_PRELOAD_ACCESS_STREAMS_H

#include <stdio.h>

#include "preload/access/bridge.h"

#define SNARL_STREAM_FLUSHES SIZE_MAX /* as the size of what is written: it may all leave the buffer */

/* Before a call that uses the stream; `size` bytes at `buffer` (or NULL) are read and put into it. */
void snarl_stream_using(const char *name, FILE *stream, struct snarl_site site);
void snarl_stream_writing(const char *name, FILE *stream, const void *buffer, size_t size, struct snarl_site site);
/* After a call that took bytes out of the stream, and stored `size` at `buffer`. */
void snarl_stream_read(const char *name, FILE *stream, void *buffer, size_t size, struct snarl_site site);
/* Before a call that does not lock the stream, besides the above. */
void snarl_stream_unlocked(const char *name, FILE *stream, struct snarl_site site);
/* Before the stream is closed; its descriptor is with it. */
void snarl_stream_closing(const char *name, FILE *stream, struct snarl_site site);

#endif
