// SPDX-License-Identifier: MIT
/*
 * What is in hand between a socket and its ring, see socket_hand.h. Touches: files beside the
 * rings.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "socket_hand.h"

/* A place for the largest datagram. Not a power of two: the places' beginnings must not share one
 * cache set. */
#define PLACE (65536U + 320U)
/* "sluiceIH", and of which form the file is. */
#define MAGIC 0x4849656369756c73ULL
#define VERSION 1U
#define BYTES (sizeof(struct sluice_socket_hand) + (size_t)SLUICE_HAND_BATCH * PLACE)

/* What a worker has: the memory, and whose file it is. */
struct own {
	struct sluice_socket_hand *hand;
	char *path; /* NULL: memory of its own */
	dev_t device;
	ino_t inode;
};

/* Of dead processes. */
struct left {
	struct left *next;
	struct sluice_socket_hand *hand;
};
static struct left *left;

/* Sets what is this process's own in it. */
static void set_up(struct sluice_socket_hand *hand)
{
	unsigned int place;

	for (place = 0; place < SLUICE_HAND_BATCH; place++) {
		struct msghdr *header = &hand->messages[place].msg_hdr;

		hand->places[place].iov_base = (uint8_t *)(hand + 1) + (size_t)place * PLACE;
		hand->places[place].iov_len = SLUICE_PAYLOAD_MAX + 1;
		header->msg_iov = &hand->places[place];
		header->msg_iovlen = 1;
		header->msg_control = hand->control[place];
	}
}

/* Closes a worker's file, or frees its memory. Nothing is in hand. */
static void let_go(struct own *own)
{
	struct stat state;

	if (own->hand)
		(void)munmap(own->hand, BYTES);
	own->hand = NULL;
	/* Another's may be there by now. */
	if (own->path && !lstat(own->path, &state) && state.st_dev == own->device &&
	    state.st_ino == own->inode)
		(void)unlink(own->path);
	free(own->path);
	own->path = NULL;
}

/* struct sluice_worker.scratch_free */
static void free_own(void *scratch)
{
	struct own *own = scratch;

	let_go(own);
	free(own);
}

/* Memory of that size, in the file or the process's own (-1). NULL: there is none. */
static struct sluice_socket_hand *map(int fd)
{
	void *bytes = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			   fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	return bytes == MAP_FAILED ? NULL : bytes;
}

/* Gives the worker this memory. 0 or -ENOMEM: it is unmapped. */
static int give(struct sluice_worker *worker, struct sluice_socket_hand *hand, struct own **result)
{
	struct own *own = hand ? calloc(1, sizeof(*own)) : NULL;

	if (!own) {
		if (hand)
			(void)munmap(hand, BYTES);
		return -ENOMEM;
	}
	hand->magic = MAGIC;
	hand->version = VERSION;
	hand->worker = worker->number;
	set_up(hand);
	own->hand = hand;
	worker->scratch = own;
	worker->scratch_free = free_own;
	*result = own;
	return 0;
}

struct sluice_socket_hand *sluice_socket_hand_of(struct sluice_worker *worker)
{
	struct own *own = worker->scratch;

	if (!own && give(worker, map(-1), &own))
		return NULL;
	return own->hand;
}

int sluice_socket_hand_leave_file(struct sluice_worker *worker)
{
	struct own *own = worker->scratch, *fresh;

	if (!own || !own->path)
		return 0;
	sluice_warning_about(
		SLUICE_ABOUT(.worker = SLUICE_NUMBER(worker->number), .path = own->path),
		"%s: no room; what worker %u has in hand does not outlive this "
		"process",
		own->path, worker->number);
	if (give(worker, map(-1), &fresh))
		return -ENOMEM;
	free_own(own);
	return 0;
}

void sluice_socket_hand_begin(struct sluice_socket_hand *hand, const struct sluice_port *port,
			      unsigned int most)
{
	const struct sluice_port_key *key = &port->key;
	unsigned int place;

	hand->key.family = key->family;
	hand->key.port = key->port;
	hand->key.both = key->both;
	memcpy(hand->key.address, key->address, sizeof(hand->key.address));
	memcpy(hand->key.interface, key->interface, sizeof(hand->key.interface));
	for (place = 0; place < most; place++)
		hand->messages[place].msg_len = SLUICE_HAND_UNREAD;
	hand->done = 0;
	/* What is above stands there before that says so. */
	__atomic_store_n(&hand->most, most, __ATOMIC_RELEASE);
}

void sluice_socket_hand_end(struct sluice_socket_hand *hand)
{
	/* The records are there before. */
	__atomic_store_n(&hand->most, 0, __ATOMIC_RELEASE);
}

/* The file of a worker, NULL: there is none. @owner caller: free() */
static char *path_of(const struct sluice_config *config, unsigned int worker)
{
	char *stop = sluice_socket_note_path(config, false), *path = NULL, *end;

	end = stop ? strrchr(stop, '-') : NULL;
	if (end && asprintf(&path, "%.*s-hand-%u", (int)(end - stop), stop, worker) < 0)
		path = NULL;
	free(stop);
	return path;
}

/* Is it a file that only we can have made, of that form? */
static bool is_ours(int fd, struct stat *state)
{
	return !fstat(fd, state) && S_ISREG(state->st_mode) && state->st_uid == geteuid() &&
	       !(state->st_mode & (S_IWGRP | S_IWOTH)) && (size_t)state->st_size == BYTES;
}

/* Worker call: makes the worker's file, unless it has one; who touches its pages first is the
 * worker, so that they are of its node. `argument`: a pointer to the configuration's. 0: also where
 * there is none, which the log hears. @context worker */
static int open_own(struct sluice_worker *worker, void *argument)
{
	const struct sluice_config *config = *(const struct sluice_config **)argument;
	char *path = worker->scratch ? NULL : path_of(config, worker->number);
	struct sluice_socket_hand *hand = NULL;
	struct stat state;
	struct own *own;
	int fd, error;

	if (!path)
		return 0;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	error = fd < 0 || ftruncate(fd, (off_t)BYTES) ? errno : 0;
	/* All but the datagrams' own places: those the kernel finds full for us. */
	if (!error)
		error = posix_fallocate(fd, 0, (off_t)sizeof(*hand));
	if (!error && !is_ours(fd, &state))
		error = EPERM;
	if (!error) {
		hand = map(fd);
		error = hand ? 0 : errno;
	}
	if (!error && give(worker, hand, &own))
		error = ENOMEM;
	if (!error) {
		own->path = path;
		own->device = state.st_dev;
		own->inode = state.st_ino;
	} else {
		sluice_warning_about(SLUICE_ABOUT(.worker = SLUICE_NUMBER(worker->number),
						  .path = path, .error = strerrorname_np(error)),
				     "%s: %s; what worker %u has in hand does not outlive this "
				     "process",
				     path, strerror(error), worker->number);
		if (fd >= 0)
			(void)unlink(path);
		free(path);
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

void sluice_socket_hand_open(const struct sluice_config *config, struct sluice_worker *worker)
{
	if (!worker->scratch)
		(void)sluice_worker_call(worker, open_own, (void *)&config);
}

unsigned int sluice_socket_hand_count(const struct sluice_socket_hand *hand)
{
	unsigned int place = hand->done;

	while (place < hand->most && place < SLUICE_HAND_BATCH &&
	       hand->messages[place].msg_len <= SLUICE_PAYLOAD_MAX + 1)
		place++;
	return place > hand->done ? place - hand->done : 0;
}

/* Puts one that was found into the list, if something is in it. True: it is there. */
static bool keep(struct sluice_socket_hand *hand)
{
	struct left *one;
	unsigned int place;

	if (hand->magic != MAGIC || hand->version != VERSION || !sluice_socket_hand_count(hand))
		return false;
	one = calloc(1, sizeof(*one));
	if (!one)
		return false;
	set_up(hand);
	for (place = 0; place < SLUICE_HAND_BATCH; place++) {
		struct msghdr *header = &hand->messages[place].msg_hdr;

		if (header->msg_controllen > SLUICE_HAND_CONTROL)
			header->msg_controllen = 0;
		/* Nobody asked who sent it. */
		if (!header->msg_namelen)
			memset(&hand->sources[place], 0, sizeof(hand->sources[place]));
	}
	one->hand = hand;
	one->next = left;
	left = one;
	return true;
}

void sluice_socket_hand_find(const struct sluice_config *config)
{
	struct sluice_socket_hand *hand;
	struct stat state;
	unsigned int worker;
	char *path;
	int fd;

	for (worker = 0; worker < SLUICE_WORKERS_MAX; worker++) {
		path = path_of(config, worker);
		if (!path)
			return;
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		hand = fd >= 0 && is_ours(fd, &state) ? map(fd) : NULL;
		if (hand && !keep(hand))
			(void)munmap(hand, BYTES);
		/* The mapping holds what is in it. */
		if (fd >= 0) {
			(void)unlink(path);
			close(fd);
		}
		free(path);
	}
}

bool sluice_socket_hand_is_left(void)
{
	return left != NULL;
}

/* Was it read from a socket that is bound as this one? */
static bool is_like(const struct sluice_hand_key *one, const struct sluice_port_key *key)
{
	return one->family == key->family && one->port == key->port && one->both == key->both &&
	       !memcmp(one->address, key->address, sizeof(one->address)) &&
	       !strncmp(one->interface, key->interface, sizeof(one->interface));
}

struct sluice_socket_hand *sluice_socket_hand_take(const struct sluice_port *port, bool any)
{
	struct sluice_socket_hand *hand;
	struct left **link, *one;

	for (link = &left; (one = *link); link = &one->next) {
		if (!is_like(&one->hand->key, &port->key) ||
		    (!any && one->hand->worker != port->worker->number))
			continue;
		hand = one->hand;
		*link = one->next;
		free(one);
		return hand;
	}
	return NULL;
}

void sluice_socket_hand_free(struct sluice_socket_hand *hand)
{
	if (hand)
		(void)munmap(hand, BYTES);
}

void sluice_socket_hand_drop_all(void)
{
	struct left *one;

	while ((one = left)) {
		left = one->next;
		sluice_warning_about(SLUICE_ABOUT(.port = SLUICE_NUMBER(one->hand->key.port),
						  .datagrams = SLUICE_NUMBER(
							  sluice_socket_hand_count(one->hand))),
				     "port %u: no input wants it any more; %u datagrams that the "
				     "last sluiced had read from it are not delivered",
				     one->hand->key.port, sluice_socket_hand_count(one->hand));
		sluice_socket_hand_free(one->hand);
		free(one);
	}
}
