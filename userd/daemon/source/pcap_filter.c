// SPDX-License-Identifier: MIT
/*
 * The filter of an interface that is captured, for libpcap's compiler; see pcap.h. Touches: memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include "pcap.h"

/* The longest filter; without one all is looked at in user space. */
#define FILTER_MOST 65536U

char *sluice_pcap_filter_write(const struct sluice_pcap_table *table, bool is_ethernet)
{
	size_t size = 0, port, end, count = 0;
	char *text = NULL;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	fputs("(udp and (", file);
	for (port = 0; port < 65536; port = end + 1) {
		end = port;
		if (!table->of_port[port])
			continue;
		while (end + 1 < 65536 && table->of_port[end + 1])
			end++;
		fprintf(file, "%sdst portrange %zu-%zu", count++ ? " or " : "", port, end);
	}
	fputs(")) or (ip and ip[6:2] & 0x3fff != 0 and ip[9] = 17) or (ip6 and (ip6[6] = 0 or "
	      "ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60 or ip6[6] = 135))",
	      file);
	if (is_ethernet)
		fputs(" or ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100", file);
	if (!fclose(file) && size < FILTER_MOST && count)
		return text;
	free(text);
	return NULL;
}
