// SPDX-License-Identifier: MIT
/*
 * Sockets outlive the daemon: the last thing that it does is to hand those that it reads with calls
 * to systemd's store of descriptors (sd_notify(3), FDSTORE), and the next daemon finds them there
 * (sd_listen_fds(3)), with what came meanwhile in their buffers. Where a standby waits it gets them
 * in systemd's place, and is shown them before. Beside socket_open.c. Touches: systemd's
 * notification socket; inherited descriptors.
 *
 * A socket of `receive: bpf` cannot be handed over: its map of sockets ends with the process, and
 * what the filter left of a datagram would be read as one. Another one beside it is, which takes
 * what comes from then on; and the next daemon replaces that by its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "../../lib/log.h"
#include "../../lib/service.h"
#include "../handover/parcel.h"
#include "socket.h"
#include "socket_count.h"
#include "socket_grace.h"
#include "socket_index.h"
#include "socket_intake.h"
#include "socket_way.h"

/* How often a socket is drained at most before it is handed over: what is in it then the next
 * daemon reads. */
#define DRAINS 64U
/* How long systemd may take to put them away. */
#define STORED_US (2ULL * 1000 * 1000)
/* Bytes that hold the name of one that is passed. */
#define PASSED_NAME 64U

/* A socket that the last daemon left. */
struct inherited {
	struct inherited *next;
	struct sluice_port_key key;
	unsigned int worker;
	uint32_t drops; /* that were told of already */
	uint32_t due;	/* datagrams beyond the first of their packet that may be in it */
	int fd;
};

/* By port, for the control thread: there may be tens of thousands. */
#define BUCKETS 4096U
static struct inherited *inherited[BUCKETS];

/* Who keeps them; without functions: systemd does, if it is there. */
static struct sluice_socket_keeper keeper;

/* Where those of a port are. */
static struct inherited **bucket_of(uint16_t number)
{
	return &inherited[number % BUCKETS];
}

void sluice_socket_keep_by(const struct sluice_socket_keeper *who)
{
	keeper = who ? *who : (struct sluice_socket_keeper){0};
}

/* Has somebody come who keeps them in systemd's place? */
static bool has_keeper(void)
{
	return keeper.is_there && keeper.is_there(keeper.context);
}

/* Where sockets go instead, as long as that is set: sluice_socket_pass_to(). */
static struct sluice_parcel *parcel;

void sluice_socket_pass_to(struct sluice_parcel *to)
{
	parcel = to;
}

struct sluice_parcel *sluice_socket_passes_to(void)
{
	return parcel;
}

bool sluice_socket_can_pass(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return parcel || has_keeper() || (path && *path);
}

/* An integer option, or -1. */
static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t length = sizeof(value);

	return getsockopt(fd, level, name, &value, &length) ? -1 : value;
}

/* What a socket is bound to. False: it is none of ours. */
static bool describe(int fd, struct sluice_port_key *key)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address = {0};
	socklen_t length = sizeof(address), name = sizeof(key->interface);

	memset(key, 0, sizeof(*key));
	key->way = &sluice_socket_way_calls;
	if (option(fd, SOL_SOCKET, SO_TYPE) != SOCK_DGRAM ||
	    option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_UDP ||
	    option(fd, SOL_SOCKET, SO_REUSEPORT) != 1 || getsockname(fd, &address.any, &length))
		return false;
	key->family = address.any.sa_family;
	if (key->family == AF_INET) {
		key->port = ntohs(address.in.sin_port);
		memcpy(key->address, &address.in.sin_addr, sizeof(address.in.sin_addr));
	} else if (key->family == AF_INET6) {
		key->port = ntohs(address.in6.sin6_port);
		memcpy(key->address, &address.in6.sin6_addr, sizeof(address.in6.sin6_addr));
		key->both = option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
	} else {
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, key->interface, &name))
		key->interface[0] = '\0';
	return key->port != 0;
}

/* Reads the name under which a socket was stored. False: it is another's. */
static bool parse_name(const char *name, struct inherited *one)
{
	static const char *const before[] = {"sluice-w", "-d", "-b"};
	uint32_t numbers[3];
	size_t number;
	char *end;

	for (number = 0; number < 3; number++, name = end) {
		if (strncmp(name, before[number], strlen(before[number])) != 0)
			return false;
		name += strlen(before[number]);
		numbers[number] = (uint32_t)strtoul(name, &end, 10);
		if (end == name)
			return false;
	}
	one->worker = numbers[0];
	one->drops = numbers[1];
	one->due = numbers[2];
	return !*name;
}

/* Takes one descriptor that was passed under this name. False: it is none of ours, and stays the
 * caller's. */
static bool inherit(int fd, const char *name)
{
	struct inherited *one = calloc(1, sizeof(*one));

	if (!one || !parse_name(name, one) || !describe(fd, &one->key)) {
		free(one);
		return false;
	}
	one->fd = fd;
	one->next = *bucket_of(one->key.port);
	*bucket_of(one->key.port) = one;
	return true;
}

void sluice_socket_inherit_named(int fd, const char *name)
{
	if (inherit(fd, name))
		return;
	sluice_warning("descriptor %d that was passed (`%s`) is no socket of sluiced; it is closed",
		       fd, name);
	close(fd);
}

/* Writes what a socket is bound to, and where, as one word. */
static void say_key(int fd, const struct sluice_port_key *key, char text[SLUICE_SOCKET_PLACE])
{
	char address[INET6_ADDRSTRLEN] = "?";
	uint64_t space = 0;
	socklen_t length = sizeof(space);

	inet_ntop(key->family, key->address, address, sizeof(address));
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &space, &length))
		space = 0;
	snprintf(text, SLUICE_SOCKET_PLACE, "udp/%s%s/%s/%u/%llu", address, key->both ? "+4" : "",
		 key->interface[0] ? key->interface : "-", key->port, (unsigned long long)space);
}

int sluice_socket_inherit_one(int fd, const char *name)
{
	char place[SLUICE_SOCKET_PLACE], text[96];
	const char *said = strchr(name, ' ');
	struct sluice_port_key key;

	if (!said || (size_t)(said - name) >= sizeof(text) || !describe(fd, &key))
		return -EBADF;
	memcpy(text, name, (size_t)(said - name));
	text[said - name] = '\0';
	say_key(fd, &key, place);
	if (strcmp(said + 1, place) != 0)
		return -EXDEV;
	return inherit(fd, text) ? 0 : -EBADF;
}

/*
 * Has systemd close its own descriptors of what it passed: it would pass them again to every daemon
 * after this one, and a socket that is replaced or not wanted would stay open there, be given its
 * share of what comes to the port, and nobody would read it.
 */
static void take_out_of_store(char **names, int count)
{
	char text[PASSED_NAME + 32];
	int number, result = 0;

	for (number = 0; result >= 0 && number < count; number++) {
		/* Many have the same name, which takes out all of them. */
		if (number != 0 && !strcmp(names[number], names[number - 1]))
			continue;
		snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", names[number]);
		result = sluice_service_store(text, -1, STORED_US);
	}
	if (result > 0)
		result = sluice_service_wait(STORED_US);
	if (result < 0)
		sluice_debug("systemd does not say whether it has closed its descriptors");
}

/* How many were passed, and nobody has taken yet. */
static size_t count_inherited(void)
{
	const struct inherited *one;
	size_t bucket, count = 0;

	for (bucket = 0; bucket < BUCKETS; bucket++)
		for (one = inherited[bucket]; one; one = one->next)
			count++;
	return count;
}

size_t sluice_socket_inherit(void)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names), number;
	size_t kept;

	if (names)
		take_out_of_store(names, count);
	for (number = 0; number < count; number++) {
		sluice_socket_inherit_named(SD_LISTEN_FDS_START + number,
					    names && names[number] ? names[number] : "");
		free(names ? names[number] : NULL);
	}
	free(names);
	kept = count_inherited();
	if (kept)
		sluice_notice("%zu sockets of the last sluiced are still open; what came meanwhile "
			      "is in them",
			      kept);
	return kept;
}

bool sluice_socket_has_inherited(uint16_t number)
{
	const struct inherited *one;

	for (one = *bucket_of(number); one; one = one->next)
		if (one->key.port == number)
			return true;
	return false;
}

bool sluice_socket_has_inherited_for(uint16_t number, unsigned int worker, unsigned int workers)
{
	const struct inherited *one;

	for (one = *bucket_of(number); one; one = one->next)
		if (one->key.port == number && one->worker % workers == worker)
			return true;
	return false;
}

/* Makes a port of the one that `link` points to, which it takes out. NULL: no memory. */
static struct sluice_port *take(struct inherited **link)
{
	struct inherited *one = *link;
	struct sluice_port *port = sluice_port_adopt(one->fd, &one->key, one->drops, one->due);

	if (!port)
		return NULL;
	*link = one->next;
	free(one);
	return port;
}

struct sluice_port *sluice_socket_inherited(const struct sluice_port_key *key, unsigned int worker)
{
	struct inherited **link;

	for (link = bucket_of(key->port); *link; link = &(*link)->next)
		if ((*link)->worker == worker && sluice_port_key_is_same(&(*link)->key, key))
			return take(link);
	return NULL;
}

struct sluice_port *sluice_socket_left_over(unsigned int *worker)
{
	struct sluice_port *port;
	size_t bucket;

	for (bucket = 0; bucket < BUCKETS; bucket++) {
		if (!inherited[bucket])
			continue;
		*worker = inherited[bucket]->worker;
		port = take(&inherited[bucket]);
		if (port)
			port->next = NULL;
		return port;
	}
	return NULL;
}

/* Reads a port until nothing is in it, or the ring has no room. True: nothing is. */
static bool drain(struct sluice_port *port)
{
	unsigned int drains;

	for (drains = 0; drains < DRAINS && !sluice_port_is_starved(port); drains++)
		if (sluice_port_drain(port, port->worker->now))
			return true;
	return false;
}

int sluice_ports_catch_up(struct sluice_worker *worker, void *argument)
{
	struct sluice_port_set *set = argument;
	struct sluice_port *port;

	(void)worker;
	for (port = set->ports; port; port = port->next)
		if (!port->closing)
			(void)drain(port);
	return 0;
}

/* Begins to make the ports of a set ready to be read by another process: of those together,
 * because it takes a moment. */
static void prepare(const struct sluice_port_set *set)
{
	const int off = 0;
	struct sluice_port *port;
	bool waits = false;

	for (port = set->ports; port; port = port->next) {
		if (!port->key.way->is_passed || port->closing)
			continue;
		/* The next daemon counts from its own beginning: until then each datagram is a
		 * packet, of which the socket counts losses. */
		if (port->count)
			(void)setsockopt(port->fd, SOL_UDP, UDP_GRO, &off, sizeof(off));
		(void)drain(port);
		waits |= port->count != NULL;
	}
	if (waits)
		sluice_socket_grace();
}

/* Ends it with one of them. */
static void settle(struct sluice_port *port)
{
	bool is_empty;

	port->starved = false;
	is_empty = drain(port);
	if (is_empty)
		sluice_port_lose(port, SLUICE_LOST_SOCKET, sluice_socket_count_rest(port->count));
	sluice_port_count_drops(port, true);
	sluice_port_tell(port);
}

/* Puts another descriptor of the port's socket into the list. 0 or a negative errno. */
static int add(struct sluice_pass_call *call, const struct sluice_port *port)
{
	struct sluice_passed *larger = reallocarray(call->list, call->count + 1, sizeof(*larger));
	int fd;

	if (!larger)
		return -ENOMEM;
	call->list = larger;
	fd = fcntl(port->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	larger[call->count++] = (struct sluice_passed){.fd = fd,
						       .worker = port->worker->number,
						       .drops = port->drops,
						       .due = sluice_socket_count_due(port->count)};
	return 0;
}

/* Hands over a socket beside one that cannot pass: that is closed as if it were replaced. 0 or a
 * negative errno. */
static int pass_beside(struct sluice_pass_call *call, const struct sluice_port *port)
{
	struct sluice_port_key plain = port->key;
	const int off = 0;
	struct sluice_port *beside;
	int error;

	plain.way = &sluice_socket_way_calls;
	error = sluice_port_open_beside(&plain, &beside);
	if (error)
		return error;
	beside->worker = port->worker;
	(void)setsockopt(beside->fd, SOL_UDP, UDP_GRO, &off, sizeof(off));
	error = add(call, beside);
	sluice_port_free(beside);
	return error;
}

int sluice_ports_pass(struct sluice_worker *worker, void *argument)
{
	struct sluice_pass_call *call = argument;
	struct sluice_port **link = &call->set->ports, *port;
	int error = 0;

	(void)worker;
	prepare(call->set);
	while (!error && (port = *link)) {
		if (!port->key.way->is_passed || port->closing) {
			if (!port->closing)
				error = pass_beside(call, port);
			link = &port->next;
			continue;
		}
		settle(port);
		error = add(call, port);
		if (error)
			break;
		*link = port->next;
		sluice_port_index_remove(&call->set->index, port);
		sluice_socket_count_leave(port->count);
		port->count = NULL;
		sluice_port_free(port);
	}
	return error;
}

/* The name by which the next daemon knows what it needs to know of one. */
static void name_it(char name[PASSED_NAME], unsigned int worker, uint32_t drops, uint32_t due)
{
	snprintf(name, PASSED_NAME, "sluice-w%u-d%u-b%u", worker, drops, due);
}

/* What a worker shows of its set. */
struct show_call {
	const struct sluice_port_set *set;
	void (*each)(void *context, int fd, const char *name);
	void *context;
};

/* Worker call. @context worker */
static int show_set(struct sluice_worker *worker, void *argument)
{
	const struct show_call *call = argument;
	const struct sluice_port *port;
	char name[PASSED_NAME];

	for (port = call->set->ports; port; port = port->next) {
		if (!port->key.way->is_passed || port->closing)
			continue;
		name_it(name, worker->number, port->drops, 0);
		call->each(call->context, port->fd, name);
	}
	return 0;
}

int sluice_socket_show(struct sluice_intake *intake,
		       void (*each)(void *context, int fd, const char *name), void *context)
{
	struct show_call call = {.each = each, .context = context};
	size_t number;
	int error = 0;

	for (number = 0; !error && number < intake->context->worker_count; number++) {
		call.set = &intake->sets[number];
		error = sluice_worker_call_within(intake->context->workers[number], show_set, &call,
						  SLUICE_WORKER_PATIENCE_NS);
	}
	return error;
}

/* Gives them to whoever keeps them in systemd's place, and closes them here. */
static size_t give(const struct sluice_passed *list, size_t count)
{
	char name[PASSED_NAME];
	size_t number;

	keeper.begin(keeper.context);
	for (number = 0; number < count; number++) {
		name_it(name, list[number].worker, list[number].drops, list[number].due);
		keeper.keep(keeper.context, list[number].fd, name);
		close(list[number].fd);
	}
	keeper.end(keeper.context);
	return count;
}

/* Puts them into the parcel. Returns how many. */
static size_t pack(struct sluice_passed *list, size_t count)
{
	char place[SLUICE_SOCKET_PLACE], name[SLUICE_SOCKET_PLACE + PASSED_NAME];
	char plain[PASSED_NAME];
	struct sluice_port_key key;
	size_t number, packed = 0;

	for (number = 0; number < count; number++) {
		if (describe(list[number].fd, &key)) {
			say_key(list[number].fd, &key, place);
			name_it(plain, list[number].worker, list[number].drops, list[number].due);
			snprintf(name, sizeof(name), "%s %s", plain, place);
			packed += !sluice_parcel_add(parcel, SLUICE_HANDED_UDP, name,
						     list[number].fd);
		}
		close(list[number].fd);
	}
	return packed;
}

size_t sluice_socket_store(struct sluice_passed *list, size_t count)
{
	size_t number, stored = 0;
	char text[PASSED_NAME + 32], name[PASSED_NAME];
	int result = 0;

	if (parcel)
		return pack(list, count);
	if (has_keeper())
		return give(list, count);
	for (number = 0; number < count; number++) {
		name_it(name, list[number].worker, list[number].drops, list[number].due);
		snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
		/* Whoever did not read in that time will not. */
		if (result >= 0)
			result = sluice_service_store(text, list[number].fd, STORED_US);
		stored += result > 0;
		close(list[number].fd);
	}
	/* systemd knows whose they are only as long as this process is there. */
	if (stored && sluice_service_wait(STORED_US) < 0)
		sluice_debug("systemd does not say whether it has put the sockets away");
	return stored;
}
