/* trust.h - which pairs of accesses may be told as races: with --races=calls, and where the program says that they are benign. */
#ifndef SNARL_PRELOAD_ACCESS_TRUST_H
#define SNARL_PRELOAD_ACCESS_TRUST_H

#include "preload/shim.h"
#include "race/race.h"

void snarl_trust_begin(void);
/* The program says that races on [start, start + size) are meant. */
void snarl_trust_benign(uintptr_t start, size_t size);
/* A descriptor comes about in `thr`, within the guard: when. Not known (epoch 0) unless pairs are looked at. */
struct snarl_race_moment snarl_trust_moment(struct snarl_thread *thr);
/* The same of a heap block. */
void snarl_trust_born(struct snarl_thread *thr, uintptr_t block);

#endif
