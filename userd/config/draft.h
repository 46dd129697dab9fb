/* SPDX-License-Identifier: MIT */
/*
 * A configuration while it is read: the model, with the place of everything that a check may have
 * to point to, and names that are not yet resolved. Lives during sluice_config_parse() only.
 */
#ifndef SLUICE_CONFIG_DRAFT_H
#define SLUICE_CONFIG_DRAFT_H

#include "model.h"
#include "reader.h"

/* Limits, so that no configuration makes the checks run for ever. */
#define SLUICE_INPUTS_MAX 16384U
#define SLUICE_OUTPUTS_MAX 1024U
#define SLUICE_DESTINATIONS_MAX 256U
#define SLUICE_FORWARDS_MAX 1024U
#define SLUICE_LISTENS_MAX 64U	    /* addresses of one forward */
#define SLUICE_ACCESS_MAX 1024U	    /* prefixes that one lets in, and keeps out */
#define SLUICE_PORT_RANGES_MAX 256U /* netlink.h, SLUICE_A_RULE_PORTS */
#define SLUICE_INPUT_OUTPUTS_MAX \
	62U /* ring.h, SLUICE_RING_CURSORS: a cursor for each in every ring */

struct sluice_draft_input {
	struct sluice_config_input input; /* `outputs` not filled in; name and id empty if faulty */
	struct sluice_word name;
	struct sluice_word id;
	struct sluice_config_place port_place;
	struct sluice_config_place address_place;
	struct sluice_config_place from_place;
	struct sluice_config_place source_place;
	struct sluice_config_place verdict_place;
	struct sluice_config_place checksum_place;
	struct sluice_config_place hook_place;
	struct sluice_config_place batching_place;
	struct sluice_config_place group_place;
	struct sluice_config_place time_place;
	struct sluice_config_place speed_place;
	struct sluice_config_place listen_place; /* line 0: not written, as those that follow */
	struct sluice_config_place cutting_place;
	struct sluice_config_place max_record_place;
	struct sluice_config_place overlong_place;
	struct sluice_config_place promise_place;
	struct sluice_config_place allow_place;
	struct sluice_config_place deny_place;
	struct sluice_config_place limit_place;
	struct sluice_config_place idle_place;
	struct sluice_word *outputs; /* names as written */
	size_t output_count;
};

struct sluice_draft_output {
	struct sluice_config_output output; /* name and id empty if faulty */
	struct sluice_word name;
	struct sluice_word id;
	struct sluice_config_place reconnect_place;
	struct sluice_config_place kind_place;
	struct sluice_config_place source_address_place;
	/* kind: nats, kafka; line 0: not written */
	struct sluice_word subject, stream, topic, user, password_file, token_file, credentials;
	struct sluice_config_place message_place, ensure_place, refusal_place;
	struct sluice_config_place message_key_place, max_message_place, sasl_place;
	struct sluice_config_place mode_place;
	struct sluice_config_place ack_place; /* line 0: not written, as those that follow */
	struct sluice_config_place compress_place;
	struct sluice_config_place receiver_place;
	struct sluice_config_place framing_place;
	struct sluice_config_place delimiter_place;
	struct sluice_config_place max_datagram_place;
	struct sluice_config_place oversize_place;
	struct sluice_config_place empty_place;
	struct sluice_config_place unsafe_place;
	struct sluice_config_place prefix_place;
	struct sluice_config_place from_place;
	struct sluice_config_place unconfirmed_place;
	struct sluice_config_place connections_place;
	struct sluice_config_place to_place;
	struct sluice_config_place tls_ca_place;
	struct sluice_config_place tls_name_place;
	struct sluice_config_place tls_certificate_place;
	struct sluice_config_place tls_key_place;
	struct sluice_config_place tls_pins_place;
};

struct sluice_draft_forward {
	struct sluice_config_forward forward; /* name and id empty if faulty */
	struct sluice_word name;
	struct sluice_word id;
	struct sluice_config_place from_place;
};

struct sluice_draft {
	char relay[SLUICE_NAME_MAX + 1];
	struct sluice_word relay_word;
	struct sluice_draft_input *inputs;
	size_t input_count;
	struct sluice_draft_output *outputs;
	size_t output_count;
	struct sluice_draft_forward *forwards;
	size_t forward_count;
	struct sluice_config_place inputs_place; /* line 0: not written, as those that follow */
	struct sluice_config_place outputs_place;
	struct sluice_config_place forwards_place;
	struct sluice_config_store store;
	struct sluice_config_log log;
	struct sluice_config_control control;
	uint64_t stop_limit_us;
	uint64_t stop_connections_us;
	uint64_t watchdog_limit_us;
	int watchdog_action;
	size_t socket_ring;
	size_t events_kept;
	struct sluice_word control_group;
	enum sluice_readers readers;
	struct sluice_word hooks[SLUICE_EVENT_HOOKS];
	uint64_t hook_limit_us;
	size_t socket_readers;
	size_t worker_count;
	struct sluice_config_place worker_place;
	struct sluice_config_threads threads;

	struct sluice_word memory_path;
	struct sluice_word disk_path;
	struct sluice_config_place spool_place; /* line 0: not written */
};

/* Reads the document `root` into `draft`, which is zeroed first. @owner caller: sluice_draft_free()
 */
void sluice_draft_read(struct sluice_reader *reader, const yaml_node_t *root,
		       struct sluice_draft *draft);

/* Part of it (keys_output.c): reads one entry of `outputs` into the next free place of the draft's
 * [struct sluice_draft] */
void sluice_output_read(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object);

/* keys_forward.c: reads one entry of `forwards` into the next free place of the draft's
 * [struct sluice_draft]; frees what a forward has, not itself. */
void sluice_forward_read(struct sluice_reader *reader, const struct sluice_key *key,
			 const yaml_node_t *node, void *object);
void sluice_forward_free(struct sluice_config_forward *forward);

/* Prefixes while they are read, and an address to listen at (keys_control.c). False after a
 * finding, or without memory. @owner caller: the list */
struct sluice_prefix_list {
	struct sluice_config_prefix *list;
	size_t count;
};
bool sluice_read_prefixes(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, struct sluice_prefix_list *prefixes);
void sluice_read_listener(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node,
			  void *object); /* [struct sluice_config_listener] */
void sluice_read_limit(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object); /* [size_t] */
/* Can a connection come to both? */
bool sluice_listeners_clash(const struct sluice_config_listener *one,
			    const struct sluice_config_listener *other);

/* keys_inlet.c: what only inputs have that take connections; what these inputs cannot have. */
extern const struct sluice_choice sluice_cuttings[], sluice_overlongs[], sluice_promises[];
void sluice_read_allow(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object); /* [struct sluice_config_inlet] */
void sluice_read_deny(struct sluice_reader *reader, const struct sluice_key *key,
		      const yaml_node_t *node, void *object); /* [struct sluice_config_inlet] */
void sluice_inlet_check(const struct sluice_draft *draft, size_t number,
			struct sluice_findings *findings);

/* forward_check.c: what forwards need of each other and of themselves. */
void sluice_forward_check(const struct sluice_draft *draft, struct sluice_findings *findings);

/* names_check.c: checks and copies the names and ids of everything. */
void sluice_names_settle(struct sluice_draft *draft, struct sluice_findings *findings);

/* `log`, `stop`, `watchdog` and `socket` (keys_daemon.c). */
extern const struct sluice_key_table sluice_log_table;
extern const struct sluice_key_table sluice_stop_table;
extern const struct sluice_key_table sluice_watchdog_table;
extern const struct sluice_key_table sluice_socket_table;

/* Parts of it (keys_store.c): the keys of `store`, what holds where they are not written, and what
 * follows from them. */
extern const struct sluice_key_table sluice_store_table;
/* The keys of `control` (keys_control.c), and what they need of each other. */
extern const struct sluice_key_table sluice_control_table;
void sluice_control_settle(const struct sluice_reader *reader, const struct sluice_draft *draft);
/* The keys of `threads` (keys_threads.c), what they need of each other, and what follows. */
extern const struct sluice_key_table sluice_threads_table;
void sluice_threads_settle(const struct sluice_reader *reader, struct sluice_draft *draft);
/* All keys (keys.c), those of an output (keys_output.c), of a destination (endpoints.c), of a
 * forward (keys_forward.c). */
extern const struct sluice_key_table sluice_document_table;
extern const struct sluice_key_table sluice_output_table;
extern const struct sluice_key_table sluice_destination_table;
extern const struct sluice_key_table sluice_forward_table;
void sluice_store_settle(const struct sluice_reader *reader, struct sluice_draft *draft);

/* Part of it (overlap.c): finds every two inputs that can match the same datagram. 0 or -ENOMEM. */
int sluice_draft_check_overlaps(struct sluice_draft *draft, struct sluice_findings *findings);

/* Part of it (receiver_check.c): does what an output makes of datagrams go together with its
 * framing? */
void sluice_receiver_check(const struct sluice_draft_output *draft,
			   struct sluice_findings *findings);

/* keys_tls.c. A path or a name of `tls`, and keys that are pinned. [char[SLUICE_TLS_TEXT]; struct
 * sluice_tls_settings] */
void sluice_read_tls_text(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object);
void sluice_read_tls_pins(struct sluice_reader *reader, const struct sluice_key *key,
			  const yaml_node_t *node, void *object);
/* What keys of `tls` need of each other. */
void sluice_tls_check(const struct sluice_draft_output *draft, struct sluice_findings *findings);

/* kind_check.c. What follows from `kind: udp` where it is not written; what it does not go with. */
void sluice_udp_settle(struct sluice_draft_output *draft);
void sluice_kind_check(const struct sluice_draft_output *draft, struct sluice_findings *findings);

/* broker_check.c. What kinds for brokers make of what is written: the servers of a cluster are one
 * destination; what they do not go with, and keys of theirs that another kind has; the words that
 * were not taken over are freed. Is it such a kind? */
bool sluice_broker_is_kind(enum sluice_output_kind kind);
void sluice_broker_settle(struct sluice_reader *reader, struct sluice_draft_output *draft);
void sluice_broker_check(const struct sluice_draft_output *draft, struct sluice_findings *findings);
void sluice_broker_free(struct sluice_draft_output *draft);

/* nats_check.c, kafka_check.c. What only one of them has. */
void sluice_nats_check(const struct sluice_draft_output *draft, struct sluice_findings *findings);
void sluice_kafka_check(const struct sluice_draft_output *draft, struct sluice_findings *findings);

/* from_check.c: what the source address of its connections does not go with. */
void sluice_from_check(const struct sluice_draft_output *draft, struct sluice_findings *findings);

/* Makes the model of a draft without faults, taking its memory over. 0 or -ENOMEM. @owner caller:
 * *config */
int sluice_draft_finish(struct sluice_draft *draft, const char *path,
			struct sluice_config **config);

/* Frees what a draft has. NULL is allowed. */
void sluice_draft_free(struct sluice_draft *draft);

/* Readers of particular keys, by file: ports.c, endpoints.c. */
void sluice_read_ports(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object); /* [struct sluice_config_input] */
void sluice_read_prefix(struct sluice_reader *reader, const struct sluice_key *key,
			const yaml_node_t *node, void *object); /* [struct sluice_config_prefix] */
/* multicast.c: one of a multicast group; what follows from it; what it does not go with. */
void sluice_read_group(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object); /* [struct sluice_config_prefix] */
void sluice_group_settle(struct sluice_config_input *input);
void sluice_group_check(const struct sluice_draft_input *draft, struct sluice_findings *findings);
/* keys_pcap.c: paths of captures, and how fast they are read; what these inputs cannot have. */
void sluice_read_files(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object); /* [struct sluice_config_input] */
void sluice_read_speed(struct sluice_reader *reader, const struct sluice_key *key,
		       const yaml_node_t *node, void *object); /* [struct sluice_config_speed] */
void sluice_pcap_check(const struct sluice_draft_input *draft, struct sluice_findings *findings);
/* source_refusal.c: adds that the key `inputs.KEY`, at `place`, is none of the input's source and
 * why, if it says more than what holds without (`is_more`). */
void sluice_source_refuse(struct sluice_findings *findings, const struct sluice_config_place *place,
			  bool is_more, const char *key, const char *why);
/* keys_afpacket.c: what inputs with `source: afpacket` need, and cannot have; theirs is
 * `verdict: copy` where nothing is written. */
void sluice_afpacket_check(struct sluice_draft_input *draft, struct sluice_findings *findings);
/* keys_xdp.c: what these inputs need, and what they cannot have. */
void sluice_xdp_check(const struct sluice_draft_input *draft, struct sluice_findings *findings);
/* The same, of one address only. */
void sluice_read_one_address(struct sluice_reader *reader, const struct sluice_key *key,
			     const yaml_node_t *node,
			     void *object); /* [struct sluice_config_prefix] */
void sluice_read_interface(struct sluice_reader *reader, const struct sluice_key *key,
			   const yaml_node_t *node, void *object); /* [char [IF_NAMESIZE]] */
/* One destination, HOST:PORT. */
void sluice_read_one_destination(struct sluice_reader *reader, const struct sluice_key *key,
				 const yaml_node_t *node,
				 void *object); /* [struct sluice_config_destination] */
void sluice_read_destinations(struct sluice_reader *reader, const struct sluice_key *key,
			      const yaml_node_t *node,
			      void *object); /* [struct sluice_config_output] */

#endif /* SLUICE_CONFIG_DRAFT_H */
