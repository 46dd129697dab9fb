// SPDX-License-Identifier: MIT
/*
 * The sink's memory with a log of old values: see state.h. Behind the decoder, under the ledger.
 * Touches: its file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "state.h"

#define STATE_MAGIC 0x3154415453554c53ULL /* "SLUSTAT1" read as little-endian */
#define STATE_GROW (1ULL << 20)		  /* the file grows in such steps */

/* First page of the file. */
struct state_head {
	uint64_t magic;
	uint64_t log_count; /* entries of the log that are to be taken back; 0: committed */
	uint64_t used;	    /* end of what is allocated */
	uint64_t dirty;	    /* everything from here on is zero */
	uint64_t reserved[4];
	uint64_t root[SLUICE_STATE_ROOT / 8];
};

_Static_assert(sizeof(struct state_head) <= SLUICE_STATE_LOG, "the head fits its page");

/* One word as it was. */
struct state_entry {
	uint64_t offset;
	uint64_t old;
};

struct sluice_state {
	uint8_t *base;
	struct state_head *head;
	struct state_entry *log;
	uint64_t committed;  /* `used` at the last commit: what lies behind needs no log */
	uint64_t log_backed; /* bytes of the log that have blocks */
	uint64_t data_backed;
	int fd;
};

uint64_t sluice_state_fuse;

/* Dies if a test wants it to die here. */
static void fuse(void)
{
	if (sluice_state_fuse && --sluice_state_fuse == 0)
		raise(SIGKILL);
}

/* Stores a word so that no later store can overtake it, nor it an earlier one (release; pairs with
 * the death of the process, after which a reader sees every store up to some point of the program).
 * NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes it */
static void store(uint64_t *word, uint64_t value)
{
	fuse();
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Makes sure that [from, to) of the file has blocks: a full disk is an error here, not a SIGBUS
 * later. */
static int back(struct sluice_state *state, uint64_t from, uint64_t to)
{
	/* Returns the error and does not set errno (posix_fallocate(3)). */
	return -posix_fallocate(state->fd, (off_t)from, (off_t)(to - from));
}

/* Takes back what was not committed. Killed in the middle it starts over, with the same outcome. */
static int roll_back(struct sluice_state *state)
{
	uint64_t count = state->head->log_count;

	if (count > SLUICE_STATE_LOG_ENTRIES)
		return -EPROTO;
	while (count-- > 0) {
		const struct state_entry *entry = &state->log[count];

		if (entry->offset % 8 || entry->offset >= state->head->dirty)
			return -EPROTO;
		store((uint64_t *)(void *)(state->base + entry->offset), entry->old);
	}
	store(&state->head->log_count, 0);
	return 0;
}

/* Opens the file and locks it, or memory. Its descriptor or a negative errno. */
static int open_file(const char *path)
{
	int error;
	int fd;

	if (!path) {
		fd = memfd_create("sluicebench", MFD_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	error = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return error;
}

/* Makes a new file usable, or checks an old one. 0 or a negative errno. */
static int prepare(struct sluice_state *state, uint64_t size)
{
	struct state_head *head = state->head;
	int error;

	if (size != 0 && size < sizeof(*head))
		return -EPROTO;
	error = size == 0 ? back(state, 0, SLUICE_STATE_LOG) : 0;
	if (error)
		return error;
	if (head->magic == 0) {
		/* New, or its maker died here: the magic comes last. */
		store(&head->log_count, 0);
		store(&head->used, SLUICE_STATE_DATA);
		store(&head->dirty, SLUICE_STATE_DATA);
		store(&head->magic, STATE_MAGIC);
	}
	if (head->magic != STATE_MAGIC || head->used < SLUICE_STATE_DATA ||
	    head->dirty < head->used || head->dirty > SLUICE_STATE_MOST ||
	    (head->dirty > SLUICE_STATE_DATA && head->dirty > size))
		return -EPROTO;
	state->data_backed = size > SLUICE_STATE_DATA ? size : SLUICE_STATE_DATA;
	return roll_back(state);
}

/* As state.h says. @context process */
int sluice_state_open(struct sluice_state **state, const char *path)
{
	struct sluice_state *made;
	struct stat status;
	int error;

	if (!state)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->base = MAP_FAILED;
	made->fd = open_file(path);
	if (made->fd < 0) {
		error = made->fd;
		goto failed;
	}
	error = -ENODEV;
	if (fstat(made->fd, &status) || (path && !S_ISREG(status.st_mode)))
		goto failed;
	/* More than the file holds: what grows later is there at the same address. */
	made->base = mmap(NULL, SLUICE_STATE_MOST, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_NORESERVE, made->fd, 0);
	if (made->base == MAP_FAILED) {
		/* 9p without a cache says EINVAL where others say ENODEV. */
		error = errno == EINVAL ? -ENODEV : -errno;
		goto failed;
	}
	madvise(made->base, SLUICE_STATE_MOST, MADV_DONTDUMP);
	made->head = (struct state_head *)(void *)made->base;
	made->log = (struct state_entry *)(void *)(made->base + SLUICE_STATE_LOG);
	error = prepare(made, (uint64_t)status.st_size);
	if (error)
		goto failed;
	made->committed = made->head->used;
	*state = made;
	return 0;
failed:
	sluice_state_close(made);
	return error;
}

/* Unmaps and closes; changes that were not committed are taken back when it is opened again.
 * @context process */
void sluice_state_close(struct sluice_state *state)
{
	if (!state)
		return;
	if (state->base != MAP_FAILED)
		munmap(state->base, SLUICE_STATE_MOST);
	if (state->fd >= 0)
		close(state->fd);
	free(state);
}

/* As state.h says. */
void *sluice_state_root(struct sluice_state *state)
{
	return state->head->root;
}

/* As state.h says. */
void *sluice_state_at(struct sluice_state *state, uint64_t offset)
{
	return state->base + offset;
}

/* As state.h says. @context process */
int sluice_state_set(struct sluice_state *state, uint64_t *word, uint64_t value)
{
	uint64_t offset = (uint64_t)((uint8_t *)word - state->base);
	uint64_t count = state->head->log_count;

	if (*word == value)
		return 0;
	if (offset < state->committed) {
		if (count == SLUICE_STATE_LOG_ENTRIES)
			return -ENOSPC;
		if ((count + 1) * sizeof(*state->log) > state->log_backed) {
			uint64_t from = SLUICE_STATE_LOG + state->log_backed;

			if (back(state, from, from + STATE_GROW))
				return -ENOSPC;
			state->log_backed += STATE_GROW;
		}
		store(&state->log[count].offset, offset);
		store(&state->log[count].old, *word);
		store(&state->head->log_count, count + 1);
	}
	store(word, value);
	return 0;
}

/* As state.h says. @context process */
int sluice_state_copy(struct sluice_state *state, void *to, const void *from, size_t length)
{
	uint64_t *words = to;
	size_t index;
	int error;

	for (index = 0; index < length / 8; index++) {
		uint64_t value;

		memcpy(&value, (const uint8_t *)from + index * 8, 8);
		error = sluice_state_set(state, words + index, value);
		if (error)
			return error;
	}
	return 0;
}

/* As state.h says. @context process */
uint64_t sluice_state_allocate(struct sluice_state *state, uint64_t size)
{
	uint64_t offset = state->head->used;
	uint64_t end;

	if (size == 0 || size > SLUICE_STATE_MOST - offset - 8)
		return 0;
	end = offset + ((size + 7) & ~7ULL);
	if (end > state->data_backed) {
		uint64_t target = (end + STATE_GROW - 1) / STATE_GROW * STATE_GROW;

		if (target > SLUICE_STATE_MOST || back(state, state->data_backed, target))
			return 0;
		state->data_backed = target;
	}
	/* Below `dirty` may lie what a killed process wrote and never committed. */
	if (offset < state->head->dirty)
		memset(state->base + offset, 0,
		       (end < state->head->dirty ? end : state->head->dirty) - offset);
	if (end > state->head->dirty)
		store(&state->head->dirty, end);
	if (sluice_state_set(state, &state->head->used, end))
		return 0;
	return offset;
}

/* As state.h says. @context process */
void sluice_state_commit(struct sluice_state *state)
{
	store(&state->head->log_count, 0);
	state->committed = state->head->used;
}

/* As state.h says. */
int sluice_state_sync(struct sluice_state *state)
{
	uint64_t end =
		state->head->dirty > SLUICE_STATE_DATA ? state->head->dirty : SLUICE_STATE_LOG;

	if (msync(state->base, SLUICE_STATE_LOG, MS_SYNC))
		return -errno;
	if (end > SLUICE_STATE_DATA &&
	    msync(state->base + SLUICE_STATE_DATA, end - SLUICE_STATE_DATA, MS_SYNC))
		return -errno;
	return 0;
}
