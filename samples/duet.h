/* duet.h - two threads, of which the second plays after the first: what most samples of races need.
 *
 * Nothing orders them but the stage directions (scene.h), which do not count; with -DFIXED the second waits for the first by
 * pthread_join. To be included after the functions first() and second() are declared. */
#ifndef SAMPLES_DUET_H
#define SAMPLES_DUET_H

#ifndef SCENE_UNSEEN
#define SCENE_UNSEEN
#endif
#include "scene.h"

static void first(void);
static void second(void);

static pthread_t s_duet[2];

static inline void *duet_first(void *unused)
{
    first();
    scene_arrive();
    return unused;
}

static inline void *duet_second(void *unused)
{
#ifdef FIXED
    pthread_join(s_duet[0], NULL);
#else
    scene_await(1);
#endif
    second();
    return unused;
}

static inline void duet(void)
{
    pthread_create(&s_duet[0], NULL, duet_first, NULL);
    pthread_create(&s_duet[1], NULL, duet_second, NULL);
#ifndef FIXED
    pthread_join(s_duet[0], NULL);
#endif
    pthread_join(s_duet[1], NULL);
}

#endif
