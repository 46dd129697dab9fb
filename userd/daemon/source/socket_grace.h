/* SPDX-License-Identifier: MIT */
/*
 * Waiting for whoever is in the kernel with something that he found there a moment ago: a softirq
 * with a socket in its hands, a program that writes into a ring.
 */
#ifndef SLUICE_SOCKET_GRACE_H
#define SLUICE_SOCKET_GRACE_H

/*
 * Waits for a grace period of RCU: who found one of our sockets before has put what he had into its
 * buffer when this returns, however long his processor was taken away. Takes some 10 to 100 ms.
 * @context any @threadsafe
 */
void sluice_socket_grace(void);

#endif /* SLUICE_SOCKET_GRACE_H */
