/* signal_order.h - what the sender of a signal did is known to its handler, and to who waits for it. */
#ifndef SNARL_PRELOAD_SIGNAL_ORDER_H
#define SNARL_PRELOAD_SIGNAL_ORDER_H

/* The calling thread is about to send `signal`, or to install its handler; it has received it. Guard not held; both keep
 * errno, and do nothing while races are not looked for. */
void snarl_signal_sending(int signal);
void snarl_signal_received(int signal);

#endif
