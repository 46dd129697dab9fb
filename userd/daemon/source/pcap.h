/* SPDX-License-Identifier: MIT */
/*
 * The insides of the capture source (`source: pcap`), shared by its files:
 *
 *   pcap.c          the intake: what a configuration wants, and what of it is there
 *   pcap_handle.c   a handle: one interface, or one list of captures, and its thread
 *   pcap_file.c     the thread reads captures
 *   pcap_live.c     the thread reads an interface
 *   pcap_take.c     a frame becomes a record; losses; waiting
 *   pcap_table.c    which datagram is whose; for packet sockets (afpacket.h), too
 *   pcap_filter.c   which packets of an interface are worth a look; likewise
 *
 * A handle is one for all inputs of an interface, or of the same captures. Its thread is the one
 * producer of the rings that its inputs' routes have (one each); their stream's `cpu` is the
 * handle's number.
 */
#ifndef SLUICE_SOURCE_PCAP_H
#define SLUICE_SOURCE_PCAP_H

#include <pthread.h>
#include "../../lib/dissect.h"
#include "../../lib/fragments.h"
#include "source.h"

/* The number of the first handle: no worker and no CPU has it, so that no ring of another source
 * is called alike. */
#define SLUICE_PCAP_FIRST SLUICE_WORKERS_MAX
#define SLUICE_PCAP_TEXT 240

/* An input, as long as the intake: written by the thread of its handle only, read relaxed. */
struct sluice_pcap_input {
	uint64_t stored, stored_bytes __attribute__((aligned(64)));
	uint64_t snapped;      /* the capture did not take all of them */
	uint64_t bad_length;   /* their lengths do not fit */
	uint64_t lost_full;    /* no room in the ring */
	uint64_t lost_capture; /* the kernel's buffer was full */
	uint64_t bad_checksum; /* packet sockets only, as `seen`, the thread's own: how many there
				  were when losses were last looked for */
	uint64_t seen;
	sluice_guid guid __attribute__((aligned(64)));
	char name[SLUICE_NAME_MAX + 1];
	uint16_t index;			   /* in records */
	struct sluice_pcap_handle *handle; /* NULL: it has none now */
	bool is_wanted;
	struct sluice_pcap_input *next;
};

/* A ring that the handle fills. */
struct sluice_pcap_ring {
	struct sluice_stream *stream;
	uint64_t unrung; /* bytes stored since the worker was told */
	bool is_untold;	 /* losses wait for room to be told */
};

/* What one input takes. */
struct sluice_pcap_claim {
	struct sluice_pcap_input *input;
	struct sluice_config_prefix address, from;
	bool has_addresses; /* records tell them */
	bool is_plain;	    /* neither that, nor an address to look at: the port says it all */
	int checksum;	    /* SLUICE_RULE_F_* of wrong ones; packet sockets only */
	size_t ring;
};

/* A port of a claim. */
struct sluice_pcap_place {
	uint32_t claim;
	uint32_t next; /* of the same port, + 1; 0: none */
};

/* Which datagram is whose; immutable but for the rings' members. */
struct sluice_pcap_table {
	struct sluice_pcap_ring *rings;
	size_t ring_count;
	struct sluice_pcap_claim *claims;
	size_t claim_count;
	struct sluice_pcap_place *places;
	size_t place_count, place_room;
	uint32_t of_port[65536]; /* place + 1; 0: none */
};

enum sluice_pcap_state {
	SLUICE_PCAP_WAITS, /* `text` says for what */
	SLUICE_PCAP_READS,
	SLUICE_PCAP_ENDED,
};

struct sluice_pcap_handle {
	struct sluice_pcap_handle *next;
	uint32_t number;
	bool is_wanted, is_started;
	/* What it reads */
	char interface[IF_NAMESIZE]; /* empty: files */
	char **files;
	size_t file_count;
	struct sluice_config_speed next_speed;
	struct sluice_pcap_table *next_table; /* that of the change under way */
	/* Its thread; `read`, if not NULL, is what it does, and `own` is its (xdp.h) */
	void (*read)(struct sluice_pcap_handle *handle);
	void *own;
	pthread_t thread;
	int wake;      /* eventfd: it is to end, to pause, or to show that it wakes */
	bool ends;     /* relaxed */
	bool is_still; /* it stores nothing more; relaxed */
	/* With the lock: what the thread and the control thread both touch */
	pthread_mutex_t lock;
	struct sluice_pcap_table *table;
	struct sluice_config_speed speed;
	uint32_t state; /* enum sluice_pcap_state */
	bool has_fault; /* something that it read was wrong */
	char text[SLUICE_PCAP_TEXT];
	/* The thread's own, read relaxed */
	uint64_t packets __attribute__((aligned(64))); /* read */
	uint64_t others;			       /* of them, none of an input's */
	uint64_t cut;				       /* snapped, of no input that is known */
	uint64_t faults;			       /* could not be read */
	/* The thread's own */
	struct sluice_fragments *fragments;
	uint64_t incomplete; /* put together never; relaxed */
};

/* pcap_table.c. 0 or -ENOMEM; NULL is allowed to be freed. */
int sluice_pcap_table_add(struct sluice_pcap_table **table,
			  const struct sluice_config_input *config, struct sluice_pcap_input *input,
			  struct sluice_stream *stream);
void sluice_pcap_table_free(struct sluice_pcap_table *table);
/* Whose the datagram is; NULL: nobody's. *result has ports and addresses. */
struct sluice_pcap_claim *sluice_pcap_table_find(struct sluice_pcap_table *table,
						 const struct sluice_dissected *what);

/* Adds what is counted of an input, or of the part of it that one thread has, to `counters`. For
 * packet sockets and AF_XDP, too. @threadsafe */
void sluice_pcap_input_add_up(const struct sluice_pcap_input *input,
			      struct sluice_counters *counters);

/* pcap_filter.c. Which packets may be an input's, as pcap-filter(7). A packet of a fragmented
 * datagram has no ports, nor has one behind a tag that the card has left. NULL: no memory, or it
 * would be too long. @owner caller: free() */
char *sluice_pcap_filter_write(const struct sluice_pcap_table *table, bool is_ethernet);

/* A frame, for sluice_pcap_take(). */
struct sluice_pcap_frame {
	uint32_t link;
	const uint8_t *bytes;
	size_t captured, length;
	uint64_t time_ns;
	uint32_t interface; /* index; 0: not known */
	bool waits;	    /* for room; else what finds none is lost */
};

/* pcap_take.c. Makes a record of what is in the frame, if it is an input's. 1: so it is, and *bytes
 * is how many the datagram has; 0; -ECANCELED: the thread is to end. @context the handle's thread,
 * as all that follow */
int sluice_pcap_take(struct sluice_pcap_handle *handle, const struct sluice_pcap_frame *frame,
		     uint32_t *bytes);
/* What was stored is told to the workers, and losses as far as there is room. */
void sluice_pcap_flush(struct sluice_pcap_handle *handle);
/* Waits until `fd` (-1: nothing) is readable, or `at` (CLOCK_MONOTONIC; UINT64_MAX: no limit). 1:
 * it is; 0: it is not, and the time may be over; -ECANCELED. */
int sluice_pcap_wait(struct sluice_pcap_handle *handle, int fd, uint64_t at);
/* Is the thread to end or to store nothing more? */
bool sluice_pcap_is_over(const struct sluice_pcap_handle *handle);
/* Sets what the user is told. */
__attribute__((format(printf, 3, 4))) void sluice_pcap_say(struct sluice_pcap_handle *handle,
							   enum sluice_pcap_state state,
							   const char *format, ...);

/* pcap_file.c, pcap_live.c: until all is read, or the thread is to end. */
void sluice_pcap_read_files(struct sluice_pcap_handle *handle);
void sluice_pcap_read_interface(struct sluice_pcap_handle *handle);

/* pcap_handle.c. NULL: no memory. @owner caller: sluice_pcap_handle_free() @context process, as
 * all that follow */
struct sluice_pcap_handle *sluice_pcap_handle_new(const struct sluice_config_input *config,
						  uint32_t number);
/* Takes the table and the speed of the change over, and starts the thread if there is none. 0 or a
 * negative errno. */
int sluice_pcap_handle_commit(struct sluice_pcap_handle *handle);
/* It stores nothing more: what it has stored is all. */
void sluice_pcap_handle_still(struct sluice_pcap_handle *handle);
/* Ends the thread. */
void sluice_pcap_handle_stop(struct sluice_pcap_handle *handle);
void sluice_pcap_handle_free(struct sluice_pcap_handle *handle);

#endif /* SLUICE_SOURCE_PCAP_H */
