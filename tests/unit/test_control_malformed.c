// SPDX-License-Identifier: MIT
/*
 * The control plane and messages that are wrong: each refused in words, or ignored where an answer
 * would be none, and nothing is changed by any of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "control_server.h"
#include "config/check.h"

/* Sends `length` bytes and expects a refusal with `error` and a text that contains `words`. */
static void expect_refusal(int fd, const void *bytes, size_t length, int error, const char *words)
{
	char answer[8192];
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)answer;
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];
	struct nlmsgerr body;
	ssize_t got;

	assert_int_equal(send(fd, bytes, length, 0), (ssize_t)length);
	got = recv(fd, answer, sizeof(answer), 0);
	if (got < 0)
		fail_msg("no answer where \"%s\" was expected", words);
	assert_int_equal(header->nlmsg_type, NLMSG_ERROR);
	assert_int_equal(header->nlmsg_seq, 42);
	assert_true(header->nlmsg_flags & NLM_F_CAPPED);
	memcpy(&body, NLMSG_DATA(header), sizeof(body));
	assert_int_equal(body.error, error);
	assert_true(header->nlmsg_flags & NLM_F_ACK_TLVS);
	assert_int_equal(nla_parse(attributes, NLMSGERR_ATTR_MAX,
				   (struct nlattr *)(void *)(answer + NLMSG_HDRLEN + sizeof(body)),
				   (int)(header->nlmsg_len - NLMSG_HDRLEN - sizeof(body)), NULL),
			 0);
	assert_non_null(attributes[NLMSGERR_ATTR_MSG]);
	if (!strstr(nla_get_string(attributes[NLMSGERR_ATTR_MSG]), words))
		fail_msg("\"%s\" does not say \"%s\"",
			 nla_get_string(attributes[NLMSGERR_ATTR_MSG]), words);
}

/* Each of the ways in which a message can be wrong: refused in words, and nothing is applied. */
static void malformed_messages_are_refused_in_words(void **state)
{
	static const uint8_t unknown[] = {4, 0, 0xff, 0x03};
	static const uint8_t too_short[] = {3, 0, SLUICE_A_CONFIG_NAME, 0};
	static const uint8_t too_long[] = {200, 0, SLUICE_A_CONFIG_NAME, 0, 'a', 0, 0, 0};
	static const uint8_t unended[] = {8, 0, SLUICE_A_CONFIG_NAME, 0, 'a', 'b', 'c', 'd'};
	static const uint8_t guid[] = {8, 0, SLUICE_A_INPUT_ID, 0, 1, 2, 3, 4};
	static const uint8_t twice[] = {6, 0, SLUICE_A_CONFIG_NAME, 0, 'a', 0, 0, 0,
					6, 0, SLUICE_A_CONFIG_NAME, 0, 'a', 0, 0, 0};
	static const uint8_t named[] = {6, 0, SLUICE_A_CONFIG_NAME, 0, 'a', 0, 0, 0};
	static const struct {
		const uint8_t *body;
		size_t length;
		const char *words;
	} cases[] = {
		{unknown, sizeof(unknown), "does not know"},
		{too_short, sizeof(too_short), "behind the last attribute"},
		{too_long, sizeof(too_long), "behind the last attribute"},
		{unended, sizeof(unended), "wrong length or form"},
		{guid, sizeof(guid), "wrong length or form"},
		{twice, sizeof(twice), "there twice"},
		{named, sizeof(named), "needs CONFIG_TEXT"},
		{NULL, 0, "needs CONFIG_TEXT"},
	};
	unsigned int applies = atomic_load(&server.applies);
	struct raw raw;
	size_t number;
	int fd = raw_socket();

	(void)state;
	for (number = 0; number < sizeof(cases) / sizeof(cases[0]); number++) {
		raw = raw_message(SLUICE_CMD_CONFIG_APPLY, 0, cases[number].body,
				  cases[number].length);
		expect_refusal(fd, &raw, raw.header.nlmsg_len, -EINVAL, cases[number].words);
	}
	raw = raw_message(SLUICE_CMD_DAEMON_GET, NLM_F_DUMP, NULL, 0);
	raw.header.nlmsg_type = SLUICE_USERSOCK_TYPE + 1;
	expect_refusal(fd, &raw, raw.header.nlmsg_len, -EINVAL, "not of the type");
	raw.header.nlmsg_type = SLUICE_USERSOCK_TYPE;
	raw.header.nlmsg_len = NLMSG_HDRLEN;
	expect_refusal(fd, &raw, NLMSG_HDRLEN, -EINVAL, "shorter than its headers");
	raw = raw_message(SLUICE_CMD_RULE_GET, NLM_F_DUMP, NULL, 0);
	expect_refusal(fd, &raw, raw.header.nlmsg_len, -EOPNOTSUPP, "the module's");
	raw = raw_message(200, NLM_F_DUMP, NULL, 0);
	expect_refusal(fd, &raw, raw.header.nlmsg_len, -EOPNOTSUPP, "no such dump");
	raw = raw_message(SLUICE_CMD_DAEMON_GET, 0, NULL, 0);
	expect_refusal(fd, &raw, raw.header.nlmsg_len, -EOPNOTSUPP, "NLM_F_DUMP");
	assert_int_equal(atomic_load(&server.applies), applies);
	close(fd);
}

/* What is larger than any configuration is refused, not read. */
static void a_message_that_is_too_large_is_refused(void **state)
{
	const size_t length = SLUICE_CONFIG_TEXT_MAX + 200000;
	int fd = raw_socket(), size = 4 << 20;
	struct raw raw = raw_message(SLUICE_CMD_CONFIG_APPLY, 0, NULL, 0);
	char *bytes = calloc(1, length);

	(void)state;
	raw.header.nlmsg_len = (uint32_t)length;
	memcpy(bytes, &raw, NLMSG_HDRLEN + GENL_HDRLEN);
	/* Only root may send so much at once. */
	if (!setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		expect_refusal(fd, bytes, length, -EMSGSIZE, "too large");
	free(bytes);
	close(fd);
}

/* Random bytes in a message: an answer or none, never harm; the server goes on. */
static void random_messages_do_no_harm(void **state)
{
	struct sluice_netlink *netlink;
	unsigned int seed = 20261121, turn;
	int fd = raw_socket();
	size_t place, length;
	struct raw raw;
	char answer[4096];

	(void)state;
	for (turn = 0; turn < 20000; turn++) {
		length = (size_t)rand_r(&seed) % sizeof(raw.body);
		raw = raw_message((uint8_t)(rand_r(&seed) % 16), rand_r(&seed) & 0x304, NULL, 0);
		for (place = 0; place < length; place++)
			raw.body[place] = (uint8_t)(rand_r(&seed) >> 5);
		/* Half of them with attribute headers that could be right. */
		if (turn & 1) {
			raw.body[0] = (uint8_t)length;
			raw.body[1] = 0;
			raw.body[2] = (uint8_t)(rand_r(&seed) % (SLUICE_A_MAX + 2));
			raw.body[3] = 0;
		}
		raw.header.nlmsg_len += (uint32_t)length;
		if (send(fd, &raw, raw.header.nlmsg_len, 0) < 0)
			assert_int_equal(errno, EAGAIN);
		while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
			;
	}
	close(fd);
	netlink = connect_client();
	assert_int_equal(sluice_netlink_dump(netlink, SLUICE_CMD_DAEMON_GET, NULL, NULL), 0);
	sluice_netlink_close(netlink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_messages_are_refused_in_words),
		cmocka_unit_test(a_message_that_is_too_large_is_refused),
		cmocka_unit_test(random_messages_do_no_harm),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
