/* SPDX-License-Identifier: MIT */
/*
 * Tells anew what an epoll descriptor has told already, for a worker whose thread was replaced: the
 * old one may have been told of something and not have seen to it. Touches: the epoll descriptor,
 * /proc/self/fdinfo.
 */
#ifndef SLUICE_REARM_H
#define SLUICE_REARM_H

/* Arms everything that `epoll` watches as if it had just been added: edges (EPOLLET) come again
 * where something is ready, and what was watched for one event (EPOLLONESHOT) is watched again, for
 * input. 0, or a negative errno: what it watches cannot be read. @threadsafe */
int sluice_rearm(int epoll);

#endif /* SLUICE_REARM_H */
