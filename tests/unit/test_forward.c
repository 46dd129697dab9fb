// SPDX-License-Identifier: MIT
/*
 * The parts of a forward: what a PROXY header looks like, how many connections an address may have,
 * and what a way makes of bytes, ends and urgent data, with a pipe and without.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "daemon/forward/clients.h"
#include "daemon/forward/proxy.h"
#include "daemon/forward/way.h"

/* An IPv4 address with a port. */
static struct sockaddr_storage address_of(const char *text, uint16_t port)
{
	struct sockaddr_storage address = {.ss_family = AF_INET};
	struct sockaddr_in *four = (void *)&address;

	assert_int_equal(inet_pton(AF_INET, text, &four->sin_addr), 1);
	four->sin_port = htons(port);
	return address;
}

/* The header says who came and where he was taken; of one that nobody knows it says so. */
static void the_header_names_the_client(void **state)
{
	static const uint8_t wanted[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
					"\x0a\x09\0\x02\x0a\x09\0\x01\x13\x88\0\x50";
	struct sockaddr_storage client = address_of("10.9.0.2", 5000);
	struct sockaddr_storage server = address_of("10.9.0.1", 80);
	uint8_t out[SLUICE_PROXY_MAX];

	(void)state;
	assert_int_equal(sluice_proxy_write(&client, &server, out), 28);
	assert_memory_equal(out, wanted, 28);
	client.ss_family = AF_UNIX;
	assert_int_equal(sluice_proxy_write(&client, &server, out), 16);
	assert_int_equal(out[12], 0x20);
}

/* An address has as many as it may, and the next one when one has gone; others are others. */
static void an_address_has_so_many(void **state)
{
	struct sockaddr_storage one = address_of("10.9.0.2", 1), other = address_of("10.9.0.3", 1);
	static struct sluice_clients clients;

	(void)state;
	sluice_clients_begin(&clients);
	assert_int_equal(sluice_clients_add(&clients, &one, 2), 0);
	assert_int_equal(sluice_clients_add(&clients, &one, 2), 0);
	assert_int_equal(sluice_clients_add(&clients, &one, 2), -EDQUOT);
	assert_int_equal(sluice_clients_add(&clients, &other, 2), 0);
	sluice_clients_remove(&clients, &one);
	assert_int_equal(sluice_clients_add(&clients, &one, 2), 0);
	assert_int_equal(sluice_clients_add(&clients, &one, 0), 0);
	sluice_clients_end(&clients);
}

/* Two ends of a TCP connection on loopback; `inner` is the one that a way has. */
static void connect_pair(int *outer, int *inner)
{
	struct sockaddr_storage address = address_of("127.0.0.1", 0);
	socklen_t length = sizeof(struct sockaddr_in);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	const int on = 1;

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	*outer = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*outer, (struct sockaddr *)&address, length), 0);
	*inner = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(*inner >= 0);
	assert_int_equal(setsockopt(*inner, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(*outer, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)), 0);
	close(listener);
}

/* Passes "ab", an urgent "!", "cd" and the end on, and looks at what comes out. */
static void pass_all(bool is_copied)
{
	struct sluice_pipe_pool pool = {NULL, 0, 0, 0};
	struct sluice_way way = {.can_read = true, .can_write = true, .is_copied = is_copied};
	char got[8] = "";
	int first, last, round;

	connect_pair(&first, &way.from);
	connect_pair(&last, &way.to);
	assert_int_equal(send(first, "ab", 2, 0), 2);
	assert_int_equal(sluice_way_turn(&way, &pool, 1 << 20), SLUICE_WAY_WAITS);
	assert_null(way.pipe);
	assert_int_equal(send(first, "!", 1, MSG_OOB), 1);
	assert_int_equal(send(first, "cd", 2, 0), 2);
	assert_int_equal(shutdown(first, SHUT_WR), 0);
	way.is_marked = way.is_ending = way.can_read = true;
	for (round = 0; round < 3 && !way.is_shut; round++)
		(void)sluice_way_turn(&way, &pool, 1 << 20);
	assert_true(way.is_shut);
	assert_int_equal(way.bytes, 5);
	assert_int_equal(recv(last, got, 2, MSG_WAITALL), 2);
	assert_string_equal(got, "ab");
	assert_int_equal(sockatmark(last), 1);
	assert_int_equal(recv(last, got, 3, MSG_WAITALL), 3);
	assert_memory_equal(got, "!cd", 3);
	assert_int_equal(recv(last, got, 1, 0), 0);
	sluice_pipe_give(&pool, way.pipe);
	sluice_pipe_pool_empty(&pool);
	close(first);
	close(last);
	close(way.from);
	close(way.to);
}

/* Through a pipe bytes, the urgent one and the end keep their places. */
static void a_way_passes_all_on_by_a_pipe(void **state)
{
	(void)state;
	pass_all(false);
}

/* And without one. */
static void a_way_passes_all_on_without_a_pipe(void **state)
{
	(void)state;
	pass_all(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_names_the_client),
		cmocka_unit_test(an_address_has_so_many),
		cmocka_unit_test(a_way_passes_all_on_by_a_pipe),
		cmocka_unit_test(a_way_passes_all_on_without_a_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
