/* Semaphores used as locks (they start at one, and who waits also posts) taken in opposite order.
 *
 * expect: deadlock functions=worker_one,worker_two lines=@a1,@b1,@b2,@a2 locks=slot_a,slot_b exit=66 hangs
 * fixed: nothing */
#include "../scene.h"
#include <semaphore.h>

static sem_t slot_a, slot_b;

static void use(sem_t *slot)
{
    sem_wait(slot);
    sem_post(slot);
}

static void *worker_one(void *unused)
{
    use(&slot_a);
    use(&slot_b);
    scene_meet(2);
    sem_wait(&slot_a); /* @a1 */
#ifndef FIXED
    scene_meet(4);
#endif
    sem_wait(&slot_b); /* @b1 */
    sem_post(&slot_b);
    sem_post(&slot_a);
    return unused;
}

static void *worker_two(void *unused)
{
    use(&slot_a);
    use(&slot_b);
    scene_meet(2);
#ifdef FIXED
    sem_wait(&slot_a);
    sem_wait(&slot_b);
#else
    sem_wait(&slot_b); /* @b2 */
    scene_meet(4);
    sem_wait(&slot_a); /* @a2 */
#endif
    sem_post(&slot_a);
    sem_post(&slot_b);
    return unused;
}

int main(void)
{
    pthread_t one, two;
    sem_init(&slot_a, 0, 1);
    sem_init(&slot_b, 0, 1);
    pthread_create(&one, NULL, worker_one, NULL);
    pthread_create(&two, NULL, worker_two, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    puts("done");
    return 0;
}
