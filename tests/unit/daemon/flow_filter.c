/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which flows words mean, and what is said of words that mean none. */
#include "daemon/flow_filter.h"

#include "../policy/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define POLICY                                                                 \
	"zone lan = int0 10.0.0.0/24 2001:db8:1::/64\nzone wan = ext0\n"       \
	"allow lan -> wan tcp 443 as \"the web\"\n"                            \
	"allow lan -> wan\n"

static struct conntrack_entry
https(void)
{
	struct conntrack_entry entry = { .original.protocol = 6 };

	assert_int_equal(
	    address_port_parse(STR("10.0.0.4:40000"), &entry.original.source),
	    0);
	assert_int_equal(address_port_parse(
			     STR("192.0.2.1:443"), &entry.original.destination),
	    0);
	assert_int_equal(
	    address_port_parse(STR("172.16.0.1:8443"), &entry.reply.source), 0);
	return entry;
}

static void
words_mean_flows(void **state)
{
	char id[17];
	const struct {
		const char *words;
		bool fits;
	} rows[] = {
		{ "", true },
		{ id, true },
		{ "0123456789abcdef", false },
		{ "tcp", true },
		{ "udp", false },
		{ "port\t443", true },
		{ "port\t80", false },
		{ "from\tlan", true },
		{ "from\twan", false },
		{ "from\tself", false },
		{ "from\t10.0.0.4", true },
		{ "from\t10.0.0.0/30", false },
		{ "from\t10.0.0.1-10.0.0.9", true },
		{ "from\t2001:db8:1::/64", false },
		{ "to\twan", true },
		{ "to\t192.0.2.0/24", true },
		/* Where it was sent instead. */
		{ "to\t172.16.0.1", true },
		{ "to\t10.0.0.4", false },
		{ "rule\t3", true },
		{ "rule\t4", false },
		{ "rule\tthe web", true },
		{ "rule\tthe", false },
		{ "by\tfirewall", true },
		{ "by\tproxy", false },
		{ "tcp\tfrom\tlan\tto\twan\tport\t443\tby\tfirewall", true },
		{ "tcp\tfrom\tlan\tto\twan\tport\t444\tby\tfirewall", false },
	};
	struct policy *policy = memory_policy(POLICY);
	struct flows_court court = { .policy = policy };
	struct conntrack_entry entry = https();
	struct flow_judgement judgement;

	(void)state;
	(void)snprintf(id, sizeof(id), "%016" PRIx64, flows_id(&entry));
	flows_judge(&court, &entry, &judgement);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct flow_filter filter;
		struct text why = TEXT_EMPTY;
		if (flow_filter_parse(
			str_of(rows[i].words), policy, &filter, &why) < 0)
			fail_msg("%s: %s", rows[i].words, why.at);
		assert_int_equal(filter.is_any, rows[i].words[0] == '\0');
		if (flow_filter_fits(&filter, &entry, &judgement) !=
		    rows[i].fits)
			fail_msg("%s", rows[i].words);
	}
	policy_unref(policy);
}

static void
words_that_mean_nothing(void **state)
{
	static const struct {
		const char *words, *why;
	} rows[] = {
		{ "lan", "'lan' is not understood; a flow's 16 digits, a "
			 "protocol, 'from', 'to', 'port', 'rule' or 'by' is" },
		{ "0123456789abcde", "'0123456789abcde' is not understood; a "
				     "flow's 16 digits, a protocol, 'from', "
				     "'to', 'port', 'rule' or 'by' is" },
		{ "from", "nothing stands behind 'from'" },
		{ "tcp\tport", "nothing stands behind 'port'" },
		{ "port\t65536", "'65536' is no port" },
		{ "port\thttp", "'http' is no port" },
		{ "from\t10.0.0.0/33",
		    "'10.0.0.0/33' is no zone, address, prefix or range" },
		{ "by\tme", "'me' is no enforcer: firewall or proxy" },
		{ "rule\t", "'' is no line and no name of a rule" },
	};
	struct policy *policy = memory_policy(POLICY);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct flow_filter filter;
		struct text why = TEXT_EMPTY;
		assert_int_equal(flow_filter_parse(str_of(rows[i].words),
				     policy, &filter, &why),
		    -EINVAL);
		assert_string_equal(why.at, rows[i].why);
		text_fini(&why);
	}
	policy_unref(policy);
}

/* A name as long as a name may be, and one that is longer. */
static void
names_of_rules_have_an_end(void **state)
{
	struct policy *policy = memory_policy(POLICY);
	struct flow_filter filter;
	struct text words = TEXT_EMPTY, why = TEXT_EMPTY;

	(void)state;
	text_addz(&words, "rule\t");
	text_pad(&words, 'x', POLICY_RULE_NAME_MAX);
	assert_int_equal(
	    flow_filter_parse(text_str(&words), policy, &filter, &why), 0);
	assert_int_equal(strlen(filter.rule_name), POLICY_RULE_NAME_MAX);
	text_addc(&words, 'x');
	assert_int_equal(
	    flow_filter_parse(text_str(&words), policy, &filter, &why),
	    -EINVAL);
	text_fini(&words);
	text_fini(&why);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_mean_flows),
		cmocka_unit_test(words_that_mean_nothing),
		cmocka_unit_test(names_of_rules_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
