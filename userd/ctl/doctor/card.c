// SPDX-License-Identifier: MIT
/*
 * Checks of network cards: what they lost, what they held up, how full they are. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "check.h"

/* Where a counter of card_lost() was read. */
static const char *source_of(const char *card, const char *counter, char source[64])
{
	if (strncmp(counter, "ethtool", 7) == 0)
		snprintf(source, 64, "ethtool/%s", card);
	else
		snprintf(source, 64, "links/all");
	return source;
}

/* A card that lost something, and whether its ring could be larger. */
static void tell_lost(const struct sluice_doctor_look *look, struct sluice_doctor_report *report,
		      bool wants_room)
{
	char card[SLUICE_DOCTOR_NAME] = "", counter[64], source[64], what[128];
	uint64_t numbers[2], lost, ring, most, queues;
	const char *text, *kind;
	json_t *finding;
	bool has_room;

	while (sluice_doctor_next_link(look, card)) {
		lost = sluice_doctor_card_lost(look, card, counter, numbers);
		if (!lost)
			continue;
		has_room = sluice_doctor_card_number(look, card, "ring-rx", &ring) &&
			   sluice_doctor_card_number(look, card, "ring-rx-max", &most) &&
			   ring < most;
		if (has_room != wants_room)
			continue;
		finding = sluice_doctor_find(report, card);
		snprintf(what, sizeof(what), "%s of %s", counter, card);
		sluice_doctor_proof(finding, source_of(card, counter, source), what, numbers);
		sluice_doctor_lost(report, finding, lost);
		sluice_doctor_fill(finding, "counter", "%s", counter);
		if (has_room) {
			sluice_doctor_fill(finding, "ring", "%" PRIu64, ring);
			sluice_doctor_fill(finding, "most", "%" PRIu64, most);
			continue;
		}
		snprintf(source, sizeof(source), "ethtool/%s", card);
		text = sluice_doctor_text(&look->after, source);
		kind = text ? strstr(text, "channels-kind ") : NULL;
		sluice_doctor_fill(finding, "kind", "%s",
				   kind && !strncmp(kind + 14, "rx", 2) ? "rx" : "combined");
		if (sluice_doctor_card_number(look, card, "channels", &queues) &&
		    sluice_doctor_card_number(look, card, "channels-max", &most) && queues < most)
			sluice_doctor_fill(finding, "most", "%" PRIu64, most);
		else
			sluice_doctor_mend(finding,
					   "nothing: it shows which CPU the card's interrupts keep "
					   "busy; move other work away from it",
					   "grep -E 'CPU|%s' /proc/interrupts", card);
	}
}

/* As its row says. */
void sluice_doctor_card_ring(const struct sluice_doctor_look *look,
			     struct sluice_doctor_report *report)
{
	tell_lost(look, report, true);
}

/* As its row says. */
void sluice_doctor_card_drops(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	tell_lost(look, report, false);
}

/* A finding for each card of which one of the counters of ethtool grew; {counter} is its name. */
static void tell_counters(const struct sluice_doctor_look *look,
			  struct sluice_doctor_report *report, const char *const *names,
			  size_t count, bool is_loss)
{
	char card[SLUICE_DOCTOR_NAME] = "", key[64], source[64];
	uint64_t numbers[2], rise;
	json_t *finding;
	size_t number;

	while (sluice_doctor_next_link(look, card))
		for (number = 0; number < count; number++) {
			snprintf(key, sizeof(key), "stat %s", names[number]);
			rise = sluice_doctor_card_rise(look, card, key, numbers);
			if (!rise)
				continue;
			snprintf(source, sizeof(source), "ethtool/%s", card);
			finding = sluice_doctor_find(report, card);
			sluice_doctor_fill(finding, "counter", "%s", names[number]);
			sluice_doctor_proof(finding, source, names[number], numbers);
			if (is_loss)
				sluice_doctor_lost(report, finding, rise);
			else
				sluice_doctor_fill_number(finding, "count", rise);
		}
}

/* As its row says. */
void sluice_doctor_card_limit(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	static const char *const names[] = {"bw_in_allowance_exceeded", "pps_allowance_exceeded",
					    "conntrack_allowance_exceeded"};

	tell_counters(look, report, names, sizeof(names) / sizeof(names[0]), true);
}

/* As its row says: pause frames that the card sent, so that the other side waited. */
void sluice_doctor_pause_frames(const struct sluice_doctor_look *look,
				struct sluice_doctor_report *report)
{
	static const char *const names[] = {
		"tx_flow_control_xoff", "tx_pause_ctrl_phy", "tx_pause",	"tx_pause_frames",
		"link_xoff_tx",		"port.link_xoff_tx", "link_xoff_tx.nic"};

	tell_counters(look, report, names, sizeof(names) / sizeof(names[0]), false);
}

/* As its row says. */
void sluice_doctor_card_frames(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	static const char *const names[] = {"rx_crc_errors", "rx_length_errors", "rx_frame_errors"};
	char card[SLUICE_DOCTOR_NAME] = "", what[64];
	uint64_t numbers[2], rise;
	json_t *finding;
	size_t number;

	while (sluice_doctor_next_link(look, card))
		for (number = 0; number < sizeof(names) / sizeof(names[0]); number++) {
			rise = sluice_doctor_link_rise(look, card, names[number], numbers);
			if (!rise)
				continue;
			finding = sluice_doctor_find(report, card);
			snprintf(what, sizeof(what), "%s of %s", names[number], card);
			sluice_doctor_fill(finding, "counter", "%s", names[number]);
			sluice_doctor_proof(finding, "links/all", what, numbers);
			sluice_doctor_lost(report, finding, rise);
		}
}

/* As its row says. */
void sluice_doctor_link_down(const struct sluice_doctor_look *look,
			     struct sluice_doctor_report *report)
{
	char card[SLUICE_DOCTOR_NAME] = "";
	uint64_t numbers[2], rise;
	json_t *finding;

	while (sluice_doctor_next_link(look, card)) {
		rise = sluice_doctor_link_rise(look, card, "carrier_down", numbers);
		if (!rise)
			continue;
		finding = sluice_doctor_find(report, card);
		sluice_doctor_fill_number(finding, "count", rise);
		sluice_doctor_proof(finding, "links/all", "carrier_down", numbers);
	}
}

/* As its row says. */
void sluice_doctor_link_full(const struct sluice_doctor_look *look,
			     struct sluice_doctor_report *report)
{
	static const char *const names[] = {"rx_bytes", "tx_bytes"};
	char card[SLUICE_DOCTOR_NAME] = "";
	uint64_t numbers[2], speed, rise;
	json_t *finding;
	double part;
	int way;

	while (sluice_doctor_next_link(look, card)) {
		/* veth says 10,000 and carries as much as the CPU does: only cards that have a
		 * ring have a wire. */
		if (!sluice_doctor_card_number(look, card, "speed", &speed) || !speed ||
		    !sluice_doctor_card_number(look, card, "ring-rx", &numbers[0]))
			continue;
		for (way = 0; way < 2; way++) {
			rise = sluice_doctor_link_rise(look, card, names[way], numbers);
			part = 8.0 * (double)rise / look->seconds / ((double)speed * 1e6);
			if (part <= 0.9)
				continue;
			finding = sluice_doctor_find(report, card);
			sluice_doctor_fill(finding, "percent", "%.0f", 100.0 * part);
			sluice_doctor_fill_number(finding, "speed", speed);
			sluice_doctor_fill(finding, "way", "%s", way ? "out" : "in");
			sluice_doctor_proof(finding, "links/all", names[way], numbers);
		}
	}
}

/* As its row says. */
void sluice_doctor_rx_checksum(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	char card[SLUICE_DOCTOR_NAME] = "", source[64];
	json_t *finding;
	uint64_t is_on;
	double rate;

	while (sluice_doctor_next_link(look, card)) {
		rate = sluice_doctor_packet_rate(look, card);
		if (rate <= 1000 || !sluice_doctor_card_number(look, card, "rx-checksum", &is_on) ||
		    is_on)
			continue;
		finding = sluice_doctor_find(report, card);
		snprintf(source, sizeof(source), "ethtool/%s", card);
		sluice_doctor_fill_number(finding, "rate", (uint64_t)rate);
		sluice_doctor_proof_text(finding, source, "rx-checksum", "off");
	}
}

/* As its row says. */
void sluice_doctor_xdp_program(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	const char *text = sluice_doctor_text(&look->after, "links/all");
	char card[SLUICE_DOCTOR_NAME] = "", name[64], value[24];
	uint64_t program;
	json_t *finding;

	while (sluice_doctor_next_link(look, card)) {
		snprintf(name, sizeof(name), "%s xdp", card);
		if (!sluice_doctor_number(text, name, &program) || !program)
			continue;
		finding = sluice_doctor_find(report, card);
		snprintf(value, sizeof(value), "%" PRIu64, program);
		sluice_doctor_fill(finding, "program", "%s", value);
		sluice_doctor_proof_text(finding, "links/all", "xdp program", value);
	}
}

/* As its row says. */
void sluice_doctor_xdp_left(const struct sluice_doctor_look *look,
			    struct sluice_doctor_report *report)
{
	const char *text = sluice_doctor_text(&look->after, "links/all");
	char card[SLUICE_DOCTOR_NAME] = "", name[64];
	json_t *finding;
	uint64_t is_left;

	while (sluice_doctor_next_link(look, card)) {
		snprintf(name, sizeof(name), "%s xdp-left", card);
		if (!sluice_doctor_number(text, name, &is_left) || !is_left)
			continue;
		finding = sluice_doctor_find(report, card);
		sluice_doctor_proof_text(finding, "links/all", "xdp program of a killed sluiced",
					 "1");
	}
}

/* As its row says. */
void sluice_doctor_packet_sockets(const struct sluice_doctor_look *look,
				  struct sluice_doctor_report *report)
{
	const char *line = sluice_doctor_text(&look->after, "/proc/net/packet");
	char card[SLUICE_DOCTOR_NAME] = "", value[24], protocol[8];
	unsigned int count = 0;
	json_t *finding;
	double rate = 0;

	/* sk, RefCnt, Type, Proto: 0003 is every protocol. */
	for (; line && *line; line = sluice_doctor_next_line(line))
		count +=
			sscanf(line, "%*s %*s %*s %7s", protocol) == 1 && !strcmp(protocol, "0003");
	while (sluice_doctor_next_link(look, card))
		rate += sluice_doctor_packet_rate(look, card);
	if (!count || rate <= 1000)
		return;
	finding = sluice_doctor_find(report, "packet sockets");
	sluice_doctor_fill(finding, "sockets", "%u", count);
	sluice_doctor_fill_number(finding, "rate", (uint64_t)rate);
	snprintf(value, sizeof(value), "%u", count);
	sluice_doctor_proof_text(finding, "/proc/net/packet", "sockets of every protocol", value);
}
