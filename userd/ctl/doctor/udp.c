// SPDX-License-Identifier: MIT
/*
 * Checks of UDP's own counters and sockets. InErrors is no check: datagrams that a filter of a
 * socket keeps from it count there, and with `receive: bpf` those are the ones that sluice has.
 * Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define SNMP "/proc/net/snmp"
#define SOCKETS "sockets/udp"
#define WISHED_BUFFER (32ULL << 20)

/* Payload bytes of a datagram, on average over all inputs; 0: none came. */
static uint64_t payload(const struct sluice_doctor_look *look, double *rate)
{
	json_t *before = sluice_doctor_json(&look->before, "daemon/inputs"),
	       *after = sluice_doctor_json(&look->after, "daemon/inputs"), *one;
	uint64_t bytes = 0, count = 0, matched = 0;
	size_t number;

	json_array_foreach(after, number, one)
	{
		const json_t *was =
			sluice_doctor_json_find(before, "id", sluice_doctor_json_text(one, "id"));

		count += sluice_doctor_json_rise(was, one, "stored");
		bytes += sluice_doctor_json_rise(was, one, "stored_bytes");
		matched += sluice_doctor_json_rise(was, one, "matched");
	}
	json_decref(before);
	json_decref(after);
	*rate = (double)matched / look->seconds;
	return count ? bytes / count : 0;
}

/*
 * Bytes that a datagram takes of a receive buffer at least: the packet's own structure (256) and
 * its data in a block of a power of two, with 64 bytes of room in front, headers, and 320 behind.
 * Cards take more, up to a page and some: 64 bytes from igb count 2,304.
 */
static uint64_t least_truesize(uint64_t bytes)
{
	uint64_t data = bytes + 64 + 42 + 320, block = 512;

	while (block < data)
		block *= 2;
	return block + 256;
}

/* Says how many datagrams fit. */
static void add_room(const struct sluice_doctor_look *look, json_t *finding, uint64_t buffer)
{
	char bytes[SLUICE_DOCTOR_NUMBER], count[SLUICE_DOCTOR_NUMBER];
	double rate;
	uint64_t size = payload(look, &rate), most;

	sluice_doctor_commas(buffer, bytes);
	if (!size) {
		sluice_doctor_add(finding, "It holds %s bytes.", bytes);
		return;
	}
	most = buffer / least_truesize(size);
	sluice_doctor_add(finding,
			  "It holds %s bytes: at most %s datagrams of %" PRIu64
			  " bytes, %.1f ms at this rate.",
			  bytes, sluice_doctor_commas(most, count), size,
			  rate > 0 ? 1000.0 * (double)most / rate : 0.0);
}

/* The command depends on who made the buffer as small as it is. */
static void choose_remedy(const struct sluice_doctor_look *look, json_t *finding, uint64_t buffer)
{
	const char *text = sluice_doctor_text(&look->after, "/proc/sys/net/core/rmem_max");
	uint64_t most = text ? strtoull(text, NULL, 10) : 0;
	char value[24];

	snprintf(value, sizeof(value), "%" PRIu64, most);
	if (text)
		sluice_doctor_proof_text(finding, "/proc/sys/net/core/rmem_max", "bytes", value);
	if (buffer >= WISHED_BUFFER)
		sluice_doctor_mend(finding,
				   "the module has no receive buffers: datagrams go to rings of "
				   "store.memory.size",
				   "modprobe sluice && sluicectl set INPUT source=kmod");
	else if (text && buffer < 2 * most)
		sluice_doctor_mend(finding,
				   "nothing: it shows the program that opened the socket "
				   "and asks for no larger buffer (SO_RCVBUF)",
				   "ss -ulpnm");
}

/* By how much the drops of a line of sockets/udp grew; a socket is told by port and inode. */
static uint64_t socket_rise(const char *before, const char *line, uint64_t numbers[2],
			    uint64_t *buffer, unsigned int *port)
{
	uint64_t name[2];
	char key[64];

	if (strncmp(line, "udp ", 4) != 0 || sluice_doctor_figures(line + 4, name, 2) != 2 ||
	    !sluice_doctor_line_number(line, "buffer", buffer) ||
	    !sluice_doctor_line_number(line, "drops", &numbers[1]))
		return 0;
	*port = (unsigned int)name[0];
	snprintf(key, sizeof(key), "udp %" PRIu64 " %" PRIu64 " queued", name[0], name[1]);
	if (!sluice_doctor_line_number(before ? strstr(before, key) : NULL, "drops", &numbers[0]))
		return 0;
	return sluice_doctor_rise(true, numbers[0], true, numbers[1]);
}

/* Does an input take what comes to this port out of the socket by a program in the kernel
 * (`receive: bpf`)? That counts as drops of the socket, and is no loss. */
static bool is_taken_early(const json_t *inputs, unsigned int port)
{
	const json_t *one;
	size_t number;

	json_array_foreach(inputs, number, one)
	{
		if (!strcmp(sluice_doctor_json_text(one, "receive"), "bpf") &&
		    sluice_doctor_list_has(sluice_doctor_json_text(one, "match"), port))
			return true;
	}
	return false;
}

/* A finding about sockets. */
static void tell_sockets(const struct sluice_doctor_look *look, struct sluice_doctor_report *report,
			 const char *subject, uint64_t lost, uint64_t buffer,
			 const uint64_t numbers[2])
{
	json_t *finding = sluice_doctor_find(report, subject);

	sluice_doctor_proof(finding, SOCKETS, "drops", numbers);
	sluice_doctor_lost(report, finding, lost);
	add_room(look, finding, buffer);
	choose_remedy(look, finding, buffer);
}

/* As its row says: a finding for each port, and one for what no socket that is still there
 * counted. */
void sluice_doctor_socket_buffer(const struct sluice_doctor_look *look,
				 struct sluice_doctor_report *report)
{
	const char *before = sluice_doctor_text(&look->before, SOCKETS), *line, *other;
	uint64_t numbers[2] = {0}, one[2] = {0}, buffer = 0, other_buffer = 0, lost, rise, told = 0,
		 all[2];
	uint64_t whole = sluice_doctor_snmp_rise(look, "Udp", "RcvbufErrors", all);
	unsigned int port = 0, other_port = 0;
	json_t *inputs = sluice_doctor_json(&look->after, "daemon/inputs"), *finding;
	char subject[32], done[8192] = " ", mark[16];

	for (line = sluice_doctor_text(&look->after, SOCKETS); whole && line && *line;
	     line = sluice_doctor_next_line(line)) {
		lost = socket_rise(before, line, numbers, &buffer, &port);
		snprintf(mark, sizeof(mark), " %u ", port);
		if (!lost || strstr(done, mark) || strlen(done) + sizeof(mark) > sizeof(done))
			continue;
		/* Others of this port: a socket of each worker. */
		for (other = sluice_doctor_next_line(line); *other;
		     other = sluice_doctor_next_line(other)) {
			rise = socket_rise(before, other, one, &other_buffer, &other_port);
			if (!rise || other_port != port)
				continue;
			lost += rise;
			numbers[0] += one[0];
			numbers[1] += one[1];
		}
		snprintf(done + strlen(done), sizeof(done) - strlen(done), "%s", mark);
		/* What RcvbufErrors does not have was not lost for want of room. */
		if (lost > whole - told || is_taken_early(inputs, port))
			continue;
		snprintf(subject, sizeof(subject), "port %u", port);
		tell_sockets(look, report, subject, lost, buffer, numbers);
		told += lost;
	}
	json_decref(inputs);
	if (whole > told) {
		finding = sluice_doctor_find(report, told ? "other ports" : "a socket");
		sluice_doctor_proof(finding, SNMP, "Udp RcvbufErrors", all);
		sluice_doctor_lost(report, finding, whole - told);
	}
}

/* "N N M", udp_mem with twice its limit; false: it cannot be read. */
static bool udp_limit(const struct sluice_doctor_look *look, uint64_t *most, char pages[64])
{
	const char *text = sluice_doctor_text(&look->after, "/proc/sys/net/ipv4/udp_mem");
	uint64_t limits[3];

	if (sluice_doctor_figures(text, limits, 3) != 3)
		return false;
	*most = limits[2];
	snprintf(pages, 64, "%" PRIu64 " %" PRIu64 " %" PRIu64, 2 * limits[0], 2 * limits[1],
		 2 * limits[2]);
	return true;
}

/* As its row says. */
void sluice_doctor_udp_memory(const struct sluice_doctor_look *look,
			      struct sluice_doctor_report *report)
{
	uint64_t numbers[2], most,
		lost = sluice_doctor_snmp_rise(look, "Udp", "MemErrors", numbers);
	char pages[64] = "MIN PRESSURE MAX";
	json_t *finding;

	if (!lost)
		return;
	finding = sluice_doctor_find(report, "udp_mem");
	(void)udp_limit(look, &most, pages);
	sluice_doctor_fill(finding, "pages", "%s", pages);
	sluice_doctor_proof(finding, SNMP, "Udp MemErrors", numbers);
	sluice_doctor_lost(report, finding, lost);
}

/* As its row says. */
void sluice_doctor_udp_memory_near(const struct sluice_doctor_look *look,
				   struct sluice_doctor_report *report)
{
	const char *text = sluice_doctor_text(&look->after, "/proc/net/sockstat");
	const char *line = text ? strstr(text, "UDP: inuse") : NULL;
	uint64_t most, used;
	char pages[64], value[24];
	json_t *finding;

	if (!line || !sluice_doctor_number(line, "mem", &used) || !udp_limit(look, &most, pages) ||
	    used * 10 <= most * 7)
		return;
	finding = sluice_doctor_find(report, "udp_mem");
	sluice_doctor_fill_number(finding, "used", used);
	sluice_doctor_fill_number(finding, "most", most);
	sluice_doctor_fill(finding, "pages", "%s", pages);
	snprintf(value, sizeof(value), "%" PRIu64, used);
	sluice_doctor_proof_text(finding, "/proc/net/sockstat", "UDP mem", value);
}

/* As its row says. */
void sluice_doctor_udp_checksum(const struct sluice_doctor_look *look,
				struct sluice_doctor_report *report)
{
	uint64_t numbers[2], lost = sluice_doctor_snmp_rise(look, "Udp", "InCsumErrors", numbers);
	json_t *finding;

	if (!lost)
		return;
	finding = sluice_doctor_find(report, "UDP");
	sluice_doctor_proof(finding, SNMP, "Udp InCsumErrors", numbers);
	sluice_doctor_lost(report, finding, lost);
}

/* As its row says. */
void sluice_doctor_udp_no_port(const struct sluice_doctor_look *look,
			       struct sluice_doctor_report *report)
{
	uint64_t numbers[2], lost = sluice_doctor_snmp_rise(look, "Udp", "NoPorts", numbers);
	json_t *finding;

	if (!lost)
		return;
	finding = sluice_doctor_find(report, "UDP");
	sluice_doctor_proof(finding, SNMP, "Udp NoPorts", numbers);
	sluice_doctor_lost(report, finding, lost);
}
