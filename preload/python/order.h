/* order.h - what happens before what in Python code: vector clocks without the global lock as an edge.
 *
 * Apart from the engine's race detector, for which the global lock is an edge. All of it is guarded by that lock. A
 * thread's clock is found by its number; a lock's by the lock's address. */
#ifndef SNARL_PRELOAD_PYTHON_ORDER_H
#define SNARL_PRELOAD_PYTHON_ORDER_H

#include "clock/vclock.h"
#include "preload/shim.h"

/* Whether clocks are kept at all. */
extern bool snarl_python_orders;

struct snarl_vclock *snarl_python_clock(struct snarl_thread *thr);
uint32_t snarl_python_epoch(struct snarl_thread *thr);
void snarl_python_order_release(struct snarl_thread *thr, uintptr_t object);
void snarl_python_order_acquire(struct snarl_thread *thr, uintptr_t object);
void snarl_python_order_gone(uintptr_t object);
/* `thr` has made the newest of its threads. */
void snarl_python_order_created(struct snarl_thread *thr);
/* All of `target` comes before what `thr` does next. */
void snarl_python_order_joined(struct snarl_thread *thr, const struct snarl_thread *target);

#endif
