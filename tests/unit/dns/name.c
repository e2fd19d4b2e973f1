/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names: pointers that lead anywhere but back, lengths that lie; and what glibc
 * reads of the same bytes, as a second opinion.
 */
#include "dns/name.h"
#include "harness.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <resolv.h>

static void
reads(const char *bytes, size_t len, size_t at, const char *expected)
{
	char text[DNS_NAME_TEXT_BYTES];
	struct dns_name name;
	size_t behind = at;

	int rc = dns_name_read((struct str){ bytes, len }, &behind, &name);
	if (expected == NULL) {
		assert_int_equal(rc, -EBADMSG);
		return;
	}
	assert_int_equal(rc, 0);
	assert_string_equal(dns_name_text(&name, text).at, expected);
}

static void
pointers_lead_back_alone(void **state)
{
	static const char bytes[] = "\3www\7example\0"
				    "\1a\xc0\x04"
				    "\xc0\x0d\xc0\x13\xc0\x17\x40";

	(void)state;
	reads(bytes, 25, 0, "www.example");
	reads(bytes, 25, 13, "a.example");
	reads(bytes, 25, 17, "a.example"); /* two steps */
	reads(bytes, 25, 19, NULL);        /* to itself */
	reads(bytes, 25, 21, NULL);        /* forward */
	reads(bytes, 22, 21, NULL);        /* half of one */
	reads(bytes, 12, 0, NULL);         /* no root */
	reads(bytes, 24, 23, NULL);        /* a length of 64 */
	reads(bytes, 25, 25, NULL);
}

static void
names_have_255_bytes(void **state)
{
	char bytes[600];
	struct dns_name name;
	size_t at = 0;

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i += 64)
		bytes[i] = 63;
	bytes[3 * 64] = 61;
	bytes[254] = 0;
	assert_int_equal(
	    dns_name_read((struct str){ bytes, 255 }, &at, &name), 0);
	assert_int_equal(name.len, DNS_NAME_BYTES_MAX);
	bytes[3 * 64] = 62;
	bytes[254] = 'a';
	bytes[255] = 0;
	at = 0;
	assert_int_equal(
	    dns_name_read((struct str){ bytes, 256 }, &at, &name), -EBADMSG);
}

static struct dns_name
parsed(const char *text)
{
	struct dns_name name;

	assert_int_equal(dns_name_parse(str_of(text), &name), 0);
	return name;
}

static void
within_is_by_labels(void **state)
{
	struct dns_name zone = parsed("Example.COM"), root = parsed(".");
	struct dns_name under = parsed("www.example.com");
	struct dns_name beside = parsed("myexample.com");

	(void)state;
	assert_true(dns_name_is_within(&zone, &zone));
	assert_true(dns_name_is_within(&under, &zone));
	assert_true(dns_name_is_within(&under, &root));
	assert_false(dns_name_is_within(&beside, &zone));
	assert_false(dns_name_is_within(&zone, &under));
}

static void
odd_letters_are_written_as_numbers(void **state)
{
	char text[DNS_NAME_TEXT_BYTES];
	struct dns_name name = { 7, { 5, 'A', '.', 0, ' ', 0xff, 0 } };

	(void)state;
	assert_string_equal(
	    dns_name_text(&name, text).at, "a\\046\\000\\032\\255");
	assert_int_equal(dns_name_parse(STR("a..b"), &name), -EINVAL);
	assert_int_equal(dns_name_parse(STR(".a"), &name), -EINVAL);
	assert_int_equal(dns_name_parse(STR(""), &name), 0);
	assert_int_equal(name.len, 1);
}

/* What we read glibc reads to the same bytes; it takes pointers forward as well,
 * and gives up where it has seen more bytes than the message has. */
static void
glibc_reads_what_we_read(void **state)
{
	uint64_t chance = harness_seed();
	unsigned char bytes[48], theirs[NS_MAXCDNAME];
	size_t taken = 0, given_up = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		struct dns_name name;
		size_t at = harness_below(&chance, sizeof(bytes));
		size_t behind = at;
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] =
			    (unsigned char)(harness_below(&chance, 8) == 0
						? 0xc0
						: harness_below(&chance, 7));
		if (dns_name_read((struct str){ (char *)bytes, sizeof(bytes) },
			&behind, &name) < 0)
			continue;
		taken++;
		int len = ns_name_unpack(bytes, bytes + sizeof(bytes),
		    bytes + at, theirs, sizeof(theirs));
		if (len < 0) {
			given_up++;
			continue;
		}
		assert_int_equal(len, behind - at);
		assert_memory_equal(theirs, name.bytes, name.len);
	}
	assert_true(taken > 1000 && given_up < taken / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointers_lead_back_alone),
		cmocka_unit_test(names_have_255_bytes),
		cmocka_unit_test(within_is_by_labels),
		cmocka_unit_test(odd_letters_are_written_as_numbers),
		cmocka_unit_test(glibc_reads_what_we_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
