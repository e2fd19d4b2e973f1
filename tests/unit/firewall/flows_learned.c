/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A living flow and the names that its address had: it goes on if one of them
 * would let it pass by itself, though its time is over.
 */
#include "firewall/flows.h"

#include "../policy/memory.h"
#include "policy/learning.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char rules[] = "zone lan = int0 10.0.0.0/24\n"
			    "zone guest = int1 10.0.9.0/24\n"
			    "zone wan = ext0\n"
			    "proxy {\n intercept tcp 443 for lan\n}\n"
			    "reject lan -> bad.example tcp 22\n"
			    "allow lan, guest -> good.example tcp\n"
			    "allow lan -> wan udp 53\n";

static struct address
address_of(const char *text)
{
	struct address ret;

	assert_int_equal(address_parse(str_of(text), &ret), 0);
	return ret;
}

static struct conntrack_entry
entry_of(const char *from, uint16_t port)
{
	struct conntrack_entry entry = {
		.original = {
		    .source = { address_of(from), 40000 },
		    .destination = { address_of("192.0.2.7"), port },
		    .protocol = IPPROTO_TCP,
		},
		.status = IPS_CONFIRMED | IPS_SEEN_REPLY,
	};

	entry.reply.source = entry.original.destination;
	entry.reply.destination = entry.original.source;
	entry.reply.protocol = IPPROTO_TCP;
	return entry;
}

/* Names parted by blanks; those with `-` before them are over. */
static void
learn(struct learned_names *names, const char *words)
{
	struct str rest = str_of(words);
	int64_t now = clock_now();

	while (rest.len > 0) {
		struct str name = str_cut(&rest, ' ');
		bool over = name.at[0] == '-';
		struct learned_address *one = learned_names_address(
		    names, STR("lan"), address_of("192.0.2.7"));
		assert_non_null(one);
		assert_int_equal(
		    learned_names_put(names, one, str_skip(name, over),
			over ? 1 : now + CLOCK_SECOND * 60),
		    1);
	}
}

static void
it_goes_on_by_a_name_of_its_address(void **state)
{
	static const struct {
		const char *from;
		uint16_t port;
		const char *names;
		bool goes_on;
		const char *name; /* that it is judged by; NULL: none */
	} rows[] = {
		{ "10.0.0.4", 22, "", false, NULL },
		{ "10.0.0.4", 22, "good.example", true, "good.example" },
		{ "10.0.0.4", 22, "-good.example", true, "good.example" },
		{ "10.0.0.4", 22, "other.example", false, "other.example" },
		{ "10.0.0.4", 22, "bad.example", false, "bad.example" },
		/* Both: by which it came nobody can tell. */
		{ "10.0.0.4", 22, "bad.example -good.example", true,
		    "good.example" },
		{ "10.0.0.4", 22, "good.example bad.example", true,
		    "good.example" },
		/* Not a zone whose names are learned. */
		{ "10.0.9.4", 22, "good.example", false, NULL },
		/* That is the proxy's. */
		{ "10.0.0.4", 443, "good.example", false, NULL },
	};
	struct policy *policy = memory_policy(rules);
	const struct policy_rule *rule = NULL;

	(void)state;
	policy->learns = 1;
	assert_int_equal(policy_learning_find(policy, &rule), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct learned_names names = LEARNED_NAMES_EMPTY;
		const struct flows_court court = { .policy = policy,
			.names = &names };
		struct conntrack_entry entry =
		    entry_of(rows[i].from, rows[i].port);
		struct flow_judgement got;
		learn(&names, rows[i].names);
		flows_judge(&court, &entry, &got);
		bool named = got.flow.known[POLICY_FACT_NAME] == FLOW_KNOWN;
		if (got.forbidden == rows[i].goes_on ||
		    named != (rows[i].name != NULL) ||
		    (named && !str_is(got.flow.name, rows[i].name)))
			fail_msg("row %zu: forbidden %d, name '%.*s'", i,
			    got.forbidden, STR_ARG(got.flow.name));
		learned_names_fini(&names);
	}
	policy_unref(policy);
}

/* Where no names are kept, there are none. */
static void
without_names_it_has_none(void **state)
{
	struct policy *policy = memory_policy(rules);
	const struct flows_court court = { .policy = policy };
	struct conntrack_entry entry = entry_of("10.0.0.4", 22);
	struct flow_judgement got;

	(void)state;
	policy->learns = 1;
	flows_judge(&court, &entry, &got);
	assert_true(got.forbidden);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_on_by_a_name_of_its_address),
		cmocka_unit_test(without_names_it_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
