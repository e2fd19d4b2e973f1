/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The base chains of other tables that can refuse, and no others. */
#include "firewall/foreign.h"

#include "namespace.h"

static void
say(const struct foreign *foreign, struct text *out)
{
	text_clear(out);
	for (size_t i = 0; i < foreign->count; i++) {
		const struct foreign_chain *one = &foreign->items[i];
		text_addf(out, "%s %s %s %s %d %s %u\n", one->family,
		    one->table, one->name, foreign_hook_word(one->hook),
		    one->priority, one->drops ? "drop" : "accept", one->rules);
	}
}

static void
names_what_can_refuse(void **state)
{
	struct text seen = TEXT_EMPTY, json = TEXT_EMPTY;
	struct json writer = JSON_ON(&json);
	struct foreign foreign;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(foreign_read(&foreign), 0);
	assert_int_equal(foreign.count, 0);
	foreign_fini(&foreign);
	shell("nft 'table ip filter { chain FORWARD { type filter hook forward "
	      "priority 0; policy drop; } ; chain INPUT { type filter hook "
	      "input priority -5; tcp dport 22 drop; udp dport 1 drop; } ; "
	      "chain OUTPUT { type filter hook output priority 0; } ; "
	      "chain USER { drop; } ; }'");
	shell("nft 'table ip nat { chain PRE { type nat hook prerouting "
	      "priority -100; tcp dport 1 accept; } ; }'");
	shell("nft 'table inet gatehouse { chain forward { type filter hook "
	      "forward priority 0; policy drop; } ; }'");
	shell("nft 'table ip6 gatehouse { chain first { type filter hook "
	      "prerouting priority -300; drop; } ; }'");
	shell("nft 'table inet late { chain post { type filter hook "
	      "postrouting priority 0; policy drop; } ; }'");
	assert_int_equal(foreign_read(&foreign), 0);
	say(&foreign, &seen);
	assert_true(text_has(&seen, "ip filter FORWARD forward 0 drop 0\n"));
	assert_true(text_has(&seen, "ip filter INPUT input -5 accept 2\n"));
	assert_true(
	    text_has(&seen, "ip6 gatehouse first prerouting -300 accept 1\n"));
	assert_int_equal(foreign.count, 3);
	foreign_json(&foreign, 1u << FOREIGN_INPUT, &writer);
	assert_string_equal(json.at,
	    "[{\"family\": \"ip\", \"table\": \"filter\", \"chain\": "
	    "\"INPUT\", \"hook\": \"input\", \"priority\": -5, \"policy\": "
	    "\"accept\", \"rules\": 2}]");
	foreign_fini(&foreign);
	text_fini(&seen);
	text_fini(&json);
}

static void
there_is_an_end_to_it(void **state)
{
	struct foreign foreign;
	char command[256];

	(void)state;
	NEED_NAMESPACE();
	for (unsigned i = 0; i < FOREIGN_CHAINS_MAX + 2; i++) {
		(void)snprintf(command, sizeof(command),
		    "nft 'table ip many { chain c%u { type filter hook input "
		    "priority %u; policy drop; } ; }'",
		    i, i);
		shell(command);
	}
	assert_int_equal(foreign_read(&foreign), 0);
	assert_int_equal(foreign.count, FOREIGN_CHAINS_MAX);
	foreign_fini(&foreign);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_can_refuse),
		cmocka_unit_test(there_is_an_end_to_it),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
