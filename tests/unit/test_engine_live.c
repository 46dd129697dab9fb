// SPDX-License-Identifier: MIT
/*
 * Every key of an output changes live, in each mode and framing, under traffic, with one
 * destination up and one down: all of it arrives, and no worker goes round in circles. On loopback
 * with the socket source.
 *
 * takes: 20
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "daemon/engine/inner.h"
#include "engine_helper.h"

#define FLOWS 12U
#define EACH 180U /* datagrams after every change */

/* The output; what is left out is as in `first`. */
struct wish {
	const char *mode, *bytes, *up, *down; /* what the destinations have beside their address */
	const char *rest;
	bool is_alone, is_swapped; /* only the one that is up; in the other order */
};

static const struct wish first = {.bytes = "64k", .up = "", .down = "", .rest = ""};

/* One change after the other, each against `first`. */
static const struct wish wishes[] = {
	{.bytes = "65k"},
	{.bytes = "256k"},
	{.bytes = "16k"},
	{.bytes = "4k", .is_alone = true},
	{.bytes = "256k"},
	{.bytes = "64k", .is_swapped = true},
	{.is_alone = true},
	{.up = ", weight: 3"},
	{.up = ", rate: 900mbit"},
	{.down = ", enabled: off"},
	{.down = ", standby: on"},
	{.up = ", standby: on"},
	{.rest = ", rate: 800mbit"},
	{.rest = ", dead-after: 5s, connect-timeout: 1s, reconnect: {min: 5ms, max: 30ms}"},
};

/* The same where the mode may change: not to `duplicate`, which gives each destination all of it.
 */
static const struct wish modes[] = {
	{.mode = "hash", .bytes = "16k"},  {.mode = "round-robin", .bytes = "256k"},
	{.mode = "hash", .bytes = "4k"},   {.mode = "balance"},
	{.mode = "hash", .bytes = "256k"}, {.mode = "hash", .is_alone = true},
	{.mode = "round-robin"},
};

/* What is tried. */
struct trial {
	const char *mode, *framing;
	enum sluice_framing kind;
	uint16_t port, up, down;
	uint64_t sent;
};

/* The configuration that `wish` makes of a trial. @owner caller: free() */
static char *text_of(const struct trial *trial, const struct wish *wish)
{
	char up[96], down[96], *text = NULL;
	const char *one = up, *two = down;

	snprintf(up, sizeof(up), "{address: \"127.0.0.1:%u\"%s}", trial->up,
		 wish->up ? wish->up : first.up);
	snprintf(down, sizeof(down), "{address: \"127.0.0.1:%u\"%s}", trial->down,
		 wish->down ? wish->down : first.down);
	if (wish->is_swapped) {
		one = down;
		two = up;
	}
	assert_true(
		asprintf(&text,
			 "relay: r\ninputs:\n  - {name: a, port: %u, address: 127.0.0.1, source: "
			 "socket, addresses: on, outputs: o}\noutputs:\n  - {name: o, to: "
			 "[%s%s%s], mode: %s, framing: %s, batch: {bytes: %s, delay: 1ms}%s%s}\n"
			 "store: {memory: {size: 8m}}\nworkers: 2\n",
			 trial->port, one, wish->is_alone ? "" : ", ", wish->is_alone ? "" : two,
			 wish->mode ? wish->mode : trial->mode, trial->framing,
			 wish->bytes ? wish->bytes : first.bytes,
			 wish->rest && strstr(wish->rest, "reconnect")
				 ? ""
				 : ", reconnect: {min: 10ms, max: 50ms}",
			 wish->rest ? wish->rest : first.rest) > 0);
	return text;
}

/* Sends EACH datagrams more, of FLOWS flows. */
static void send_more(struct trial *trial, const int *sockets)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(trial->port)};
	uint8_t payload[1000];
	unsigned int count;
	size_t place;

	for (count = 0; count < EACH; count++, trial->sent++) {
		for (place = 0; place < sizeof(payload); place++)
			payload[place] = pattern(trial->sent, place);
		if (trial->kind == SLUICE_FRAMING_NATIVE) {
			memcpy(payload, &trial->sent, 8);
		} else {
			memset(payload, 'x', sizeof(payload));
			place = (size_t)sprintf((char *)payload, "%llu ",
						(unsigned long long)trial->sent);
			payload[place] = 'x';
		}
		assert_int_equal(sendto(sockets[trial->sent % FLOWS], payload, sizeof(payload), 0,
					(struct sockaddr *)&address, sizeof(address)),
				 sizeof(payload));
		if (count % 32 == 31)
			usleep(1000);
	}
}

/* How many of the datagrams sent came at all, to `up` or `down`; *twice: how many more often than
 * once. */
static uint64_t count_all(const struct trial *trial, const struct receiver *up,
			  const struct receiver *down, uint64_t *twice)
{
	uint64_t number, came = 0;

	*twice = 0;
	for (number = 0; number < trial->sent; number++) {
		unsigned int times = up->seen[number] + (down->seen ? down->seen[number] : 0U);

		came += times > 0;
		*twice += times > 1;
	}
	return came;
}

/* Waits until all that was sent has come, at most 20 seconds. */
static void await_sent(const struct trial *trial, const struct receiver *up,
		       const struct receiver *down, const char *after)
{
	uint64_t came = 0, twice = 0;
	unsigned int tries;

	for (tries = 0; tries < 4000; tries++) {
		came = count_all(trial, up, down, &twice);
		if (came == trial->sent)
			break;
		usleep(5000);
	}
	if (came != trial->sent || (trial->kind == SLUICE_FRAMING_NATIVE && twice))
		fail_msg("%s, %s: %llu of %llu came, %llu twice, after\n%s", trial->mode,
			 trial->framing, (unsigned long long)came, (unsigned long long)trial->sent,
			 (unsigned long long)twice, after);
}

/* With nothing to do the workers sleep: no more rounds than timers ask for. */
static void nobody_spins(const struct sluice_engine *engine, const char *after)
{
	uint64_t before[2], rounds;
	size_t number;

	for (number = 0; number < 2; number++)
		before[number] = *(volatile uint64_t *)&engine->workers[number]->rounds;
	usleep(100000);
	for (number = 0; number < 2; number++) {
		rounds = *(volatile uint64_t *)&engine->workers[number]->rounds - before[number];
		if (rounds > 500)
			fail_msg("worker %zu made %llu rounds in a tenth of a second, after\n%s",
				 number, (unsigned long long)rounds, after);
	}
}

/* Applies `wish` while datagrams come, sends more, and waits for all of them. */
static void change_to(struct sluice_engine *engine, struct trial *trial, const struct wish *wish,
		      const int *sockets, const struct receiver *up, const struct receiver *down)
{
	char *text = text_of(trial, wish), *error = NULL;

	send_more(trial, sockets);
	if (sluice_engine_apply(engine, configure(text), NULL, &error))
		fail_msg("%s\n%s", error, text);
	send_more(trial, sockets);
	await_sent(trial, up, down, text);
	free(text);
}

/* All changes of `list` with one destination up and one down; then that one comes, and all of them
 * again. */
static void try_all(const char *mode, const char *framing, enum sluice_framing kind,
		    const struct wish *list, size_t count)
{
	static struct receiver up, down;
	struct trial trial = {.mode = mode, .framing = framing, .kind = kind};
	struct sluice_engine *engine;
	int sockets[FLOWS];
	char *text;
	size_t number;

	/* A worker that never comes back would keep us waiting for ever. */
	alarm(120);
	up.promise = down.promise = SLUICE_RANGE_F_DURABLE;
	receiver_start(&up, kind, 0);
	receiver_start(&down, kind, 0);
	trial.up = up.port;
	trial.down = down.port;
	receiver_stop(&down);
	trial.port = free_port();
	for (number = 0; number < FLOWS; number++)
		sockets[number] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	text = text_of(&trial, &first);
	engine = start_engine("%s", text);
	send_more(&trial, sockets);
	await_sent(&trial, &up, &down, text);
	for (number = 0; number < count; number++) {
		change_to(engine, &trial, &list[number], sockets, &up, &down);
		nobody_spins(engine, mode);
	}
	down.stop = false;
	receiver_start(&down, kind, trial.down);
	for (number = 0; number < count; number++)
		change_to(engine, &trial, &list[number], sockets, &up, &down);
	if (kind == SLUICE_FRAMING_NATIVE) {
		change_to(engine, &trial, &(struct wish){.rest = ", ack: durable"}, sockets, &up,
			  &down);
		change_to(engine, &trial, &(struct wish){.rest = ", ack: received"}, sockets, &up,
			  &down);
	}
	nobody_spins(engine, mode);
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&up);
	receiver_stop(&down);
	assert_int_equal(up.damaged + down.damaged + up.gaps + down.gaps, 0);
	if (kind == SLUICE_FRAMING_NATIVE)
		assert_int_equal(up.repeated + down.repeated, 0);
	receiver_free(&up);
	receiver_free(&down);
	for (number = 0; number < FLOWS; number++)
		close(sockets[number]);
	free(text);
	alarm(0);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Each in turn, acknowledged. */
static void round_robin_native(void **state)
{
	(void)state;
	try_all("round-robin", "native", SLUICE_FRAMING_NATIVE, wishes, COUNT(wishes));
}

/* The least behind, acknowledged. */
static void balance_native(void **state)
{
	(void)state;
	try_all("balance", "native", SLUICE_FRAMING_NATIVE, wishes, COUNT(wishes));
}

/* By flow, acknowledged. */
static void hash_native(void **state)
{
	(void)state;
	try_all("hash", "native", SLUICE_FRAMING_NATIVE, wishes, COUNT(wishes));
}

/* Each in turn, lines. */
static void round_robin_plain(void **state)
{
	(void)state;
	try_all("round-robin", "newline", SLUICE_FRAMING_NEWLINE, wishes, COUNT(wishes));
}

/* The least behind, counted. */
static void balance_plain(void **state)
{
	(void)state;
	try_all("balance", "octet-counted", SLUICE_FRAMING_OCTET_COUNTED, wishes, COUNT(wishes));
}

/* By flow, counted. */
static void hash_plain(void **state)
{
	(void)state;
	try_all("hash", "octet-counted", SLUICE_FRAMING_OCTET_COUNTED, wishes, COUNT(wishes));
}

/* From one mode to another and back. */
static void modes_change_native(void **state)
{
	(void)state;
	try_all("round-robin", "native", SLUICE_FRAMING_NATIVE, modes, COUNT(modes));
}

/* The same in lines. */
static void modes_change_plain(void **state)
{
	(void)state;
	try_all("round-robin", "newline", SLUICE_FRAMING_NEWLINE, modes, COUNT(modes));
}

/*
 * A span that was cut when `batch.bytes` was 256k and not acknowledged goes to a connection of mode
 * `hash`, which puts short ones together in a buffer for what `batch.bytes` is now.
 */
static void a_long_span_finds_room(void **state)
{
	static struct receiver up;
	struct trial trial = {.mode = "round-robin", .framing = "native"};
	struct wish wish = {.bytes = "256k", .rest = ", ack: durable", .is_alone = true};
	char *error = NULL, *text;
	struct sluice_engine *engine;
	int sockets[FLOWS];
	size_t number;

	(void)state;
	alarm(60);
	receiver_start(&up, SLUICE_FRAMING_NATIVE, 0);
	receiver_stop(&up);
	trial.up = up.port;
	trial.port = free_port();
	for (number = 0; number < FLOWS; number++)
		sockets[number] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	text = text_of(&trial, &wish);
	engine = start_engine("%s", text);
	free(text);
	send_more(&trial, sockets);
	send_more(&trial, sockets);
	up.stop = false;
	receiver_start(&up, SLUICE_FRAMING_NATIVE, trial.up);
	await(&up, trial.sent);
	wish.bytes = "4k";
	wish.mode = "hash";
	text = text_of(&trial, &wish);
	assert_int_equal(sluice_engine_apply(engine, configure(text), NULL, &error), 0);
	send_more(&trial, sockets);
	await(&up, trial.sent);
	up.promise = SLUICE_RANGE_F_DURABLE;
	up.vow = true;
	assert_int_equal(sluice_engine_stop(engine, 5000, NULL), 0);
	receiver_stop(&up);
	assert_int_equal(up.repeated + up.damaged + up.gaps, 0);
	receiver_free(&up);
	for (number = 0; number < FLOWS; number++)
		close(sockets[number]);
	free(text);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_robin_native),
		cmocka_unit_test(balance_native),
		cmocka_unit_test(hash_native),
		cmocka_unit_test(round_robin_plain),
		cmocka_unit_test(balance_plain),
		cmocka_unit_test(hash_plain),
		cmocka_unit_test(modes_change_native),
		cmocka_unit_test(modes_change_plain),
		cmocka_unit_test(a_long_span_finds_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
