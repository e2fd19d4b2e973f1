/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is taken of a server's message: the chain of aliases and its end, for as
 * long as it may be kept; and random messages, against a naive reading of the
 * records that were written into them.
 */
#include "dns/answer.h"
#include "wire.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct dns_ttl_limits limits = { 5, 1000 };
static struct wire wire;

static struct dns_answer *
make(const char *name, unsigned type)
{
	struct dns_inquiry question = wire_question(name, type);
	struct dns_answer *answer = NULL;

	assert_int_equal(dns_answer_make(&question, wire_str(&wire), &limits,
			     100 * CLOCK_SECOND, &answer),
	    0);
	return answer;
}

static int
fails(const char *name, unsigned type)
{
	struct dns_inquiry question = wire_question(name, type);
	struct dns_answer *answer = NULL;
	int rc =
	    dns_answer_make(&question, wire_str(&wire), &limits, 0, &answer);

	assert_null(answer);
	return rc;
}

static void
the_chain_is_taken_and_nothing_else(void **state)
{
	struct dns_name alias;
	struct address address;
	char text[DNS_NAME_TEXT_BYTES];

	(void)state;
	wire_begin(&wire, 0x8180, "a.example", DNS_TYPE_A);
	wire_address(&wire, 1, "victim.example", 600);
	wire_address(&wire, 1, "c.example", 600); /* before the aliases */
	wire_alias(&wire, "b.example", "c.example", 40);
	wire_alias(&wire, "A.EXAMPLE", "b.example", 50);
	wire_address(&wire, 2, "a.example", 9);
	wire_address(&wire, 3, "c.example", 9);
	struct dns_answer *answer = make("a.example", DNS_TYPE_A);
	assert_int_equal(answer->answers, 3);
	assert_int_equal(answer->authorities, 0);
	assert_int_equal(answer->address_count, 1);
	assert_true(dns_answer_address(answer, 0, &address));
	assert_false(dns_answer_address(answer, 1, &address));
	assert_true(dns_answer_alias(answer, 1, &alias));
	assert_string_equal(dns_name_text(&alias, text).at, "c.example");
	assert_false(dns_answer_alias(answer, 2, &alias));
	assert_int_equal(dns_answer_ttl(answer, 100 * CLOCK_SECOND), 40);
	dns_answer_unref(answer);
}

/* A name above two of the chain, from which the server has made their aliases
 * (RFC 6672, 5.3.1). */
static void
what_redirects_twice_stands_there_once(void **state)
{
	(void)state;
	wire_begin(&wire, 0x8180, "a.b.example", DNS_TYPE_A);
	wire_record(&wire, 1, "example", DNS_TYPE_DNAME, 60);
	wire_name(&wire, "c.example");
	wire_end(&wire);
	wire_alias(&wire, "a.b.example", "a.b.c.example", 60);
	wire_alias(&wire, "a.b.c.example", "a.b.c.c.example", 60);
	wire_address(&wire, 1, "a.b.c.c.example", 60);
	struct dns_answer *answer = make("a.b.example", DNS_TYPE_A);
	assert_int_equal(answer->answers, 4);
	assert_int_equal(answer->address_count, 1);
	dns_answer_unref(answer);
}

/* Of an alias that is not there, and both what redirects and what is asked for. */
static void
what_is_asked_for_stands_there_once(void **state)
{
	(void)state;
	wire_begin(&wire, 0x8180, "b.example", DNS_TYPE_RRSIG);
	wire_record(&wire, 1, "b.example", DNS_TYPE_RRSIG, 60);
	wire_16(&wire, DNS_TYPE_CNAME);
	wire_end(&wire);
	struct dns_answer *answer = make("b.example", DNS_TYPE_RRSIG);
	assert_int_equal(answer->answers, 1);
	dns_answer_unref(answer);

	wire_begin(&wire, 0x8180, "a.b.example", DNS_TYPE_DNAME);
	wire_record(&wire, 1, "b.example", DNS_TYPE_DNAME, 60);
	wire_name(&wire, "example");
	wire_end(&wire);
	wire_alias(&wire, "a.b.example", "b.example", 60);
	answer = make("a.b.example", DNS_TYPE_DNAME);
	assert_int_equal(answer->answers, 2);
	assert_true(answer->fresh_until > 0);
	dns_answer_unref(answer);
}

static void
times_are_within_their_limits(void **state)
{
	static const struct {
		unsigned ttl, kept;
	} rows[] = { { 0, 5 }, { 5, 5 }, { 999, 999 }, { 1001, 1000 },
		{ 0x7fffffff, 1000 }, { 0x80000000, 5 }, { 0xffffffff, 5 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wire_begin(&wire, 0x8180, "a.example", DNS_TYPE_A);
		wire_address(&wire, 1, "a.example", rows[i].ttl);
		struct dns_answer *answer = make("a.example", DNS_TYPE_A);
		assert_int_equal(
		    dns_answer_ttl(answer, answer->born), rows[i].kept);
		dns_answer_unref(answer);
	}
}

static void
put_soa(const char *zone, unsigned ttl, unsigned last)
{
	wire_record(&wire, 2, zone, DNS_TYPE_SOA, ttl);
	wire_name(&wire, "ns.example");
	wire_name(&wire, "root.example");
	for (int i = 0; i < 8; i++)
		wire_16(&wire, 0);
	wire_16(&wire, last >> 16);
	wire_16(&wire, last & 0xffff);
	wire_end(&wire);
}

/* RFC 2308, 5. */
static void
that_there_is_nothing_is_kept_as_the_soa_says(void **state)
{
	static const struct {
		const char *zone;
		unsigned ttl, last, kept;
	} rows[] = { { "example", 60, 30, 30 }, { "example", 30, 60, 30 },
		{ ".", 9999999, 9999999, DNS_NEGATIVE_SECONDS_MAX },
		{ "a.example", 7, 7, 7 }, { "b.a.example", 60, 60, 0 },
		{ "other", 60, 60, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wire_begin(&wire, 0x8183, "a.example", DNS_TYPE_A);
		put_soa(rows[i].zone, rows[i].ttl, rows[i].last);
		struct dns_answer *answer = make("a.example", DNS_TYPE_A);
		assert_int_equal(
		    dns_answer_ttl(answer, answer->born), rows[i].kept);
		assert_int_equal(answer->rcode, DNS_RCODE_NO_NAME);
		dns_answer_unref(answer);
	}
}

/* What is shorter, or longer, says nothing: its last bytes may be of a name. */
static void
a_broken_soa_is_none(void **state)
{
	(void)state;
	for (int numbers = 8; numbers <= 12; numbers++) {
		wire_begin(&wire, 0x8183, "a.example", DNS_TYPE_A);
		wire_record(&wire, 2, "example", DNS_TYPE_SOA, 60);
		wire_name(&wire, "ns.example");
		wire_name(&wire, "root.example");
		for (int i = 0; i < numbers; i++)
			wire_16(&wire, 60);
		wire_end(&wire);
		struct dns_answer *answer = make("a.example", DNS_TYPE_A);
		uint32_t kept = dns_answer_ttl(answer, answer->born);
		assert_int_equal(kept, numbers == 10 ? 60 : 0);
		assert_int_equal(answer->authorities, numbers == 10);
		dns_answer_unref(answer);
	}
}

static void
aliases_without_an_end_are_no_answer(void **state)
{
	char from[32], to[32];

	(void)state;
	wire_begin(&wire, 0x8180, "a.example", DNS_TYPE_A);
	wire_alias(&wire, "a.example", "b.example", 60);
	wire_alias(&wire, "b.example", "a.example", 60);
	assert_int_equal(fails("a.example", DNS_TYPE_A), -ELOOP);
	for (unsigned count = DNS_ALIASES_MAX; count < DNS_ALIASES_MAX + 2;
	     count++) {
		wire_begin(&wire, 0x8180, "n0.example", DNS_TYPE_A);
		for (unsigned i = 0; i < count; i++) {
			(void)snprintf(from, sizeof(from), "n%u.example", i);
			(void)snprintf(to, sizeof(to), "n%u.example", i + 1);
			wire_alias(&wire, from, to, 60);
		}
		if (count > DNS_ALIASES_MAX)
			assert_int_equal(
			    fails("n0.example", DNS_TYPE_A), -ELOOP);
		else
			dns_answer_unref(make("n0.example", DNS_TYPE_A));
	}
}

/* Each cut of a whole message is another, or none; never a byte too far
 * (the sanitizers see to it). */
static void
every_cut_is_read_or_refused(void **state)
{
	struct dns_inquiry question = wire_question("a.example", DNS_TYPE_A);

	(void)state;
	wire_begin(&wire, 0x8180, "a.example", DNS_TYPE_A);
	wire_alias(&wire, "a.example", "b.example", 60);
	wire_address(&wire, 1, "b.example", 60);
	put_soa("example", 60, 60);
	for (size_t len = 0; len < wire.len; len++) {
		struct dns_answer *answer = NULL;
		char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, wire.bytes, len);
		int rc = dns_answer_make(
		    &question, (struct str){ copy, len }, &limits, 0, &answer);
		assert_int_equal(rc, -EBADMSG);
		free(copy);
	}
}

/* ---- the twin ---- */

#define NAMES   5
#define RECORDS 8

static const char *const names[NAMES] = { "n0.example", "n1.example",
	"N2.example", "n3.EXAMPLE", "x.n0.example" };

struct naive {
	unsigned owner, type, to;
};

/* The place of a name in the list, however it is written. */
static unsigned
place_of(const struct dns_name *name)
{
	for (unsigned i = 0; i < NAMES; i++) {
		struct dns_name one;
		assert_int_equal(dns_name_parse(str_of(names[i]), &one), 0);
		if (dns_name_eq(&one, name))
			return i;
	}
	fail_msg("a name that nobody wrote");
	return NAMES;
}

/* Which of the names are on the way from the first; false: it has no end. */
static bool
walk(const struct naive *records, size_t count, bool ret[NAMES],
    unsigned *ret_end)
{
	unsigned here = 0;

	memset(ret, 0, NAMES * sizeof(bool));
	for (;;) {
		size_t i = 0;
		if (ret[here])
			return false;
		ret[here] = true;
		while (i < count && (records[i].owner != here ||
					records[i].type != DNS_TYPE_CNAME))
			i++;
		if (i == count) {
			*ret_end = here;
			return true;
		}
		here = records[i].to;
	}
}

static void
write_random(uint64_t *chance, struct naive *records, size_t count)
{
	wire_begin(&wire, 0x8180, names[0], DNS_TYPE_A);
	for (size_t i = 0; i < count; i++) {
		struct naive *one = &records[i];
		one->owner = (unsigned)harness_below(chance, NAMES);
		one->to = (unsigned)harness_below(chance, NAMES);
		one->type =
		    harness_below(chance, 2) == 0 ? DNS_TYPE_A : DNS_TYPE_CNAME;
		if (one->type == DNS_TYPE_A)
			wire_address(&wire, 1, names[one->owner], 60);
		else
			wire_alias(
			    &wire, names[one->owner], names[one->to], 60);
	}
}

static void
check_random(const struct dns_answer *answer, const bool *on_way, unsigned end)
{
	struct str bytes = { answer->bytes, answer->len };
	struct dns_inquiry question;
	struct dns_record record;
	size_t at = DNS_HEAD_BYTES;

	assert_int_equal(dns_inquiry_read(bytes, &at, &question), 0);
	for (unsigned i = 0; i < answer->answers; i++) {
		assert_int_equal(dns_record_read(bytes, &at, &record), 0);
		unsigned owner = place_of(&record.owner);
		assert_true(on_way[owner]);
		assert_int_equal(record.type == DNS_TYPE_A, owner == end);
	}
	assert_int_equal(at, answer->len);
}

static void
random_messages_are_read_as_they_were_written(void **state)
{
	uint64_t chance = harness_seed();
	struct naive records[RECORDS];
	bool on_way[NAMES];
	unsigned end = 0, good = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t count = harness_below(&chance, RECORDS + 1), found = 0;
		write_random(&chance, records, count);
		if (!walk(records, count, on_way, &end)) {
			assert_int_equal(fails(names[0], DNS_TYPE_A), -ELOOP);
			continue;
		}
		struct dns_answer *answer = make(names[0], DNS_TYPE_A);
		check_random(answer, on_way, end);
		for (size_t i = 0; i < count; i++)
			found += records[i].owner == end &&
				 records[i].type == DNS_TYPE_A;
		assert_int_equal(answer->address_count, found);
		good += found > 0;
		dns_answer_unref(answer);
	}
	assert_true(good > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chain_is_taken_and_nothing_else),
		cmocka_unit_test(what_redirects_twice_stands_there_once),
		cmocka_unit_test(what_is_asked_for_stands_there_once),
		cmocka_unit_test(times_are_within_their_limits),
		cmocka_unit_test(that_there_is_nothing_is_kept_as_the_soa_says),
		cmocka_unit_test(a_broken_soa_is_none),
		cmocka_unit_test(aliases_without_an_end_are_no_answer),
		cmocka_unit_test(every_cut_is_read_or_refused),
		cmocka_unit_test(random_messages_are_read_as_they_were_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
