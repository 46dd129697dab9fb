/* SPDX-License-Identifier: MIT */
/*
 * Outputs of `kind: nats`: what the thread of a connection has. It connects to one of the servers,
 * looks at the stream, reads for each subject how far it got, and publishes behind that:
 *
 *   nats.c      the kind: its two tables
 *   thread.c    one attempt from its begin to its end: acknowledgements, what goes again, when to
 *               give up
 *   session.c   the connection to the servers, and what its callbacks hand over
 *   ensure.c    the stream: is it there, and is it any good?
 *   subjects.c  a subject for each input of a stream: what of it the server has already
 *   publish.c   from records to messages
 *
 * All of it runs in the thread of a desk (broker/desk.h), but for the callbacks, which run in the
 * library's and only hand over. Touches: nothing.
 */
#ifndef SLUICE_NATS_H
#define SLUICE_NATS_H

#include <nats/nats.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../lib/guid.h"
#include "../../lib/ranges.h"
#include "../broker/cut.h"
#include "settings.h"

/* The library's own bound; ours (SLUICE_WINDOW_MESSAGES) is well below, because at its own the
 * caller sleeps, and then fails (libnats 3.4.1). */
#define SLUICE_NATS_PENDING (INT64_C(4) * SLUICE_WINDOW_MESSAGES)

/* Bytes of headers and subject of a message of ours at most: names of 64 bytes, two addresses, six
 * numbers. They count against max_payload, and the subject against the stream's limits. */
#define SLUICE_NATS_HEADERS 1024U

/* What a message came to. */
struct sluice_nats_answer {
	natsMsg *message; /* the library's no more, ours to destroy */
	natsStatus status;
	jsErrCode error; /* of the server; 0: none */
	uint64_t sequence;
	bool is_duplicate;
};

/* What the library's callbacks may touch. It outlives the connection by a while, because nothing
 * says when its last callback is over. */
struct sluice_nats_session {
	struct sluice_desk *desk; /* a reference; its lock guards what follows */
	struct sluice_nats_answer *answers;
	size_t answer_count, answer_room;
	bool is_closed;
	bool starved; /* an answer found no memory: it goes again by the clock */
	/* The thread's */
	natsConnection *connection;
	jsCtx *stream;
	jsStreamInfo *info;		  /* of ensure.c */
	struct sluice_nats_session *next; /* of those that are over */
	uint64_t over;			  /* since when */
};

/* Runs of messages that a subject remembers, and messages of one, at least. */
#define SLUICE_NATS_MARKS 64U
#define SLUICE_NATS_RUN 256U

/* What is published under one subject. */
struct sluice_nats_subject_state {
	sluice_guid stream;
	uint64_t epoch;
	enum sluice_source source;
	uint16_t input;
	char text[SLUICE_NATS_SUBJECT];
	char name[SLUICE_NAME_MAX + 1];
	char id[SLUICE_GUID_TEXT + 24]; /* what ids of its messages begin with */
	uint64_t sequence;		/* the last that is known to be acknowledged */
	uint64_t expected; /* of the first message: the last that may be there; 0: any */
	uint64_t floor;	   /* the server has everything of it before this */
	/* What was published, in that order: runs of messages that end before `end` in the stream,
	 * and have sequences above `base` */
	struct sluice_nats_mark {
		uint64_t end, base;
	} marks[SLUICE_NATS_MARKS];
	size_t mark_count, mark_fill;	    /* and messages in the last one */
	struct sluice_ranges has, has_gaps; /* and this, from there on */
};

struct sluice_nats {
	struct sluice_cut cut; /* first: one is the other */
	const struct sluice_nats_settings *settings;
	struct sluice_nats_session *session;
	char relay[SLUICE_NAME_MAX + 1];
	struct sluice_nats_subject_state **subjects;
	size_t subject_count;
	uint32_t last_subject; /* that was looked for */
	uint64_t unsaid_told;  /* when the log was told of a duplicate of nothing; 0: never */
};

/* The whole of which this is the part that all brokers have. */
static inline struct sluice_nats *sluice_nats_of(struct sluice_cut *cut)
{
	return (struct sluice_nats *)cut;
}

/* session.c. Connects to one of the servers. NULL: *what says why not. @context thread */
struct sluice_nats_session *sluice_nats_session_open(const struct sluice_nats_settings *settings,
						     struct sluice_desk *desk, const char **what);
/* Ends it; it is freed later. NULL is allowed. @context thread */
void sluice_nats_session_close(struct sluice_nats_session *session);

/* ensure.c. Looks at the stream, and makes it if it is to; *most: bytes that a message may have,
 * headers counted. NULL, or why the stream is no good. @context thread */
const char *sluice_nats_ensure(const struct sluice_nats_settings *settings,
			       struct sluice_nats_session *session, size_t *most);
/* Does one of the stream's subjects, which may have wildcards, cover `subject`? @threadsafe */
bool sluice_nats_is_covered(const jsStreamConfig *stream, const char *subject);

/* subjects.c. The subject of input `input` of a job's stream; asks the server for what it has of it
 * when it is new. UINT32_MAX: cut.what says why not. @context thread */
uint32_t sluice_nats_subject_find(struct sluice_nats *nats, const struct sluice_job *job,
				  uint16_t input);
/* A message that ends at `end` is about to be published for the first time. */
void sluice_nats_subject_mark(struct sluice_nats_subject_state *subject, uint64_t end);
/* Everything of the stream before `floor` is acknowledged: which sequence has everything behind
 * that above it? */
uint64_t sluice_nats_subject_base(struct sluice_nats_subject_state *subject, uint64_t floor);
/* Has the server [start, end) of the subject? */
bool sluice_nats_subject_has(const struct sluice_nats_subject_state *subject, bool is_gap,
			     uint64_t start, uint64_t end);
/* Frees all of them. @context thread */
void sluice_nats_subjects_free(struct sluice_nats *nats);

/* publish.c. Publishes a message, for the first time or again (struct sluice_cut.send). @context
 * thread */
bool sluice_nats_send(struct sluice_cut *cut, struct sluice_flight *flight, uint64_t now);

/* thread.c. Serves one attempt (struct sluice_desk.run). @context thread */
void sluice_nats_run(struct sluice_desk *desk, uint64_t attempt);

#endif /* SLUICE_NATS_H */
