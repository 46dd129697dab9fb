// SPDX-License-Identifier: MIT
/*
 * What the network namespace has counted and no socket has claimed, see socket_account.h. Beside
 * the path of the data. Touches: what that says.
 *
 *   read ──► age 0 ──► age 1 ──► ... ──► AGES - 1 ──► unplaced       a second each
 *              └─────────┴── claimed by a socket ──┘
 *
 * What may be a socket's stays young as long as that cannot tell.
 */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include "../../lib/log.h"
#include "../../lib/udp_counters.h"
#include "../loop/worker.h"
#include "socket_account.h"
#include "source.h"

/* Longer than a socket is left unasked (SELDOM looks in socket_set.c), and than an empty socket is
 * waited for. */
#define AGES 4U
#define AGE_NS SLUICE_NS_PER_S
/* Reading takes about 100 µs on a small machine: so often at most, whatever is lost. */
#define READ_AGAIN_NS (20 * SLUICE_NS_PER_MS)
/* How often the log tells of those that nobody has claimed. */
#define TELL_AGAIN_NS (60 * SLUICE_NS_PER_S)

static struct {
	pthread_mutex_t lock;
	bool is_open;
	struct sluice_udp_counters last;
	uint64_t read_at, turned_at, told_at;
	uint64_t checksums[AGES], overflows[AGES]; /* by age in seconds, the youngest first */
	uint64_t all, unplaced, told;		   /* wrong checksums */
} account = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Adds what was counted since the last reading; under the lock. */
static void read_now(void)
{
	struct sluice_udp_counters now;

	account.read_at = sluice_now();
	if (sluice_udp_counters_read(&now))
		return;
	account.checksums[0] += now.checksums - account.last.checksums;
	account.overflows[0] += now.overflows - account.last.overflows;
	account.all += now.checksums - account.last.checksums;
	account.last = now;
}

void sluice_socket_account_open(void)
{
	pthread_mutex_lock(&account.lock);
	memset(account.checksums, 0, sizeof(account.checksums));
	memset(account.overflows, 0, sizeof(account.overflows));
	account.all = account.unplaced = account.told = account.told_at = 0;
	account.is_open = !sluice_udp_counters_read(&account.last);
	account.read_at = account.turned_at = sluice_now();
	pthread_mutex_unlock(&account.lock);
}

uint64_t sluice_socket_account_read(uint64_t now, bool always)
{
	uint64_t at;

	pthread_mutex_lock(&account.lock);
	if (account.is_open && (always || now - account.read_at >= READ_AGAIN_NS))
		read_now();
	/* Where nothing is known no reading will make it known. */
	at = account.is_open ? account.read_at : now;
	pthread_mutex_unlock(&account.lock);
	return at;
}

/* What stands in a column. */
static uint64_t sum(const uint64_t *column)
{
	uint64_t all = 0;
	size_t age;

	for (age = 0; age < AGES; age++)
		all += column[age];
	return all;
}

/* Takes `count` out of a column, the oldest first. */
static void claim(uint64_t *column, uint64_t count)
{
	size_t age = AGES;

	while (age-- && count) {
		uint64_t some = column[age] < count ? column[age] : count;

		column[age] -= some;
		count -= some;
	}
}

/* Makes `count` of a column young again, the oldest first: whose they are is not known yet, and may
 * not be for as long as a ring is full. */
static void keep(uint64_t *column, uint64_t count)
{
	uint64_t all = sum(column);

	if (count > all)
		count = all;
	claim(column, count);
	column[0] += count;
}

/* The lesser of the two. */
static uint32_t least_of(uint64_t one, uint32_t other)
{
	return one < other ? (uint32_t)one : other;
}

void sluice_socket_account_judge(const struct sluice_socket_suspects *suspects,
				 struct sluice_socket_findings *findings)
{
	uint32_t drops = suspects->drops, overflow_most, checksum_most, rest;

	pthread_mutex_lock(&account.lock);
	checksum_most = least_of(sum(account.checksums), drops);
	overflow_most = suspects->overflow_most == SLUICE_OVERFLOW_UNKNOWN
				? least_of(sum(account.overflows), drops)
				: least_of(suspects->overflow_most, drops);
	/* What surely is no overflow is a wrong checksum, as far as the namespace knows of one, and
	 * the other way round. */
	findings->checksum = least_of(drops - overflow_most, checksum_most);
	rest = drops - findings->checksum;
	findings->overflow = drops - checksum_most;
	if (findings->overflow < suspects->overflow_least || suspects->is_last)
		findings->overflow =
			suspects->is_last ? rest : least_of(suspects->overflow_least, rest);
	claim(account.checksums, findings->checksum);
	claim(account.overflows, findings->overflow);
	rest = drops - findings->checksum - findings->overflow;
	keep(account.checksums, rest);
	keep(account.overflows, rest);
	pthread_mutex_unlock(&account.lock);
}

/* A second is over: what has been unclaimed for the longest time will stay so; under the lock. */
static void turn(uint64_t now)
{
	const size_t kept = (AGES - 1) * sizeof(account.checksums[0]);

	account.turned_at = now;
	account.unplaced += account.checksums[AGES - 1];
	memmove(&account.checksums[1], &account.checksums[0], kept);
	memmove(&account.overflows[1], &account.overflows[0], kept);
	account.checksums[0] = account.overflows[0] = 0;
}

/* Those that nobody has claimed and the log has not told of, if it is to tell of them now; under
 * the lock. */
static uint64_t take_untold(uint64_t now)
{
	uint64_t more = account.unplaced - account.told;

	if (!more || (account.told_at && now - account.told_at < TELL_AGAIN_NS))
		return 0;
	account.told = account.unplaced;
	account.told_at = now;
	return more;
}

uint64_t sluice_socket_account_look(uint64_t now)
{
	uint64_t all, untold = 0;

	/* Who has the lock sees to it. */
	if (pthread_mutex_trylock(&account.lock))
		return 0;
	if (account.is_open && now > account.turned_at && now - account.turned_at >= AGE_NS) {
		turn(now);
		read_now();
		untold = take_untold(now);
	}
	all = account.all;
	pthread_mutex_unlock(&account.lock);
	if (untold)
		sluice_warning_about(
			SLUICE_ABOUT(.cause = "bad_checksum", .datagrams = SLUICE_NUMBER(untold)),
			"%" PRIu64 " datagrams with a wrong UDP checksum came to this "
			"network namespace and no input has counted them: the kernel "
			"drops small ones, and those over IPv6 without a checksum, "
			"before it looks for their socket (UdpInCsumErrors, "
			"Udp6InCsumErrors); those that were for an input are lost",
			untold);
	return all;
}

bool sluice_source_socket_checksums(uint64_t *all, uint64_t *unplaced)
{
	bool is_open;

	pthread_mutex_lock(&account.lock);
	is_open = account.is_open;
	if (is_open)
		read_now();
	*all = account.all;
	*unplaced = account.unplaced;
	pthread_mutex_unlock(&account.lock);
	return is_open;
}
