/* SPDX-License-Identifier: MIT */
/*
 * From segments on a desk to messages in a window: which record becomes a message, which run of
 * them a span, what is counted of each, and what goes again. The same for every broker; how a
 * message looks and how it is sent is the kind's. All of it in the thread of one connection.
 * Touches: the desk, the log.
 */
#ifndef SLUICE_BROKER_CUT_H
#define SLUICE_BROKER_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "desk.h"
#include "window.h"

/* The thread is to look whether a message goes again so often at least. */
#define SLUICE_CUT_LOOK_NS (500 * SLUICE_NS_PER_MS)

struct sluice_cut {
	struct sluice_desk *desk;
	uint64_t attempt;
	size_t most;	      /* bytes of a message, headers not counted */
	size_t most_datagram; /* bytes of a datagram; 0: as many */
	bool is_span;	      /* many records are one message */
	bool skips_empty;
	bool waits; /* what the server refuses goes again; else it is counted and done */
	/* What the kind does */
	uint32_t (*find)(struct sluice_cut *cut, const struct sluice_job *job, uint16_t input);
	/* under which name input `input` of the job's stream goes; UINT32_MAX: `what` says why it
	 * cannot */
	bool (*has)(const struct sluice_cut *cut, uint32_t subject, bool is_gap, uint64_t start,
		    uint64_t end); /* has the server that already? NULL: it never does */
	void (*added)(struct sluice_cut *cut, const struct sluice_flight *flight); /* or NULL */
	/* sends a message (again); false: `what` says why the attempt is over */
	bool (*send)(struct sluice_cut *cut, struct sluice_flight *flight, uint64_t now);
	/* What it is at */
	struct sluice_window window;
	uint64_t job;	       /* that messages are being made of */
	size_t place;	       /* up to where that is done */
	uint64_t heard;	       /* when the last acknowledgement came, or one was first waited for */
	bool is_refused;       /* what the server refused is tried again, nothing else goes */
	uint64_t refused_told; /* when the log was told; 0: never */
	const char *what;      /* it is no good, because; NULL: it is */
};

/* Begins with an empty window; what the kind says is filled in. */
void sluice_cut_begin(struct sluice_cut *cut, struct sluice_desk *desk, uint64_t attempt,
		      uint64_t now);

/* What input `input` of sources of `source` is called; it may have to wait for that. One that
 * nobody names is called by its number. @context thread */
void sluice_cut_name_input(struct sluice_cut *cut, enum sluice_source source, uint16_t input,
			   char name[SLUICE_NAME_MAX + 1]);

/* Makes messages of what is on the desk, as far as there is room. Returns whether it did anything.
 * @context thread */
bool sluice_cut_publish(struct sluice_cut *cut, uint64_t now);

/* The server has a message: what was refused may go again at once. @context thread */
void sluice_cut_acknowledge(struct sluice_cut *cut, struct sluice_flight *flight, uint64_t now);

/* The server does not want a message: it goes again later, or is counted (`waits`). `where` names
 * what refuses, `why` is in words and `code` the server's. @context thread */
void sluice_cut_refuse(struct sluice_cut *cut, struct sluice_flight *flight, const char *where,
		       const char *why, int code, uint64_t now);

/* Sends what is to go again; of what is refused one at a time, to see. Returns whether it sent
 * anything; *next becomes less if one goes before that. @context thread */
bool sluice_cut_repeat(struct sluice_cut *cut, uint64_t now, uint64_t *next);

/* Could something of the desk go now? The desk's lock is held. @context thread */
bool sluice_cut_has_work(const struct sluice_cut *cut);

#endif /* SLUICE_BROKER_CUT_H */
