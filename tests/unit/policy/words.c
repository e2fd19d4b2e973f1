/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/words and policy/facts: the vocabulary.
 */
#include "policy/words.h"

#include "policy/facts.h"

#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Every word is found again, and no other spelling of it is. */
static void
words_come_back(void **state)
{
	enum policy_verdict verdict;
	enum policy_protocol protocol;
	enum policy_reason reason;
	uint16_t kind;

	(void)state;
	for (unsigned i = 0; i < POLICY_VERDICT_COUNT; i++) {
		const char *word = policy_verdict_word((enum policy_verdict)i);
		assert_true(policy_verdict_find(str_of(word), &verdict));
		assert_int_equal(verdict, i);
	}
	for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++) {
		const char *word =
		    policy_protocol_row((enum policy_protocol)i)->word;
		assert_true(policy_protocol_find(str_of(word), &protocol));
		assert_int_equal(protocol, i);
	}
	for (unsigned i = 0; i < POLICY_REASON_COUNT; i++) {
		const char *word = policy_reason_word((enum policy_reason)i);
		assert_true(policy_reason_find(str_of(word), &reason));
		assert_int_equal(reason, i);
		assert_int_equal(
		    policy_reason_sentence((enum policy_reason)i) == NULL,
		    i == POLICY_REASON_NONE || i == POLICY_REASON_CAUGHT);
	}
	for (uint16_t i = 0; i < policy_icmp_kind_count; i++) {
		const char *word = policy_icmp_kinds[i].word;
		assert_true(policy_icmp_kind_find(str_of(word), &kind));
		assert_int_equal(kind, i);
	}
	assert_false(policy_verdict_find(STR("Allow"), &verdict));
	assert_false(policy_verdict_find(STR(""), &verdict));
	assert_false(policy_protocol_find(STR("TCP"), &protocol));
	assert_false(policy_reason_find(STR("needs the proxy"), &reason));
	assert_false(policy_icmp_kind_find(STR("8"), &kind));
}

/* RFC 792 and 4443: the numbers that people look up. */
static void
kinds_of_icmp(void **state)
{
	static const struct {
		const char *word;
		int type4, type6;
	} rows[] = {
		{ "echo-request", 8, 128 },
		{ "echo-reply", 0, 129 },
		{ "destination-unreachable", 3, 1 },
		{ "packet-too-big", -1, 2 },
		{ "time-exceeded", 11, 3 },
		{ "redirect", 5, 137 },
		{ "timestamp-request", 13, -1 },
		{ "neighbour-solicitation", -1, 135 },
	};
	uint16_t kind, by_type;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_true(policy_icmp_kind_find(str_of(rows[i].word), &kind));
		if (rows[i].type4 >= 0) {
			assert_true(policy_icmp_kind_of(
			    ADDRESS_IPV4, (uint8_t)rows[i].type4, &by_type));
			assert_int_equal(by_type, kind);
		}
		if (rows[i].type6 >= 0) {
			assert_true(policy_icmp_kind_of(
			    ADDRESS_IPV6, (uint8_t)rows[i].type6, &by_type));
			assert_int_equal(by_type, kind);
		}
	}
	/* 255 is -1 in eight bits, and no type. */
	assert_false(policy_icmp_kind_of(ADDRESS_IPV4, 255, &kind));
	assert_false(policy_icmp_kind_of(ADDRESS_IPV6, 255, &kind));
	assert_false(policy_icmp_kind_of(ADDRESS_IPV4, 2, &kind));
	assert_false(policy_icmp_kind_of(ADDRESS_IPV6, 8, &kind));
}

static void
reserved_words(void **state)
{
	static const char *const reserved[] = { "allow", "any", "self", "tcp",
		"icmp", "esp", "undecided", "user", "during", "zone", "test",
		"direct" };
	static const char *const free_words[] = { "lan", "Allow", "web", "http",
		"", "all", "mail", "anyone" };

	(void)state;
	for (size_t i = 0; i < ROWS(reserved); i++)
		assert_true(policy_word_is_reserved(str_of(reserved[i])));
	for (size_t i = 0; i < ROWS(free_words); i++)
		assert_false(policy_word_is_reserved(str_of(free_words[i])));
}

/* The table of the phases in docs: what is known when, on which way. */
static void
facts_and_phases(void **state)
{
	static const struct {
		enum policy_fact fact;
		const char *word;
		enum policy_phase direct, to_proxy;
	} rows[POLICY_FACT_COUNT] = {
		{ POLICY_FACT_SOURCE, "source", POLICY_PHASE_PACKET,
		    POLICY_PHASE_PACKET },
		{ POLICY_FACT_TIME, "time", POLICY_PHASE_PACKET,
		    POLICY_PHASE_PACKET },
		{ POLICY_FACT_DESTINATION, "address", POLICY_PHASE_PACKET,
		    POLICY_PHASE_NAME },
		{ POLICY_FACT_SERVICE, "service", POLICY_PHASE_PACKET,
		    POLICY_PHASE_NAME },
		{ POLICY_FACT_NAME, "name", POLICY_PHASE_NAME,
		    POLICY_PHASE_NAME },
		{ POLICY_FACT_SCHEME, "scheme", POLICY_PHASE_REQUEST,
		    POLICY_PHASE_REQUEST },
		{ POLICY_FACT_METHOD, "method", POLICY_PHASE_REQUEST,
		    POLICY_PHASE_REQUEST },
		{ POLICY_FACT_PATH, "path", POLICY_PHASE_REQUEST,
		    POLICY_PHASE_REQUEST },
		{ POLICY_FACT_USER, "user", POLICY_PHASE_REQUEST,
		    POLICY_PHASE_REQUEST },
		{ POLICY_FACT_HEADER, "header", POLICY_PHASE_REQUEST,
		    POLICY_PHASE_REQUEST },
		{ POLICY_FACT_TYPE, "type", POLICY_PHASE_RESPONSE,
		    POLICY_PHASE_RESPONSE },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_string_equal(
		    policy_fact_word(rows[i].fact), rows[i].word);
		assert_int_equal(
		    policy_fact_phase(rows[i].fact, false), rows[i].direct);
		assert_int_equal(
		    policy_fact_phase(rows[i].fact, true), rows[i].to_proxy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_come_back),
		cmocka_unit_test(kinds_of_icmp),
		cmocka_unit_test(reserved_words),
		cmocka_unit_test(facts_and_phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
