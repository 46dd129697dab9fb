/* SPDX-License-Identifier: MIT */
/*
 * Frames of RELP, the reliable event logging protocol that rsyslog's imrelp speaks: writing one,
 * reading one that may not be whole yet, and transaction numbers. No socket, no state. Touches: the
 * bytes it is given. All of it @threadsafe.
 *
 *   TXNR SP COMMAND SP DATALEN [SP DATA] LF     numbers in decimal, of at most nine digits; no
 *                                               DATA, no space before it
 *
 * The client numbers its commands 1, 2, 3, ... within a session; an answer is a frame `rsp` with
 * the number of what it answers. Its data begins with a status of three digits, 200 for good, a
 * space and words for people.
 */
#ifndef SLUICE_RELP_FRAME_H
#define SLUICE_RELP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLUICE_RELP_TXNR_MAX 999999999U
/* What is around the data at most: number, command, length, three spaces, line feed. */
#define SLUICE_RELP_COMMAND_MAX 32U
#define SLUICE_RELP_AROUND_MAX (9U + 1U + SLUICE_RELP_COMMAND_MAX + 1U + 9U + 1U + 1U)
/* The longest data that is read: answers are short. */
#define SLUICE_RELP_DATA_MAX (16U << 10)

/* A frame that was read; the pointers point into the bytes it was read from. */
struct sluice_relp_frame {
	uint32_t txnr; /* 0: said without having been asked */
	const char *command;
	size_t command_length; /* 1 to SLUICE_RELP_COMMAND_MAX */
	const uint8_t *data;
	size_t length; /* 0 to SLUICE_RELP_DATA_MAX */
	size_t whole;  /* bytes that the frame takes */
};

/* The transaction number of the command that is the `number`th of a session, from 0: 1 to
 * SLUICE_RELP_TXNR_MAX, then 1 again. */
uint32_t sluice_relp_txnr(uint64_t number);

/* Which of the commands [first, end) of a session has transaction number `txnr`? False: none; else
 * *number is it. No more than SLUICE_RELP_TXNR_MAX commands are asked for. */
bool sluice_relp_find(uint32_t txnr, uint64_t first, uint64_t end, uint64_t *number);

/* Bytes that a command with `length` bytes of data takes. */
size_t sluice_relp_size(uint32_t txnr, const char *command, size_t length);

/* Writes a command with `length` bytes of data into `out`, which has room for it; returns how many
 * bytes that were. `data` may be NULL if there are none. */
size_t sluice_relp_write(uint32_t txnr, const char *command, const void *data, size_t length,
			 uint8_t *out);

/* Reads the frame at `bytes`. 0; -EAGAIN: so far it is one, and there is more to come; -EMSGSIZE:
 * its data is too long; -EPROTO: no frame of RELP begins so. */
int sluice_relp_read(const uint8_t *bytes, size_t available, struct sluice_relp_frame *frame);

/* Is the frame's command called so? */
bool sluice_relp_is(const struct sluice_relp_frame *frame, const char *command);

/* The status that an answer begins with, 0 to 999; -EPROTO if it begins with none. *words: where
 * what it says to people begins, *length bytes to the end of that line. */
int sluice_relp_status(const struct sluice_relp_frame *frame, const uint8_t **words,
		       size_t *length);

/* Does an answer to `open` offer command `command`? */
bool sluice_relp_offers(const struct sluice_relp_frame *frame, const char *command);

#endif /* SLUICE_RELP_FRAME_H */
