/* lockgraph.h - the orders in which locks are taken, and the deadlocks that they make possible.
 *
 * Nodes are locks that were nested, an edge from A to B says that somebody acquired B while holding A. Each edge
 * keeps its instances: which thread, at which places, with which other locks held, at which point of the weak
 * order. A cycle of edges is a possible deadlock only if one instance can be chosen for each edge such that
 * all of them can be under way at the same time:
 *   - they are of different threads;
 *   - no lock is held by two of them (a gate lock), unless both hold it shared;
 *   - none happens-before another by create, join, barrier, semaphore or condition;
 *   - where one waits for what the next holds, not both are shared;
 *   - each acquisition blocks without limit (a try or a timeout backs out by itself).
 * Cycles of any length are found when their last instance is added. (The idea is Goodlock's, with the filters of
 * Agarwal, Bensalem et al., "Detection of deadlock potentials in multithreaded programs", 2010.)
 *
 * Cost: an acquisition with nothing held never comes here. A (held set, lock, place) that the thread has seen
 * at the same point of the weak order is one probe of its own cache. Everything else is under one lock. */
#ifndef SNARL_LOCKGRAPH_LOCKGRAPH_H
#define SNARL_LOCKGRAPH_LOCKGRAPH_H

#include <stdbool.h>

#include "object/object.h"
#include "thread/thread.h"

/* `thr`, holding at least one lock, acquires `sync` (not yet among the held) at `stack`. True when this is known
 * already. A false answer is followed by snarl_lockgraph_learn, with the full stack. */
bool snarl_lockgraph_known(struct snarl_thread *thr, const struct snarl_sync *sync, enum snarl_mode mode,
                           enum snarl_how how, uint32_t stack);
void snarl_lockgraph_learn(struct snarl_thread *thr, struct snarl_sync *sync, enum snarl_mode mode,
                           enum snarl_how how, uint32_t stack);
/* The life of `sync` ends: its orders are forgotten, after they went to the run file. */
void snarl_lockgraph_forget(struct snarl_sync *sync);
/* In the child of a fork: what was learnt before is of other threads, which do not exist here, or happened before all
 * that this process will do. The parent's run file has it. */
void snarl_lockgraph_forked(struct snarl_thread *thr);
/* Within no session: writes EDGE records of all orders. */
void snarl_lockgraph_write(void);

#endif
