// SPDX-License-Identifier: MIT
/*
 * Reading ahead; see disk.h. What fails here is not an error: whoever wanted it reads it himself,
 * and hears it then. Touches: descriptors it is given, an io_uring of its own.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include "disk.h"
#include "thread.h"

/* A read that was prepared, or is under way, or came back and was not taken yet. */
struct flight {
	void *bytes; /* NULL: free */
	size_t length;
	uint64_t offset;
	int result;
	bool is_back;
};

struct sluice_disk_ahead {
	struct io_uring ring;
	unsigned int prepared;	/* and not submitted yet */
	unsigned int under_way; /* submitted, and not back */
	bool is_broken;		/* what is prepared stays so */
	struct flight flights[SLUICE_DISK_AHEAD];
};

struct sluice_disk_ahead *sluice_disk_ahead_create(void)
{
	struct sluice_disk_ahead *ahead;

	if (!sluice_disk_calls.is_real)
		return NULL;
	ahead = calloc(1, sizeof(*ahead));
	if (ahead && io_uring_queue_init(SLUICE_DISK_AHEAD, &ahead->ring, 0)) {
		free(ahead);
		return NULL;
	}
	return ahead;
}

bool sluice_disk_ahead_add(struct sluice_disk_ahead *ahead, int fd, void *bytes, size_t length,
			   uint64_t offset)
{
	struct io_uring_sqe *entry;
	unsigned int slot = 0;

	if (!ahead || ahead->is_broken || fd < 0 || !bytes || !length || length > INT32_MAX)
		return false;
	while (slot < SLUICE_DISK_AHEAD && ahead->flights[slot].bytes)
		slot++;
	if (slot == SLUICE_DISK_AHEAD)
		return false;
	/* As many entries as slots: there is one. */
	entry = io_uring_get_sqe(&ahead->ring);
	if (!entry)
		return false;
	ahead->flights[slot] = (struct flight){.bytes = bytes, .length = length, .offset = offset};
	io_uring_prep_read(entry, fd, bytes, (unsigned int)length, offset);
	io_uring_sqe_set_data(entry, (void *)(uintptr_t)slot);
	ahead->prepared++;
	return true;
}

void sluice_disk_ahead_submit(struct sluice_disk_ahead *ahead)
{
	int count;

	while (ahead && ahead->prepared && !ahead->is_broken) {
		count = io_uring_submit(&ahead->ring);
		if (count == -EINTR || count == -EAGAIN)
			continue;
		ahead->is_broken = count <= 0 || (unsigned int)count > ahead->prepared;
		if (ahead->is_broken)
			return;
		ahead->prepared -= (unsigned int)count;
		ahead->under_way += (unsigned int)count;
	}
}

/* Waits until one came back. False: none will. */
static bool wait_one(struct sluice_disk_ahead *ahead)
{
	enum sluice_thread_state before;
	struct io_uring_cqe *entry;
	struct flight *flight;
	int error;

	sluice_disk_ahead_submit(ahead);
	if (!ahead->under_way)
		return false;
	before = sluice_thread_enters(SLUICE_THREAD_DISK);
	do {
		error = io_uring_wait_cqe(&ahead->ring, &entry);
	} while (error == -EINTR);
	sluice_thread_goes_back(before);
	if (error)
		return false;
	flight = &ahead->flights[(uintptr_t)io_uring_cqe_get_data(entry)];
	flight->result = entry->res;
	flight->is_back = true;
	ahead->under_way--;
	io_uring_cqe_seen(&ahead->ring, entry);
	return true;
}

bool sluice_disk_ahead_take(struct sluice_disk_ahead *ahead, const void *bytes, size_t length,
			    uint64_t offset)
{
	struct flight *flight;
	unsigned int slot = 0;
	bool is_it;

	if (!ahead || !bytes)
		return false;
	while (slot < SLUICE_DISK_AHEAD && ahead->flights[slot].bytes != bytes)
		slot++;
	if (slot == SLUICE_DISK_AHEAD)
		return false;
	flight = &ahead->flights[slot];
	while (!flight->is_back)
		if (!wait_one(ahead))
			break;
	is_it = flight->is_back && flight->result >= 0 && (size_t)flight->result == length &&
		flight->length == length && flight->offset == offset;
	flight->bytes = NULL;
	return is_it;
}

void sluice_disk_ahead_settle(struct sluice_disk_ahead *ahead)
{
	unsigned int slot;

	for (slot = 0; ahead && slot < SLUICE_DISK_AHEAD; slot++)
		(void)sluice_disk_ahead_take(ahead, ahead->flights[slot].bytes, 0, 0);
}

void sluice_disk_ahead_free(struct sluice_disk_ahead *ahead)
{
	if (!ahead)
		return;
	sluice_disk_ahead_settle(ahead);
	io_uring_queue_exit(&ahead->ring);
	free(ahead);
}
