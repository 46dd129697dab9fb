// SPDX-License-Identifier: MIT
/*
 * The INPUT rules of a firewall, as its own programs print them: which UDP ports they keep out. And
 * texts that no such program prints.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "ctl/firewall.h"

/* What a port meets. */
enum fate { COMES_IN, KEPT_OUT, PARTLY };

/* Asks for a port. */
static enum fate fate_of(const struct sluice_firewall *firewall, uint16_t port)
{
	struct sluice_firewall_answer answer = sluice_firewall_ask(firewall, port);

	if (!answer.chain)
		return COMES_IN;
	return answer.is_partly ? PARTLY : KEPT_OUT;
}

/* A ruleset of nft whose chain `input` has this policy and these rules. */
static void load_nft(struct sluice_firewall *firewall, const char *policy, const char *rules)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "{\"nftables\": [{\"metainfo\": {}},"
		 "{\"set\": {\"family\": \"inet\", \"name\": \"known\", \"table\": \"t\","
		 " \"elem\": [514, {\"range\": [6000, 6010]}, {\"elem\": {\"val\": 7}}]}},"
		 "{\"chain\": {\"family\": \"inet\", \"table\": \"t\", \"name\": \"input\","
		 " \"hook\": \"input\", \"policy\": \"%s\"}},"
		 "{\"chain\": {\"family\": \"inet\", \"table\": \"t\", \"name\": \"other\"}}%s]}",
		 policy, rules);
	*firewall = (struct sluice_firewall){0};
	assert_int_equal(sluice_firewall_add_nft(firewall, text, strlen(text)), 0);
}

#define RULE(chain, parts)                                                         \
	",{\"rule\": {\"family\": \"inet\", \"table\": \"t\", \"chain\": \"" chain \
	"\", \"handle\": 4, \"expr\": [" parts "]}}"
#define PORT(op, value)                                                                    \
	"{\"match\": {\"op\": \"" op "\", \"left\": {\"payload\": {\"protocol\": \"udp\"," \
	" \"field\": \"dport\"}}, \"right\": " value "}}"
#define SENDER                                                                        \
	"{\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": \"ip\"," \
	" \"field\": \"saddr\"}}, \"right\": \"10.0.0.1\"}}"
#define PROTOCOL(value)                                                              \
	"{\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": \"l4proto\"}}," \
	" \"right\": " value "}}"

/* The first rule that fits all datagrams of a port decides; what comes before it for some counts
 * for some; the policy is what is left. */
static void nft_decides_in_order(void **state)
{
	struct sluice_firewall firewall;

	(void)state;
	load_nft(&firewall, "accept",
		 RULE("input",
		      PORT("==",
			   "{\"set\": [{\"range\": [5000, 5003]}, 5010]}") ", {\"counter\": {}}, "
									   "{\"drop\": null}")
			 RULE("input", PORT("==", "5020") ", {\"accept\": null}") RULE(
				 "input", SENDER "," PORT("==", "5021") ", {\"drop\": null}")
				 RULE("input", PORT("==", "\"@known\"") ", {\"reject\": null}"));
	assert_int_equal(fate_of(&firewall, 5000), KEPT_OUT);
	assert_int_equal(fate_of(&firewall, 5003), KEPT_OUT);
	assert_int_equal(fate_of(&firewall, 5004), COMES_IN);
	assert_int_equal(fate_of(&firewall, 5010), KEPT_OUT);
	assert_int_equal(fate_of(&firewall, 5020), COMES_IN);
	assert_int_equal(fate_of(&firewall, 5021), PARTLY);
	assert_int_equal(fate_of(&firewall, 514), KEPT_OUT);
	assert_int_equal(fate_of(&firewall, 6005), KEPT_OUT);
	assert_int_equal(fate_of(&firewall, 7), KEPT_OUT);
	assert_int_equal(sluice_firewall_ask(&firewall, 514).rule->handle, 4);
	sluice_firewall_free(&firewall);

	load_nft(&firewall, "drop",
		 RULE("input", PROTOCOL("\"tcp\"") ", {\"accept\": null}")
			 RULE("input", SENDER ", {\"accept\": null}") RULE(
				 "input", PORT("!=", "53") ", {\"jump\": {\"target\": \"other\"}}")
				 RULE("other", PORT("==", "6") ", {\"drop\": null}") RULE(
					 "other",
					 PROTOCOL("{\"set\": [\"udp\"]}") ", {\"accept\": null}"));
	assert_int_equal(fate_of(&firewall, 53), KEPT_OUT);
	assert_null(sluice_firewall_ask(&firewall, 53).rule);
	assert_int_equal(fate_of(&firewall, 6), KEPT_OUT);
	assert_string_equal(sluice_firewall_ask(&firewall, 6).chain->name, "other");
	assert_int_equal(fate_of(&firewall, 54), COMES_IN);
	sluice_firewall_free(&firewall);
}

/* Chains that call each other in a circle come to an end. */
static void circles_end(void **state)
{
	struct sluice_firewall firewall;

	(void)state;
	load_nft(&firewall, "drop",
		 RULE("input", "{\"goto\": {\"target\": \"other\"}}")
			 RULE("other", "{\"jump\": {\"target\": \"other\"}}"));
	assert_int_equal(fate_of(&firewall, 1), KEPT_OUT);
	sluice_firewall_free(&firewall);
}

/* What iptables prints, and only its table `filter`. */
static void iptables_decides_in_order(void **state)
{
	static const char text[] =
		"*raw\n:INPUT DROP [0:0]\nCOMMIT\n"
		"*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:mine - [0:0]\n"
		"-A INPUT -i lo -j ACCEPT\n"
		"-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
		"-A INPUT -p udp -m udp --dport 5000:5003 -j REJECT --reject-with "
		"icmp-port-unreachable\n"
		"-A INPUT -p udp -m comment --comment \"open -j DROP\" -m multiport --dports "
		"514,5000:5100,6000: -j ACCEPT\n"
		"-A INPUT -p tcp -m tcp --dport 7 -j ACCEPT\n"
		"-A INPUT ! -p udp -j ACCEPT\n"
		"-A INPUT -p udp -m udp ! --dport 8 -j mine\n"
		"-A mine -s 10.0.0.0/8 -p udp -m udp --dport 9 -j DROP\n"
		"-A mine -p udp -m udp --dport 9:10 -j ACCEPT\n"
		"COMMIT\n";
	struct sluice_firewall firewall = {0};

	(void)state;
	assert_int_equal(sluice_firewall_add_iptables(&firewall, "ip", text), 0);
	assert_int_equal(fate_of(&firewall, 5001), KEPT_OUT);
	assert_int_equal(fate_of(&firewall, 5050), COMES_IN);
	assert_int_equal(fate_of(&firewall, 65535), COMES_IN);
	assert_int_equal(fate_of(&firewall, 7), KEPT_OUT);
	assert_int_equal(fate_of(&firewall, 8), KEPT_OUT);
	assert_int_equal(fate_of(&firewall, 9), PARTLY);
	assert_int_equal(fate_of(&firewall, 10), COMES_IN);
	sluice_firewall_free(&firewall);
}

/* Nothing that is printed makes us fall; what is no ruleset is refused. */
static void strange_texts_do_no_harm(void **state)
{
	static const char *const refused[] = {"", "{", "[]", "{\"nftables\": 7}", "\xff\xfe"};
	static const char *const odd[] = {
		RULE("input", "{\"match\": 7}, {\"drop\": null}"),
		RULE("input", "7"),
		RULE("input", PORT("==", "\"@none\"") ", {\"drop\": null}"),
		RULE("input", PORT("==", "{\"range\": [1]}") ", {\"drop\": null}"),
		RULE("input", PORT("==", "70000") ", {\"drop\": null}"),
		RULE("input", PORT("==", "{\"set\": [[1, 2], \"@known\"]}") ", {\"drop\": null}"),
		RULE("none", "{\"jump\": 3}"),
	};
	struct sluice_firewall firewall = {0};
	size_t number;

	(void)state;
	for (number = 0; number < sizeof(refused) / sizeof(refused[0]); number++)
		assert_int_equal(sluice_firewall_add_nft(&firewall, refused[number],
							 strlen(refused[number])),
				 -EINVAL);
	sluice_firewall_free(&firewall);
	for (number = 0; number < sizeof(odd) / sizeof(odd[0]); number++) {
		load_nft(&firewall, "accept", odd[number]);
		/* What is not understood may fit some, never surely all. */
		assert_int_not_equal(fate_of(&firewall, 514), number ? KEPT_OUT : COMES_IN);
		sluice_firewall_free(&firewall);
	}
	assert_int_equal(
		sluice_firewall_add_iptables(&firewall, "ip",
					     "*filter\n:\n-A\n-A INPUT -p\n-A INPUT --dport "
					     "\"x\n-A INPUT -p udp --dport 1:99999 -j DROP"),
		0);
	assert_int_equal(fate_of(&firewall, 1), COMES_IN);
	sluice_firewall_free(&firewall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nft_decides_in_order),
		cmocka_unit_test(circles_end),
		cmocka_unit_test(iptables_decides_in_order),
		cmocka_unit_test(strange_texts_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
