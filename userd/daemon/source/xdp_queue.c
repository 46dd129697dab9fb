// SPDX-License-Identifier: MIT
/*
 * The AF_XDP socket of one queue of an interface; see xdp.h. Touches: the socket, the memory that
 * it shares with the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "xdp.h"

/* Datagrams that wait to be read, and places for those that come: twice as many, all given to the
 * kernel before the socket is bound, so that a driver which takes a ring's worth of them in advance
 * has as many left. */
#define RECEIVED 4096U
#define PLACES (2 * RECEIVED)
/* We send nothing, but there has to be one. */
#define COMPLETIONS 64U

/* Gives all places to the kernel. */
static void fill(struct sluice_xdp_queue *queue)
{
	uint32_t place, at;

	if (xsk_ring_prod__reserve(&queue->fill, PLACES, &at) != PLACES)
		return;
	for (place = 0; place < PLACES; place++)
		*xsk_ring_prod__fill_addr(&queue->fill, at + place) =
			(uint64_t)place * queue->chunk;
	xsk_ring_prod__submit(&queue->fill, PLACES);
}

int sluice_xdp_queue_open(struct sluice_xdp_queue **result, const char *interface, uint32_t number,
			  uint32_t chunk, bool is_native)
{
	const struct xsk_umem_config memory = {
		.fill_size = PLACES, .comp_size = COMPLETIONS, .frame_size = chunk};
	struct xsk_socket_config config = {.rx_size = RECEIVED,
					   .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
					   .bind_flags = XDP_USE_NEED_WAKEUP};
	struct sluice_xdp_queue *queue = calloc(1, sizeof(*queue));
	struct xdp_options options = {0};
	socklen_t length = sizeof(options);
	int error = -ENOMEM;

	if (!queue)
		return -ENOMEM;
	queue->number = number;
	queue->chunk = chunk;
	queue->area_size = (size_t)PLACES * chunk;
	queue->area = mmap(NULL, queue->area_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (queue->area == MAP_FAILED)
		goto free;
	error = xsk_umem__create(&queue->umem, queue->area, queue->area_size, &queue->fill,
				 &queue->completion, &memory);
	if (error)
		goto unmap;
	fill(queue);
	/* Of what the kernel copies behind the driver no frame is the driver's. */
	if (!is_native)
		config.bind_flags |= XDP_COPY;
	error = xsk_socket__create(&queue->socket, interface, number, queue->umem, &queue->received,
				   NULL, &config);
	if (error)
		goto delete;
	queue->fd = xsk_socket__fd(queue->socket);
	if (!getsockopt(queue->fd, SOL_XDP, XDP_OPTIONS, &options, &length))
		queue->is_zerocopy = options.flags & XDP_OPTIONS_ZEROCOPY;
	*result = queue;
	return 0;

	delete : (void)xsk_umem__delete(queue->umem);
unmap:
	munmap(queue->area, queue->area_size);
free:
	free(queue);
	return error;
}

void sluice_xdp_queue_close(struct sluice_xdp_queue *queue)
{
	if (!queue)
		return;
	xsk_socket__delete(queue->socket);
	(void)xsk_umem__delete(queue->umem);
	munmap(queue->area, queue->area_size);
	free(queue);
}

uint64_t sluice_xdp_queue_losses(struct sluice_xdp_queue *queue, uint64_t *starved)
{
	struct xdp_statistics now, *told = &queue->told;
	socklen_t length = sizeof(now);
	uint64_t dropped, empty, lost;

	memset(&now, 0, sizeof(now));
	*starved = 0;
	if (getsockopt(queue->fd, SOL_XDP, XDP_STATISTICS, &now, &length))
		return 0;
	dropped = now.rx_dropped - told->rx_dropped;
	empty = now.rx_fill_ring_empty_descs - told->rx_fill_ring_empty_descs;
	/* Where the kernel copies, a frame for which there is no place is counted in both
	 * (xsk_rcv_check() and xsk_buff_alloc() in net/xdp/xsk.c, seen with 6.18); where the driver
	 * fills the places itself, asking for one that is not there loses nothing yet, and what the
	 * card then drops is the link's count. So the larger counts where it is a copy. */
	lost = !queue->is_zerocopy && empty > dropped ? empty : dropped;
	lost += now.rx_ring_full - told->rx_ring_full;
	/* A descriptor of ours that the kernel refuses, and of sending, which we don't: faults of
	 * sluiced, and whatever was to go there is lost. */
	lost += now.rx_invalid_descs - told->rx_invalid_descs;
	lost += now.tx_invalid_descs - told->tx_invalid_descs;
	lost += now.tx_ring_empty_descs - told->tx_ring_empty_descs;
	*starved = empty;
	*told = now;
	return lost;
}
