/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTPS records: hints are seen, keys are taken out, all else stays. */
#include "dns/service.h"
#include "wire.h"

#include <string.h>

static const struct dns_ttl_limits limits = { 0, 86400 };
static struct wire wire;

static void
put_parameter(unsigned key, const char *value, size_t len)
{
	wire_16(&wire, key);
	wire_16(&wire, (unsigned)len);
	wire_put(&wire, value, len);
}

static struct dns_answer *
make(bool keys, bool broken)
{
	struct dns_inquiry question =
	    wire_question("a.example", DNS_TYPE_HTTPS);
	struct dns_answer *answer;

	wire_begin(&wire, 0x81a0, "a.example", DNS_TYPE_HTTPS);
	wire_record(&wire, 1, "a.example", DNS_TYPE_HTTPS, 60);
	wire_16(&wire, 1);
	wire_name(&wire, "b.example");
	put_parameter(1, "\2h2", 3);
	put_parameter(4, "\x0a\0\0\1\xcb\0\x71\x50", 8);
	if (keys)
		put_parameter(5, "kkkkkkkkkk", 10);
	put_parameter(6, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	if (broken)
		wire_put(&wire, "\0\7\xff\xff", 4);
	wire_end(&wire);
	wire_record(&wire, 1, "a.example", DNS_TYPE_RRSIG, 60);
	wire_16(&wire, DNS_TYPE_HTTPS);
	wire_end(&wire);
	assert_int_equal(dns_answer_make(&question, wire_str(&wire), &limits,
			     CLOCK_SECOND, &answer),
	    0);
	return answer;
}

static void
note_hint(void *context, struct address address)
{
	char text[ADDRESS_TEXT_BYTES];

	(void)strcat(context, address_format(address, text));
	(void)strcat(context, " ");
}

static void
hints_are(const struct dns_answer *answer, const char *expected)
{
	char all[256] = "";

	dns_service_each_hint(answer, note_hint, all);
	assert_string_equal(all, expected);
}

static void
keys_are_taken_out(void **state)
{
	static const char hints[] = "10.0.0.1 203.0.113.80 2001:db8::1 ";

	(void)state;
	for (unsigned broken = 0; broken < 2; broken++) {
		struct dns_answer *answer = make(true, broken), *shown;
		hints_are(answer, hints);
		assert_true(answer->authentic);
		assert_int_equal(dns_service_show_names(answer, &shown), 0);
		hints_are(shown, hints);
		assert_false(shown->authentic);
		assert_int_equal(shown->answers, 1); /* no signature */
		assert_null(memmem(shown->bytes, shown->len, "kkkk", 4));
		assert_int_equal(shown->ttl_count, 1);
		assert_int_equal(dns_get32(shown->bytes + shown->ttls[0]), 60);
		assert_int_equal(answer->fresh_until, shown->fresh_until);
		dns_answer_unref(answer);
		dns_answer_unref(shown);
	}
}

static void
without_keys_it_stays(void **state)
{
	struct dns_answer *answer = make(false, false), *shown;

	(void)state;
	assert_int_equal(dns_service_show_names(answer, &shown), 0);
	assert_null(shown);
	dns_answer_unref(answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_taken_out),
		cmocka_unit_test(without_keys_it_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
