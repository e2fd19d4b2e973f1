/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies: whose letters they bear, how old they are, and what fits. */
#include "dns/reply.h"
#include "wire.h"

static struct wire wire;
static char bytes[DNS_MESSAGE_MAX];

static struct dns_query
query_of(const char *name, bool edns, unsigned room)
{
	struct dns_query query = { .head = { .id = 4711, .flags = 0x0110 },
		.question = wire_question(name, DNS_TYPE_A),
		.edns = { .present = edns, .bytes_max = (uint16_t)room } };

	return query;
}

static struct dns_answer *
answer_of(unsigned count)
{
	static const struct dns_ttl_limits limits = { 0, 86400 };
	struct dns_inquiry question = wire_question("a.example", DNS_TYPE_A);
	struct dns_answer *answer;

	wire_begin(&wire, 0x81a0, "a.example", DNS_TYPE_A);
	for (unsigned i = 0; i < count; i++)
		wire_address(&wire, 1, "a.example", 60 + i);
	assert_int_equal(dns_answer_make(&question, wire_str(&wire), &limits,
			     CLOCK_SECOND, &answer),
	    0);
	return answer;
}

static uint32_t
first_ttl(size_t len)
{
	struct str message = { bytes, len };
	struct dns_inquiry question;
	struct dns_record record;
	size_t at = DNS_HEAD_BYTES;

	assert_int_equal(dns_inquiry_read(message, &at, &question), 0);
	assert_int_equal(dns_record_read(message, &at, &record), 0);
	return record.ttl;
}

static void
an_answer_grows_older_and_keeps_the_letters(void **state)
{
	struct dns_query query = query_of("A.Example", false, 0);
	struct dns_answer *answer = answer_of(1);
	struct dns_reply reply = {
		.query = &query, .answer = answer, .extended = DNS_EXTENDED_NONE
	};

	(void)state;
	size_t len = dns_reply_write(&reply, 21 * CLOCK_SECOND, 512, bytes);
	assert_int_equal(first_ttl(len), 40);
	assert_memory_equal(bytes + 13, "A", 1);
	assert_memory_equal(bytes + 15, "Example", 7);
	assert_int_equal(dns_get16(bytes), 4711);
	/* RD and CD are the client's; AD it did not ask for. */
	assert_int_equal(dns_get16(bytes + 2), 0x8190);
	len = dns_reply_write(&reply, 900 * CLOCK_SECOND, 512, bytes);
	assert_int_equal(first_ttl(len), 0);
	reply.stale = true;
	len = dns_reply_write(&reply, 900 * CLOCK_SECOND, 512, bytes);
	assert_int_equal(first_ttl(len), DNS_STALE_TTL_SECONDS);
	dns_answer_unref(answer);
}

static void
what_does_not_fit_is_cut_to_its_question(void **state)
{
	struct dns_answer *answer = answer_of(100);

	(void)state;
	for (unsigned edns = 0; edns < 2; edns++) {
		struct dns_query query = query_of("a.example", edns, 4096);
		struct dns_reply reply = { .query = &query,
			.answer = answer,
			.extended = DNS_EXTENDED_NONE };
		size_t room = dns_reply_room(&query);
		assert_int_equal(
		    room, edns ? DNS_UDP_BYTES_MAX : DNS_UDP_BYTES);
		size_t len = dns_reply_write(&reply, 0, room, bytes);
		assert_true(len <= room);
		assert_int_equal(dns_get16(bytes + 6), 0);
		assert_true((dns_get16(bytes + 2) & DNS_FLAG_TRUNCATED) != 0);
		len = dns_reply_write(&reply, 0, sizeof(bytes), bytes);
		assert_int_equal(dns_get16(bytes + 6), 100);
		assert_true(len > 1600);
	}
	dns_answer_unref(answer);
}

static void
a_reason_is_told_to_who_understands_it(void **state)
{
	struct dns_query query = query_of("a.example", true, 1232);
	struct dns_reply reply = { .query = &query,
		.rcode = DNS_RCODE_NO_NAME,
		.extended = DNS_EXTENDED_BLOCKED,
		.words = "rule ads" };
	struct dns_record record;
	struct dns_edns edns;
	struct dns_inquiry question;
	size_t at = DNS_HEAD_BYTES;

	(void)state;
	size_t len = dns_reply_write(&reply, 0, 512, bytes);
	struct str message = { bytes, len };
	assert_int_equal(dns_inquiry_read(message, &at, &question), 0);
	assert_int_equal(dns_record_read(message, &at, &record), 0);
	assert_int_equal(at, len);
	assert_int_equal(dns_edns_read(&record, &edns), 0);
	assert_int_equal(record.data.len, 4 + 2 + 8);
	assert_int_equal(dns_get16(record.data.at), 15);
	assert_int_equal(dns_get16(record.data.at + 4), 15);
	query.edns.present = false;
	assert_int_equal(
	    dns_reply_write(&reply, 0, 512, bytes), DNS_HEAD_BYTES + 11 + 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_grows_older_and_keeps_the_letters),
		cmocka_unit_test(what_does_not_fit_is_cut_to_its_question),
		cmocka_unit_test(a_reason_is_told_to_who_understands_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
