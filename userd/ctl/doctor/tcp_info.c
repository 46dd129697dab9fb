// SPDX-License-Identifier: MIT
/*
 * What the kernel tells of a connection, see tcp_info.h. Touches: the stream that it is given.
 */
#include <linux/tcp.h>
#include <string.h>
#include "tcp_info.h"

void sluice_doctor_put_tcp_info(FILE *to, const void *data, size_t length)
{
	struct tcp_info info = {0};

	memcpy(&info, data, length < sizeof(info) ? length : sizeof(info));
	fprintf(to,
		"busy-us %llu rwnd-limited-us %llu sndbuf-limited-us %llu retransmitted %u "
		"segments %u pmtu %u\n",
		info.tcpi_busy_time, info.tcpi_rwnd_limited, info.tcpi_sndbuf_limited,
		info.tcpi_total_retrans, info.tcpi_data_segs_out, info.tcpi_pmtu);
}
