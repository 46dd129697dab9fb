// SPDX-License-Identifier: MIT
/*
 * The least that a beat of a relay costs, whoever took the datagrams in: it sleeps 2 ms, wakes up,
 * and hands over BYTES with one send(2) to the receiver at 127.0.0.1:PORT. Beside
 * tests/bench/peer-instructions, which counts all that the processor does for it.
 * Touches: a TCP connection.
 *
 *   beat_floor PORT BYTES BEATS
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define BEAT_NS 2000000
#define BYTES_MOST (1U << 20)

int main(int argc, char **argv)
{
	static uint8_t bytes[BYTES_MOST];
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timespec beat = {.tv_nsec = BEAT_NS};
	size_t size = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long beats = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!size || size > sizeof(bytes) || !beats || fd < 0) {
		fprintf(stderr, "usage: beat_floor PORT BYTES BEATS\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		perror("beat_floor: connect");
		return 1;
	}
	while (beats--) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &beat, NULL);
		if (send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size) {
			perror("beat_floor: send");
			return 1;
		}
	}
	return 0;
}
