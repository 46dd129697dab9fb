// SPDX-License-Identifier: MIT
/*
 * From the records of a segment to RELP commands in a connection's staging buffer; see
 * relp_inner.h. In the worker. Touches: the connection.
 */
#include <errno.h>
#include <stdlib.h>
#include "../../lib/buffer.h"
#include "../../lib/record.h"
#include "relp_inner.h"

/* Makes `asked` hold `count` datagrams. False: no memory; it stays as it is. */
static bool enlarge_asked(struct sluice_relp *relp, uint64_t count)
{
	uint64_t room = relp->asked_room, number;
	struct sluice_relp_asked *larger;

	while (room < count)
		room *= 2;
	if (room == relp->asked_room)
		return true;
	larger = malloc(room * sizeof(*larger));
	if (!larger)
		return false;
	for (number = relp->first; number < relp->next; number++)
		larger[number & (room - 1)] = *sluice_relp_asked_of(relp, number);
	free(relp->asked);
	relp->asked = larger;
	relp->asked_room = room;
	return true;
}

/* Makes the staging buffer hold `size` bytes, which are counted in 32 bits. False: no memory; it
 * stays as it is. */
static bool enlarge_staging(struct sluice_relp *relp, size_t size)
{
	return size <= UINT32_MAX && sluice_buffer_grow(&relp->staging, &relp->room, size);
}

/* Stages one command `syslog` with `length` bytes at `bytes`, of which `more` follow for the same
 * datagram. 0 or -ENOMEM. */
static int stage_command(struct sluice_connection *connection, const uint8_t *bytes, size_t length,
			 size_t more, const struct sluice_relp_staged *staged)
{
	struct sluice_relp *relp = connection->own;
	struct sluice_relp_asked *asked;

	if (!enlarge_asked(relp, relp->next - relp->first + 1) ||
	    !enlarge_staging(relp, connection->writing.staged + SLUICE_RELP_AROUND_MAX + length))
		return -ENOMEM;
	connection->writing.staged +=
		sluice_relp_write(sluice_relp_txnr(relp->next), "syslog", bytes, length,
				  relp->staging + connection->writing.staged);
	asked = sluice_relp_asked_of(relp, relp->next++);
	*asked = (struct sluice_relp_asked){
		.offset = (uint32_t)staged->consumed,
		.records = (uint32_t)staged->records,
		.end = (uint32_t)connection->writing.staged,
		.unsent = staged->unsent,
		.more = (uint16_t)more,
	};
	return 0;
}

/* How many commands the datagram `view` takes, one at least. */
static size_t count_pieces(const struct sluice_form *form, const struct sluice_record_view *view)
{
	size_t place = 0, count = 0;

	do {
		place += sluice_framing_piece(form, view->payload + place,
					      view->payload_length - place);
		count++;
	} while (place < view->payload_length);
	return count;
}

/* Stages a datagram, in pieces or cut if it is longer than `max-datagram`. 0 or -ENOMEM. */
static int stage_datagram(struct sluice_connection *connection,
			  const struct sluice_record_view *view, struct sluice_relp_staged *staged)
{
	const struct sluice_form *form = &connection->group->form;
	size_t place = 0, piece, left = count_pieces(form, view);
	int error;

	if (left > 1 && form->oversize == SLUICE_OVERSIZE_TRUNCATE) {
		staged->truncated++;
		left = 1;
	}
	if (left > 1) {
		staged->split++;
		staged->pieces += left;
	}
	for (; left > 0; left--) {
		piece = sluice_framing_piece(form, view->payload + place,
					     view->payload_length - place);
		error = stage_command(connection, view->payload + place, piece, left - 1, staged);
		if (error)
			return error;
		place += piece;
	}
	return 0;
}

int sluice_relp_stage(struct sluice_connection *connection, const uint8_t *span, size_t length,
		      bool whole, struct sluice_relp_staged *staged)
{
	struct sluice_relp *relp = connection->own;
	struct sluice_record_view view;
	enum sluice_fate fate;

	while (staged->consumed < length) {
		if (sluice_record_read(span + staged->consumed, length - staged->consumed, &view))
			return -EPROTO;
		staged->gaps += view.type == SLUICE_RECORD_GAP;
		fate = sluice_framing_fate(&connection->group->form, &view);
		if (fate == SLUICE_FATE_SENT) {
			if (!whole && relp->next - relp->first >= SLUICE_RELP_WINDOW)
				return 0;
			if (stage_datagram(connection, &view, staged))
				return -ENOMEM;
		}
		sluice_unsent_note(&staged->unsent, fate);
		staged->records++;
		staged->consumed += view.span;
	}
	return 0;
}
