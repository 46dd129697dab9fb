// SPDX-License-Identifier: MIT
/*
 * The thread of a handle reads an interface; see pcap.h.
 */
#include "pcap.h"

void sluice_pcap_read_interface(struct sluice_pcap_handle *handle)
{
	while (sluice_pcap_wait(handle, -1, UINT64_MAX) >= 0)
		;
}
