// SPDX-License-Identifier: MIT
/*
 * How long a datagram is on its way through a relay: it is sent over loopback with the time in it,
 * and looked for in what comes by TCP, whatever the framing is (one that needs acknowledgements
 * excepted). Beside tests/bench/latency-native, which starts the relays.
 *
 *     latency UDP-PORT TCP-PORT RATE COUNT SIZE
 *
 * Listens at TCP-PORT of 127.0.0.1 first, so that the relay can connect, says "ready", and sends
 * when a line comes on standard input. Then prints "p50_us=X p99_us=X sent=N delivered=N". What
 * does not come within two seconds of the last is not delivered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ULL
#define NS_PER_US 1000.0
/* What a datagram begins with: a mark, then the time in hexadecimal digits, for relays that want
 * text. */
#define MARK "@LT="
#define MARK_LENGTH 4U
#define DIGITS 16U
#define STAMP (MARK_LENGTH + DIGITS)
#define SIZE_MAX_BYTES 1400U
#define COUNT_MAX 10000000UL
#define RATE_MAX 10000000UL
#define CONNECTIONS 64U
#define READ_BYTES (256U << 10)
#define SILENCE_MS 2000
#define EVENTS 16

/* One connection of the relay: the end of what was read before may be the beginning of a stamp. */
struct connection {
	int fd;
	size_t kept;
	char bytes[STAMP + READ_BYTES];
};

/* What is received. One thread writes it; read when that has ended. */
struct bed {
	int listening, epoll;
	uint64_t *delays; /* ns */
	size_t count, expected;
	size_t connections;
};

/* CLOCK_MONOTONIC in nanoseconds. @threadsafe */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Notes the delays of all stamps that are whole, and keeps what may be the beginning of one. */
static void look(struct bed *bed, struct connection *connection, size_t length)
{
	const char *at = connection->bytes, *end = at + connection->kept + length, *found;
	uint64_t now = now_ns(), sent;
	char digits[DIGITS + 1] = "";

	while ((found = memmem(at, (size_t)(end - at), MARK, MARK_LENGTH)) &&
	       (size_t)(end - found) >= STAMP) {
		memcpy(digits, found + MARK_LENGTH, DIGITS);
		sent = strtoull(digits, NULL, 16);
		if (bed->count < bed->expected)
			bed->delays[bed->count++] = now - sent;
		at = found + STAMP;
	}
	if (!found && (size_t)(end - at) >= MARK_LENGTH)
		found = end - (MARK_LENGTH - 1);
	connection->kept = (size_t)(end - (found ? found : at));
	memmove(connection->bytes, end - connection->kept, connection->kept);
}

/* Takes a connection of the relay. 0 or a negative errno. */
static int take(struct bed *bed)
{
	struct connection *connection;
	struct epoll_event event = {.events = EPOLLIN};

	if (bed->connections++ == CONNECTIONS)
		return -EMFILE;
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return -ENOMEM;
	connection->fd = accept(bed->listening, NULL, NULL);
	event.data.ptr = connection;
	if (connection->fd < 0 || epoll_ctl(bed->epoll, EPOLL_CTL_ADD, connection->fd, &event)) {
		free(connection);
		return -errno;
	}
	return 0;
}

/* Reads what a connection has. */
static void read_from(struct bed *bed, struct connection *connection)
{
	ssize_t length = recv(connection->fd, connection->bytes + connection->kept, READ_BYTES, 0);

	if (length > 0) {
		look(bed, connection, (size_t)length);
		return;
	}
	close(connection->fd);
	free(connection);
}

/* Thread: receives until all are there, or nothing has come for a while. */
static void *receive(void *argument)
{
	struct bed *bed = argument;
	struct epoll_event events[EVENTS];
	int number, count;

	while (bed->count < bed->expected) {
		count = epoll_wait(bed->epoll, events, EVENTS, bed->count ? SILENCE_MS : -1);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		for (number = 0; number < count; number++) {
			if (events[number].data.ptr)
				read_from(bed, events[number].data.ptr);
			else if (take(bed))
				return NULL;
		}
	}
	return NULL;
}

/* A socket of `type` and the address of a port at 127.0.0.1. Exits if there is none. */
static int open_socket(int type, unsigned long port, struct sockaddr_in *address)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || !port || port > UINT16_MAX) {
		fprintf(stderr, "latency: no socket for port %lu\n", port);
		exit(2);
	}
	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return fd;
}

/* Sends `count` datagrams of `size` bytes, each when it is due. Returns how many the kernel took.
 */
static size_t send_all(int fd, unsigned long rate, size_t count, size_t size)
{
	char bytes[SIZE_MAX_BYTES], stamp[STAMP + 1];
	uint64_t begun = now_ns(), due;
	struct timespec until;
	size_t number, sent = 0;

	memset(bytes, 'x', sizeof(bytes));
	for (number = 0; number < count; number++) {
		due = begun + number * NS_PER_S / rate;
		until.tv_sec = (time_t)(due / NS_PER_S);
		until.tv_nsec = (long)(due % NS_PER_S);
		while (now_ns() < due)
			(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		snprintf(stamp, sizeof(stamp), "%s%016llx", MARK, (unsigned long long)now_ns());
		memcpy(bytes, stamp, STAMP);
		sent += send(fd, bytes, size, 0) == (ssize_t)size;
	}
	return sent;
}

/* qsort(3) */
static int compare(const void *one, const void *other)
{
	uint64_t left = *(const uint64_t *)one, right = *(const uint64_t *)other;

	return (left > right) - (left < right);
}

/* The delay that `percent` of all that came did not exceed, in microseconds; -1: none came. */
static double part(const struct bed *bed, size_t percent)
{
	size_t place;

	if (!bed->count)
		return -1.0;
	place = (bed->count - 1) * percent / 100;
	return (double)bed->delays[place] / (double)NS_PER_US;
}

/* Reads a number from 1 to `most`, or exits. */
static unsigned long number_of(const char *text, unsigned long most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end || !number || number > most) {
		fprintf(stderr, "latency: %s is not a number from 1 to %lu\n", text, most);
		exit(2);
	}
	return number;
}

int main(int argc, char **argv)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct sockaddr_in to, here;
	struct bed bed = {0};
	pthread_t receiver;
	unsigned long rate;
	size_t sent, size;
	const int on = 1;
	int fd;

	if (argc != 6) {
		fprintf(stderr, "latency UDP-PORT TCP-PORT RATE COUNT SIZE\n");
		return 2;
	}
	rate = number_of(argv[3], RATE_MAX);
	bed.expected = number_of(argv[4], COUNT_MAX);
	size = number_of(argv[5], SIZE_MAX_BYTES);
	if (size < STAMP) {
		fprintf(stderr, "latency: a datagram has at least %u bytes\n", STAMP);
		return 2;
	}
	bed.delays = calloc(bed.expected, sizeof(*bed.delays));
	fd = open_socket(SOCK_DGRAM, number_of(argv[1], UINT16_MAX), &to);
	bed.listening = open_socket(SOCK_STREAM, number_of(argv[2], UINT16_MAX), &here);
	bed.epoll = epoll_create1(EPOLL_CLOEXEC);
	(void)setsockopt(bed.listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bed.delays || bed.epoll < 0 ||
	    bind(bed.listening, (struct sockaddr *)&here, sizeof(here)) ||
	    listen(bed.listening, CONNECTIONS) || connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    epoll_ctl(bed.epoll, EPOLL_CTL_ADD, bed.listening, &event) ||
	    pthread_create(&receiver, NULL, receive, &bed)) {
		perror("latency");
		free(bed.delays);
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	(void)getchar();
	sent = send_all(fd, rate, bed.expected, size);
	if (sent)
		pthread_join(receiver, NULL);
	qsort(bed.delays, bed.count, sizeof(*bed.delays), compare);
	printf("p50_us=%.0f p99_us=%.0f sent=%zu delivered=%zu\n", part(&bed, 50), part(&bed, 99),
	       sent, bed.count);
	return 0;
}
