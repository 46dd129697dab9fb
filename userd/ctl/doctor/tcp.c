// SPDX-License-Identifier: MIT
/*
 * Checks of connections to receivers, and of what leaves. Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define SOURCE "sockets/tcp"

/* A connection to a destination of the daemon. */
struct connection {
	char local[64], peer[64]; /* "10.9.1.2:6000" */
	const char *line;	  /* in the second sample */
};

/* Is a destination, as it is written, this address, or a name with the same port? */
static bool is_same_peer(const char *to, const char *peer)
{
	const char *port = strrchr(peer, ':'), *to_port = strrchr(to, ':');

	if (!strcmp(to, peer))
		return true;
	/* Names have letters; addresses of IPv6 stand in brackets. */
	return to_port && port && *to != '[' && !strcmp(to_port, port) &&
	       strspn(to, "0123456789.") != (size_t)(to_port - to);
}

/* Does a destination of the daemon have this address, or this port by a name? */
static bool is_destination(const json_t *outputs, const char *peer)
{
	const json_t *output, *one;
	size_t number, place;

	json_array_foreach(outputs, number, output)
	{
		json_array_foreach(json_object_get(output, "destinations"), place, one)
		{
			if (is_same_peer(sluice_doctor_json_text(one, "to"), peer))
				return true;
		}
	}
	return false;
}

/* The next connection of the daemon behind *line. False: there are no more. */
static bool next(const json_t *outputs, const char **line, struct connection *connection)
{
	while (*line && **line) {
		connection->line = *line;
		*line = sluice_doctor_next_line(*line);
		if (sscanf(connection->line, "tcp %63s %63s", connection->local,
			   connection->peer) == 2 &&
		    is_destination(outputs, connection->peer))
			return true;
	}
	return false;
}

/* By how much a figure of a connection grew. */
static uint64_t rise(const struct sluice_doctor_look *look, const struct connection *connection,
		     const char *key, uint64_t numbers[2])
{
	const char *text = sluice_doctor_text(&look->before, SOURCE);
	char start[160];
	bool was, is;

	snprintf(start, sizeof(start), "tcp %s %s ", connection->local, connection->peer);
	was = sluice_doctor_line_number(text ? strstr(text, start) : NULL, key, &numbers[0]);
	is = sluice_doctor_line_number(connection->line, key, &numbers[1]);
	return sluice_doctor_rise(was, numbers[0], is, numbers[1]);
}

/* Is there a finding about this peer already? Several workers have a connection each. */
static bool is_told(const struct sluice_doctor_report *report, const char *peer)
{
	const json_t *one;
	size_t number;

	json_array_foreach(report->findings, number, one)
	{
		if (!strcmp(sluice_doctor_json_text(one, "check"), report->check->id) &&
		    !strcmp(sluice_doctor_json_text(one, "subject"), peer))
			return true;
	}
	return false;
}

/* A finding for each receiver whose figure `key` grew by more than `part` of what `of` grew by, of
 * which there has to be `least`. The last one; NULL: none. */
static void tell_part(const struct sluice_doctor_look *look, struct sluice_doctor_report *report,
		      const char *key, const char *of, double part, uint64_t least,
		      void (*more)(const struct sluice_doctor_look *, json_t *,
				   const struct connection *))
{
	json_t *outputs = sluice_doctor_json(&look->after, "daemon/outputs"), *finding;
	const char *line = sluice_doctor_text(&look->after, SOURCE);
	struct connection connection;
	uint64_t numbers[2], whole[2], grown, base;

	while (next(outputs, &line, &connection)) {
		grown = rise(look, &connection, key, numbers);
		base = of ? rise(look, &connection, of, whole) : (uint64_t)(look->seconds * 1e6);
		if (!grown || base < least || (double)grown <= part * (double)base ||
		    is_told(report, connection.peer))
			continue;
		finding = sluice_doctor_find(report, connection.peer);
		grown = grown > base ? base : grown;
		sluice_doctor_fill(finding, "percent", "%.0f",
				   100.0 * (double)grown / (double)base);
		sluice_doctor_proof(finding, SOURCE, key, numbers);
		if (of)
			sluice_doctor_proof(finding, SOURCE, of, whole);
		if (more)
			more(look, finding, &connection);
	}
	json_decref(outputs);
}

/* As its row says. */
void sluice_doctor_receiver_limits(const struct sluice_doctor_look *look,
				   struct sluice_doctor_report *report)
{
	tell_part(look, report, "rwnd-limited-us", NULL, 0.1, 1, NULL);
}

/* Fills in tcp_wmem with four times its limit. */
static void fill_wmem(const struct sluice_doctor_look *look, json_t *finding,
		      const struct connection *connection)
{
	const char *text = sluice_doctor_text(&look->after, "/proc/sys/net/ipv4/tcp_wmem");
	uint64_t sizes[3];

	(void)connection;
	if (sluice_doctor_figures(text, sizes, 3) == 3)
		sluice_doctor_fill(finding, "pages", "%" PRIu64 " %" PRIu64 " %" PRIu64, sizes[0],
				   sizes[1], 4 * sizes[2]);
	else
		sluice_doctor_fill(finding, "pages", "4096 16384 16777216");
}

/* As its row says. */
void sluice_doctor_send_buffer(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	tell_part(look, report, "sndbuf-limited-us", NULL, 0.1, 1, fill_wmem);
}

/* Fills in the peer without its port. */
static void fill_address(const struct sluice_doctor_look *look, json_t *finding,
			 const struct connection *connection)
{
	const char *peer = connection->peer, *port = strrchr(peer, ':');

	(void)look;
	if (port && *peer == '[')
		sluice_doctor_fill(finding, "address", "%.*s", (int)(port - peer) - 2, peer + 1);
	else if (port)
		sluice_doctor_fill(finding, "address", "%.*s", (int)(port - peer), peer);
}

/* As its row says. With fewer than 100 segments one is more than 1 %. */
void sluice_doctor_retransmits(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	tell_part(look, report, "retransmitted", "segments", 0.01, 100, fill_address);
}

/* The interface that has the connection's own address, and its MTU. False: none is found. */
static bool interface_of(const struct sluice_doctor_look *look, const char *local, char name[32],
			 uint64_t *mtu)
{
	const char *text = sluice_doctor_text(&look->after, "links/all"), *found;
	char key[80];
	size_t length;

	length = strcspn(local + (*local == '['), *local == '[' ? "]" : ":");
	snprintf(key, sizeof(key), "address %.*s ", (int)length, local + (*local == '['));
	found = text ? strstr(text, key) : NULL;
	if (!found || sscanf(found + strlen(key), "%31s", name) != 1)
		return false;
	snprintf(key, sizeof(key), "%s mtu", name);
	return sluice_doctor_number(text, key, mtu);
}

/* As its row says. */
void sluice_doctor_path_mtu(const struct sluice_doctor_look *look,
			    struct sluice_doctor_report *report)
{
	json_t *outputs = sluice_doctor_json(&look->after, "daemon/outputs"), *finding;
	const char *line = sluice_doctor_text(&look->after, SOURCE);
	struct connection connection;
	char name[32], value[24];
	uint64_t pmtu, mtu;

	while (next(outputs, &line, &connection)) {
		if (!sluice_doctor_line_number(connection.line, "pmtu", &pmtu) || !pmtu ||
		    !interface_of(look, connection.local, name, &mtu) || pmtu >= mtu ||
		    /* No IPv4 packet is longer, and the loopback's MTU is. */
		    pmtu == UINT16_MAX || is_told(report, connection.peer))
			continue;
		finding = sluice_doctor_find(report, connection.peer);
		sluice_doctor_fill(finding, "pmtu", "%" PRIu64, pmtu);
		sluice_doctor_fill(finding, "mtu", "%" PRIu64, mtu);
		sluice_doctor_fill(finding, "interface", "%s", name);
		fill_address(look, finding, &connection);
		snprintf(value, sizeof(value), "%" PRIu64, pmtu);
		sluice_doctor_proof_text(finding, SOURCE, "pmtu", value);
		snprintf(value, sizeof(value), "%" PRIu64, mtu);
		sluice_doctor_proof_text(finding, "links/all", "mtu", value);
	}
	json_decref(outputs);
}

/* As its row says. */
void sluice_doctor_queue_drops(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	char link[SLUICE_DOCTOR_NAME] = "", name[64];
	uint64_t numbers[2], lost;
	json_t *finding;

	while (sluice_doctor_next_link(look, link)) {
		snprintf(name, sizeof(name), "qdisc %s drops", link);
		lost = sluice_doctor_number_rise(look, "links/all", name, numbers);
		if (!lost)
			continue;
		finding = sluice_doctor_find(report, link);
		sluice_doctor_proof(finding, "links/all", name, numbers);
		sluice_doctor_fill_number(finding, "count", lost);
	}
}
