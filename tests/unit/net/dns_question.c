/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_question.h"

#include "harness.h"

#include <errno.h>

#define QUESTION_HEAD "\0\7\1\0\0\1\0\0\0\0\0\0"
#define WWW           "\3WWW\7Example\3com\0"
#define OPT           "\0\0\x29\x04\xd0\0\0\0\0\0\0"

static struct dns_question
read_good(struct str message)
{
	struct dns_question question;

	assert_int_equal(dns_question_read(message, &question), 0);
	return question;
}

static void
one_question_is_read(void **state)
{
	struct dns_question question =
	    read_good(STR(QUESTION_HEAD WWW "\0\1\0\1"));

	(void)state;
	assert_true(str_is(question.name, "www.example.com"));
	assert_int_equal(question.type, DNS_TYPE_A);
	assert_false(question.has_opt);
	question =
	    read_good(STR("\0\7\1\0\0\1\0\0\0\0\0\1" WWW "\0\x1c\0\1" OPT));
	assert_int_equal(question.type, DNS_TYPE_AAAA);
	assert_true(question.has_opt);
	question = read_good(STR(QUESTION_HEAD "\0\0\1\0\1"));
	assert_int_equal(question.name.len, 0);
}

static void
what_is_none_is_refused(void **state)
{
	static const struct {
		struct str message;
		int error;
	} cases[] = {
		{ STR_INIT(""), -EBADMSG },
		{ STR_INIT("\0\7\1\0\0\1\0\0\0\0\0"), -EBADMSG },
		/* An answer: two servers would answer each other for ever. */
		{ STR_INIT("\0\7\x81\0\0\1\0\0\0\0\0\0" WWW "\0\1\0\1"),
		    -EBADMSG },
		/* Another opcode; no question, and two; an answer in it. */
		{ STR_INIT("\0\7\x28\0\0\1\0\0\0\0\0\0" WWW "\0\1\0\1"),
		    -EOPNOTSUPP },
		{ STR_INIT("\0\7\1\0\0\0\0\0\0\0\0\0"), -EINVAL },
		{ STR_INIT("\0\7\1\0\0\2\0\0\0\0\0\0" WWW "\0\1\0\1"),
		    -EINVAL },
		{ STR_INIT("\0\7\1\0\0\1\0\1\0\0\0\0" WWW "\0\1\0\1"),
		    -EINVAL },
		/* A pointer, to itself and elsewhere. */
		{ STR_INIT(QUESTION_HEAD "\xc0\x0c\0\1\0\1"), -EINVAL },
		{ STR_INIT(QUESTION_HEAD "\1a\xc0\0\0\1\0\1"), -EINVAL },
		/* Cut off: in a label, before the end, in type and class. */
		{ STR_INIT(QUESTION_HEAD "\7exam"), -EINVAL },
		{ STR_INIT(QUESTION_HEAD "\1a"), -EINVAL },
		{ STR_INIT(QUESTION_HEAD "\1a\0\0\1\0"), -EINVAL },
		/* Two names in one text. */
		{ STR_INIT(QUESTION_HEAD "\3a.b\0\0\1\0\1"), -EINVAL },
		{ STR_INIT(QUESTION_HEAD "\1\0\0\0\1\0\1"), -EINVAL },
		/* Another class. */
		{ STR_INIT(QUESTION_HEAD WWW "\0\1\0\3"), -EOPNOTSUPP },
	};
	struct dns_question question;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(dns_question_read(cases[i].message, &question),
		    cases[i].error);
}

static void
a_name_has_255_bytes(void **state)
{
	char bytes[400] = QUESTION_HEAD;
	struct dns_question question;
	size_t at = 12;

	(void)state;
	for (int label = 0; label < 4; label++) {
		size_t len = label < 3 ? 63 : 61;
		bytes[at++] = (char)len;
		memset(bytes + at, 'a', len);
		at += len;
	}
	memcpy(bytes + at, "\0\0\1\0\1", 5);
	struct str message = { bytes, at + 5 };
	assert_int_equal(dns_question_read(message, &question), 0);
	assert_int_equal(question.name.len, 253);
	bytes[12 + 3 * 64] = 62;
	memcpy(bytes + at, "a\0\0\1\0\1", 6);
	message.len++;
	assert_int_equal(dns_question_read(message, &question), -EINVAL);
}

static void
assert_bytes(const struct dns_question *question,
    const struct dns_response *response, struct str wanted)
{
	uint8_t bytes[DNS_MESSAGE_BYTES_MAX];
	size_t len = dns_response_write(question, response, bytes);

	assert_int_equal(len, wanted.len);
	assert_memory_equal(bytes, wanted.at, len);
}

/* The name comes back as it was written: whoever asks looks for that. */
static void
answers_are_written(void **state)
{
	struct dns_question question =
	    read_good(STR(QUESTION_HEAD WWW "\0\1\0\1"));
	struct dns_response response = {
		.detail = DNS_DETAIL_BLOCKED, .words = STR("why"), .ttl = 300
	};

	(void)state;
	assert_int_equal(
	    address_parse(STR("198.18.1.0"), &response.address), 0);
	assert_bytes(&question, &response,
	    STR("\0\7\x85\x80\0\1\0\1\0\0\0\0" WWW
		"\0\1\0\1\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc6\x12\1\0"));
	response.address.family = ADDRESS_NONE;
	response.code = DNS_CODE_NO_NAME;
	assert_bytes(&question, &response,
	    STR("\0\7\x85\x83\0\1\0\0\0\0\0\0" WWW "\0\1\0\1"));
	question.has_opt = true;
	assert_bytes(&question, &response,
	    STR("\0\7\x85\x83\0\1\0\0\0\0\0\1" WWW
		"\0\1\0\1\0\0\x29\x04\xd0\0\0\0\0\0\x09\0\x0f\0\5\0\x0f"
		"why"));
}

static void
names_of_addresses(void **state)
{
	static const struct {
		const char *name, *address;
	} cases[] = {
		{ "0.1.18.198.in-addr.arpa", "198.18.1.0" },
		{ "0.0.0.0.1.0.0.0.0.0.0.0.0.0.0.0.5.7.f.6.8.6.5.6.4.7.1.6.7."
		  "6.d.f.ip6.arpa",
		    "fd67:6174:6568:6f75::1:0" },
		{ "1.18.198.in-addr.arpa", NULL },
		{ "0.0.1.18.198.in-addr.arpa", NULL },
		{ "0.1.18.256.in-addr.arpa", NULL },
		{ "in-addr.arpa", NULL },
		{ ".in-addr.arpa", NULL },
		{ "1.ip6.arpa", NULL },
		{ "www.example.com", NULL },
	};
	char text[ADDRESS_TEXT_BYTES];
	struct address address;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool found = dns_reverse_parse(str_of(cases[i].name), &address);
		assert_int_equal(found, cases[i].address != NULL);
		if (found)
			assert_string_equal(
			    address_format(address, text), cases[i].address);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_question_is_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_name_has_255_bytes),
		cmocka_unit_test(answers_are_written),
		cmocka_unit_test(names_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
