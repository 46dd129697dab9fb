/* SPDX-License-Identifier: MIT */
/*
 * How many datagrams did a socket lose that is read with calls? It counts packets. Where datagrams
 * come together (UDP_GRO) a packet is many, so they may only do so where a program in the kernel
 * (bpf/count.bpf.c) counts those beyond the first of each. What of them was not read and is not in
 * the buffer was lost, too.
 */
#ifndef SLUICE_SOCKET_COUNT_H
#define SLUICE_SOCKET_COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct sluice_socket_count;

/* What the program has let pass to the buffer so far. */
struct sluice_socket_came {
	uint64_t packets;
	uint64_t beyond; /* datagrams beyond the first of their packet */
};

/*
 * Puts the program on a socket, which shares it with others; from then on datagrams may come
 * together. `is_bound`: something may be in it that the program has not seen. 0, or a negative
 * errno (-EPERM, -EINVAL: an older kernel). @owner caller: sluice_socket_count_close()
 * @context any
 */
int sluice_socket_count_open(struct sluice_socket_count **count, int fd, bool is_bound);
/* NULL is allowed, here and below: then no datagrams come together. @context any */
void sluice_socket_count_close(struct sluice_socket_count *count);
/* The same for a socket that stays open elsewhere, with the program on it: that goes on as it
 * was told. @context any */
void sluice_socket_count_leave(struct sluice_socket_count *count);

/* What came so far. */
struct sluice_socket_came sluice_socket_count_came(const struct sluice_socket_count *count);
/*
 * Packets of `came` that are in the socket, at most: whoever reads so many has read all that was
 * in it when `came` was asked for, and need not ask the kernel whether there is more. 0: none, or
 * it is not known. @context worker
 */
uint64_t sluice_socket_count_waiting(const struct sluice_socket_count *count,
				     const struct sluice_socket_came *came);
/* So much of it was read. @context worker */
void sluice_socket_count_take(struct sluice_socket_count *count, uint64_t packets, uint64_t beyond);
/* When so much had come, the socket was read, and it was empty in the end. @context worker */
void sluice_socket_count_note(struct sluice_socket_count *count,
			      const struct sluice_socket_came *came);
/*
 * How many datagrams beyond the first of their packet were lost that it has not told of yet. Called
 * again and again, at intervals in which a packet surely gets from the program to the buffer
 * (SLUICE_LOOK_AFTER_NS). `is_empty`: nothing waits in the socket.
 * @context worker
 */
uint32_t sluice_socket_count_lost(struct sluice_socket_count *count, bool is_empty);
/* The same for the last time: nothing comes any more, all was read. @context worker */
uint32_t sluice_socket_count_rest(struct sluice_socket_count *count);

/*
 * Packets for which the buffer had no room, less those that were told of: at most
 * (SLUICE_OVERFLOW_UNKNOWN: that is not known yet), and at least, as far as
 * sluice_socket_count_lost() and rest() found out. @context worker
 */
uint32_t sluice_socket_count_overflow_most(const struct sluice_socket_count *count);
uint32_t sluice_socket_count_overflow_least(const struct sluice_socket_count *count);
/* So many of them were told of now. @context worker */
void sluice_socket_count_overflow_told(struct sluice_socket_count *count, uint32_t packets);

/* Of the datagrams beyond the first that came, what was neither read nor told as lost: it is in the
 * socket, or will be told. @context worker */
uint32_t sluice_socket_count_due(const struct sluice_socket_count *count);
/* So many are in the socket from before it was counted here; before the first is read. */
void sluice_socket_count_owe(struct sluice_socket_count *count, uint32_t datagrams);

/* From now on the socket keeps nothing; not NULL. @context worker */
void sluice_socket_count_shut(struct sluice_socket_count *count);
/* Are broadcast and multicast, which come to the socket of every worker, this one's? At first they
 * are not; not NULL. @context worker */
void sluice_socket_count_take_many(struct sluice_socket_count *count, bool takes);
/* Datagrams that came since it was shut; also when the socket is closed. @context worker */
uint64_t sluice_socket_count_refused(const struct sluice_socket_count *count);
/* The same in packets, as the socket counts them as dropped, with what is for many and not this
 * socket's. @context worker */
uint64_t sluice_socket_count_refused_packets(const struct sluice_socket_count *count);
/* Is it not clear what became of all that came? They are in the buffer, or lost; or how many
 * packets are in the buffer is not known. @context worker */
bool sluice_socket_count_is_open(const struct sluice_socket_count *count);

#endif /* SLUICE_SOCKET_COUNT_H */
